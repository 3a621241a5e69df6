package sim

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// pacer runs a Scheduler in real time: one goroutine and one timer, however many
// requests there are.
type pacer struct {
	start time.Time
	wake  chan struct{}

	mu      sync.Mutex
	s       *Scheduler
	streams map[*Request]*stream
	metrics *metrics
	frozen  bool
}

// stream is what a request's handler sees of it.
type stream struct {
	req       *Request
	stop      bool // ends of itself, not by a limit
	limit     int  // the most tokens that were asked for
	lastToken time.Duration
	produced  atomic.Int64
	// ready has something in it when produced has grown.
	ready chan struct{}
}

func newPacer(s *Scheduler, m *metrics) *pacer {
	return &pacer{start: time.Now(), wake: make(chan struct{}, 1), s: s, streams: map[*Request]*stream{}, metrics: m}
}

// run paces until ctx ends.
func (p *pacer) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if wait, ok := p.advance(); ok {
			timer.Reset(wait)
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// advance ends the steps that are due and says how long until the next; false
// where there is none.
func (p *pacer) advance() (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen {
		return 0, false
	}
	p.step()
	next, ok := p.s.Next()
	return next - time.Since(p.start), ok
}

func (p *pacer) step() {
	touched := p.s.Advance(time.Since(p.start))
	for _, tokens := range p.s.steps {
		p.metrics.stepTokens.add(float64(tokens), 1)
	}
	for _, r := range touched {
		st := p.streams[r]
		if st == nil || st.produced.Load() == int64(r.Produced) {
			continue
		}
		p.metrics.observe(st)
		st.produced.Store(int64(r.Produced))
		st.lastToken = r.LastToken
		if r.Finished >= 0 {
			delete(p.streams, r)
		}
		select {
		case st.ready <- struct{}{}:
		default:
		}
	}
}

// submit adds a request; the stream tells of its tokens.
func (p *pacer) submit(promptTokens int, o output) *stream {
	r := &Request{PromptTokens: promptTokens, OutputTokens: o.n}
	st := &stream{req: r, stop: o.stop, limit: o.limit, ready: make(chan struct{}, 1)}
	p.mu.Lock()
	p.streams[r] = st
	if !p.frozen {
		p.step()
	}
	_, busy := p.s.Next()
	p.s.Submit(time.Since(p.start), r)
	p.mu.Unlock()
	if !busy {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	return st
}

// remove takes out a request whose client has gone.
func (p *pacer) remove(st *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.streams[st.req]; ok {
		delete(p.streams, st.req)
		p.s.Remove(st.req)
	}
}

// freeze stops all progress for good, as an engine that hangs does.
func (p *pacer) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = true
}

// snapshot appends what write makes of the metrics and counters.
func (p *pacer) snapshot(b []byte, write func([]byte, *metrics, Stats) []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return write(b, p.metrics, p.s.Stats())
}

// wait blocks until the stream has more than have tokens, and says how many.
func (st *stream) wait(ctx context.Context, have int) (int, error) {
	for {
		if n := int(st.produced.Load()); n > have {
			return n, nil
		}
		select {
		case <-st.ready:
		case <-ctx.Done():
			return have, ctx.Err()
		}
	}
}
