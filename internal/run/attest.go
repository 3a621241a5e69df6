package run

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"mlcfg/internal/attest"
	"mlcfg/internal/engine"
	"mlcfg/internal/fit"
	"mlcfg/internal/plainfile"
	"mlcfg/internal/record"
)

// attest keeps what the engines said of their start, held against the manifest and against what is
// computed of it, and notes what is configured but not in force.
func (r *runner) attest(ctx context.Context, list []engine.Endpoint) error {
	if r.state.Simulated || len(r.plan.Manifest.Roles) != 1 { // of prefill and decode each has its own arguments
		return nil
	}
	q := r.plan.asked(ctx, r.accelerator)
	var starts []attest.Start
	for i, e := range list {
		said, err := r.said(ctx, i, e)
		if err != nil {
			r.log.Note(fmt.Sprintf("what replica %d says of its start cannot be read: %v", i, err))
		}
		if said == nil || said.Silent() {
			continue
		}
		s := attest.New(q, said, nil).Short()
		s.Replica = i
		starts = append(starts, s)
	}
	if starts == nil {
		return nil
	}
	for _, text := range attest.Faults(starts) {
		r.log.Note(text)
	}
	return r.dir.WriteJSON(record.StartFile, starts)
}

// said is what a replica's log and its server say of its start.
func (r *runner) said(ctx context.Context, replica int, e engine.Endpoint) (*attest.Said, error) {
	said := &attest.Said{}
	if !r.plan.Engine.External {
		f, err := plainfile.Open(r.dir.File(filepath.Join(record.EngineDir, fmt.Sprintf("replica-%d.log", replica))))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if said, err = attest.ReadLog(f); err != nil {
			return nil, err
		}
	}
	if data, source := engine.Info(ctx, r.plan.Engine, e); data != nil {
		if err := said.ReadInfo(r.plan.Engine.Facts, source, data); err != nil {
			return said, err
		}
	}
	return said, nil
}

// asked is what the manifest asks for. The model is not told where its shapes are not known; the
// accelerator is what the driver calls the machine's first.
func (p *Plan) asked(ctx context.Context, accelerator string) fit.Request {
	m := p.Manifest
	q := fit.Request{Engine: m.Engine.Name, Release: m.Engine.Version, Args: m.EngineConfig, Env: m.EnvConfig}
	path := p.modelPath()
	var err error
	if q.Model, err = fit.FindModel(ctx, path, ""); err != nil {
		q.Model = fit.FindCard(filepath.Base(path))
	}
	name, _, _ := strings.Cut(accelerator, ", ")
	if g, err := fit.FindGPU(name); err == nil {
		q.GPU = &g
	}
	return q
}
