package wire

import (
	"sync"
	"sync/atomic"
	"time"
)

// The kernel stamps with the wall clock, which may be set and is steered; what is
// measured here is of the monotonic clock. A Clock carries a stamp over by the
// difference of the two, which it looks at again and again.
const (
	// looksEvery is for how long a difference holds. A clock that is steered as hard
	// as Linux does, by 500 ppm, is 5 µs off by then.
	looksEvery = 10 * time.Millisecond
	// steered is the most that the difference may change by steering between two
	// looks, and by what the looks are off; more is a step.
	steered = 50 * time.Microsecond
	// slewing is that per time that passed: twice what Linux steers at most.
	slewing = 1000 // one in so many
	// distrust is for how long stamps are not used after a step: some that come then
	// were made before it.
	distrust = time.Second
	// slack is how much later than its reading a stamp may appear to be.
	slack = 100 * time.Microsecond
	// looks are how many readings of both clocks a look takes; the one that took
	// least time was not interrupted.
	looks = 5
)

// Clock carries stamps of the wall clock over to the time since a start. It may be
// used from several goroutines.
type Clock struct {
	mono func() time.Duration
	wall func() int64

	mu       sync.Mutex
	offset   atomic.Int64 // wall clock less time since the start
	looked   atomic.Int64 // when, since the start; -1 for never
	distrust atomic.Int64 // until when stamps are not used
	steps    atomic.Int64
}

// NewClock makes a clock for the time since start, which has to have a monotonic reading.
func NewClock(start time.Time) *Clock {
	c := &Clock{mono: func() time.Duration { return time.Since(start) }, wall: func() int64 { return time.Now().UnixNano() }}
	c.looked.Store(-1)
	return c
}

// At returns the time of a stamp (nanoseconds of the wall clock), which was read at now and
// cannot be before since. ok is false, and the time is now, where there is no
// stamp (0), or it is not to be believed: the wall clock was set in between.
func (c *Clock) At(stamp int64, since, now time.Duration) (at time.Duration, ok bool) {
	if stamp == 0 {
		return now, false
	}
	c.look(now)
	at = time.Duration(stamp - c.offset.Load())
	if int64(now) < c.distrust.Load() || at > now+slack || at < since-slack {
		return now, false
	}
	return min(max(at, since), now), true
}

// Steps is how often the wall clock was set.
func (c *Clock) Steps() int { return int(c.steps.Load()) }

// look makes sure of the difference of the clocks.
func (c *Clock) look(now time.Duration) {
	last := time.Duration(c.looked.Load())
	off := c.wall() - int64(now) - c.offset.Load() // now is a little ago
	if last >= 0 && now-last < looksEvery && off > -int64(steered) && off < int64(steered) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	last = time.Duration(c.looked.Load())
	offset, least := int64(0), time.Duration(0)
	for i := range looks {
		before := c.mono()
		wall := c.wall()
		took := c.mono() - before
		if i == 0 || took < least {
			offset, least = wall-int64(before+took/2), took
		}
	}
	at := c.mono()
	change := time.Duration(offset - c.offset.Load())
	if most := steered + least + (at-last)/slewing; last >= 0 && (change > most || change < -most) {
		c.steps.Add(1)
		c.distrust.Store(int64(at + distrust))
	}
	c.offset.Store(offset)
	c.looked.Store(int64(at))
}
