package diag

import "strings"

// Name returns the name that a misspelt one was most likely meant to be, or
// "" where none is near: one letter in three may differ (one at least, six at
// most), case and the difference of "-" and "_" counting nothing. Of equally
// near names the first in the list wins.
func Name(names []string, name string) string {
	plain := plainName(name)
	limit := min(max(1, (len(plain)+1)/3), 6)
	best, bestDistance := "", limit+1
	for _, candidate := range names {
		if d := distance(plain, plainName(candidate), bestDistance); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

func plainName(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to make b of a; counting stops at limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least >= limit {
			return limit
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
