package schema

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// version is a release number of the form 0.4.9.post6+rocm or 1.4.0rc0: dotted
// numbers, an optional candidate, an optional post release and an optional label
// of a local build, the part of PEP 440 that published engines use.
type version struct {
	numbers   [6]int // an array, so that comparing allocates nothing
	candidate int    // of a release candidate, beyond any candidate for the release itself
	post      int    // -1 for none, so that 0.4.9 < 0.4.9.post1
	local     string
}

// released is the candidate of a release that is none.
const released = math.MaxInt

// IsRelease reports whether text has the form of a release's number.
func IsRelease(text string) bool {
	_, err := parseVersion(text)
	return err == nil
}

// IsCandidate reports whether text is the number of a release candidate, 1.4.0rc0.
func IsCandidate(text string) bool {
	v, err := parseVersion(text)
	return err == nil && v.candidate != released
}

func parseVersion(s string) (version, error) {
	v := version{post: -1, candidate: released}
	public, local, hasLocal := strings.Cut(s, "+")
	if v.local = local; hasLocal && !isLocalLabel(local) {
		return version{}, fmt.Errorf("%q is not a release number", s)
	}
	count := 0
	for part := range strings.SplitSeq(public, ".") {
		if n, isPost := strings.CutPrefix(part, "post"); isPost {
			p, err := strconv.ParseUint(n, 10, 31)
			if err != nil || v.post >= 0 || count == 0 {
				return version{}, fmt.Errorf("%q is not a release number", s)
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
			return version{}, fmt.Errorf("%q is not a release number", s)
		}
		v.numbers[count] = int(n)
		count++
	}
	return v, nil
}

// compare orders releases; missing numbers count as zero (0.9 equals 0.9.0).
func (v version) compare(w version) int {
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

// CompareReleases orders two release numbers of one engine, or two rounds, oldest first, post
// releases and candidates included (0.4.9 < 0.4.9.post1 < 0.4.10rc0 < 0.4.10). What is no release number
// goes before all that are.
func CompareReleases(a, b string) int {
	v, errA := parseVersion(strings.TrimPrefix(a, "v")) // rounds are written with a v
	w, errB := parseVersion(strings.TrimPrefix(b, "v"))
	switch {
	case errA != nil && errB != nil:
		return cmp.Compare(a, b)
	case errA != nil:
		return -1
	case errB != nil:
		return 1
	}
	return v.compare(w)
}

// Resolve finds the release that spec means: the release itself, or, where
// there is no such release but post releases of it, the newest of those
// ("0.4.9" then means 0.4.9.post6). The error names the nearest releases.
func Resolve(engine, spec string) (string, error) {
	known := Releases(engine)
	if len(known) == 0 {
		return "", unknownEngine(engine)
	}
	return resolve(engine, known, spec)
}

func resolve(engine string, known []string, spec string) (string, error) {
	spec = strings.TrimPrefix(strings.TrimLeft(strings.TrimSpace(spec), "="), "v") // vllm==0.33.0, as pip has it
	want, err := parseVersion(spec)
	if err != nil {
		return "", fmt.Errorf("%s %w; known are %s to %s", engine, err, known[0], known[len(known)-1])
	}
	post := ""
	below, above := "", ""
	for _, r := range known {
		v, err := parseVersion(r)
		if err != nil {
			continue
		}
		switch c := v.compare(want); {
		case c == 0:
			return r, nil
		case c < 0:
			below = r
		case above == "":
			above = r
		}
		if want.post < 0 && v.post >= 0 && (version{v.numbers, v.candidate, -1, v.local}).compare(want) == 0 {
			post = r
		}
	}
	if post != "" {
		return post, nil
	}
	near := slices.DeleteFunc([]string{below, above}, func(s string) bool { return s == "" })
	return "", fmt.Errorf("no schema for %s %s; the nearest known are %s", engine, spec, strings.Join(near, " and "))
}
