// Package percentile is the one rule by which this program takes percentiles:
// LoadGen's, the element at trunc(N p) of N sorted values, without interpolation.
package percentile

import "cmp"

// Of is the p-th part of sorted values, p from 0 to 1: Of(v, 0.99) is the 99th
// percentile. A p outside returns the first or the last; no values return zero.
func Of[T cmp.Ordered](sorted []T, p float64) T {
	if len(sorted) == 0 {
		var none T
		return none
	}
	return sorted[Rank(len(sorted), p)]
}

// Rank is the place of the p-th part among n sorted values, from 0 to n-1; 0
// where there are none.
func Rank(n int, p float64) int {
	at := float64(float64(n) * p) // rounded before it is cut, as LoadGen's double is
	switch {
	case !(at > 0) || n <= 0:
		return 0
	case at >= float64(n):
		return n - 1
	}
	return int(at)
}
