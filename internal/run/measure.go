package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
	"mlcfg/internal/run/live"
)

// measure warms the engines up and carries out the phases of the test.
func (r *runner) measure(ctx context.Context, eng engine.Engine) error {
	samples := r.plan.samples
	r.effective = r.plan.effective
	phases, err := r.effective.Phases(loadgen.Generator{})
	if err != nil {
		return fmt.Errorf("laying out the test: %w", err)
	}
	c, err := r.plan.client(eng.Endpoints(), samples)
	if err != nil {
		return err
	}
	watched, abort, stop := r.watch(ctx, eng)
	err = r.test(watched, c, phases, eng, abort)
	var stall *client.StallError
	// Nobody is told of the end of engines that others started.
	if eng.Died() != nil && (r.broken || err != nil && !errors.As(err, &stall)) {
		settle(watched)
	}
	err = r.outcome(err, stop(), eng)
	if err == nil {
		err = r.lookAgain(ctx, eng.Endpoints())
	}
	if err == nil {
		return r.enter(record.Results)
	}
	return err
}

// outcome is how the test ended: err is what it says itself, cause why its
// context ended. Broken connections are the consequence of a replica's death;
// where all responses came, a death after them took nothing from the result.
func (r *runner) outcome(err, cause error, eng engine.Engine) error {
	var stall *client.StallError
	switch {
	case errors.As(err, &stall):
		return eng.Blame(stall.Replica, stall.What())
	case r.lost(cause) && (err != nil || r.broken):
		return cause
	case err == nil, !errors.Is(err, context.Canceled):
		return err
	case errors.Is(cause, context.Canceled):
		return ErrInterrupted
	}
	return cause
}

// watch ends the context when an engine ends by itself or the user gives up;
// then abort is closed too. stop ends the watching and says why the context ended.
func (r *runner) watch(parent context.Context, eng engine.Engine) (ctx context.Context, abort <-chan struct{}, stop func() error) {
	ctx, cancel := context.WithCancelCause(parent)
	aborted, stopped, watched := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		// After a first interrupt too: what is in flight may be waited for when the
		// second comes, or the engine ends.
		select {
		case err := <-eng.Died():
			cancel(err)
			timer := time.NewTimer(lastAnswers)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-r.out.Abort:
			case <-stopped:
			}
			close(aborted)
		case <-r.out.Abort:
			cancel(ErrInterrupted)
			close(aborted)
		case <-stopped:
		}
	}()
	return ctx, aborted, func() error {
		cause := context.Cause(ctx)
		close(stopped)
		<-watched
		cancel(nil)
		return cause
	}
}

// lastAnswers is how long answers that were under way when a replica died are
// still read: what it wrote before is in the sockets' buffers, and its
// connections break behind that.
const lastAnswers = time.Second

// lastWord is how long a replica whose connections broke has to be reported as
// dead: the system closes a process's sockets before anybody can be told of
// its end.
const lastWord = 3 * time.Second

// settle waits until the context ends, for at most lastWord.
func settle(ctx context.Context) {
	timer := time.NewTimer(lastWord)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// lost reports whether the cause is an engine that ended by itself.
func (r *runner) lost(cause error) bool {
	var dead *engine.Failure
	return errors.As(cause, &dead)
}

// test warms the engines up and issues the phases.
func (r *runner) test(ctx context.Context, c *client.Client, phases []*loadgen.Phase, eng engine.Engine, abort <-chan struct{}) error {
	if r.plan.Clients > 1 {
		if err := r.startClients(eng.Endpoints()); err != nil {
			return err
		}
	}
	if r.plan.WarmUp {
		if err := r.enter(record.WarmUp); err != nil {
			return err
		}
		if err := r.warmUp(ctx, c, len(eng.Endpoints()), abort); err != nil {
			return err
		}
	}
	if r.plan.OfficialLoadGen == "" {
		if err := r.openLogs(); err != nil {
			return err
		}
	}
	for _, e := range eng.Endpoints() {
		r.urls = append(r.urls, e.URL)
	}
	err := r.phases(ctx, c, phases, r.plan.samples, len(eng.Endpoints()), abort)
	if r.metrics != nil {
		if stopErr := r.metrics.Stop(); stopErr != nil {
			r.log.Note(stopErr.Error())
		}
	}
	if err == nil {
		r.compareCounts(ctx, c, abort)
	}
	return err
}

// phases issues one phase after another.
func (r *runner) phases(ctx context.Context, c *client.Client, phases []*loadgen.Phase, samples *prompts, replicas int, abort <-chan struct{}) error {
	if err := r.openRecords(); err != nil {
		return err
	}
	if r.plan.OfficialLoadGen != "" {
		return r.official(ctx, c, phases[0], samples, replicas, abort)
	}
	sampler := loadgen.NewAccuracySampler(&r.effective)
	for number, phase := range phases {
		totals := phase.Totals()
		r.logs.Detail.LogMode(phase.Mode)
		r.logs.Detail.LogGenerated(phase, totals)
		s := &sink{
			records: r.records, accuracy: r.logs.Accuracy, logged: loggedOf(sampler, phase, totals),
			offline: r.effective.Requested.Scenario == loadgen.Offline, tokens: r.effective.Requested.UseTokenLatencies,
			first: phase.FirstSample, parts: r.parts, meter: r.meter,
		}
		sc := &scenario{
			phase: phase, effective: &r.effective, samples: samples, manifest: r.plan.Manifest, replicas: replicas,
			concurrency: r.plan.Concurrency, limits: r.plan.Limits, abort: abort,
			started: r.begin,
		}
		sc.progress = r.startPhase(phase, replicas)
		stop := r.log.follow(r.meter)
		sum, err := r.issue(ctx, number, c, sc, s)
		stop()
		r.ended(&sum)
		if err != nil {
			return err
		}
		if phase.Mode == loadgen.AccuracyOnly {
			r.logs.Detail.LogEnd(r.began, r.active)
		}
		r.keptUp(phase, &sum)
		r.heldBack(&sum)
	}
	return nil
}

// openRecords begins the files of records, where this process writes them.
func (r *runner) openRecords() (err error) {
	if r.group != nil {
		return nil
	}
	if r.records, err = record.Create(r.dir.File(record.FileName)); err != nil {
		return err
	}
	r.real = !r.state.Simulated
	r.parts, err = record.CreateParts(r.dir.Path, r.records, r.plan.about()...)
	return err
}

// startPhase tells log and meter what is about to be issued, and returns what the
// client counts in.
func (r *runner) startPhase(phase *loadgen.Phase, replicas int) *client.Progress {
	q, totals := &r.effective.Requested, phase.Issued()
	p := live.Phase{Name: "performance", Total: totals.Samples}
	if phase.Mode == loadgen.AccuracyOnly {
		p.Name = "accuracy"
	}
	switch {
	case r.plan.OfficialLoadGen != "": // it issues by its own clock
	case q.Scenario == loadgen.SingleStream:
		p.LastDue = q.MinDuration
	default:
		p.Due, p.LastDue = phase.Due(), totals.LastScheduled
	}
	if q.Scenario == loadgen.Server && phase.Mode == loadgen.PerformanceOnly {
		if q.UseTokenLatencies {
			p.TTFT, p.TPOT = q.TTFTLatency, q.TPOTLatency
		} else {
			p.Latency = r.effective.TargetLatency
		}
	}
	r.log.startPhase(p.Name, totals, q.Scenario)
	r.meter.Describe(r.plan.live())
	r.meter.Start(p, replicas)
	return r.meter.Progress()
}

// ended notes what a phase took, and whether connections broke in it.
func (r *runner) ended(sum *client.Summary) {
	r.active = sum.Wall
	r.checkAnswers(sum)
	if sum.Resent > 0 {
		r.log.Note(fmt.Sprintf("%d requests met a connection that the engine had closed and were sent once more, their times counted from the first attempt (resent in the records)", sum.Resent))
	}
	for _, class := range []client.ErrorClass{client.ConnectError, client.SendError, client.BrokenError} {
		r.broken = r.broken || sum.Failed[class] > 0
	}
}

// heldBack notes where most streams were held back on the way: their times are not the engine's.
func (r *runner) heldBack(sum *client.Summary) {
	if r.plan.Engine.External && sum.Held*2 > sum.Streamed { // nothing stands before what was started here
		r.fault(fmt.Sprintf("something on the way to the engine buffers: in %d of %d streams the first tokens came all at once, so that TTFT and TPOT are not the engine's; switch buffering off there (nginx: proxy_buffering off, proxy_http_version 1.1; haproxy: option http-no-delay)", sum.Held, sum.Streamed))
	}
}

// keptUp notes where the client, not the engine, was the limit.
func (r *runner) keptUp(phase *loadgen.Phase, sum *client.Summary) {
	if sum.KeptUp || phase.Mode != loadgen.PerformanceOnly {
		return
	}
	for _, reason := range sum.Reasons {
		r.fault("the client did not keep up: " + reason)
	}
}

// begin notes the wall-clock time at which a phase starts, and with the first
// one measuring.
func (r *runner) begin(t time.Time) {
	r.began = t
	r.meter.Begin(t)
	if r.state.MeasuringSince != nil {
		return
	}
	since := t.UTC()
	r.state.MeasuringSince = &since
	if err := r.enter(record.Measuring); err != nil {
		r.fault(err.Error())
	}
	pages := make([]string, len(r.urls))
	for i, url := range r.urls {
		pages[i] = url + r.plan.Engine.Facts.Metrics
	}
	var err error
	if r.metrics, err = metrics.Start(r.dir.Path, pages, r.plan.Engine.Access.Transport(), metricsInterval, t); err != nil {
		r.fault(err.Error())
		return
	}
	r.meter.Engines(r.metrics.Last)
}

// metricsInterval is the time between two looks at an engine's metrics.
const metricsInterval = time.Second
