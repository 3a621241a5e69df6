package report

import (
	"math"
	"slices"
	"testing"
	"time"
)

// A histogram counts each time once, in intervals of one round width that join.
func TestHistogram(t *testing.T) {
	evenly := func(n int, from, step time.Duration) (out []time.Duration) {
		for i := range n {
			out = append(out, from+time.Duration(i)*step)
		}
		return out
	}
	const msec = time.Millisecond
	for name, c := range map[string]struct {
		times            []time.Duration
		from, width, end float64 // ms
		over             uint64
	}{
		"one":                {[]time.Duration{5 * msec}, 5, .0005, 5.0005, 0},
		"alike":              {[]time.Duration{0, 0, 0}, 0, .000001, .000001, 0},
		"a thousand":         {evenly(1000, 10*msec, msec), 0, 20, 1020, 0},
		"nineteen, one far":  {append(evenly(18, 10*msec, msec), 10_000*msec), 0, 1000, 11_000, 0},
		"thousands, one far": {append(evenly(5000, 10*msec, msec), 100_000*msec), 0, 100, 5100, 1},
		"thousands, some":    {append(evenly(5000, 10*msec, msec), 7400*msec), 0, 100, 7500, 0}, // within half as much again
	} {
		bins := histogram(c.times)
		var counted, over uint64
		for i, b := range bins {
			counted += b.Count
			if b.Over {
				over += b.Count
				if i != len(bins)-1 || b.Count == 0 || b.ToMS != ms(c.times[len(c.times)-1]) || b.FromMS != bins[i-1].ToMS {
					t.Errorf("%s: %+v is the %dth of %d", name, b, i, len(bins))
				}
				continue
			}
			if math.Abs(b.FromMS-(c.from+float64(i)*c.width)) > 1e-9 || math.Abs(b.ToMS-b.FromMS-c.width) > 1e-9 {
				t.Errorf("%s: the %dth goes from %v to %v; want intervals of %v from %v", name, i, b.FromMS, b.ToMS, c.width, c.from)
			}
			if want := between(c.times, b.FromMS, b.ToMS); b.Count != want {
				t.Errorf("%s: %d from %v to %v, want %d", name, b.Count, b.FromMS, b.ToMS, want)
			}
			if !b.Over && (i == len(bins)-1 || bins[i+1].Over) && math.Abs(b.ToMS-c.end) > 1e-9 {
				t.Errorf("%s: the last ends at %v, want %v", name, b.ToMS, c.end)
			}
		}
		if counted != uint64(len(c.times)) || over != c.over {
			t.Errorf("%s: %d of %d are counted, %d of them over the end, want %d", name, counted, len(c.times), over, c.over)
		}
	}
	for v, want := range map[float64]float64{1: 1, 1.1: 2, 2: 2, 2.01: 5, 5: 5, 5.1: 10, 9: 10, .03: .05, .011: .02, 700: 1000, 100: 100, 1100: 2000} {
		if got := roundUp(v); math.Abs(got-want) > want*1e-9 {
			t.Errorf("%v is rounded up to %v, want %v", v, got, want)
		}
	}
}

// between counts times, as the intervals do: an end belongs to the next.
func between(times []time.Duration, from, to float64) (n uint64) {
	for _, v := range times {
		if ms(v) >= from && ms(v) < to {
			n++
		}
	}
	return n
}

// Quantiles are elements that rise to the largest, two hundred along the way and
// ten more for each further nine.
func TestQuantiles(t *testing.T) {
	for n, want := range map[int]struct {
		count int
		some  []int // ranks from 1 that must be among them
	}{
		1:       {1, []int{1}},
		10:      {10, []int{1, 2, 3, 9, 10}},
		200:     {200, []int{1, 2, 100, 199, 200}},
		1000:    {203, []int{1, 6, 11, 501, 991, 996, 997, 999, 1000}},
		100_000: {221, []int{1, 501, 50_001, 99_001, 99_501, 99_601, 99_801, 99_901, 99_991, 99_999, 100_000}},
	} {
		var times []time.Duration
		for i := range n {
			times = append(times, time.Duration(i+1)*time.Millisecond)
		}
		got := quantiles(times)
		var ranks []int
		for i, q := range got {
			rank := int(math.Round(q.Share * float64(n)))
			if q.MS != float64(rank) {
				t.Errorf("%d times: the share %v is %v ms", n, q.Share, q.MS)
			}
			if i > 0 && rank <= ranks[i-1] {
				t.Errorf("%d times: %d follows %d", n, rank, ranks[i-1])
			}
			ranks = append(ranks, rank)
		}
		if len(got) != want.count || got[len(got)-1].Share != 1 {
			t.Errorf("%d times have %d quantiles up to %v, want %d", n, len(got), got[len(got)-1], want.count)
		}
		for _, rank := range want.some {
			if !slices.Contains(ranks, rank) {
				t.Errorf("%d times: the %dth is not among %v", n, rank, ranks)
			}
		}
	}
}
