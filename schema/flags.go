package schema

import (
	"slices"
	"sync"
)

// Flag returns how the release spells an argument of its engine on the command
// line. ok is false where it has none: for a key that is not known, or that only
// the engine's constructor takes.
func (s *Schema) Flag(name string) (f Flag, ok bool) {
	for _, section := range []string{CLIOnly, EngineConfig} {
		if k, known := s.Section(section).Key(name); known && len(k.Flags()) > 0 {
			return *k.Flag, true
		}
	}
	return Flag{}, false
}

// FlagUse is what a flag of a command line stood for, in a run of releases.
type FlagUse struct {
	Span

	// Section and Key are the argument, Negative whether the flag turns it off.
	Section, Key string
	Negative     bool
}

// FlagHistory returns what a flag ever stood for, oldest first, in all releases of an engine;
// nil where no release has it.
func FlagHistory(engine, flag string) []FlagUse {
	return flagUses(engine)[flag]
}

// FlagNames are all flags that any release of an engine has, in no order.
func FlagNames(engine string) []string {
	var names []string
	for name := range flagUses(engine) {
		names = append(names, name)
	}
	return names
}

func flagUses(engine string) map[string][]FlagUse {
	st := storeOf(engine)
	if st == nil {
		return nil
	}
	st.flagsOnce.Do(st.makeFlags)
	return st.flags
}

// makeFlags reads the flags of all definitions, each key's one after the other.
func (st *store) makeFlags() {
	st.flags = map[string][]FlagUse{}
	for _, section := range []string{EngineConfig, CLIOnly} {
		from, to := st.section(section)
		for i := from; i < to; i++ {
			e := st.entry(section, i)
			flag := st.key(e).Flag
			if flag == nil {
				continue
			}
			use := FlagUse{Span: Span{st.releases[e.first], st.releases[e.last]}, Section: section, Key: e.name}
			for _, name := range flag.Names {
				st.flags[name] = append(st.flags[name], use)
			}
			if use.Negative = true; flag.Negative != "" {
				st.flags[flag.Negative] = append(st.flags[flag.Negative], use)
			}
		}
	}
	for _, uses := range st.flags {
		slices.SortStableFunc(uses, func(a, b FlagUse) int { return CompareReleases(a.First, b.First) })
	}
}

// Spans are the runs of releases of a flag, those that follow one another as one.
func Spans(engine string, uses []FlagUse) []Span {
	var runs []Span
	for _, use := range uses {
		if n := len(runs); n > 0 && (Following(engine, runs[n-1].Last) == use.First || CompareReleases(use.First, runs[n-1].Last) <= 0) {
			if CompareReleases(use.Last, runs[n-1].Last) > 0 {
				runs[n-1].Last = use.Last
			}
			continue
		}
		runs = append(runs, use.Span)
	}
	return runs
}

// flagTable is made when it is asked for.
type flagTable struct {
	flagsOnce sync.Once
	flags     map[string][]FlagUse
}
