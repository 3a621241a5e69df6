// Package run is the order of a run: preflight, power script, engines, warm-up,
// scenario, results, stop; and what it leaves in its directory.
//
//	p, err := run.NewPlan(m, run.Options{...})   // what would happen; starts nothing
//	sum, err := run.Run(ctx, p, run.Output{Dir: "runs/1", Log: os.Stderr})
//
// It executes manifests and knows nothing of the configuration behind them.
package run

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
	"mlcfg/internal/report"
	"mlcfg/internal/run/clients"
	"mlcfg/internal/run/live"
	"mlcfg/internal/run/machine"
)

// Output says where a run writes and to whom it talks.
type Output struct {
	// Dir is the run directory, which must not exist.
	Dir string
	// Log is told the steps of the run, one line each.
	Log *Log
	// Program is this build, as the logs name it.
	Program loadgen.Program
	// Abort, when closed, gives up what is in flight at once and kills what does
	// not end. A done context alone lets it finish.
	Abort <-chan struct{}
	// Metrics, when not nil, is where Prometheus finds how the run goes; Run
	// closes it.
	Metrics net.Listener
	// MetricsName is the host by which it was asked for; empty: none.
	MetricsName string

	// spawn starts a client of several; nil: mlrun itself, once more.
	spawn func(dir string, number int) (clients.Process, error)
	grace time.Duration // that engines have to end by themselves; 0: stopGrace
}

// ErrInterrupted reports that the run ended because it was told to.
var ErrInterrupted = errors.New("interrupted")

// stopGrace is how long engines have to end by themselves.
const stopGrace = 30 * time.Second

// Run carries out a plan. The summary is there as soon as anything was
// measured, beside an error too; it is what summary.json holds.
func Run(ctx context.Context, p *Plan, out Output) (*report.Summary, error) {
	if p.Worker() {
		return nil, fmt.Errorf("node %d of %d carries a part of the engine and no test", p.Engine.Node.Index, p.Engine.Node.Count)
	}
	dir, err := record.CreateDir(out.Dir)
	if err != nil {
		if out.Metrics != nil {
			out.Metrics.Close()
		}
		return nil, err
	}
	r := &runner{plan: p, out: out, dir: dir, log: out.Log, meter: live.NewMeter(p.live())}
	if out.Metrics != nil {
		defer live.Serve(out.Metrics, r.meter, out.MetricsName)()
	}
	if err = r.run(ctx); errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = ErrInterrupted
	}
	return r.finish(err)
}

// runner is one run under way.
type runner struct {
	plan  *Plan
	out   Output
	dir   *record.Dir
	log   *Log
	state record.State

	effective loadgen.Effective
	logs      *loadgen.Logs
	began     time.Time // when the current phase started
	records   *record.Writer
	parts     *record.Parts
	group     *clients.Group // of several clients, which write the records; nil where this process does
	real      bool           // parts says that the engine is a real one
	meter     *live.Meter
	urls      []string // of the engines
	metrics   *metrics.Scraper
	active    time.Duration // what the current phase took
	// accelerator is the first of the machine, as its driver calls it; empty where there is none.
	accelerator string
	broken      bool // connections to a replica broke during a phase
}

func (r *runner) run(ctx context.Context) error {
	yaml, err := r.plan.Manifest.YAML()
	if err != nil {
		return err
	}
	r.state = record.State{
		Phase: record.Preflight, Simulated: r.plan.Engine.Simulated, Synthetic: r.plan.Data.Synthetic, OfficialLoadGen: r.plan.OfficialLoadGen, Clients: r.plan.Clients,
		Started: time.Now().UTC(), Program: r.out.Program.String(), DatasetSamples: uint64(r.plan.Data.Samples),
	}
	// The machine last, which may take seconds to look at: before it the directory says
	// what it is.
	if err := errors.Join(r.dir.Write(record.ManifestFile, yaml), r.enter(record.Preflight), r.dir.WriteJSON(record.PlanFile, r.plan)); err != nil {
		return err
	}
	on := machine.Collect(ctx)
	if len(on.Accelerators) > 0 {
		r.accelerator = on.Accelerators[0]
	}
	if err := r.dir.WriteJSON(record.MachineFile, on); err != nil {
		return err
	}
	if err := r.preflight(ctx); err != nil {
		return err
	}
	if err := r.power(ctx); err != nil {
		return err
	}
	eng, err := r.start(ctx)
	if err != nil {
		return r.allocationEnded(ctx, err)
	}
	err = r.allocationEnded(ctx, r.measure(ctx, eng))
	if !r.plan.Engine.External {
		r.log.Step("stopping the engine")
	}
	if stopErr := eng.Stop(orElse(r.out.grace, stopGrace)); stopErr != nil {
		err = errors.Join(err, fmt.Errorf("stopping the engine: %w", stopErr))
	}
	return err
}

// enter notes in state.json how far the run came.
func (r *runner) enter(phase record.Phase) error {
	r.state.Phase = phase
	return r.dir.WriteJSON(record.StateFile, r.state)
}

func (r *runner) preflight(ctx context.Context) error {
	var problems []string
	for _, n := range r.plan.Notes {
		r.log.Note(n)
	}
	for _, f := range r.plan.Check(ctx) {
		switch {
		case f.Fatal:
			problems = append(problems, f.Text)
		case f.Invalid:
			r.fault(f.Text)
		default:
			r.log.Note(f.Text)
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

// PreflightError is everything that speaks against starting.
type PreflightError struct{ Problems []string }

// Error names the problems, one line each.
func (e *PreflightError) Error() string {
	text := "the run cannot start:"
	for _, p := range e.Problems {
		text += "\n  - " + p
	}
	return text
}

func (r *runner) power(ctx context.Context) error {
	if r.plan.PowerScript == "" || len(r.plan.Engine.Steps) > 0 { // there each node runs it
		return nil
	}
	if err := r.enter(record.Power); err != nil {
		return err
	}
	err := r.plan.runPower(ctx, r.log, r.dir.File(record.PowerLog), r.out.Abort)
	if err != nil && r.plan.PowerOptional && ctx.Err() == nil {
		r.fault("the power script failed: " + err.Error())
		return nil
	}
	return err
}

// runPower runs the power script, its output into a file. A script that does not
// end when the context does is killed when abort is closed.
func (p *Plan) runPower(ctx context.Context, log *Log, output string, abort <-chan struct{}) error {
	log.Step("power script %s", p.PowerScript)
	power := engine.PowerScript{
		Path: p.PowerScript, Model: p.PowerModel(), Machine: p.Manifest.Machine, Scenario: p.Variant(),
		Log: output, PassEnv: p.passEnv, Timeout: p.PowerTimeout, Abort: abort,
	}
	return power.Run(ctx, p.host)
}

func (r *runner) start(ctx context.Context) (engine.Engine, error) {
	if err := r.enter(record.Starting); err != nil {
		return nil, err
	}
	logs := r.dir.File(record.EngineDir)
	if err := os.Mkdir(logs, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the engine's logs: %w", err)
	}
	if r.plan.Engine.External {
		r.log.Step("looking at %d replicas of %s that run already", len(r.plan.Engine.Replicas), r.plan.engineName())
	} else {
		r.log.Step("starting %s, %d replicas", r.plan.engineName(), len(r.plan.Engine.Replicas))
	}
	r.saySteps()
	began := time.Now()
	eng, err := engine.Start(ctx, r.plan.Engine, r.withSteps(engine.StartOptions{
		LogDir: logs, Timeout: r.plan.ReadyTimeout, Progress: r.log.engine, Abort: r.out.Abort,
	}))
	if err != nil {
		return nil, err
	}
	r.log.Step("ready after %.1f s", time.Since(began).Seconds())
	if err := r.checkEndpoints(eng.Endpoints()); err != nil {
		return nil, errors.Join(err, eng.Stop(orElse(r.out.grace, stopGrace)))
	}
	if err := r.attest(ctx, eng.Endpoints()); err != nil {
		return nil, errors.Join(err, eng.Stop(orElse(r.out.grace, stopGrace)))
	}
	return eng, nil
}

// fault notes something that makes the run INVALID.
func (r *runner) fault(text string) {
	r.state.Faults = append(r.state.Faults, text)
	r.log.Note("INVALID: " + text)
}

// finish writes what follows from the records and closes the directory. It
// leaves whatever was written readable, whether the run came to its end or not.
func (r *runner) finish(runErr error) (*report.Summary, error) {
	phase := r.state.Phase
	if runErr != nil {
		r.state.Faults = append(r.state.Faults, fmt.Sprintf("ended during %s: %s", phase, firstLine(runErr)))
	}
	errs := []error{runErr, r.endClients()}
	if r.records != nil {
		errs = append(errs, r.records.Close(), r.closeParts())
		n := r.records.Records()
		r.state.Records = &n
	}
	now := time.Now().UTC()
	r.state.Ended = &now
	measured := phase == record.Measuring || phase == record.Results
	if runErr == nil || !measured {
		phase = record.Ended
	}
	errs = append(errs, r.enter(phase))
	var sum *report.Summary
	if measured {
		var err error
		if sum, err = r.results(); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil && sum == nil {
		// A directory without a measurement says itself why there is none.
		_ = r.dir.Write(record.InvalidFile, []byte(r.reasons(err)))
	}
	errs = append(errs, record.Seal(r.dir.Path), r.dir.Close())
	return sum, errors.Join(errs...)
}

// reasons is why there is no result, one line each.
func (r *runner) reasons(err error) string {
	var preflight *PreflightError
	lines := slices.Clone(r.state.Faults)
	if errors.As(err, &preflight) {
		lines = append(lines[:len(lines)-1], preflight.Problems...)
	}
	if len(lines) == 0 {
		lines = []string{firstLine(err)}
	}
	return strings.Join(lines, "\n") + "\n"
}

// closeParts seals the last Parquet records. What could not be written while the
// run went on is made of the record file.
func (r *runner) closeParts() error {
	if r.parts == nil {
		return nil
	}
	err := r.parts.Close()
	if late := r.real && r.state.Simulated; err == nil && !late {
		return nil
	} else if late { // they were begun before it was known that all of it is simulated
		if err := os.RemoveAll(r.dir.File(record.PartsDir)); err != nil {
			return fmt.Errorf("marking the Parquet records as simulated: %w", err)
		}
	}
	if _, err := record.Complete(r.dir.Path, r.plan.about()...); err != nil {
		r.log.Note(fmt.Sprintf("the Parquet records are not whole (mlrun runs recover makes them): %v", err))
	}
	return nil
}

func firstLine(err error) string {
	text := err.Error()
	for i := range text {
		if text[i] == '\n' {
			return text[:i]
		}
	}
	return text
}

// results writes summary.json and LoadGen's summary, from the directory.
func (r *runner) results() (*report.Summary, error) {
	loaded, err := report.Load(r.dir.Path)
	if err != nil {
		return nil, err
	}
	loaded.Running = false // this process holds the lock, and is done
	j, err := report.Judge(loaded)
	if err != nil {
		return nil, errors.Join(err, r.abortLogs())
	}
	return j.Summary, errors.Join(writeSummary(r.dir, j.Summary), r.closeLogs(j))
}

// writeSummary writes summary.json and, where the run is not valid, why.
func writeSummary(dir *record.Dir, sum *report.Summary) error {
	if err := dir.WriteJSON(record.SummaryFile, sum); err != nil {
		return err
	}
	if sum.Valid {
		return nil
	}
	text := ""
	for _, reason := range sum.Reasons {
		text += reason + "\n"
	}
	return dir.Write(record.InvalidFile, []byte(text))
}
