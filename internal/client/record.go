package client

import (
	"sync"
	"time"
)

// Sink takes the results of a run. Write is called from one goroutine, away from
// the requests, with results in the order in which they completed, at least
// every 100 ms while there are any. The batch and what it refers to are used
// again after the call. An error ends the run.
type Sink interface {
	Write(batch []Result) error
}

// SinkFunc is a function as a Sink.
type SinkFunc func(batch []Result) error

// Write calls f.
func (f SinkFunc) Write(batch []Result) error { return f(batch) }

const (
	batchSize     = 256
	batchTokens   = 1 << 20 // a batch is handed on when it holds so many token ids
	batchText     = 4 << 20 // or so many bytes of text
	batches       = 24      // one is being filled, the others wait for the sink or are free
	flushInterval = 100 * time.Millisecond
)

// batch is results with the tokens and texts that they refer to.
type batch struct {
	results []Result
	ids     []int32
	text    []byte
}

func (b *batch) reset() { b.results, b.ids, b.text = b.results[:0], b.ids[:0], b.text[:0] }

// recorder takes results from the connections and hands them to the sink in
// batches. There is a fixed number of them: when the sink is behind by all, add
// waits, and the wait is counted.
type recorder struct {
	sink Sink
	full chan *batch
	free chan *batch
	done chan struct{} // closed when the writer has ended
	fail func(error)

	mu      sync.Mutex
	current *batch
	tally   tally
	stalled time.Duration // spent waiting for the sink
}

func newRecorder(sink Sink, fail func(error)) *recorder {
	r := &recorder{
		sink: sink, fail: fail,
		full: make(chan *batch, batches),
		free: make(chan *batch, batches),
		done: make(chan struct{}),
	}
	for range batches {
		r.free <- &batch{results: make([]Result, 0, batchSize)}
	}
	r.current = <-r.free
	go r.write()
	return r
}

// add copies a result, with its tokens and text.
func (r *recorder) add(res *Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.add(res)
	b := r.current
	b.results = append(b.results, *res)
	kept := &b.results[len(b.results)-1]
	if n := len(res.OutputIDs); n > 0 {
		b.ids = append(b.ids, res.OutputIDs...)
		kept.OutputIDs = b.ids[len(b.ids)-n : len(b.ids) : len(b.ids)]
	}
	if n := len(res.Text); n > 0 {
		b.text = append(b.text, res.Text...)
		kept.Text = b.text[len(b.text)-n : len(b.text) : len(b.text)]
	}
	if len(b.results) == batchSize || len(b.ids) > batchTokens || len(b.text) > batchText {
		r.pass()
	}
}

// pass returns the current batch to the writer. r.mu is held.
func (r *recorder) pass() {
	if len(r.current.results) == 0 {
		return
	}
	r.full <- r.current // there is room for every batch
	select {
	case r.current = <-r.free:
	default:
		from := time.Now()
		r.current = <-r.free
		r.stalled += time.Since(from)
	}
}

// write feeds the sink until close.
func (r *recorder) write() {
	defer close(r.done)
	tick := time.NewTicker(flushInterval)
	defer tick.Stop()
	broken := false
	for {
		select {
		case b, ok := <-r.full:
			if !ok {
				return
			}
			if !broken {
				if err := r.sink.Write(b.results); err != nil {
					broken = true
					r.fail(err)
				}
			}
			b.reset()
			r.free <- b
		case <-tick.C:
			// With batches queued the current one is young, and taking another is
			// not for the goroutine that frees them: nothing would.
			if len(r.full) == 0 && r.mu.TryLock() {
				if len(r.free) > 0 {
					r.pass()
				}
				r.mu.Unlock()
			}
		}
	}
}

// close writes what is left and waits for it. No add may follow.
func (r *recorder) close() {
	r.mu.Lock()
	r.pass()
	r.mu.Unlock()
	close(r.full)
	<-r.done
}
