package wire

import (
	"testing"
	"time"
)

// hands are the two clocks of a test.
type hands struct {
	mono time.Duration
	wall int64
}

func (h *hands) pass(d time.Duration) { h.mono, h.wall = h.mono+d, h.wall+int64(d) }

func newHands() (*hands, *Clock) {
	h := &hands{wall: 1_764_000_000_000_000_000}
	c := NewClock(time.Now())
	c.mono, c.wall = func() time.Duration { return h.mono }, func() int64 { return h.wall }
	return h, c
}

func TestClock(t *testing.T) {
	h, c := newHands()
	h.pass(time.Second)
	stamp := h.wall // something came
	h.pass(3 * time.Millisecond)
	if at, ok := c.At(stamp, 0, h.mono); !ok || at != time.Second {
		t.Errorf("a stamp is of %v, %v; want 1s", at, ok)
	}
	if at, ok := c.At(0, 0, h.mono); ok || at != h.mono {
		t.Errorf("no stamp is of %v, %v; want the time of the read", at, ok)
	}
	for what, stamp := range map[string]int64{"the future": h.wall + int64(time.Second), "before the request": h.wall - int64(time.Second)} {
		if at, ok := c.At(stamp, time.Second, h.mono); ok || at != h.mono {
			t.Errorf("a stamp of %s is of %v, %v; want the time of the read", what, at, ok)
		}
	}
	// What is off by less than the clocks can be read is put right.
	if at, ok := c.At(h.wall+1000, 0, h.mono); !ok || at != h.mono {
		t.Errorf("a stamp a little after its read is of %v, %v; want %v", at, ok, h.mono)
	}
}

// A wall clock that is set, by however little and whichever way, puts nothing off: a
// stamp from either side of the step is taken by the difference of its own side, and
// where it could be from both, the time of the read counts.
func TestClockStep(t *testing.T) {
	const (
		tick   = 200 * time.Microsecond
		before = 1000 // the tick of the step
	)
	for _, step := range []time.Duration{time.Hour, -time.Hour, 70 * time.Millisecond, -70 * time.Millisecond, 200 * time.Microsecond, -200 * time.Microsecond} {
		for _, waits := range []time.Duration{tick, 30 * time.Millisecond} { // between the stamp and its read
			for _, since := range []time.Duration{time.Hour, 10 * time.Millisecond} { // between the request and the stamp
				h, c := newHands()
				var stamps []int64
				var came []time.Duration
				doubted := 0
				for i := range 2 * before {
					h.pass(tick)
					if i == before {
						h.wall += int64(step)
					}
					stamps, came = append(stamps, h.wall), append(came, h.mono)
					at := i - int(waits/tick)
					if at < 0 {
						continue
					}
					got, ok := c.At(stamps[at], came[at]-since, h.mono)
					switch {
					case ok && (got < came[at]-time.Microsecond || got > came[at]+time.Microsecond):
						t.Fatalf("step of %v: the stamp of %v is taken as %v", step, came[at], got)
					case !ok && got != h.mono:
						t.Fatalf("step of %v: the stamp of %v is not used, and the time is %v, not that of the read, %v", step, came[at], got, h.mono)
					case !ok:
						doubted++
					}
				}
				// Both sides are possible only where both times lie between the request and the
				// read, and both within reach of their side: that is while the step was not
				// yet looked for, and for as long as the clock was set back.
				most := 0
				if step <= looksEvery && max(step, -step) <= since+waits {
					most = int((looksEvery+max(-step, 0))/tick) + 2
				}
				if doubted > most {
					t.Errorf("step of %v, read %v later, sent %v before: %d stamps are not used, %d at most could be of both sides", step, waits, since, doubted, most)
				}
				if n := len(c.view.Load().spans); n != 2 {
					t.Errorf("step of %v: %d spans, want 2", step, n)
				}
			}
		}
	}
}

// A clock that is set again and again is still right, and what is known of it does not grow.
func TestClockSteps(t *testing.T) {
	h, c := newHands()
	used := 0
	for i := range 1000 {
		h.pass(50 * time.Millisecond)
		if i%2 == 0 {
			h.wall += int64(time.Duration(i%7-3) * 10 * time.Second)
		}
		h.pass(time.Millisecond)
		stamp, came := h.wall, h.mono
		h.pass(time.Millisecond)
		at, ok := c.At(stamp, came-time.Millisecond, h.mono)
		if ok && at != came {
			t.Fatalf("the stamp of %v is taken as %v", came, at)
		}
		if ok {
			used++
		}
	}
	if n := len(c.view.Load().spans); n != mostSpans || used < 900 {
		t.Errorf("%d spans are kept and %d of 1000 stamps are used; want %d, and nearly all", n, used, mostSpans)
	}
}

// A clock that is steered stays believed, and near.
func TestClockSteered(t *testing.T) {
	h, c := newHands()
	for range 100_000 {
		h.pass(time.Millisecond)
		h.wall += 500 // 500 ppm
		stamp, came := h.wall, h.mono
		h.pass(20 * time.Microsecond)
		if at, ok := c.At(stamp, 0, h.mono); !ok || at < came-20*time.Microsecond || at > came+20*time.Microsecond {
			t.Fatalf("%v, %v; want %v", at, ok, came)
		}
	}
}
