package percentile

import (
	"slices"
)

// fewest is the number of times from which on Sort takes them by their bytes.
const fewest = 1 << 12

// Sort sorts times. It does what slices.Sort does, and for many of them in a quarter of
// the time: a run has a million of each kind. It takes as much room again while it does.
func Sort[T ~int64](times []T) {
	if len(times) < fewest || slices.IsSorted(times) {
		slices.Sort(times)
		return
	}
	const places = 8 // bytes
	var counts [places][256]int
	for _, t := range times {
		key := ordered(t)
		for place := range places {
			counts[place][byte(key>>(8*place))]++
		}
	}
	from, to := times, make([]T, len(times))
	for place := range places {
		count := &counts[place]
		if count[byte(ordered(from[0])>>(8*place))] == len(times) {
			continue // all have the same byte there
		}
		at := 0
		for i, n := range count {
			count[i] = at
			at += n
		}
		for _, t := range from {
			b := byte(ordered(t) >> (8 * place))
			to[count[b]] = t
			count[b]++
		}
		from, to = to, from
	}
	if &from[0] != &times[0] {
		copy(times, from)
	}
}

// ordered is a time as a number whose bytes, the highest first, are in its order.
func ordered[T ~int64](t T) uint64 { return uint64(t) ^ 1<<63 }
