package loadgen

import (
	"math"
	"slices"

	"mlcfg/internal/record/percentile"
)

// reported are the percentiles that LoadGen's logs show.
var reported = [...]float64{.50, .90, .95, .97, .99, .999}

// Distribution is what LoadGen says of a set of latencies, in nanoseconds.
type Distribution struct {
	Min, Max, Mean int64
	// Percentiles are at 50, 90, 95, 97, 99 and 99.9 percent.
	Percentiles [len(reported)]int64
	// Target is at the percentile that the scenario is judged by.
	Target int64
}

// distribute sorts latencies in place and describes them. No latencies give
// zeros, as in LoadGen.
func distribute(latencies []int64, target float64) Distribution {
	if len(latencies) == 0 {
		return Distribution{}
	}
	percentile.Sort(latencies)
	d := Distribution{
		Min:    latencies[0],
		Max:    latencies[len(latencies)-1],
		Mean:   mean(latencies),
		Target: percentile.Of(latencies, target),
	}
	for i, p := range reported {
		d.Percentiles[i] = percentile.Of(latencies, p)
	}
	return d
}

// mean divides as LoadGen does: a signed sum by an unsigned count, so that a
// sum below zero wraps.
func mean(latencies []int64) int64 {
	var sum int64
	for _, l := range latencies {
		sum += l
	}
	return int64(uint64(sum) / uint64(len(latencies)))
}

// countAbove counts the sorted latencies above limit.
func countAbove(sorted []int64, limit int64) int64 {
	if limit == math.MaxInt64 {
		return 0
	}
	at, _ := slices.BinarySearch(sorted, limit+1)
	return int64(len(sorted) - at)
}

// seconds converts nanoseconds as LoadGen does for every time it divides by.
func seconds(ns int64) float64 { return float64(ns) / 1e9 }
