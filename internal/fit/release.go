package fit

import (
	"strconv"
	"strings"
)

// since reports whether a release is at or after another, by the dotted numbers in front: a candidate
// and a build in between count as their release. No release counts as the newest.
func since(release, first string) bool {
	if release == "" {
		return true
	}
	a, b := numbers(release), numbers(first)
	for i := range b {
		switch {
		case i >= len(a) || a[i] < b[i]:
			return i >= len(a) && allZero(b[i:])
		case a[i] > b[i]:
			return true
		}
	}
	return true
}

func allZero(list []int) bool {
	for _, n := range list {
		if n != 0 {
			return false
		}
	}
	return true
}

// numbers are the dotted numbers at the front of a release.
func numbers(release string) []int {
	var out []int
	for part := range strings.SplitSeq(strings.TrimPrefix(release, "v"), ".") {
		end := 0
		for end < len(part) && '0' <= part[end] && part[end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(part[:end])
		if err != nil {
			break
		}
		if out = append(out, n); end < len(part) {
			break
		}
	}
	return out
}
