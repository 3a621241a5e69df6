package run

import (
	"strings"
	"testing"

	"mlcfg/internal/client"
	"mlcfg/internal/engine"
)

// What buffers on the way to an engine makes its times wrong, and so the run INVALID.
func TestHeldBack(t *testing.T) {
	for _, c := range []struct {
		external bool
		held     int
		want     bool
	}{{true, 51, true}, {true, 50, false}, {false, 100, false}} {
		r := &runner{plan: &Plan{Engine: &engine.Plan{External: c.external}}, log: &Log{W: &strings.Builder{}}}
		r.heldBack(&client.Summary{Streamed: 100, Held: c.held})
		if got := strings.Contains(strings.Join(r.state.Faults, "\n"), "something on the way to the engine buffers: in "); got != c.want {
			t.Errorf("external %v, %d of 100 held back: faults %q", c.external, c.held, r.state.Faults)
		}
	}
}
