package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"mlcfg/internal/client/wire"
	"mlcfg/internal/record"
)

// run is the state of one call of Run.
type run struct {
	client *Client
	plan   Plan
	source Source
	record *recorder
	start  time.Time
	clock  *wire.Clock
	sleep  sleeper
	pools  []*pool

	asking sync.Mutex // around source.Next
	sent   atomic.Int64
	done   atomic.Int64
	last   atomic.Int64 // when the last request was sent
	held   atomic.Int64 // bytes that answers hold beyond their allowance
	flight sync.WaitGroup

	stop    chan struct{} // closed when no further request is to be sent
	stopped sync.Once
	dialing context.Context // ends when no connection is needed any more
	endDial context.CancelFunc

	mu     sync.Mutex
	err    error
	conns  map[*conn]struct{}
	over   bool     // conns have been closed; no more may come
	queued int      // requests that waited for a connection
	stood  []string // when this process did not run; nil where it always did
	dialed int
}

func (r *run) now() time.Duration { return time.Since(r.start) }

// Run sends the requests of source and writes their results to sink. It returns
// when every request that was sent has its result written. Results of failed
// requests are results; the error is about the run itself: the sink's, the
// context's, or what made a request impossible to write.
func (c *Client) Run(ctx context.Context, p Plan, source Source, sink Sink) (Summary, error) {
	if err := c.prepare(&p); err != nil {
		return Summary{}, err
	}
	r := &run{client: c, plan: p, source: source, stop: make(chan struct{}), conns: map[*conn]struct{}{}}
	r.dialing, r.endDial = context.WithCancel(context.WithoutCancel(ctx))
	for i := range c.targets {
		r.pools = append(r.pools, &pool{run: r, replica: i})
	}
	defer r.closeAll()
	if err := r.open(ctx); err != nil {
		return Summary{}, err
	}
	if p.GCPercent != 0 {
		defer debug.SetGCPercent(debug.SetGCPercent(p.GCPercent))
	}
	runtime.GC() // not in the middle of the run
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(r.memoryLimit()))
	before := usage()
	r.record = newRecorder(sink, r.fail)
	begun := make(chan struct{})
	issued := make(chan struct{}) // closed when the last request has been sent
	go func() {
		defer close(issued)
		if p.Pace != OnSchedule {
			if r.begin(begun) {
				r.sleep.until(0)
				r.work()
			}
			return
		}
		restore := keepThread()
		defer restore()
		if r.begin(begun) {
			r.dispatch()
		}
	}()
	<-begun
	watch := startPulse(r.now)
	stopped := r.supervise(ctx, issued)
	wall := r.now()
	r.stood = watch.end()
	r.closeAll()
	r.record.close()
	summary := r.summarize(before, wall)
	if r.err != nil {
		return summary, r.err
	}
	if stopped {
		return summary, cmp.Or(ctx.Err(), context.Canceled)
	}
	return summary, nil
}

// begin is the moment that all times count from. It reports whether there is one.
func (r *run) begin(begun chan<- struct{}) bool {
	start, err := time.Now(), error(nil)
	if r.plan.Begin != nil {
		if start, err = r.plan.Begin(); err != nil {
			start = time.Now()
		}
	}
	r.start = start
	r.clock = wire.NewClock(r.start)
	r.sleep = r.client.sleeper(r.start)
	close(begun)
	if err != nil {
		r.fail(err)
		return false
	}
	if r.plan.Started != nil {
		r.plan.Started(r.start)
	}
	return true
}

// prepare checks the plan and fills in what it leaves open.
func (c *Client) prepare(p *Plan) error {
	setDefault(&p.Concurrency, 1)
	if p.Pace == OnSchedule {
		setDefault(&p.Connections, 32)
	} else {
		if p.Concurrency > c.options.MaxConns {
			return fmt.Errorf("a concurrency of %d needs more connections than the limit of %d a replica", p.Concurrency, c.options.MaxConns)
		}
		p.Connections = p.Concurrency
	}
	p.Connections = min(p.Connections, c.options.MaxConns)
	return nil
}

// fail ends the run because of an error.
func (r *run) fail(err error) {
	r.mu.Lock()
	if r.err == nil {
		r.err = err
	}
	r.mu.Unlock()
	r.halt()
}

// halt stops the sending of requests.
func (r *run) halt() { r.stopped.Do(func() { close(r.stop) }) }

func (r *run) halted() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// supervise returns when every request has its result: it watches time-outs and
// the context on the way. It reports whether the context ended the run.
func (r *run) supervise(ctx context.Context, issued <-chan struct{}) (stopped bool) {
	over := make(chan struct{})
	go func() {
		<-issued
		r.flight.Wait()
		close(over)
	}()
	tick := time.NewTicker(r.watchInterval())
	defer tick.Stop()
	watch := newStallWatch(r)
	var looked time.Duration
	var giveUp <-chan time.Time
	done, stop, abort := ctx.Done(), r.stop, r.plan.Abort
	for {
		select {
		case <-over:
			return stopped
		case <-done:
			done, stopped = nil, true
			r.halt()
		case <-stop:
			stop = nil
			if giveUp == nil {
				giveUp = time.After(r.plan.Grace)
			}
		case <-abort:
			abort, stopped = nil, true
			r.halt()
			giveUp = time.After(0)
		case <-giveUp:
			r.endDial()
			for _, p := range r.pools {
				p.cancelWaiting()
			}
			r.each(func(c *conn) { c.giveUp(CanceledError, nil) })
			giveUp = time.After(flushInterval) // those that were just being sent
		case <-tick.C:
			now := r.now()
			if r.plan.Timeout > 0 {
				overdue := func(deadline time.Duration) bool { return now >= deadline }
				r.each(func(c *conn) { c.giveUp(TimeoutError, overdue) })
			}
			for _, p := range r.pools {
				p.closeIdle(now)
			}
			if now-looked < watch.interval() {
				continue
			}
			looked = now
			if err := watch.look(r, now); err != nil && giveUp == nil {
				giveUp = time.After(0)
				r.fail(err)
			}
		}
	}
}

func (r *run) watchInterval() time.Duration {
	const most = 50 * time.Millisecond
	if t := r.plan.Timeout; t > 0 {
		return min(most, max(t/8, time.Millisecond))
	}
	return most
}

// each calls f for every connection.
func (r *run) each(f func(*conn)) {
	r.mu.Lock()
	all := make([]*conn, 0, len(r.conns))
	for c := range r.conns {
		all = append(all, c)
	}
	r.mu.Unlock()
	for _, c := range all {
		f(c)
	}
}

// next asks the source for a request for a replica, and counts it.
func (r *run) next(replica int, req *Request) bool {
	r.asking.Lock()
	defer r.asking.Unlock()
	*req = Request{Replica: -1}
	if replica >= 0 && r.pools[replica].ended {
		return false
	}
	ok := r.source.Next(Ask{
		Replica: replica, Now: r.now(), LastSent: time.Duration(r.last.Load()),
		Sent: int(r.sent.Load()), Done: int(r.done.Load()),
	}, req)
	if ok {
		r.flight.Add(1)
		r.sent.Add(1)
	} else if replica >= 0 {
		r.pools[replica].ended = true
	}
	return ok
}

// finished takes the result of a request.
func (r *run) finished(res *Result, balanced bool) {
	if balanced && r.plan.Balancer != nil && r.plan.Pace == OnSchedule {
		if res.FirstToken == record.NotReached {
			r.plan.Balancer.First(int(res.Replica))
		}
		r.plan.Balancer.Done(int(res.Replica))
	}
	if f := r.plan.Completed; f != nil {
		f(res)
	}
	if p := r.plan.Progress.of(int(res.Replica)); p != nil && res.Sent != record.NotReached {
		p.done.Add(1)
	}
	r.record.add(res)
	r.done.Add(1)
	r.flight.Done()
}

// refuse records a request that was not sent.
func (r *run) refuse(req *Request, replica int, class ErrorClass, text string) {
	now := r.now()
	res := Result{
		Record: record.Record{
			Seq: req.ID, Sample: uint32(req.Sample), Replica: int32(replica), InputTokens: int64(len(req.Tokens)),
			Scheduled: req.At, Issued: now, Sent: record.NotReached, FirstToken: record.NotReached, Done: now,
		},
		LastToken: record.NotReached,
	}
	res.end(class, text)
	r.finished(&res, req.Replica < 0)
}

// connect makes a connection and lists it.
func (r *run) connect(ctx context.Context, replica int) (*conn, error) {
	n, err := r.client.dial(ctx, replica)
	if err != nil {
		return nil, err
	}
	c := newConn(r, replica, n)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		_ = n.Close()
		return nil, context.Canceled
	}
	r.conns[c] = struct{}{}
	r.dialed++
	return c, nil
}

// forget closes a connection.
func (r *run) forget(c *conn) {
	_ = c.net.Close()
	r.mu.Lock()
	delete(r.conns, c)
	r.mu.Unlock()
}

// closeAll ends what the run keeps open.
func (r *run) closeAll() {
	r.halt()
	r.endDial()
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	r.each(r.forget)
	for i := range r.client.targets {
		if h2 := r.client.targets[i].h2; h2 != nil {
			h2.Close()
		}
	}
}

// maxDials is how many connections are being made to a replica at a time.
const maxDials = 32

// open makes the connections that the run begins with.
func (r *run) open(ctx context.Context) error {
	var failed atomic.Pointer[error]
	for _, p := range r.pools {
		var wg sync.WaitGroup
		var next atomic.Int64
		for range min(maxDials, r.plan.Connections) {
			wg.Go(func() {
				for next.Add(1) <= int64(r.plan.Connections) && failed.Load() == nil {
					c, err := r.connect(ctx, p.replica)
					if err != nil {
						failed.CompareAndSwap(nil, &err)
						return
					}
					c.used = true
					p.mu.Lock()
					p.idle = append(p.idle, c)
					p.open++
					p.mu.Unlock()
					if r.plan.Pace == OnSchedule {
						go p.serve(c)
					}
				}
			})
		}
		wg.Wait()
		if err := failed.Load(); err != nil {
			return fmt.Errorf("connecting to replica %d at %s: %w", p.replica, r.client.options.URLs[p.replica], *err)
		}
	}
	return nil
}

var errNoBalancer = errors.New("a request leaves the replica open and there is no balancer")
