// Package histogram counts durations in constant memory and returns their
// percentiles, accurate to 1 percent.
//
//	var h histogram.Histogram
//	h.Add(12 * time.Millisecond)
//	p99 := h.Quantile(0.99)
package histogram

import (
	"math/bits"
	"time"

	"mlcfg/internal/record/percentile"
)

// bits of a value that decide on its bucket, besides its exponent: buckets are
// at most 1/128 of their value wide.
const precision = 7

// Histogram counts durations. The zero value is empty. It takes 33 KB.
type Histogram struct {
	counts [64 << precision]int32
	n      int
	max    time.Duration
}

// Add counts a duration; one below 0 counts as 0.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.n++
	h.max = max(h.max, d)
	h.counts[bucket(uint64(d))]++
}

// Len is how many durations were added, Max the longest of them, exactly.
func (h *Histogram) Len() int { return h.n }

// Max is the longest duration, exactly; 0 when there is none.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile is the value at index trunc(n*q) of the sorted durations, as LoadGen
// takes its percentiles, rounded down to its bucket; 0 when there is none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := percentile.Rank(h.n, q)
	for i, c := range h.counts {
		if rank -= int(c); rank < 0 {
			return time.Duration(lowest(i))
		}
	}
	return h.max
}

// bucket is the value itself up to 2^precision, then its exponent and its
// leading bits.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-precision-1, 0)
	return shift<<precision + int(v>>shift)
}

// lowest is the smallest value of a bucket.
func lowest(i int) uint64 {
	if i < 2<<precision {
		return uint64(i)
	}
	shift := i>>precision - 1
	return uint64(i-shift<<precision) << shift
}
