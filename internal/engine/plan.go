package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mlcfg/internal/manifest"
	"mlcfg/schema"
)

// portMark stands in a planned command line for a port that is chosen when the
// engine starts.
const portMark = "{port}"

// loopback is where engines listen: they serve mlrun, nobody else.
const loopback = "127.0.0.1"

// Options say how a manifest is carried out here. The zero value starts the
// manifest's own engine as it is found in PATH.
type Options struct {
	Host Host
	// Simulate puts the simulated engine instead of the real one.
	Simulate bool
	// SimArgs are further arguments of mlrun sim ("--speed", "10").
	SimArgs []string
	// Self is the path of mlrun; needed to simulate.
	Self string
	// External are the URLs of engines that run already; nothing is started.
	External []string
	// Command replaces the words that start the engine ("vllm", "serve"), for an
	// engine that is not in PATH under its usual name.
	Command []string
	// PassEnv names variables of mlrun's environment that the engine gets too.
	PassEnv []string
	// DeviceEnv names the variable that binds a replica to its devices; chosen
	// by manifest and machine where empty; NoDevices binds none.
	DeviceEnv string
	// Translate turns a path of the manifest, which is often one inside a
	// container, into one here; nil leaves paths as they are.
	Translate func(string) string
	// Node is this machine among several that carry one replica.
	Node Node
	// NoCPUBinding leaves replicas on all CPUs.
	NoCPUBinding bool
	// FirstPort is the first replica's port, the others follow; 0 chooses free
	// ones at the start.
	FirstPort int
}

// NoDevices as [Options.DeviceEnv] is for engines that have no devices.
const NoDevices = "none"

// Plan is what will be started: data alone, the same for the same manifest,
// options and machine.
type Plan struct {
	Backend   string   `json:"backend"`
	Release   string   `json:"release"`
	Protocol  Protocol `json:"protocol"`
	Simulated bool     `json:"simulated"`
	External  bool     `json:"external,omitempty"`
	// Model is the path or the name that the engine is given.
	Model string `json:"model,omitempty"`
	// DeviceVariable binds replicas to devices; empty where none are bound.
	DeviceVariable string `json:"device_variable,omitempty"`
	// Node is this machine among several; absent where it is by itself.
	Node     *Node     `json:"node,omitempty"`
	Replicas []Replica `json:"replicas"`
	// Notes are what was assumed or could not be done, one line each.
	Notes []string `json:"notes,omitempty"`

	flags    map[string]schema.Flag // to find the key behind an argument that the engine refuses
	modelKey string
	ray      bool // Ray starts the engine's workers
}

// Replica is one engine process with its workers.
type Replica struct {
	Index int `json:"index"`
	// Command is the command line; {port} stands for a port that is chosen at
	// the start.
	Command []string `json:"command,omitempty"`
	Env     []EnvVar `json:"env,omitempty"`
	// Devices are the accelerators that it sees, as the driver names them.
	Devices []string `json:"devices,omitempty"`
	// CPUs it is bound to, in the kernel's list form; empty means not bound.
	CPUs string `json:"cpus,omitempty"`
	// Port is 0 where it is chosen at the start.
	Port int `json:"port,omitempty"`
	// Companion is started before it and stopped after it.
	Companion *Companion `json:"companion,omitempty"`
	// URL of an external engine.
	URL string `json:"url,omitempty"`
}

// backend is what the planning needs to know of an engine.
type backend struct {
	protocol        Protocol
	command         []string
	modelKey        string
	modelPositional bool

	tensorParallel, pipelineParallel, dataParallel string
	// dataParallelShares is the switch with which data parallel needs no
	// devices of its own.
	dataParallelShares string
	// fixed are values that the backend's name stands for.
	fixed map[string]any
}

func backendOf(name string) (backend, error) {
	switch name {
	case "vllm":
		return vllmBackend(false), nil
	case "ray":
		return vllmBackend(true), nil
	case "sglang":
		return sglangBackend(), nil
	}
	return backend{}, fmt.Errorf("backend %q is not known: vllm, sglang or ray", name)
}

// NewPlan turns a manifest into what will be started. Its errors are the
// manifest's or the options' faults, all in one.
func NewPlan(m *manifest.Manifest, o Options) (*Plan, error) {
	b, err := backendOf(m.Backend)
	if err != nil {
		return nil, err
	}
	p := &Plan{Backend: m.Backend, Release: m.Engine.Version, Protocol: b.protocol, Simulated: o.Simulate, modelKey: b.modelKey, ray: usesRay(b, m)}
	if o.Node.many() {
		p.Node = &o.Node
	}
	if len(o.External) > 0 {
		return p, errors.Join(p.planExternal(o), checkSpread(o, 1, 1))
	}
	env, envErr := environment(m.EnvConfig, o.Host.Environ, o.PassEnv)
	command, commandErr := p.commandLine(b, m, o)
	each, count, countErr := replicas(b, m)
	if countErr == nil {
		countErr = checkSpread(o, each, count)
	}
	if err := errors.Join(envErr, commandErr, countErr); err != nil {
		return nil, err
	}
	each /= max(1, o.Node.Count)
	for i := range count {
		p.Replicas = append(p.Replicas, Replica{Index: i, Command: command, Env: env})
	}
	if err := p.assignPorts(o.FirstPort); err != nil {
		return nil, err
	}
	if o.Simulate {
		p.note("simulated: %d replicas of the simulated engine in the place of %s", count, m.Backend)
		return p, nil
	}
	if m.EngineVersion == "sync" {
		p.note("engine_version is sync; mlrun drives engines over HTTP, so the asynchronous server is what runs")
	}
	why := onCPU(m.EngineConfig, m.EnvConfig)
	if o.DeviceEnv == NoDevices {
		why = "asked for"
	}
	if why != "" {
		p.note("no devices are bound: %s", why)
	} else if err := p.assignDevices(m, o, each); err != nil {
		return nil, err
	}
	p.addNode(o.Node)
	if p.ray {
		return p, p.addRay(o.Node, each)
	}
	return p, nil
}

func (p *Plan) note(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(p.Notes, line) {
		p.Notes = append(p.Notes, line)
	}
}

// commandLine is the same for every replica but for its port.
func (p *Plan) commandLine(b backend, m *manifest.Manifest, o Options) ([]string, error) {
	if o.Simulate {
		return simCommand(b, m, o.Self, o.SimArgs), nil
	}
	name := string(b.protocol)
	if m.Engine.Version == "" {
		return nil, fmt.Errorf("the manifest does not name the release of %s, so its arguments are not known", name)
	}
	flags, err := schema.FlagTable(name, m.Engine.Version)
	if err != nil {
		return nil, err
	}
	p.flags = flags
	section := maps.Clone(m.EngineConfig)
	if section == nil {
		section = map[string]any{}
	}
	for key, value := range b.fixed {
		if set := section[key]; set != nil && set != value {
			return nil, fmt.Errorf("engine_config.%s is %v, but backend %s means %v", key, set, m.Backend, value)
		}
		section[key] = value
	}
	for _, key := range []string{"host", "port"} {
		if section[key] != nil {
			p.note("engine_config.%s is left out: mlrun chooses where its engines listen", key)
		}
		delete(section, key)
	}
	if o.Translate != nil {
		for key, value := range section {
			section[key] = p.translate(key, value, o.Translate)
		}
	}
	if o.Node.many() {
		if err := p.spread(b, o.Node, flags, section); err != nil {
			return nil, err
		}
	}
	argv := slices.Clone(b.command)
	if len(o.Command) > 0 {
		argv = slices.Clone(o.Command)
	}
	model, ok := manifest.Text(section, b.modelKey)
	if !ok || model == "" {
		return nil, fmt.Errorf("engine_config.%s is not set: there is no model to serve", b.modelKey)
	}
	p.Model = model
	if b.modelPositional {
		if strings.HasPrefix(model, "-") {
			return nil, fmt.Errorf("engine_config.%s: %q would be read as an argument", b.modelKey, model)
		}
		argv = append(argv, model)
		delete(section, b.modelKey)
	}
	args, err := arguments(flags, section, name+" "+m.Engine.Version)
	argv = append(argv, args...)
	return append(argv, "--host", loopback, "--port", portMark), err
}

// translate returns the path here of each absolute path in a value.
func (p *Plan) translate(key string, value any, here func(string) string) any {
	switch v := value.(type) {
	case string:
		if !strings.HasPrefix(v, "/") || here(v) == v {
			return v
		}
		p.note("engine_config.%s: %s is read at %s", key, v, here(v))
		return here(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = p.translate(key, v[i], here)
		}
		return list
	case map[string]any:
		section := make(map[string]any, len(v))
		for k, inner := range v {
			section[k] = p.translate(key+"."+k, inner, here)
		}
		return section
	}
	return value
}

// replicas is the number of devices each replica takes, and of replicas.
func replicas(b backend, m *manifest.Manifest) (each, count int, err error) {
	size := func(key string) int64 {
		n, ok := manifest.Int(m.EngineConfig, key)
		if !ok {
			return 1
		}
		return n
	}
	tp, pp, dp := size(b.tensorParallel), size(b.pipelineParallel), size(b.dataParallel)
	if shared, _ := manifest.Bool(m.EngineConfig, b.dataParallelShares); shared {
		dp = 1
	}
	const most = 1 << 16
	if min(tp, pp, dp) < 1 || max(tp, pp, dp) > most || tp*pp*dp > most {
		return 0, 0, fmt.Errorf("engine_config: %s %d, %s %d, %s %d: each must be at least 1 and their product at most %d",
			b.tensorParallel, tp, b.pipelineParallel, pp, b.dataParallel, dp, most)
	}
	need := tp * pp * dp
	devices, ok := manifest.Int(m.HarnessConfig, "device_count")
	if !ok {
		devices = need
	}
	if devices < 1 || devices > most {
		return 0, 0, fmt.Errorf("harness_config.device_count is %d, legal is 1 to %d", devices, most)
	}
	if devices%need != 0 {
		return 0, 0, fmt.Errorf("harness_config.device_count %d cannot be shared out to replicas of %d devices (%s %d x %s %d x %s %d)",
			devices, need, b.tensorParallel, tp, b.pipelineParallel, pp, b.dataParallel, dp)
	}
	return int(need), int(devices / need), nil
}

func (p *Plan) assignPorts(first int) error {
	if last := first + len(p.Replicas) - 1; first < 0 || last > 65535 {
		return fmt.Errorf("%d replicas from port %d on: legal ports are 1 to 65535", len(p.Replicas), first)
	}
	for i := range p.Replicas {
		if first > 0 {
			p.Replicas[i].setPort(first + i)
		}
	}
	return nil
}

// setPort fills a port into the command line.
func (r *Replica) setPort(port int) {
	r.Port = port
	r.Command = slices.Clone(r.Command)
	for i, word := range r.Command {
		if word == portMark {
			r.Command[i] = fmt.Sprint(port)
		}
	}
}

// assignDevices returns each replica its devices and the CPUs nearest to them.
func (p *Plan) assignDevices(m *manifest.Manifest, o Options, each int) error {
	variable, why := o.Host.deviceVariable(m, o.DeviceEnv)
	p.note("devices are bound with %s: %s", variable, why)
	p.DeviceVariable = variable
	list, err := o.Host.deviceList(m, variable, each*len(p.Replicas))
	if err != nil {
		return err
	}
	for i := range p.Replicas {
		r := &p.Replicas[i]
		r.Devices = list[i*each : (i+1)*each]
		r.Env = with(r.Env, EnvVar{Name: variable, Value: strings.Join(r.Devices, ",")})
		why := "asked for"
		if !o.NoCPUBinding {
			r.CPUs, why = o.Host.nearestCPUs(r.Devices)
		}
		if why != "" {
			p.note("not bound to CPUs near the devices: %s", why)
		}
	}
	return nil
}
