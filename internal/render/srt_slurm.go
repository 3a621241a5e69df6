package render

import (
	"cmp"
	"path"
	"strings"

	"mlcfg/internal/fit"
	"mlcfg/internal/manifest"
)

// srtSlurm writes a recipe of srt-slurm (NVIDIA), which starts the engines itself and mlrun as its
// custom benchmark. What it says of the engine are arguments; machines and ports are srt-slurm's.
var srtSlurm = Target{
	Name: "srt-slurm", Usage: "a recipe whose benchmark is mlrun (--schema 1 or 2)",
	Takes: []string{"image", "client-image", "devices", "partition", "account", "time", "results", "mlrun", "schema"},
	write: (*job).srtSlurm,
}

// srtModel is where srt-slurm's containers have the model.
const srtModel = "/model"

func (j *job) srtSlurm() (string, error) {
	schema := cmp.Or(j.Schema, 2)
	if schema != 1 && schema != 2 {
		return "", refuse("", "--schema is %d; srt-slurm's recipes are of schema 1 or 2", schema)
	}
	front, err := j.srtFront(schema)
	if err != nil {
		return "", err
	}
	image, err := j.image()
	if err != nil {
		return "", err
	}
	arguments, err := j.srtArguments()
	if err != nil {
		return "", err
	}
	mounts, program, err := j.srtMounts()
	if err != nil {
		return "", err
	}
	model, err := j.fill(j.role.Model, seat{})
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(model, "/") {
		model = j.Map.Translate(model, "/")
	} else {
		model = "hf:" + model
	}
	precision, _ := manifest.Text(j.m.EngineConfig, "quantization")
	o := object{{"name", j.Name}}
	if schema == 2 { // which schema 1 does not have
		o = append(o, field{"schema", schema})
	}
	o = append(o, field{"model", object{{"path", model}, {"container", enroot(image)}, {"precision", cmp.Or(precision, "unspecified")}}})
	env, err := j.environment(seat{})
	if err != nil {
		return "", err
	}
	var variables object
	for _, v := range env {
		variables = append(variables, field{v.name, v.value})
	}
	gpu := []field{{"gpu_type", j.gpuType()}, {"gpus_per_node", j.onNode()}}
	each := j.perNode * j.NodesPerReplica
	if schema == 1 {
		engine := object{{"type", j.backend.Engine}, {"aggregated_environment", orNone(variables)}, {j.backend.Engine + "_config", object{{"aggregated", arguments}}}}
		o = append(o,
			field{"resources", append(object(gpu), field{"agg_nodes", j.Nodes}, field{"agg_workers", j.replicas}, field{"gpus_per_agg", each})},
			field{"backend", engine})
	} else {
		role := object{{"nodes", j.Nodes}, {"workers", j.replicas}, {"gpus", each}, {"env", orNone(variables)}, {"args", arguments}}
		o = append(o, field{"resources", object(gpu)}, field{"engine", j.backend.Engine}, field{"roles", object{{"agg", role}}})
	}
	o = append(o,
		field{"slurm", orNone(object{{"account", optional(j.Account)}, {"partition", optional(j.Partition)}, {"time_limit", optional(j.Time)}})},
		field{"frontend", object{{"type", front}, {"enable_multiple_frontends", false}}},
		field{"container_mounts", orNone(mounts)},
		field{"benchmark", object{
			{"type", "custom"}, {"container_image", optional(enroot(j.ClientImage))}, {"command", block(j.srtCommand(program))},
		}})
	return j.heading("srt-slurm", "srtctl apply -f FILE") + o.write(), nil
}

// orNone is an object, nil where nothing is in it.
func orNone(o object) any {
	for _, f := range o {
		if f.value != nil {
			return o
		}
	}
	return nil
}

// srtFront is the front end that leaves each engine as it is.
func (j *job) srtFront(schema int) (string, error) {
	if j.role.Companion != nil {
		return "", refuse("compile for "+j.backend.Engine+"'s own way over nodes", "srt-slurm does not start %s beside an engine", j.role.Companion.Name)
	}
	fronts := j.backend.SRTFronts
	if j.replicas > 1 {
		fronts = j.backend.SRTRouters
	}
	front, ok := fronts[schema]
	if !ok {
		return "", refuse("set device_count to one replica's, or render for Slurm itself", "srt-slurm starts one replica of %s without Dynamo, not %d (schema %d)", j.backend.Title, j.replicas, schema)
	}
	return front, nil
}

// gpuType is a label.
func (j *job) gpuType() string {
	if g, err := fit.FindGPU(j.m.Machine); err == nil {
		return strings.ReplaceAll(strings.ToLower(g.Name), " ", "-")
	}
	return cmp.Or(j.m.Machine, j.devices.kind, "unknown")
}

// srtArguments are the engine's arguments as a recipe has them: a flag's name with its values, or
// the whole file of an engine that is configured by one.
func (j *job) srtArguments() (any, error) {
	if len(j.role.Files) > 0 {
		files, err := j.files()
		if err != nil {
			return nil, err
		}
		return raw(files[0].Text), nil
	}
	var o object
	served := false
	for _, a := range j.role.Arguments {
		if a.When != "" || a.Key == "" || a.Key == j.backend.Model {
			continue
		}
		words, err := j.words(a.Words, seat{})
		if err != nil {
			return nil, err
		}
		f, err := j.srtArgument(a.Key, words)
		if err != nil {
			return nil, err
		}
		served = served || f.key == "served-model-name"
		o = append(o, f)
	}
	if name, err := j.fill(j.role.Model, seat{}); err == nil && !served {
		// srt-slurm would call it by the last part of its path, and mlrun asks what is served.
		o = append(o, field{"served-model-name", name})
	}
	return o, nil
}

func (j *job) srtArgument(key string, words []string) (field, error) {
	flag, ok := strings.CutPrefix(words[0], "--")
	values := words[1:]
	if name, value, tied := strings.Cut(flag, "="); tied {
		flag, values = name, append([]string{value}, values...)
	}
	switch {
	case !ok, strings.Contains(flag, "_") && !j.backend.Spelling.Underscores:
		return field{}, refuse("", "engine_config.%s is said as %s, which no recipe of srt-slurm can say", key, strings.Join(words, " "))
	case len(values) == 0:
		return field{flag, true}, nil
	case len(values) == 1:
		return field{flag, values[0]}, nil
	}
	return field{flag, texts(values)}, nil
}

// srtMounts are the places of the path map, but for those of the model, which srt-slurm mounts
// itself, and that of mlrun, with its name.
func (j *job) srtMounts() (mounts object, program string, err error) {
	kept, err := j.volumes()
	if err != nil {
		return nil, "", err
	}
	if err := onMachines(kept...); err != nil {
		return nil, "", err
	}
	model, err := j.fill(j.role.Model, seat{})
	if err != nil {
		return nil, "", err
	}
	for _, p := range j.paths() {
		if p.path != model && within(p.path, srtModel) {
			return nil, "", refuse("keep it outside of "+srtModel, "%s is %s, but srt-slurm puts the model itself at %s", p.key, p.path, srtModel)
		}
	}
	j.noteMissing(append(kept, volume{in: model}))
	for _, v := range kept {
		if !within(v.in, srtModel) {
			mounts = append(mounts, field{v.path, v.in})
		}
	}
	if j.ClientImage != "" {
		return mounts, "mlrun", nil
	}
	if !path.IsAbs(j.Mlrun) {
		return nil, "", refuse("--mlrun /shared/bin/mlrun, or --client-image of one that has mlrun and bash", "the engine's image has no mlrun: say where it is on the nodes")
	}
	const inside = "/usr/local/bin/mlrun"
	return append(mounts, field{j.Mlrun, inside}), inside, nil
}

// srtCommand is the script that srt-slurm's bash runs beside the engines.
func (j *job) srtCommand(program string) string {
	more := strings.Join(append([]string{""}, quoted(j.Args)...), " ")
	return `manifest=$(mktemp -d)/` + manifestFile + `
cat > "$manifest" ` + document(j.text) + `IFS=, read -r -a endpoints <<< "$SRT_AGG_ENDPOINTS"
engines=()
for endpoint in "${endpoints[@]}"; do engines+=(--external "http://$endpoint"); done
exec ` + Quote(program) + ` run "$manifest" "${engines[@]}" --wait --results ` + Quote(cmp.Or(j.Results, "/logs/mlrun")) + more + "\n"
}
