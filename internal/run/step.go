package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
)

// StepCommand is the hidden command of mlrun that carries out an [Order].
const StepCommand = "engine-step"

// Order is what the mlrun of a run tells the one of a node: what it starts, and how. It
// holds names of variables and no values.
type Order struct {
	Manifest string      `json:"manifest"`
	Part     engine.Part `json:"part"`

	Simulate  bool     `json:"simulate,omitempty"`
	SimArgs   []string `json:"sim_args,omitempty"`
	Command   []string `json:"engine_command,omitempty"`
	PassEnv   []string `json:"pass_env,omitempty"`
	DeviceEnv string   `json:"device_env,omitempty"`
	Maps      []string `json:"maps,omitempty"`
	FirstPort int      `json:"first_port,omitempty"`

	PowerScript     string        `json:"power_script,omitempty"`
	PowerOptional   bool          `json:"power_script_optional,omitempty"`
	PowerTimeout    time.Duration `json:"power_script_timeout_ns,omitempty"`
	Force           bool          `json:"force,omitempty"`
	NoResourceCheck bool          `json:"no_resource_check,omitempty"`
}

// onSlurm has the engines started on the nodes of an allocation.
func (p *Plan) onSlurm(o *Options) {
	a := o.Slurm
	if a == nil {
		return
	}
	p.slurm = a
	e := &o.Engine
	p.order = Order{
		Simulate: e.Simulate, SimArgs: e.SimArgs, Command: e.Command, PassEnv: e.PassEnv, DeviceEnv: e.DeviceEnv,
		Maps: o.Maps, FirstPort: e.FirstPort,
		PowerScript: o.PowerScript, PowerOptional: o.PowerOptional, PowerTimeout: p.PowerTimeout,
		Force: o.Force, NoResourceCheck: o.NoResourceCheck,
	}
	names := e.Host.Passed(e.PassEnv)
	e.Steps, e.NodesPerReplica = nil, o.NodesPerReplica
	for _, n := range a.Nodes {
		e.Steps = append(e.Steps, engine.Step{
			Node: n.Name, Command: a.Command(n.Name, names, e.Self, StepCommand), Part: engine.Part{Listen: n.Address},
		})
	}
}

// withSteps adds what steps need to the options of a start.
func (r *runner) withSteps(o engine.StartOptions) engine.StartOptions {
	if r.plan.slurm == nil {
		return o
	}
	o.KillStep = r.plan.slurm.Kill
	// What holds for all nodes is said once.
	said := map[string]bool{}
	for _, n := range r.plan.Notes {
		said[n] = true
	}
	o.Tell = func(node, text string, invalid bool) {
		switch {
		case said[text]:
		case invalid:
			r.fault(node + ": " + text)
		default:
			r.log.Note(node + ": " + text)
		}
		said[text] = true
	}
	o.Order = func(s engine.Step) ([]byte, error) {
		yaml, err := r.plan.Manifest.YAML()
		if err != nil {
			return nil, err
		}
		order := r.plan.order
		order.Manifest, order.Part = string(yaml), s.Part
		return json.Marshal(order)
	}
	return o
}

// saySteps says where engines are started, and which address of it others reach.
func (r *runner) saySteps() {
	for _, s := range r.plan.Engine.Steps {
		what := fmt.Sprintf("replicas %d to %d", s.Part.First, s.Part.First+s.Part.Count-1)
		if s.Part.Count == 1 {
			what = fmt.Sprintf("replica %d", s.Part.First)
		}
		if n := s.Part.Spread; n.Count > 1 {
			what += fmt.Sprintf(", node %d of %d", n.Index, n.Count)
		}
		r.log.Step("job %s, node %s: %s, listening on %s", r.plan.slurm.Job, s.Node, what, s.Part.Listen)
	}
}

// allocationEnded puts the end of the allocation, or of a node, before what followed from it.
func (r *runner) allocationEnded(ctx context.Context, err error) error {
	if err == nil || r.plan.slurm == nil {
		return err
	}
	if why := r.plan.slurm.Ended(context.WithoutCancel(ctx)); why != "" {
		return fmt.Errorf("%s: %w", why, err)
	}
	return err
}

// RunStep carries out an order on its node, for the mlrun at the other end of the pipe,
// to which everything is said.
func RunStep(ctx context.Context, order *Order, o Options, pipe *engine.StepPipe) error {
	err := runStep(ctx, order, o, pipe)
	var failure *engine.Failure
	var preflight *PreflightError
	if err != nil && !errors.As(err, &failure) {
		failure = &engine.Failure{Replica: order.Part.First, What: "cannot be started", Cause: err.Error()}
		if errors.As(err, &preflight) {
			failure.Cause = strings.Join(preflight.Problems, "; ")
		}
		pipe.Say(engine.Word{Failed: failure})
	}
	return err
}

func runStep(parent context.Context, order *Order, o Options, pipe *engine.StepPipe) error {
	m, err := manifest.Decode("the run's manifest", []byte(order.Manifest))
	if err != nil {
		return err
	}
	e := &o.Engine
	e.Simulate, e.SimArgs, e.Command, e.PassEnv, e.DeviceEnv = order.Simulate, order.SimArgs, order.Command, order.PassEnv, order.DeviceEnv
	e.FirstPort, e.Part = order.FirstPort, &order.Part
	o.PowerScript, o.PowerOptional, o.Limits.PowerTimeout = order.PowerScript, order.PowerOptional, order.PowerTimeout
	o.Force, o.NoResourceCheck, o.Results = order.Force, order.NoResourceCheck, os.TempDir()
	ctx, stop := pipe.Wanted(parent)
	p, err := preflightStep(ctx, m, o, pipe)
	stop()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	return engine.ServeStep(parent, p.Engine, pipe)
}

// preflightStep does what comes before the engines.
func preflightStep(ctx context.Context, m *manifest.Manifest, o Options, pipe *engine.StepPipe) (*Plan, error) {
	p, err := NewPlan(ctx, m, o)
	if err != nil {
		return nil, err
	}
	for _, n := range p.Notes {
		pipe.Say(engine.Word{Note: n})
	}
	if err := p.checked(ctx, func(f Finding) { pipe.Say(engine.Word{Note: f.Text, Invalid: f.Invalid}) }); err != nil {
		return nil, err
	}
	if p.PowerScript == "" {
		return p, nil
	}
	log, err := pipe.File()
	if err != nil {
		return nil, err
	}
	err = p.runPower(ctx, nil, log, nil)
	beside := "power script"
	if n := o.Engine.Part.Spread; n.Worker() {
		beside += fmt.Sprintf(" of node %d", n.Index)
	}
	pipe.Log(o.Engine.Part.First, beside, log, 0)
	if err != nil && p.PowerOptional && ctx.Err() == nil {
		pipe.Say(engine.Word{Note: "the power script failed: " + err.Error(), Invalid: true})
		err = nil
	}
	return p, err
}
