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

// A wall clock that is set, by however little and whichever way, puts nothing off.
func TestClockStep(t *testing.T) {
	for _, step := range []time.Duration{time.Hour, -time.Hour, 70 * time.Millisecond, -70 * time.Millisecond, 200 * time.Microsecond, -200 * time.Microsecond} {
		h, c := newHands()
		h.pass(time.Second)
		c.At(h.wall, 0, h.mono)
		for i := range 4000 {
			stamp, came := h.wall, h.mono
			h.pass(200 * time.Microsecond)
			if i == 1000 { // between the stamp and its read
				h.wall += int64(step)
			}
			if i == 1001 { // as long as another connection's waited
				stamp, came = stamp-int64(step)-int64(time.Millisecond), came-time.Millisecond
			}
			h.pass(200 * time.Microsecond)
			at, ok := c.At(stamp, 0, h.mono)
			if ok && at != came {
				t.Fatalf("step of %v: stamp %d is taken as %v, it is of %v", step, i, at, came)
			}
			if believed := i < 1000 || i > 3600; !ok && believed {
				t.Fatalf("step of %v: stamp %d is not believed", step, i)
			}
		}
		if c.Steps() == 0 {
			t.Errorf("a step of %v was not seen", step)
		}
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
