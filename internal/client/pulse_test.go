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
		{often(0, 20, 900*time.Millisecond, 60*time.Millisecond), "it stood still 20 times, for 18s of 19.2s together"},
		{often(0, 1000, 200*time.Millisecond, 50*time.Millisecond), ""},                                // a busy machine
		{often(30*time.Second, 2, 600*time.Millisecond, 10*time.Second), "for 1.2s of 21.2s together"}, // times since the start
		{often(0, 2, 600*time.Millisecond, 60*time.Second), ""},                                        // one in a hundred
		{[]time.Duration{0, 2 * time.Second}, "it stood still for 2s, 0s after the start"},             // the last beat
	} {
		beats := slices.Clone(tt.beats)
		p := &pulse{now: func() time.Duration {
			now := beats[0]
			beats = beats[1:]
			return now
		}, stop: make(chan struct{}), ended: make(chan struct{}), offset: suspended()}
		p.first = p.now()
		p.last = p.first
		for len(beats) > 0 {
			p.beat()
		}
		close(p.ended)
		if got := strings.Join(p.end(), "; "); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%v: got %q, want %q", tt.beats, got, tt.want)
		}
	}
}

// often are the beats of a client that is stopped so many times, and goes on
// in between.
func often(start time.Duration, times int, stopped, between time.Duration) []time.Duration {
	beats := []time.Duration{start}
	for at := start; times > 0; times-- {
		at += stopped
		beats = append(beats, at)
		for end := at + between; at < end; {
			at += min(pulseInterval, end-at)
			beats = append(beats, at)
		}
	}
	return beats
}

// TestPulseSuspended sets the clocks apart as a sleep of the machine does.
func TestPulseSuspended(t *testing.T) {
	p := startPulse(func() time.Duration { return 0 })
	p.offset -= 3 * time.Second
	if got := strings.Join(p.end(), "; "); got != "the machine was suspended for 3s" {
		t.Errorf("got %q", got)
	}
}
