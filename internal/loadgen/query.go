package loadgen

import (
	"iter"
	"time"
)

// Query is one query of a schedule.
type Query struct {
	// ID is the query's running number, FirstSample that of its first sample;
	// both count on through the phases of a test.
	ID          uint64
	FirstSample uint64
	// Scheduled is when it is due, from the start of the phase. Only the Server
	// scenario waits for it; SingleStream and MultiStream issue a query when the
	// one before is complete.
	Scheduled time.Duration
	// Samples are indices into the data set. The slice is used again for the
	// next query: copy what must last.
	Samples []int
}

// Queries yields the queries of the phase in their order. Each call starts
// anew. Memory is bounded by the loaded set and one query.
func (p *Phase) Queries() iter.Seq[Query] {
	return func(yield func(Query) bool) {
		for c := p.Cursor(); c.Next(); {
			if !yield(c.Query) {
				return
			}
		}
	}
}

// Cursor goes through the queries of a phase one by one. It may be used from
// any one goroutine at a time, a thread-locked one too, which [iter.Pull] may not.
type Cursor struct {
	// Query is the one that Next moved to.
	Query Query
	times *timeline
	draw  func([]int)
}

// Cursor stands before the phase's first query.
func (p *Phase) Cursor() *Cursor {
	c := &Cursor{times: p.times(), draw: p.drawer()}
	c.Query = Query{ID: p.FirstQuery, FirstSample: p.FirstSample, Samples: make([]int, p.SamplesPerQuery)}
	return c
}

// Next moves to the next query and reports whether there is one.
func (c *Cursor) Next() bool {
	if !c.times.more() {
		return false
	}
	if c.times.count > 0 {
		c.Query.ID++
		c.Query.FirstSample += uint64(len(c.Query.Samples))
	}
	c.draw(c.Query.Samples)
	c.Query.Scheduled = time.Duration(c.times.next())
	return true
}

// Totals goes through the schedule without drawing samples. Memory is constant.
func (p *Phase) Totals() Totals {
	times := p.times()
	for times.more() {
		times.next()
	}
	return times.totals(p)
}

// totals are those of the queries of a phase so far.
func (t *timeline) totals(p *Phase) Totals {
	return Totals{
		Queries:       uint64(t.count),
		Samples:       uint64(t.count) * uint64(p.SamplesPerQuery),
		LastScheduled: time.Duration(t.last),
		Duration:      time.Duration(t.at),
	}
}

// Due returns a function that tells how many samples are due at a time since the
// phase's start. Times must not fall from call to call.
func (p *Phase) Due() func(at time.Duration) (samples uint64) {
	times := p.times()
	next, more := int64(0), times.more()
	if more {
		next = times.next()
	}
	due := uint64(0)
	return func(at time.Duration) uint64 {
		for more && next <= int64(at) {
			due += uint64(p.SamplesPerQuery)
			if more = times.more(); more {
				next = times.next()
			}
		}
		return due
	}
}

// timeline generates the scheduled times of a phase.
type timeline struct {
	// at is when the next query is due, last when the latest one was, both in
	// nanoseconds; count is how many there were.
	at, last int64
	count    int

	until int64
	// least is the number of queries needed, epoch by how much equal issue raises
	// it while time is left; 0 without equal issue.
	least, epoch int
	// Arrivals are Poisson with an engine, else every step nanoseconds.
	arrivals *engine
	qps      float64
	step     int64
}

func (p *Phase) times() *timeline {
	s := p.settings.Requested
	t := &timeline{until: p.until, least: p.padded, qps: p.settings.TargetQPS}
	if s.SampleConcatenatePermutation && s.Scenario != Offline {
		t.epoch = len(p.Loaded)
	}
	if s.Scenario == Server {
		t.arrivals = newEngine(s.ScheduleSeed, p.generator)
	} else {
		t.step = int64(min(secondsToNS(1/t.qps), float64(maxDuration)))
	}
	return t
}

// more reports whether there is another query.
func (t *timeline) more() bool { return t.last < t.until || t.count < t.least }

// next returns the time of the next query.
func (t *timeline) next() int64 {
	t.last = t.at
	t.count++
	if t.arrivals != nil {
		t.at += t.arrivals.arrivalNS(t.qps)
	} else {
		t.at += t.step
	}
	if t.epoch > 0 && t.count >= t.least && t.last < t.until {
		t.least += t.epoch
	}
	return t.last
}
