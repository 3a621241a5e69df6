// Package runeset holds sets of characters, and the classes of characters that the
// tokenizers library has.
//
//	han, ok := runeset.Named("Han")
//	han.Contains('字')
//
// The library takes its classes from Oniguruma's and Rust's Unicode tables, which
// are newer than Go's. tables.txt holds them as the library answers, written by
// testdata/make_tables.py.
package runeset

import (
	"slices"
	"unicode/utf8"
)

// Set is a set of characters. The zero value is empty. A Set is not changed once
// it is made.
type Set struct {
	ranges []span
	bits   *[planeSize / 64]uint64 // the basic plane, nil for an empty set
}

// span is a range of characters, both ends included.
type span struct{ low, high rune }

const planeSize = 0x10000

// Of returns the set of pairs: the lowest and the highest character of each range.
func Of(pairs ...rune) Set {
	spans := make([]span, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		spans = append(spans, span{pairs[i], pairs[i+1]})
	}
	return newSet(spans)
}

// newSet sorts and joins the ranges.
func newSet(spans []span) Set {
	slices.SortFunc(spans, func(a, b span) int { return int(a.low) - int(b.low) })
	var s Set
	for _, x := range spans {
		if x.high < x.low {
			continue
		}
		if n := len(s.ranges); n > 0 && x.low <= s.ranges[n-1].high+1 {
			s.ranges[n-1].high = max(s.ranges[n-1].high, x.high)
			continue
		}
		s.ranges = append(s.ranges, x)
	}
	if len(s.ranges) == 0 {
		return s
	}
	s.bits = new([planeSize / 64]uint64)
	for _, x := range s.ranges {
		for r := x.low; r <= x.high && r < planeSize; r++ {
			s.bits[r>>6] |= 1 << (r & 63)
		}
	}
	return s
}

// Contains reports whether r is in the set.
func (s *Set) Contains(r rune) bool {
	if s.bits == nil {
		return false
	}
	if uint32(r) < planeSize {
		return s.bits[r>>6]&(1<<(r&63)) != 0
	}
	_, ok := slices.BinarySearchFunc(s.ranges, r, func(x span, r rune) int {
		if x.high < r {
			return -1
		}
		if x.low > r {
			return 1
		}
		return 0
	})
	return ok
}

// Empty reports whether nothing is in the set.
func (s Set) Empty() bool { return len(s.ranges) == 0 }

// Len returns the number of characters in the set.
func (s Set) Len() int {
	n := 0
	for _, x := range s.ranges {
		n += int(x.high-x.low) + 1
	}
	return n
}

// Union returns what is in a or in b.
func Union(a, b Set) Set { return newSet(slices.Concat(a.ranges, b.ranges)) }

// Not returns what is not in s.
func Not(s Set) Set {
	var out []span
	next := rune(0)
	for _, x := range s.ranges {
		out = append(out, span{next, x.low - 1})
		next = x.high + 1
	}
	return newSet(append(out, span{next, utf8.MaxRune}))
}

// Intersection returns what is in both a and b.
func Intersection(a, b Set) Set { return Not(Union(Not(a), Not(b))) }

// All calls f for each character of the set, in order.
func (s Set) All(f func(rune)) {
	for _, x := range s.ranges {
		for r := x.low; r <= x.high; r++ {
			f(r)
		}
	}
}
