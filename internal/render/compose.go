package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
)

// compose writes a service for each replica, and one for mlrun that starts when all are healthy.
var compose = Target{
	Name: "compose", Usage: "services of engines on one machine, and one that measures them",
	Takes: []string{"image", "client-image", "devices", "results", "secret"},
	write: (*job).compose,
}

// escapeCompose makes a text stand for itself where Compose puts variables in.
func escapeCompose(text string) string { return strings.ReplaceAll(text, "$", "$$") }

func (j *job) compose() (string, error) {
	if j.Nodes > 1 {
		return "", refuse("mlcfg render kubernetes or slurm", "Compose starts what is on one machine, not on %d", j.Nodes)
	}
	image, err := j.image()
	if err != nil {
		return "", err
	}
	kept, err := j.volumes()
	if err != nil {
		return "", err
	}
	if err := onMachines(kept...); err != nil {
		return "", err
	}
	j.noteMissing(kept)
	files, err := j.files()
	if err != nil {
		return "", err
	}
	configs := object{{manifestFile, object{{"content", block(escapeCompose(j.text))}}}}
	var mounted list
	for _, f := range files {
		configs = append(configs, field{f.Name, object{{"content", block(escapeCompose(f.Text))}}})
		mounted = append(mounted, object{{"source", f.Name}, {"target", filesIn + f.Name}})
	}
	var services object
	var healthy object
	var urls []string
	for i := range j.replicas {
		name := "engine"
		if j.replicas > 1 {
			name = fmt.Sprintf("engine-%d", i)
		}
		engine, err := j.composeEngine(i, image)
		if err != nil {
			return "", err
		}
		engine = append(engine, field{"volumes", some(binds(kept))}, field{"configs", some(mounted)})
		services = append(services, field{name, engine})
		healthy = append(healthy, field{name, object{{"condition", "service_healthy"}}})
		urls = append(urls, fmt.Sprintf("http://%s:%d", name, enginePort))
	}
	client, err := j.composeClient(kept, urls)
	if err != nil {
		return "", err
	}
	services = append(services, field{"client", append(client, field{"depends_on", healthy})})
	return j.heading("compose", "docker compose -f FILE up --exit-code-from client; docker compose -f FILE down", "needs Docker Compose 2.23.1 or newer") +
		object{{"name", j.Name}, {"services", services}, {"configs", configs}}.write(), nil
}

// composeEngine is the service of a replica.
func (j *job) composeEngine(replica int, image string) (object, error) {
	program, words, env, err := j.process(seat{escape: escapeCompose})
	if err != nil {
		return nil, err
	}
	ids, err := j.deviceIDs(replica)
	if err != nil {
		return nil, err
	}
	var variables object
	if j.devices.kind == backend.AMD {
		env = append(env, variable{binding[0], strings.Join(ids, ",")})
		slices.SortFunc(env, func(a, b variable) int { return strings.Compare(a.name, b.name) })
	}
	for _, v := range env {
		variables = append(variables, field{v.name, v.value})
	}
	engine := object{
		{"image", image},
		{"entrypoint", texts(program)},
		{"command", texts(words)},
		{"environment", withSecrets(variables, j.Secrets)},
	}
	switch j.devices.kind {
	case backend.NVIDIA:
		engine = append(engine, field{"deploy", object{{"resources", object{{"reservations", object{{"devices", list{object{
			{"driver", "nvidia"}, {"device_ids", texts(ids)}, {"capabilities", list{"gpu"}},
		}}}}}}}}})
	case backend.AMD:
		engine = append(engine, field{"devices", list{"/dev/kfd", "/dev/dri"}}, field{"group_add", list{"video"}}, field{"security_opt", list{"seccomp=unconfined"}})
	case "":
		return nil, refuse("--devices nvidia or amd", "Compose has no devices %s", j.devices.resource)
	}
	health := fmt.Sprintf("import urllib.request; urllib.request.urlopen('http://127.0.0.1:%d%s', timeout=5)", enginePort, j.backend.Health)
	return append(engine,
		field{"ipc", "private"},
		field{"shm_size", fmt.Sprintf("%dgb", sharedMemory)},
		field{"ulimits", object{{"memlock", -1}, {"stack", 64 << 20}}},
		field{"healthcheck", object{
			{"test", list{"CMD", "python3", "-c", health}},
			{"interval", "10s"},
			{"timeout", "10s"},
			{"retries", 3},
			{"start_period", fmt.Sprintf("%ds", probeEvery*startProbes)},
		}},
	), nil
}

// deviceIDs are the devices of a replica: its share of those that the configuration names, or of
// all in their order.
func (j *job) deviceIDs(replica int) ([]string, error) {
	total := j.replicas * j.perNode
	ids := make([]string, total)
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	for _, name := range binding {
		value, ok := j.role.Environment[name]
		if !ok {
			continue
		}
		ids = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		if len(ids) < total {
			return nil, refuse("", "%d devices are needed, env_config.%s names %d", total, name, len(ids))
		}
		break
	}
	return ids[replica*j.perNode : (replica+1)*j.perNode], nil
}

// composeClient is the service of mlrun.
func (j *job) composeClient(kept []volume, urls []string) (object, error) {
	image, results := j.ClientImage, j.Results
	if image == "" {
		image = "mlcfg"
	}
	if results == "" {
		results = "./runs"
	}
	v, err := volumeAt(resultsIn, results, "--results")
	if err != nil {
		return nil, err
	}
	if err := onMachines(v); err != nil {
		return nil, err
	}
	v.writable = true
	words := j.client("mlrun", filesIn+manifestFile, resultsIn, urls...)
	for i, w := range words {
		words[i] = escapeCompose(w)
	}
	return object{
		{"image", image},
		{"entrypoint", texts(words[:2])},
		{"command", texts(words[2:])},
		{"environment", withSecrets(nil, j.Secrets)},
		{"user", "0:0"}, // whoever owns the folder of results
		{"stop_grace_period", "10m"},
		{"volumes", some(binds(append(kept, v)))},
		{"configs", list{object{{"source", manifestFile}, {"target", filesIn + manifestFile}}}},
	}, nil
}

// withSecrets adds variables that have the values of those where Compose is called.
func withSecrets(variables object, secrets []Secret) any {
	for _, s := range secrets {
		variables = append(variables, field{s.Variable, null{}})
	}
	if len(variables) == 0 {
		return nil
	}
	return variables
}

// binds are volumes as a service has them.
func binds(kept []volume) (all list) {
	for _, v := range kept {
		o := object{{"type", "bind"}, {"source", escapeCompose(v.path)}, {"target", escapeCompose(v.in)}}
		if !v.writable {
			o = append(o, field{"read_only", true})
		}
		all = append(all, o)
	}
	return all
}
