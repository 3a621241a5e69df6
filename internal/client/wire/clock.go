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
	// slack is how far outside of the time in which it can have been made a stamp may
	// appear to be.
	slack = 100 * time.Microsecond
	// looks are how many readings of both clocks a look takes; the one that took
	// least time was not interrupted.
	looks = 5
	// mostSpans is how many spans are remembered; a stamp of an earlier one is not used.
	mostSpans = 8
)

// span is a time in which the wall clock was not set: from the last look at it that
// still found it as it was before, to the first one that found it changed. So two that
// follow each other overlap by the time in which the step was.
type span struct {
	from, to time.Duration // to is 0 while it lasts
	offset   int64         // wall clock less time since the start, at the last look
}

// view is what a Clock knows. It is replaced, never changed.
type view struct {
	looked time.Duration
	spans  []span // the last one lasts
}

// Clock carries stamps of the wall clock over to the time since a start. It may be
// used from several goroutines.
type Clock struct {
	mono func() time.Duration
	wall func() int64

	mu   sync.Mutex // around a look
	view atomic.Pointer[view]
}

// NewClock makes a clock for the time since start, which has to have a monotonic reading.
func NewClock(start time.Time) *Clock {
	return &Clock{mono: func() time.Duration { return time.Since(start) }, wall: func() int64 { return time.Now().UnixNano() }}
}

// At returns the time of a stamp (nanoseconds of the wall clock), which was read at now and
// cannot be before since. Around a step of the wall clock, the difference counts that puts the
// stamp on its own side of the step. ok is false, and the time is now, where there is
// no stamp (0), where no difference does that, and where several do: a wall clock that
// is set back shows the same times twice.
func (c *Clock) At(stamp int64, since, now time.Duration) (at time.Duration, ok bool) {
	if stamp == 0 {
		return now, false
	}
	for _, s := range c.look(now).spans {
		earliest, latest := max(s.from, since), now
		if s.to != 0 {
			latest = min(s.to, now)
		}
		t := time.Duration(stamp - s.offset)
		if t < earliest-slack || t > latest+slack {
			continue
		}
		if ok {
			return now, false
		}
		at, ok = min(max(t, since), now), true
	}
	if !ok {
		return now, false
	}
	return at, true
}

// look makes sure of the difference of the clocks.
func (c *Clock) look(now time.Duration) *view {
	if v := c.view.Load(); v != nil && now-v.looked < looksEvery {
		off := c.wall() - int64(now) - v.spans[len(v.spans)-1].offset // now is a little ago
		if off > -int64(steered) && off < int64(steered) {
			return v
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.view.Load()
	if v != nil && v.looked > now { // another goroutine has just looked
		return v
	}
	offset, least := int64(0), time.Duration(0)
	for i := range looks {
		before := c.mono()
		wall := c.wall()
		took := c.mono() - before
		if i == 0 || took < least {
			offset, least = wall-int64(before+took/2), took
		}
	}
	v = v.after(c.mono(), offset, least)
	c.view.Store(v)
	return v
}

// after is what is known with a look that found an offset, off by so much at most.
func (v *view) after(at time.Duration, offset int64, off time.Duration) *view {
	if v == nil {
		return &view{looked: at, spans: []span{{offset: offset}}}
	}
	spans := append([]span(nil), v.spans...)
	last := &spans[len(spans)-1]
	change := time.Duration(offset - last.offset)
	if most := steered + off + (at-v.looked)/slewing; change <= most && change >= -most {
		last.offset = offset
		return &view{looked: at, spans: spans}
	}
	last.to = at
	spans = append(spans, span{from: v.looked, offset: offset})
	return &view{looked: at, spans: spans[max(0, len(spans)-mostSpans):]}
}
