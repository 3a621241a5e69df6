package client

import (
	"time"

	"golang.org/x/sys/unix"
)

// spin is how long before a time the sleep ends and the clock is watched
// instead: about what waking up takes.
const spin = 40 * time.Microsecond

// kernelSleeper uses the kernel's absolute sleep on the calling thread. Go's own
// timers wake a goroutine about half a millisecond late on a small machine; this
// is a hundred times nearer.
type kernelSleeper struct {
	start time.Time
	zero  int64 // the start of the run on CLOCK_MONOTONIC, in ns
}

func newSleeper(start time.Time) sleeper {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return timerSleeper{start}
	}
	return kernelSleeper{start: start, zero: ts.Nano() - int64(time.Since(start))}
}

// preferThread asks the kernel to wake this thread without its usual slack of 50 µs,
// and before others that wait for a CPU: the thread works for some microseconds
// a request and sleeps in between. Real time takes CAP_SYS_NICE; without it, a
// busy machine shows in the lateness. Threads and processes that come from this
// one do not inherit it.
func preferThread() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK,
	}, 0)
}

// until returns at the given time since the start.
func (s kernelSleeper) until(t time.Duration) {
	if t-time.Since(s.start) > spin {
		at := unix.NsecToTimespec(s.zero + int64(t-spin))
		for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &at, nil) == unix.EINTR {
		}
	}
	for time.Since(s.start) < t {
	}
}
