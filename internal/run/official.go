package run

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/loadgen/official"
	"mlcfg/internal/record"
)

// planOfficial looks for the official LoadGen, and refuses what it is not
// driven with.
func (p *Plan) planOfficial(ctx context.Context, python string) error {
	version, err := official.Version(ctx, python)
	if err != nil {
		return err
	}
	p.OfficialLoadGen, p.LoadgenPython = version, python
	switch {
	case p.settings.Mode == loadgen.SubmissionRun:
		return errors.New("the official LoadGen is run in performance and accuracy mode, one at a time; this manifest asks for both in one run")
	case p.settings.ServerNumIssueQueryThreads != 0:
		return errors.New("server_num_issue_query_threads is set: the official LoadGen's Python module cannot register threads")
	}
	return nil
}

// official carries out one phase with the official LoadGen as the one who
// issues, and measures.
func (r *runner) official(ctx context.Context, c *client.Client, phase *loadgen.Phase, samples *prompts, replicas int, abort <-chan struct{}) (err error) {
	scenario := scenario{
		phase: phase, effective: &r.effective, samples: samples, manifest: r.plan.Manifest, replicas: replicas,
		concurrency: r.plan.Concurrency, limits: r.plan.Limits, abort: abort,
	}
	offline := r.effective.Requested.Scenario == loadgen.Offline
	log, err := os.OpenFile(r.dir.File(record.LoadgenLog), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("making the log of the official LoadGen: %w", err)
	}
	defer log.Close()
	driver, err := official.Start(ctx, official.Job{
		Python: r.plan.LoadgenPython, Dir: r.dir.Path, Log: log, Settings: r.effective.Requested, Library: r.effective.Library,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, driver.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := make(chan error, 1)
	go func() {
		err := driver.Wait(ctx)
		if err != nil {
			cancel() // no use in sending more
		}
		watched <- err
	}()
	q := &officialQueries{scenario: &scenario, driver: driver, stopped: ctx.Done(), abort: abort, offline: offline}
	q.tokens = r.effective.Requested.UseTokenLatencies
	q.data = r.effective.Requested.Mode == loadgen.AccuracyOnly
	plan, err := q.plan(r)
	if err != nil {
		return err
	}
	s := &sink{
		records: r.records, offline: offline, first: phase.FirstSample, parts: r.parts, meter: r.meter, issued: q.times,
	}
	plan.Progress = r.startPhase(phase, replicas)
	stop := r.log.follow(r.meter)
	sum, err := c.Run(ctx, plan, q, s)
	stop()
	r.ended(&sum)
	if origin, ok := q.origin(); ok && r.state.MeasuringSince != nil {
		since := r.state.MeasuringSince.Add(origin)
		r.state.MeasuringSince = &since
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	ended := <-watched
	if err := q.failed(); err != nil {
		return err
	}
	if ended != nil {
		return ended
	}
	r.keptUp(phase, &sum)
	return r.markSimulated()
}

// markSimulated says in LoadGen's summary what LoadGen does not know.
func (r *runner) markSimulated() error {
	if !r.plan.Engine.Simulated {
		return nil
	}
	f, err := os.OpenFile(r.dir.File(loadgen.SummaryName), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("marking LoadGen's summary as simulated: %w", err)
	}
	_, err = f.WriteString("\n" + record.SimulatedMark + " (line added by mlrun)\n")
	return errors.Join(err, f.Close())
}

// officialQueries hands LoadGen's queries to the client, and the client's
// responses to LoadGen.
type officialQueries struct {
	*scenario
	driver         *official.Driver
	stopped, abort <-chan struct{}
	offline        bool
	tokens         bool // LoadGen wants to know of first tokens
	data           bool // LoadGen logs responses

	queues [][]issued // offline: by replica

	mu    sync.RWMutex
	start time.Time
	ids   []uint64      // LoadGen's, by the number of the request
	first time.Duration // when the first query was issued
	zero  time.Duration // what the records count from
	err   error
}

// plan is the client's: each request leaves as soon as LoadGen issues it;
// offline, as soon as a replica has room for it.
func (q *officialQueries) plan(r *runner) (client.Plan, error) {
	p := q.limits.client()
	p.Abort, p.GCPercent, p.FirstToken, p.Completed = q.abort, 400, q.firstToken, q.completed
	p.Started = func(t time.Time) {
		r.begin(t)
		q.mu.Lock()
		q.start = t
		q.mu.Unlock()
		q.driver.Begin()
	}
	if q.offline {
		p.Pace, p.Concurrency = client.AtOnce, q.concurrency
		return p, nil
	}
	var err error
	p.Pace = client.OnSchedule
	p.Balancer, err = q.balancer()
	return p, err
}

// Next waits for LoadGen.
func (q *officialQueries) Next(a client.Ask, r *client.Request) bool {
	if q.offline {
		if q.queues == nil && !q.deal() {
			return false
		}
		return q.take(q.queues, a.Replica, r)
	}
	query, number, ok := q.next()
	if !ok {
		return false
	}
	r.ID, r.Sample, r.At, r.Replica = number, query.Samples[0], query.At.Sub(q.start), -1
	q.samples.Fill(r.Sample, r)
	return true
}

// deal waits for the one query and gives each replica its share.
func (q *officialQueries) deal() bool {
	query, number, ok := q.next()
	if !ok {
		return false
	}
	queues, err := q.scenario.deal(query.Samples, number)
	if err != nil {
		q.fail(err)
		return false
	}
	q.queues = queues
	return true
}

// next takes a query and the number of its first request.
func (q *officialQueries) next() (query official.Query, number uint64, ok bool) {
	select {
	case query, ok = <-q.driver.Queries():
	case <-q.stopped:
	case <-q.abort:
	}
	if !ok {
		return query, 0, false
	}
	for _, sample := range query.Samples {
		if sample < 0 || sample >= q.samples.Len() {
			q.fail(fmt.Errorf("the official LoadGen issues sample %d of a data set of %d", sample, q.samples.Len()))
			return query, 0, false
		}
	}
	if !q.offline && len(query.Samples) != 1 {
		q.fail(fmt.Errorf("the official LoadGen issues a query of %d samples", len(query.Samples)))
		return query, 0, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ids) == 0 {
		q.first = query.At.Sub(q.start)
		q.zero = q.first // where every schedule of LoadGen's begins
	}
	number = q.phase.FirstSample + uint64(len(q.ids))
	q.ids = append(q.ids, query.IDs...)
	return query, number, true
}

func (q *officialQueries) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
	// Ends the test; the runner tells this error, not that of the driver.
	q.driver.Stop()
}

func (q *officialQueries) failed() error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.err
}

// id is LoadGen's name of a request's sample.
func (q *officialQueries) id(number uint64) uint64 {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.ids[number-q.phase.FirstSample]
}

// origin is when LoadGen's clock of the test started, as far as its first query
// tells; ok is false where there was none.
func (q *officialQueries) origin() (t time.Duration, ok bool) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.zero, len(q.ids) > 0
}

// times are when the first query was issued and what the records count from.
func (q *officialQueries) times() (first, zero time.Duration) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.first, q.zero
}

func (q *officialQueries) firstToken(number uint64, ids []int32) {
	if q.tokens {
		q.driver.FirstToken(q.id(number), 1, q.bytes(ids))
	}
}

// completed tells LoadGen of failed requests too, with no token: it would wait
// for them for ever. They make the run INVALID.
func (q *officialQueries) completed(r *client.Result) {
	if !r.OK() {
		q.driver.Complete(q.id(r.Seq), 0, nil)
		return
	}
	q.driver.Complete(q.id(r.Seq), int(r.OutputTokens), q.bytes(r.OutputIDs))
}

// bytes are token ids as the accuracy scripts read them.
func (q *officialQueries) bytes(ids []int32) []byte {
	if !q.data {
		return nil
	}
	b := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	return b
}

// shift counts a record's times from zero; first is when LoadGen issued the one
// query of an offline run.
func shift(r *record.Record, offline bool, first, zero time.Duration) {
	if offline {
		r.Scheduled, r.Issued = first, first
	}
	r.Scheduled -= zero
	r.Issued -= zero
	for _, t := range []*time.Duration{&r.Sent, &r.FirstToken, &r.Done} {
		if *t != record.NotReached {
			*t -= zero
		}
	}
}
