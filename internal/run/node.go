package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/engine"
	"mlcfg/internal/record"
)

// RunNode carries out the plan of a worker node: preflight, power script, the
// node's part of the engine, until ctx ends. out.Dir is a new folder for the
// manifest, the plan and the logs; there are no results. A part that ends by itself is
// an error, since it says what became of the whole.
func RunNode(ctx context.Context, p *Plan, out Output) error {
	if !p.Worker() {
		return errors.New("this node carries the test")
	}
	if err := p.makeNodeDir(out.Dir); err != nil {
		return err
	}
	if err := p.nodePreflight(ctx, out.Log); err != nil {
		return err
	}
	if p.PowerScript != "" {
		err := p.runPower(ctx, out.Log, filepath.Join(out.Dir, record.PowerLog), out.Abort)
		if err != nil && !p.PowerOptional {
			return err
		}
		if err != nil {
			out.Log.Note("the power script failed: " + err.Error())
		}
	}
	n := p.Engine.Node
	out.Log.Step("starting node %d of %d of %s, whose head is at %s", n.Index, n.Count, p.engineName(), n.Head)
	eng, err := engine.Start(ctx, p.Engine, engine.StartOptions{LogDir: filepath.Join(out.Dir, record.EngineDir), Abort: out.Abort})
	if err != nil {
		return err
	}
	out.Log.Step("running, until it is interrupted")
	var died error
	select {
	case died = <-eng.Died():
	case <-ctx.Done():
		out.Log.Step("stopping the engine")
	}
	return errors.Join(died, eng.Stop(orElse(out.grace, stopGrace)))
}

// makeNodeDir makes the folder with what is executed.
func (p *Plan) makeNodeDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making the folder of the node: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder of the node: %w", err)
	}
	yaml, err := p.Manifest.YAML()
	if err != nil {
		return err
	}
	plan, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the plan: %w", err)
	}
	return errors.Join(
		atomicfile.Write(filepath.Join(dir, record.ManifestFile), yaml, 0o644),
		atomicfile.Write(filepath.Join(dir, record.PlanFile), append(plan, '\n'), 0o644),
	)
}

func (p *Plan) nodePreflight(ctx context.Context, log *Log) error {
	for _, n := range p.Notes {
		log.Note(n)
	}
	return p.checked(ctx, func(f Finding) { log.Note(f.Text) })
}

// Missing says what keeps the run from starting, as far as this machine shows it.
func (p *Plan) Missing(ctx context.Context) error { return p.checked(ctx, func(Finding) {}) }

// checked looks at this machine, has told what does not keep the plan from being carried
// out, and returns what does.
func (p *Plan) checked(ctx context.Context, tell func(Finding)) error {
	var problems []string
	for _, f := range p.Check(ctx) {
		if f.Fatal {
			problems = append(problems, f.Text)
		} else {
			tell(f)
		}
	}
	if ctx.Err() != nil {
		return ErrInterrupted
	}
	if len(problems) > 0 {
		return &PreflightError{Problems: problems}
	}
	return nil
}
