package client

import (
	"testing"
	"time"

	"mlcfg/internal/record"
)

// Whether a proxy buffers shows in how many chunks the first read brought, beside what one takes.
func TestHeldBack(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name          string
		chunks, burst int
		first, last   time.Duration
		long, held    bool
	}{
		{"one after another", 64, 1, 30 * ms, 1300 * ms, true, false},
		{"the first ten together", 64, 10, 220 * ms, 1300 * ms, true, true},
		{"a few in a busy moment", 64, 3, 70 * ms, 1300 * ms, true, false},
		{"a fast engine", 64, 10, 5 * ms, 30 * ms, true, false},
		{"all in one read, and soon", 64, 64, 9 * ms, 9 * ms, true, false},
		{"too short to tell", 7, 6, 200 * ms, 220 * ms, false, false},
		{"all in one read", 64, 64, 800 * ms, 800 * ms, true, true},
	} {
		r := Result{Record: record.Record{FirstToken: c.first}, LastToken: c.last, Chunks: c.chunks, Burst: c.burst}
		if long, held := r.heldBack(); long != c.long || held != c.held {
			t.Errorf("%s: long %v, held %v", c.name, long, held)
		}
	}
}

func TestBurst(t *testing.T) {
	a := answer{protocol: Completions, bounds: bounds{tokens: 100}}
	a.reset()
	for i, read := range []time.Duration{5, 5, 5, 9, 9, 12} {
		a.read = read
		a.add([]byte(`{"choices":[{"text":"x"}]}`), time.Duration(i)+1)
	}
	if a.chunks != 6 || a.burst != 3 {
		t.Errorf("%d chunks, of which the first read brought %d; want 6 and 3", a.chunks, a.burst)
	}
	a.reset()
	if a.burst != 0 {
		t.Errorf("the next answer starts with %d", a.burst)
	}
}
