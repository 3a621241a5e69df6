package client

import (
	"runtime"
	"time"
)

// sleeper sleeps to absolute times. The dispatcher's thread calls prepare once.
type sleeper interface {
	prepare()
	until(t time.Duration) // returns at t since the start of the run
}

// timerSleeper sleeps as well as Go's timers can.
type timerSleeper struct{ start time.Time }

func (s timerSleeper) prepare() {}

func (s timerSleeper) until(t time.Duration) { time.Sleep(t - time.Since(s.start)) }

// sleepAtMost bounds a sleep of the dispatcher, so that it sees when the run is
// stopped.
const sleepAtMost = 100 * time.Millisecond

// dispatch sends each request when it is due. It has an operating system thread
// of its own, and sleeps to absolute times: what one request loses is not added
// to the next. The request is rendered before it is due.
func (r *run) dispatch() {
	runtime.LockOSThread() // and never unlocked: the thread's timer slack is changed
	r.sleep.prepare()
	// One more than before, for the thread keeps one while it sleeps.
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	defer func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) - 1) }()
	var req Request
	var m message
	for !r.halted() && r.next(-1, &req) {
		if err := m.render(&r.client.template, r.client.room, &req); err != nil {
			r.flight.Done()
			r.fail(err)
			return
		}
		for {
			left := req.At - r.now()
			if left <= 0 {
				break
			}
			if r.halted() {
				r.flight.Done()
				r.sent.Add(-1)
				return
			}
			r.sleep.until(r.now() + min(left, sleepAtMost))
		}
		replica := req.Replica
		if replica < 0 {
			switch {
			case r.plan.Balancer != nil:
				replica = r.plan.Balancer.Pick(len(req.Tokens))
			case len(r.pools) == 1:
				replica = 0
			default:
				r.flight.Done()
				r.fail(errNoBalancer)
				return
			}
		}
		r.pools[replica].send(&req, &m)
	}
}
