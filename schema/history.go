package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Span is a run of releases, both ends included.
type Span struct {
	First string `json:"first"`
	Last  string `json:"last"`
}

// History returns the runs of releases that know a key, oldest first; the last
// one's Last is the newest embedded release for a key that still lives.
func History(engine, section, key string) []Span {
	st := storeOf(engine)
	if st == nil {
		return nil
	}
	var runs []Span
	end := -2
	for _, e := range st.named(section, key) {
		if e.first == end+1 {
			runs[len(runs)-1].Last = st.releases[e.last]
		} else {
			runs = append(runs, Span{st.releases[e.first], st.releases[e.last]})
		}
		end = e.last
	}
	return runs
}

// Definitions returns every definition that a key ever had, oldest first. The list is shared: do
// not change it.
func Definitions(engine, section, key string) []*Key {
	st := storeOf(engine)
	if st == nil {
		return nil
	}
	of := definitionsOf{section, key}
	if keys, known := st.keys.get(of); known {
		return keys
	}
	var keys []*Key
	for _, e := range st.named(section, key) {
		keys = append(keys, st.key(e))
	}
	return st.keys.put(of, keys, maxKept)
}

// definitionsOf is what definitions are of.
type definitionsOf struct{ section, key string }

// Became says why a release lacks what the releases of a history have: "removed in 0.11.0,
// last in 0.10.2".
func Became(engine, release string, history []Span) string {
	last, next := Around(history, release)
	var words []string
	if last != "" {
		if after := Following(engine, last); after != "" {
			words = append(words, "removed in "+after)
		}
		words = append(words, "last in "+last)
	}
	switch {
	case next != "" && last != "":
		words = append(words, "back in "+next)
	case next != "":
		words = append(words, "added in "+next)
	}
	return strings.Join(words, ", ")
}

// Around returns the last release of a history before one that is not in it and the first
// after it, each empty where there is none.
func Around(history []Span, release string) (last, next string) {
	for _, span := range history {
		if CompareReleases(span.First, release) > 0 {
			return last, span.First
		}
		last = span.Last
	}
	return last, ""
}

// Following is the release after one, empty for the newest.
func Following(engine, release string) string {
	all := Releases(engine)
	if i := slices.Index(all, release); i >= 0 && i+1 < len(all) {
		return all[i+1]
	}
	return ""
}

// Place is where a name is known.
type Place struct {
	Engine  string
	Section string
	Spans   []Span
	// Here reports whether the release asked about knows the name in this place.
	Here bool
}

// Where finds every place that knows a name, in any release of any engine:
// first those of the release asked about, then the engine's others, then the
// other engines'. Sections of nested maps are left out.
func Where(engine, release, name string) []Place {
	var places []Place
	engines := Engines()
	slices.SortStableFunc(engines, func(a, b string) int {
		return cmp.Compare(btoi(a != engine), btoi(b != engine))
	})
	for _, eng := range engines {
		st := storeOf(eng)
		at, known := st.position(release)
		var inEngine []Place
		for _, section := range []string{EngineConfig, SamplingConfig, EnvConfig, CLIOnly} {
			entries := st.named(section, name)
			if len(entries) == 0 {
				continue
			}
			here := eng == engine && known && slices.ContainsFunc(entries, func(e entry) bool { return e.in(at) })
			inEngine = append(inEngine, Place{eng, section, History(eng, section, name), here})
		}
		slices.SortStableFunc(inEngine, func(a, b Place) int { return cmp.Compare(btoi(!a.Here), btoi(!b.Here)) })
		places = append(places, inEngine...)
	}
	return places
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Inference explains how a release was chosen.
type Inference struct {
	// Keys is how many keys were given, Known how many of them the release knows.
	Keys, Known int
	// Unknown are the keys that the release does not know, as section.key, sorted.
	Unknown []string
	// Newer is the release after the chosen one, empty if it is the newest;
	// Lost are the keys that Newer does not know but the chosen release does, sorted.
	Newer string
	Lost  []string
}

// String is the explanation on one line.
func (i Inference) String() string {
	text := fmt.Sprintf("knows %d of %d keys", i.Known, i.Keys)
	if len(i.Lost) > 0 {
		text += fmt.Sprintf("; %s lacks %s", i.Newer, strings.Join(i.Lost, ", "))
	}
	return text
}

// Infer returns the newest release that knows the most of the given keys, named
// by section. It reads the index alone. Candidates are the releases to choose
// from, all of the engine's where there are none. The release is empty for an
// unknown engine or where no candidate is known.
func Infer(engine string, keys map[string][]string, candidates ...string) (string, Inference) {
	st := storeOf(engine)
	if st == nil {
		return "", Inference{}
	}
	if len(candidates) == 0 {
		candidates = st.releases
	}
	var at []int // positions of the candidates, oldest first
	for _, c := range candidates {
		if i, ok := st.position(c); ok {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return "", Inference{}
	}
	slices.Sort(at)
	at = slices.Compact(at)
	all, known := st.count(keys)

	best := 0
	for i, release := range at {
		if known[release] >= known[at[best]] {
			best = i
		}
	}
	found := Inference{Keys: len(all), Known: known[at[best]]}
	newer := -1
	if best+1 < len(at) {
		newer = at[best+1]
		found.Newer = st.releases[newer]
	}
	for _, k := range all {
		switch {
		case !k.in(at[best]):
			found.Unknown = append(found.Unknown, k.section+"."+k.name)
		case newer >= 0 && !k.in(newer):
			found.Lost = append(found.Lost, k.section+"."+k.name)
		}
	}
	slices.Sort(found.Unknown)
	slices.Sort(found.Lost)
	return st.releases[at[best]], found
}

// definedKey is a key with all its definitions, none for an unknown one.
type definedKey struct {
	section, name string
	definitions   []entry
}

func (k *definedKey) in(release int) bool {
	return slices.ContainsFunc(k.definitions, func(e entry) bool { return e.in(release) })
}

// count returns the keys with their definitions, each key once, and how many of
// them each release knows. No release has two definitions of a key.
func (st *store) count(keys map[string][]string) (all []definedKey, known []int) {
	change := make([]int, len(st.releases)+1)
	for section, names := range keys {
		for i, name := range names {
			if slices.Contains(names[:i], name) {
				continue
			}
			k := definedKey{section, name, st.named(section, name)}
			for j := range k.definitions {
				change[k.definitions[j].first]++
				change[k.definitions[j].last+1]--
			}
			all = append(all, k)
		}
	}
	sum := 0
	for i := range change {
		sum += change[i]
		change[i] = sum
	}
	return all, change[:len(st.releases)]
}
