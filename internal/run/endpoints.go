package run

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"mlcfg/internal/client"
	"mlcfg/internal/engine"
	"mlcfg/internal/engine/sim"
	"mlcfg/internal/record"
)

// endpointsFile is where a run keeps what its engines say of themselves.
var endpointsFile = path.Join(record.EngineDir, "endpoints.json")

// checkEndpoints keeps what the engines say of themselves, and notes where it is not
// what the manifest was checked against.
func (r *runner) checkEndpoints(list []engine.Endpoint) error {
	for _, note := range r.plan.differences(list) {
		r.log.Note(note)
	}
	// An engine that was started or attached to as a real one may say that it is none.
	if slices.ContainsFunc(list, func(e engine.Endpoint) bool { return e.Simulated }) {
		r.simulated("the engine says that it is simulated")
	}
	return r.dir.WriteJSON(endpointsFile, list)
}

// simulated notes that what is measured is simulated, however that is known.
func (r *runner) simulated(why string) {
	if !r.state.Simulated {
		r.log.Note(why)
		r.state.Simulated, r.plan.Engine.Simulated = true, true
	}
}

// checkAnswers looks at what the answers of a phase, or of the warm-up, call
// themselves: what stands in front of an engine passes it on, whatever becomes of
// headers and of the list of models.
func (r *runner) checkAnswers(sum *client.Summary) {
	for spelled, replica := range sum.Served {
		var name string
		if json.Unmarshal([]byte(`"`+spelled+`"`), &name) == nil && sim.Named(name) {
			r.simulated(fmt.Sprintf("the answers of replica %d say that it is simulated: they are from %q", replica, name))
		}
	}
}

// lookAgain asks the replicas after the run whether they are what they were
// before it. One that does not answer any more has been noticed where it matters.
func (r *runner) lookAgain(ctx context.Context, list []engine.Endpoint) error {
	if r.state.Simulated {
		return nil
	}
	for i, was := range list {
		now, err := engine.Look(ctx, r.plan.Engine, was)
		switch {
		case err != nil:
			continue
		case now.Simulated:
			r.simulated(fmt.Sprintf("after the run replica %d says that it is simulated", i))
		case now.Model != was.Model:
			r.fault(fmt.Sprintf("replica %d serves %q after the run, before it %q", i, now.Model, was.Model))
		case now.Release != was.Release:
			r.fault(fmt.Sprintf("replica %d is release %q after the run, before it %q", i, now.Release, was.Release))
		}
	}
	if r.state.Simulated && r.plan.OfficialLoadGen != "" {
		return r.markSimulated()
	}
	return nil
}

// differences are the replicas that are another release than the manifest's, or
// do not say which, and of engines that run already those that serve another model.
func (p *Plan) differences(list []engine.Endpoint) []string {
	var notes []string
	want := p.Manifest.Engine.Version
	for i, e := range list {
		if e.HTTP2 {
			notes = append(notes, fmt.Sprintf("replica %d speaks HTTP/2 alone: its times are those of reads and writes, which are later than the kernel's", i))
		}
		public, _, _ := strings.Cut(e.Release, "+") // what follows names a build: 0.9.2+rocm641
		switch {
		case e.Simulated:
		case e.Release == "":
			notes = append(notes, fmt.Sprintf("replica %d does not say which release it is; the manifest was checked against %s %s", i, p.Manifest.Engine.Name, want))
		case public != want:
			notes = append(notes, fmt.Sprintf("replica %d is %s %s; the manifest was checked against %s", i, p.Manifest.Engine.Name, e.Release, want))
		}
		if model := p.modelPath(); p.Engine.External && !e.Simulated && model != "" && e.Model != model {
			notes = append(notes, fmt.Sprintf("replica %d serves %q; the manifest's model is %q", i, e.Model, model))
		}
	}
	return notes
}
