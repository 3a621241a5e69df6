package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
)

// portMark stands in a planned command line for a port that is chosen when the
// engine starts.
const portMark = "{port}"

// loopback is where engines listen that serve the mlrun of their own machine, nobody else.
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
	// Wait reports whether they may still be starting.
	Wait bool
	// Access is what the front of engines that run already wants to be given.
	Access Access
	// Command replaces the words that start the engine (vllm serve), for an
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
	// Steps are the nodes on which other mlruns start the engines, NodesPerReplica of
	// them for each replica; 0 and 1: a node carries whole replicas. None: the engines
	// are started here.
	Steps           []Step
	NodesPerReplica int
	// Part is what this machine starts of engines on several nodes; nil: all.
	Part *Part
	// elsewhere: the plan is for a machine that is not this one.
	elsewhere bool
	// Only is the one replica that is planned, with the devices, the CPUs and the port that
	// it has among all of them, counted from 1; 0 plans all.
	Only int
}

// NoDevices as [Options.DeviceEnv] is for engines that have no devices.
const NoDevices = "none"

// Plan is what will be started: data alone, the same for the same manifest,
// options and machine.
type Plan struct {
	Backend string `json:"backend"`
	Release string `json:"release"`
	// Protocol is the engine whose HTTP interface is spoken.
	Protocol  string `json:"protocol"`
	Simulated bool   `json:"simulated"`
	External  bool   `json:"external,omitempty"`
	// Model is the path or the name that the engine is given.
	Model string `json:"model,omitempty"`
	// DeviceVariable binds replicas to devices; empty where none are bound.
	DeviceVariable string `json:"device_variable,omitempty"`
	// Node is this machine among several; absent where it is by itself.
	Node     *Node     `json:"node,omitempty"`
	Replicas []Replica `json:"replicas"`
	// Steps are the nodes on which other mlruns start the replicas.
	Steps []Step `json:"steps,omitempty"`
	// Part is what this machine starts of engines on several nodes; nil: all of them.
	Part *Part `json:"part,omitempty"`
	// Notes are what was assumed or could not be done, one line each.
	Notes []string `json:"notes,omitempty"`

	// Facts are what the engine is: its paths, its figures, its last words.
	Facts *backend.Backend `json:"-"`
	// Wait reports whether external engines are waited for.
	Wait bool `json:"-"`
	// Access is what requests to external engines carry.
	Access Access        `json:"-"`
	role   manifest.Role // to find the key behind an argument that the engine refuses
}

// Replica is one engine process with its workers.
type Replica struct {
	Index int `json:"index"`
	// Node is the one on which another mlrun starts it; empty: this machine.
	Node string `json:"node,omitempty"`
	// Command is the command line; {port} stands for a port that is chosen at
	// the start.
	Command []string `json:"command,omitempty"`
	Env     []EnvVar `json:"env,omitempty"`
	// Files are written before it starts; {file:NAME} in Command stands for where one is.
	Files []File `json:"files,omitempty"`
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

	ported []int // the words of Command that hold the port
}

// File is what an engine reads its configuration from.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// setup is what a manifest says about what is started, read once.
type setup struct {
	backend *backend.Backend
	role    manifest.Role
	// listens are keys of engine_config that are left out, since this program
	// chooses where its engines listen.
	listens []string
	// cpu says why the engine has no devices; empty where it has.
	cpu string
	// dataParallel is the size that keeps a replica on one machine, else 1.
	dataParallel int64
	// simulated are the arguments of the simulated engine in its place.
	simulated []string
}

func read(m *manifest.Manifest, host string) (setup, error) {
	b, ok := backend.With(m.Backend, m.Engine.Name)
	if !ok {
		return setup{}, fmt.Errorf("backend %q is not known: %s", m.Backend, strings.Join(backend.Names(), ", "))
	}
	s := setup{backend: b, dataParallel: 1, simulated: simArguments(b, m, host), cpu: b.WhyCPU(m.EngineConfig, m.EnvConfig)}
	for _, key := range b.ListenKeys {
		if m.EngineConfig[key] != nil {
			s.listens = append(s.listens, key)
		}
	}
	if n, ok := manifest.Int(m.EngineConfig, b.DP); ok && b.OneNodeDP {
		s.dataParallel = n
	}
	return s, nil
}

// NewPlan turns a manifest into what will be started. Its errors are the
// manifest's or the options' faults, all in one.
func NewPlan(m *manifest.Manifest, o Options) (*Plan, error) {
	p := &Plan{Backend: m.Backend, Release: m.Engine.Version, Simulated: o.Simulate, Wait: o.Wait, Access: o.Access, Part: o.Part}
	s, err := read(m, p.host())
	if err != nil {
		return nil, err
	}
	p.Facts, p.Protocol = s.backend, s.backend.Engine
	if len(o.External) > 0 {
		p.setNode(o.Node)
		return p, errors.Join(p.planExternal(o), checkSpread(o, 1, 1), p.only(o.Only))
	}
	if s.role, err = m.Serving(); err != nil {
		return nil, err
	}
	p.role = s.role
	if len(o.Steps) > 0 {
		return p, p.planSteps(m, s, o)
	}
	each, count := int(s.role.Devices), int(s.role.Replicas)
	first := 0
	if o.Part != nil {
		o.Node, first = o.Part.Spread, o.Part.First
		if !o.Node.many() {
			count = o.Part.Count
		}
	}
	p.setNode(o.Node)
	env, envErr := environment(s.role.Environment, o.Host.Environ, o.PassEnv)
	like, commandErr := p.replica(s, o)
	if err := errors.Join(envErr, commandErr, checkSpread(o, each, count)); err != nil {
		return nil, err
	}
	each /= max(1, o.Node.Count)
	for i := range count {
		r := like
		r.Index, r.Env = first+i, env
		p.Replicas = append(p.Replicas, r)
	}
	if err := p.assignPorts(o.FirstPort); err != nil {
		return nil, err
	}
	if o.Simulate {
		if o.Part == nil {
			p.note("simulated: %d replicas of the simulated engine instead of %s", count, m.Backend)
		}
		return p, p.only(o.Only)
	}
	if m.EngineVersion == "sync" {
		p.note("engine_version is sync; mlrun drives engines over HTTP, so the asynchronous server is what runs")
	}
	if o.DeviceEnv == NoDevices {
		s.cpu = "asked for"
	}
	if s.cpu != "" {
		p.note("no devices are bound: %s", s.cpu)
	} else if err := p.assignDevices(s, o, each); err != nil {
		return nil, err
	}
	return p, errors.Join(p.complete(s, o, each), p.only(o.Only))
}

// host is where engines listen.
func (p *Plan) host() string {
	if p.Part != nil && p.Part.Listen != "" {
		return p.Part.Listen
	}
	return loopback
}

func (p *Plan) setNode(n Node) {
	if n.many() {
		p.Node = &n
	}
}

// only leaves out all replicas but one, counted from 1; 0 leaves out none.
func (p *Plan) only(replica int) error {
	switch {
	case replica == 0:
	case replica < 0 || replica > len(p.Replicas):
		return fmt.Errorf("there is no replica %d of %d", replica, len(p.Replicas))
	default:
		p.Replicas = p.Replicas[replica-1 : replica]
		p.Replicas[0].Index = 0
	}
	return nil
}

func (p *Plan) note(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(p.Notes, line) {
		p.Notes = append(p.Notes, line)
	}
}

// replica is what all replicas have in common: the command line, its ports open.
func (p *Plan) replica(s setup, o Options) (Replica, error) {
	if o.Simulate {
		words := slices.Concat([]string{o.Self}, s.simulated, o.SimArgs)
		return Replica{Command: words, ported: []int{slices.Index(words, portMark)}}, nil
	}
	for _, key := range s.listens {
		p.note("engine_config.%s is left out: mlrun chooses where its engines listen", key)
	}
	arguments, err := p.spread(s, o.Node)
	if err != nil {
		return Replica{}, err
	}
	open := places{plan: p, node: o.Node, translate: o.Translate}
	program := s.role.Program
	if len(o.Command) > 0 {
		program = nil
	}
	line := open.line(append([]manifest.Argument{{Words: program}}, arguments...), open.circumstances(false))
	line.words = slices.Concat(o.Command, line.words) // the user's own words have no open places
	for i := range line.ported {
		line.ported[i] += len(o.Command)
	}
	p.Model = open.word("", s.role.Model)
	var files []File
	for _, f := range s.role.Files {
		files = append(files, File{Name: f.Name, Text: open.word("", f.Text)})
	}
	return Replica{Command: line.words, ported: line.ported, Files: files}, open.err
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
	for _, i := range r.ported {
		r.Command[i] = strings.ReplaceAll(r.Command[i], portMark, strconv.Itoa(port))
	}
}

// assignDevices gives each replica its devices and the CPUs nearest to them.
func (p *Plan) assignDevices(s setup, o Options, each int) error {
	variable, why := o.Host.deviceVariable(s, o.DeviceEnv)
	if !o.elsewhere {
		p.note("devices are bound with %s: %s", variable, why)
	}
	p.DeviceVariable = variable
	list, err := o.Host.deviceList(s.role.Environment, variable, each*len(p.Replicas))
	if err != nil {
		return err
	}
	for i := range p.Replicas {
		r := &p.Replicas[i]
		r.Devices = list[i*each : (i+1)*each]
		r.Env = with(r.Env, EnvVar{Name: variable, Value: strings.Join(r.Devices, ",")})
		why := "asked for"
		if o.elsewhere {
			why = ""
		} else if !o.NoCPUBinding {
			r.CPUs, why = o.Host.nearestCPUs(r.Devices)
		}
		if why != "" {
			p.note("not bound to CPUs near the devices: %s", why)
		}
	}
	return nil
}
