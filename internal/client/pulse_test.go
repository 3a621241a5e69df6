package client

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPulse feeds beats: pauses of a busy machine are none, the longest other one is told.
func TestPulse(t *testing.T) {
	for _, tt := range []struct {
		beats []time.Duration
		want  string
	}{
		{[]time.Duration{0, 50 * time.Millisecond, 1050 * time.Millisecond}, ""},
		{[]time.Duration{0, 50 * time.Millisecond, 4 * time.Second, 5100 * time.Millisecond}, "it stood still for 3.95s, 50ms after the start"},
		{[]time.Duration{0, 2 * time.Second}, "it stood still for 2s, 0s after the start"}, // the last beat
	} {
		beats := slices.Clone(tt.beats)
		p := &pulse{now: func() time.Duration {
			now := beats[0]
			beats = beats[1:]
			return now
		}, stop: make(chan struct{}), ended: make(chan struct{}), offset: suspended()}
		p.last = p.now()
		for len(beats) > 0 {
			p.beat()
		}
		close(p.ended)
		if got := strings.Join(p.end(), "; "); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%v: got %q, want %q", tt.beats, got, tt.want)
		}
	}
}

// TestPulseSuspended sets the clocks apart as a sleep of the machine does.
func TestPulseSuspended(t *testing.T) {
	p := startPulse(func() time.Duration { return 0 })
	p.offset -= 3 * time.Second
	if got := strings.Join(p.end(), "; "); got != "the machine was suspended for 3s" {
		t.Errorf("got %q", got)
	}
}
