// Package release orders the numbers of engines' releases.
package release

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Version is a release number of the form 0.4.9.post6+rocm or 1.4.0rc0: dotted
// numbers, an optional candidate, an optional post release and an optional label
// of a local build, the part of PEP 440 that published engines use.
type Version struct {
	numbers   [6]int // an array, so that comparing allocates nothing
	candidate int    // of a release candidate, beyond any candidate for the release itself
	post      int    // -1 for none, so that 0.4.9 < 0.4.9.post1
	local     string
}

// released is the candidate of a release that is none.
const released = math.MaxInt

// Is reports whether text has the form of a release's number.
func Is(text string) bool {
	_, err := Parse(text)
	return err == nil
}

// IsCandidate reports whether text is the number of a release candidate, 1.4.0rc0.
func IsCandidate(text string) bool {
	v, err := Parse(text)
	return err == nil && v.candidate != released
}

// Parse reads a release number.
func Parse(s string) (Version, error) {
	v := Version{post: -1, candidate: released}
	public, local, hasLocal := strings.Cut(s, "+")
	if v.local = local; hasLocal && !isLocalLabel(local) {
		return Version{}, fmt.Errorf("%q is not a release number", s)
	}
	count := 0
	for part := range strings.SplitSeq(public, ".") {
		if n, isPost := strings.CutPrefix(part, "post"); isPost {
			p, err := strconv.ParseUint(n, 10, 31)
			if err != nil || v.post >= 0 || count == 0 {
				return Version{}, fmt.Errorf("%q is not a release number", s)
			}
			v.post = int(p)
			continue
		}
		part, candidate, isCandidate := strings.Cut(part, "rc")
		n, err := strconv.ParseUint(part, 10, 31)
		if isCandidate && err == nil {
			var c uint64
			c, err = strconv.ParseUint(candidate, 10, 31)
			v.candidate = int(c)
		}
		if err != nil || v.post >= 0 || count == len(v.numbers) || !isCandidate && v.candidate != released {
			return Version{}, fmt.Errorf("%q is not a release number", s)
		}
		v.numbers[count] = int(n)
		count++
	}
	return v, nil
}

// IsPost reports whether it is the number of a post release.
func (v Version) IsPost() bool { return v.post >= 0 }

// Final is the number without its post release: 0.4.9 of 0.4.9.post6.
func (v Version) Final() Version {
	v.post = -1
	return v
}

// Compare orders releases; missing numbers count as zero (0.9 equals 0.9.0).
func (v Version) Compare(w Version) int {
	for i := range v.numbers {
		if c := cmp.Compare(v.numbers[i], w.numbers[i]); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(v.candidate, w.candidate), cmp.Compare(v.post, w.post), cmp.Compare(v.local, w.local))
}

func isLocalLabel(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}

// Compare orders two release numbers of one engine, or two rounds, oldest first, post
// releases and candidates included (0.4.9 < 0.4.9.post1 < 0.4.10rc0 < 0.4.10). What is no release number
// goes before all that are.
func Compare(a, b string) int {
	v, errA := Parse(strings.TrimPrefix(a, "v")) // rounds are written with a v
	w, errB := Parse(strings.TrimPrefix(b, "v"))
	switch {
	case errA != nil && errB != nil:
		return cmp.Compare(a, b)
	case errA != nil:
		return -1
	case errB != nil:
		return 1
	}
	return v.Compare(w)
}
