package client

import (
	"fmt"
	"time"
)

// StallError ends a run: a replica had requests in flight and nothing came from
// it for the whole of Plan.StallLimit. They are recorded as canceled.
type StallError struct {
	Replica  int
	Quiet    time.Duration // how long nothing came
	InFlight int           // requests on it at the end of that time
}

// Error says which replica is silent, and for how long.
func (e *StallError) Error() string {
	return fmt.Sprintf("replica %d %s", e.Replica, e.What())
}

// What is what the replica does, for a sentence that names it.
func (e *StallError) What() string {
	return fmt.Sprintf("hangs: nothing came from it for %v with %d requests in flight", e.Quiet.Round(time.Second), e.InFlight)
}

// hearingGrain is how exactly the time of the last byte is kept: connections
// share it, and should not fight over it.
const hearingGrain = 10 * time.Millisecond

// noteBytes notes that bytes came from the replica.
func (p *pool) noteBytes(now time.Duration) {
	if last := p.heard.Load(); int64(now)-last >= int64(hearingGrain) {
		p.heard.Store(int64(now))
	}
}

// stallWatch looks for replicas that hang.
type stallWatch struct {
	limit time.Duration
	since []time.Duration // by replica: the last time at which it owed nothing or said something
}

func newStallWatch(r *run) *stallWatch {
	return &stallWatch{limit: r.plan.StallLimit, since: make([]time.Duration, len(r.pools))}
}

// look returns the error of the first replica that has been silent for too long.
func (w *stallWatch) look(r *run, now time.Duration) error {
	if w.limit <= 0 {
		return nil
	}
	busy := make([]int, len(r.pools))
	r.each(func(c *conn) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.busy {
			busy[c.replica]++
		}
	})
	for i, p := range r.pools {
		p.mu.Lock()
		busy[i] += len(p.waiting)
		p.mu.Unlock()
		if busy[i] == 0 {
			w.since[i] = now
			continue
		}
		w.since[i] = max(w.since[i], time.Duration(p.heard.Load()))
		if quiet := now - w.since[i]; quiet >= w.limit {
			return &StallError{Replica: i, Quiet: quiet, InFlight: busy[i]}
		}
	}
	return nil
}

// interval is the time between two looks.
func (w *stallWatch) interval() time.Duration {
	return min(time.Second, max(w.limit/16, time.Millisecond))
}
