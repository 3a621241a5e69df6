package fit

import (
	"strconv"
	"strings"
)

// since reports whether a release is at or after another, by the dotted numbers in front and the number of
// a post release: a candidate and a build in between count as their release. No release counts as the newest.
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
	return len(a) > len(b) && !allZero(a[len(b):]) || post(release) >= post(first)
}

// post is the number of a post release, 0 for none.
func post(release string) int {
	_, after, _ := strings.Cut(release, "post")
	end := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(after)
	}
	n, _ := strconv.Atoi(after[:end])
	return n
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

// within reports whether a release is at or after the first and before the last; an empty one is no bound.
func within(release, first, last string) bool {
	return (first == "" || since(release, first)) && (last == "" || !since(release, last))
}
