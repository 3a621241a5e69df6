package client

import (
	"runtime"
	"time"
)

// sleeper sleeps to absolute times: until returns at t since the start of the run.
type sleeper interface {
	until(t time.Duration)
}

// timerSleeper sleeps as well as Go's timers can.
type timerSleeper struct{ start time.Time }

func (s timerSleeper) until(t time.Duration) { time.Sleep(t - time.Since(s.start)) }

// sleepAtMost bounds a sleep of the dispatcher, so that it sees when the run is
// stopped.
const sleepAtMost = 100 * time.Millisecond

// spareProcessors is how many processors (GOMAXPROCS) Go has beyond its usual
// number during an open-loop run. A thread that wakes up takes one that is unused
// by itself; were there none it would have to wait until another thread, which
// the kernel may have put aside, gives its own away. They cost nothing unused.
const spareProcessors = 4

// keepThread returns the calling goroutine an operating system thread of its own,
// which the kernel wakes at once, and which finds a processor of Go's. restore is
// called when the goroutine ends; the thread ends with it.
func keepThread() (restore func()) {
	runtime.LockOSThread() // and never unlocked: the thread is not like others any more
	preferThread()
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + spareProcessors)
	return func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) - spareProcessors) }
}

// dispatch sends each request when it is due, on a thread of its own. It sleeps to absolute times: what one request loses is not added
// to the next. The request is rendered before it is due.
func (r *run) dispatch() {
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
