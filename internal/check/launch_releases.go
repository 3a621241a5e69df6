package check

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
	"mlcfg/schema"
)

// Launch checks a launch against every release that it may be of. What all of them refuse is an
// error; what only the newest, or the oldest, of several refuses is a warning that says so.
func (lc *LaunchChecker) Launch(l *launch.Launch) diag.List {
	engine := l.Backend.Engine
	if s := lc.options.Releases[engine]; s != nil {
		return list(lc.check(l, s))
	}
	candidates := l.Release.Candidates(engine)
	if len(candidates) == 0 {
		return nil
	}
	found := lc.against(l, candidates, candidates[len(candidates)-1])
	if l.Release.Floor && len(candidates) > 1 {
		newest := found
		for _, d := range lc.against(l, candidates, candidates[0]) {
			if !slices.ContainsFunc(newest, func(n diag.Diagnostic) bool {
				return n.Pos == d.Pos && n.Code == d.Code && (n.Severity == diag.Error || reason(n) == reason(d))
			}) {
				found.Add(d)
			}
		}
	}
	found.Sort()
	return found
}

// reason is what a finding says behind the release.
func reason(d diag.Diagnostic) string {
	_, text, _ := strings.Cut(d.Message, ": ")
	return text
}

func list(found []launchFinding) (all diag.List) {
	for _, f := range found {
		all.Add(f.Diagnostic)
	}
	all.Sort()
	return all
}

// against checks a launch against one of the releases that it may be of.
func (lc *LaunchChecker) against(l *launch.Launch, candidates []string, release string) (all diag.List) {
	s, err := schema.Load(l.Backend.Engine, release)
	if err != nil {
		return nil
	}
	found := lc.check(l, s)
	if len(candidates) == 1 {
		return list(found)
	}
	var line *launch.Line
	for _, f := range found {
		if line == nil {
			line = l.Line(s)
		}
		other, every := lc.another(l, line, f, candidates)
		switch {
		case every && f.Severity == diag.Error:
			f.Hint = strings.TrimPrefix(f.Hint+"; "+fmt.Sprintf("no release of %s from %s to %s takes it", l.Backend.Title, candidates[0], candidates[len(candidates)-1]), "; ")
			if l.Release.Later || mayBeNew(f) {
				f.Severity = diag.Warning
			}
		case f.Severity == diag.Info:
			if !every {
				continue
			}
		default:
			f.Severity = diag.Warning
			f.Hint = strings.TrimPrefix(f.Hint+"; "+lc.why(l, release, other), "; ")
		}
		all.Add(f.Diagnostic)
	}
	return all
}

// mayBeNew reports whether a finding may be of what a build newer than all releases has: a value,
// or a key of JSON, that is like none of those there are.
func mayBeNew(f launchFinding) bool {
	return f.Suggestion == "" && f.words == nil && (f.Code == schema.NotInEnum || f.Code == schema.UnknownKey)
}

// why says which release a finding is of that not all releases have which may be meant.
func (lc *LaunchChecker) why(l *launch.Launch, release, other string) string {
	text := "the file does not tell the release: " + release + " is the newest"
	switch {
	case l.Release.Floor && release == l.Release.Number:
		text = release + " is the oldest release that is meant"
	case l.Release.Floor:
		text = release + " is the newest release that is meant"
	case l.Release.Later:
		text = fmt.Sprintf("%s is newer than %s: %s is the newest release", l.Release.From, l.Release.Number, release)
	}
	if other != "" {
		text += ", " + other + " takes it"
	}
	return text
}
