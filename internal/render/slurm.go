package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/manifest"
)

// slurm writes a batch script that holds the manifest. Its steps are mlrun, which starts the
// engines of its machine as it does anywhere.
var slurm = Target{
	Name: "slurm", Usage: "a batch script whose steps start the engines of each node and the client",
	Takes: []string{"image", "devices", "partition", "account", "time", "results", "secret", "mlrun", "node-arg"},
	write: (*job).slurm,
}

// slurmWord is a value of a directive, which no quoting protects.
var slurmWord = lazyregexp.New(`^[A-Za-z0-9_.:,@/+=-]+$`)

func (j *job) slurm() (string, error) {
	directives := [][2]string{
		{"job-name", j.Name},
		{"partition", j.Partition},
		{"account", j.Account},
		{"time", j.Time},
		{"nodes", strconv.Itoa(j.Nodes)},
		{"ntasks-per-node", "1"},
		{"gpus-per-node", ""},
		{"output", "%x-%j.log"},
	}
	if n := j.onNode(); j.devices.kind != backend.NoGPU && n > 0 {
		directives[6][1] = strconv.Itoa(n)
	}
	var b strings.Builder
	b.WriteString("#!/bin/bash\n" + j.heading("slurm", "sbatch FILE"))
	for _, d := range directives {
		if d[1] == "" {
			continue
		}
		if d[0] != "output" && !slurmWord.MatchString(d[1]) {
			return "", refuse("", "--%s %q is no value of a directive of Slurm", d[0], d[1])
		}
		fmt.Fprintf(&b, "#SBATCH --%s=%s\n", d[0], d[1])
	}
	b.WriteString("#SBATCH --exclusive\nset -euo pipefail\n\n")
	steps, err := j.steps()
	if err != nil {
		return "", err
	}
	results := Quote(cmp.Or(j.Results, "runs"))
	fmt.Fprintf(&b, "results=$(realpath -m -- %s)/job-$SLURM_JOB_ID\nmkdir -p -- \"$results\"\n", results)
	fmt.Fprintf(&b, "cat > \"$results\"/%s %s\n%s", manifestFile, document(j.text), steps)
	return b.String(), nil
}

// onNode is how many devices a node gives, the first one where not all give as many.
func (j *job) onNode() int {
	if j.spreads() {
		return j.perNode
	}
	return (j.replicas + j.Nodes - 1) / j.Nodes * j.perNode
}

// measures are the words of the mlrun that measures, up to those of its place; $results is a
// variable of the script.
const measures = ` run "$results"/` + manifestFile + ` --results "$results"`

// steps are the lines that start mlrun.
func (j *job) steps() (string, error) {
	if j.role.Companion == nil { // which mlrun starts on each node
		if err := j.spreadable(); err != nil {
			return "", err
		}
	}
	program, container, err := j.slurmContainer()
	if err != nil {
		return "", err
	}
	common, err := j.slurmArguments()
	if err != nil {
		return "", err
	}
	run := Quote(program) + measures
	more := strings.Join(append([]string{""}, quoted(slices.Concat(common, j.Args))...), " ")
	switch {
	case j.Nodes > 1 && container == "":
		together := ""
		if j.spreads() {
			together = " --nodes-per-replica " + strconv.Itoa(j.NodesPerReplica)
		}
		return "exec " + run + " --on slurm" + together + more + "\n", nil
	case j.NodesPerReplica < j.Nodes:
		return "", refuse("leave out --image and have the engine in PATH on the nodes", "replicas on several nodes are started by mlrun run --on slurm, which starts no containers")
	}
	// A task has one CPU where a step does not ask for all.
	step := `step=(srun --nodes=1 --ntasks=1 --overlap --kill-on-bad-exit=1 --cpu-bind=none --cpus-per-task="$SLURM_CPUS_ON_NODE"` + container + ")\n"
	if j.Nodes == 1 {
		return step + `exec "${step[@]}" ` + run + more + "\n", nil
	}
	var b strings.Builder
	b.WriteString(step + `mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
# The address at which the others reach the first node; HEAD_ADDRESS says it where there are several.
head=${HEAD_ADDRESS:-$(srun --nodes=1 --ntasks=1 --overlap --nodelist="${nodes[0]}" hostname --all-ip-addresses)}
head=${head%% *}
`)
	fmt.Fprintf(&b, `"${step[@]}" --nodelist="${nodes[0]}" %s --node 1/%d --head "$head"%s &`+"\nrun=$!\n", run, j.Nodes, more)
	b.WriteString(`# Nodes end when the run has stopped the engine. One that ended before leaves an engine that may wait for
# ever, so what the run has is kept after five minutes.
carry() {
  "${step[@]}" --nodelist="${nodes[$1 - 1]}" "${@:2}" || echo "node $1 ended" >&2
  read -r -t 300 <> <(:) || true
  kill "$run" 2>/dev/null || true
}
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
`)
	others := strings.Join(append([]string{""}, quoted(common)...), " ")
	for i := 2; i <= j.Nodes; i++ {
		fmt.Fprintf(&b, `carry %d %s node "$results"/%s --out "$results"/node-%d --node %d/%d --head "$head"%s &`+"\n",
			i, Quote(program), manifestFile, i, i, j.Nodes, others)
	}
	b.WriteString("status=0\nwait \"$run\" || status=$?\nexit \"$status\"\n")
	return b.String(), nil
}

// slurmContainer is mlrun's name, and the options that have a step run in a container (pyxis).
func (j *job) slurmContainer() (program, options string, err error) {
	program = cmp.Or(j.Mlrun, "mlrun")
	if j.Image == "" {
		return program, "", nil
	}
	if !strings.HasPrefix(program, "/") {
		return "", "", refuse("--mlrun /shared/bin/mlrun", "the engine's image has no mlrun: say where it is on the nodes")
	}
	kept, err := j.volumes()
	if err != nil {
		return "", "", err
	}
	if err := onMachines(kept...); err != nil {
		return "", "", err
	}
	j.noteMissing(kept)
	const inside = "/usr/local/bin/mlrun"
	mounts := ""
	for _, v := range append(kept, volume{in: inside, path: program}) {
		if strings.ContainsAny(v.path+v.in, ":,") {
			return "", "", refuse("", "%s: a mount of Slurm's containers has no path with a colon or a comma", manifest.Line(v.path+" at "+v.in))
		}
		mounts += "," + v.path + ":" + v.in + ":ro"
	}
	return inside, " " + Quote("--container-image="+enroot(j.Image)) + ` --container-mounts="$results:$results"` + Quote(mounts), nil
}

// enroot is an image as Slurm's containers name it: a registry stands before a hash, and Docker's is meant
// where there is none.
func enroot(image string) string {
	registry, rest, ok := strings.Cut(image, "/")
	switch {
	case !ok || registry == "" || registry == "." || strings.Contains(image, "#"), !strings.ContainsAny(registry, ".:") && registry != "localhost":
		return image
	case registry == "docker.io":
		return rest
	}
	return registry + "#" + rest
}

// slurmArguments are those of every mlrun, on paths and secrets.
func (j *job) slurmArguments() (words []string, err error) {
	if j.Image == "" { // a container has all where the configuration says
		for _, m := range j.Map {
			if strings.HasPrefix(m.To, claimed) {
				return nil, onMachines(volume{claim: m.To})
			}
			words = append(words, "--map", m.From+"="+m.To)
		}
	}
	if j.devices.kind == backend.NoGPU && j.backend.WhyCPU(j.m.EngineConfig, j.m.EnvConfig) == "" {
		words = append(words, "--device-env", "none")
	}
	for _, s := range j.Secrets {
		if s.Of != "" {
			return nil, refuse("--secret "+s.Variable, "Slurm keeps no secrets: %s is handed on from where the job is submitted", s.Variable)
		}
		words = append(words, "--pass-env", s.Variable)
	}
	return append(words, j.NodeArgs...), nil
}
