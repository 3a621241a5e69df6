package schema

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/release"
)

// IsRelease reports whether text has the form of a release's number.
func IsRelease(text string) bool { return release.Is(text) }

// IsCandidate reports whether text is the number of a release candidate, 1.4.0rc0.
func IsCandidate(text string) bool { return release.IsCandidate(text) }

// CompareReleases orders two release numbers; see [release.Compare].
func CompareReleases(a, b string) int { return release.Compare(a, b) }

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
	want, err := release.Parse(spec)
	if err != nil {
		return "", fmt.Errorf("%s %w; known are %s to %s", engine, err, known[0], known[len(known)-1])
	}
	post := ""
	below, above := "", ""
	for _, r := range known {
		v, err := release.Parse(r)
		if err != nil {
			continue
		}
		switch c := v.Compare(want); {
		case c == 0:
			return r, nil
		case c < 0:
			below = r
		case above == "":
			above = r
		}
		if !want.IsPost() && v.IsPost() && v.Final().Compare(want) == 0 {
			post = r
		}
	}
	if post != "" {
		return post, nil
	}
	near := slices.DeleteFunc([]string{below, above}, func(s string) bool { return s == "" })
	return "", fmt.Errorf("no schema for %s %s; the nearest known are %s", engine, spec, strings.Join(near, " and "))
}

// NearestRelease is the known release that a build is to be checked against which has none of
// its own: a candidate or nightly of a release by its number (0.33.0rc1, 0.10.1.dev12), the
// newest for what has no number (nightly, latest, main). Empty where there is none.
func NearestRelease(engine, spec string) string {
	known := Releases(engine)
	if len(known) == 0 {
		return ""
	}
	spec = strings.TrimPrefix(strings.TrimLeft(strings.TrimSpace(spec), "="), "v")
	end := strings.IndexFunc(spec, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	switch {
	case end < 0:
		return "" // a number, and none that is known
	case end == 0:
		return known[len(known)-1]
	}
	text := strings.TrimRight(spec[:end], ".")
	release, err := resolve(engine, known, text)
	if err != nil {
		return ""
	}
	return release
}
