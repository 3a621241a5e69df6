package run

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mlcfg/internal/engine"
	"mlcfg/internal/record"
)

// endpointsFile is where a run keeps what its engines say of themselves.
var endpointsFile = path.Join(record.EngineDir, "endpoints.json")

// known keeps what the engines say of themselves, and notes where it is not
// what the manifest was checked against.
func (r *runner) known(list []engine.Endpoint) error {
	for _, note := range r.plan.differences(list) {
		r.log.Note(note)
	}
	// An engine that was started or attached to as a real one may say that it is none.
	if slices.ContainsFunc(list, func(e engine.Endpoint) bool { return e.Simulated }) && !r.state.Simulated {
		r.log.Note("the engine says that it is simulated")
		r.state.Simulated, r.plan.Engine.Simulated = true, true
	}
	return r.dir.WriteJSON(endpointsFile, list)
}

// differences are the replicas that are another release than the manifest's, or
// do not say which, and of engines that run already those that serve another model.
func (p *Plan) differences(list []engine.Endpoint) []string {
	var notes []string
	want := p.Manifest.Engine.Version
	for i, e := range list {
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
