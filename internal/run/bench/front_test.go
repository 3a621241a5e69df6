package bench

import (
	"slices"
	"testing"
)

// The front has what no other run beats; equals are both on it, and what failed is not.
func TestFront(t *testing.T) {
	at := func(tokens, ttft float64) Figures {
		return Figures{OutputTokensPerSecond: tokens, TTFT: Spread{P99: ttft}}
	}
	failed := at(1000, 1)
	failed.Failed = 1
	all := []Figures{at(10, 5), at(20, 9), at(20, 9), at(15, 9), at(9, 5), at(30, 40), at(30, 41), at(25, 0), failed, at(10, 4)}
	want := []bool{false, true, true, false, false, true, false, false, false, true}
	if got := Front(all, func(f *Figures) float64 { return f.TTFT.P99 }); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Front(nil, nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
