// Package compare puts runs beside one another: which settings differ, and
// which figures, with as much confidence as repeated runs give. Runs of one
// manifest are repetitions of one measurement.
//
//	c, err := compare.Runs(sheets)
//	err = compare.WriteText(os.Stdout, c)
//
// Every format is a writer over [Comparison].
package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mlcfg/internal/report"
)

// Comparison is what is said of several runs together.
type Comparison struct {
	// Simulated reports whether figures of at least one run are a simulation's.
	Simulated bool    `json:"simulated"`
	Groups    []Group `json:"groups"`
	// Settings and Environment are what differs between groups: the manifests'
	// settings, and what the machines said of themselves.
	Settings    []Difference `json:"settings"`
	Environment []Difference `json:"environment,omitempty"`
	Results     []Result     `json:"results"`
	// Notes are what keeps figures from being compared without further thought.
	Notes []string `json:"notes,omitempty"`
}

// Group is the runs of one manifest, on engines of one kind.
type Group struct {
	// Letter names the group: A, B, … The others are compared with A.
	Letter    string `json:"letter"`
	Title     string `json:"title"`
	Digest    string `json:"manifest_digest"`
	Simulated bool   `json:"simulated"`
	// Mark is "SIMULATED", "SYNTHETIC DATA" or both; empty for real runs.
	Mark string `json:"mark,omitempty"`
	// Runs are all runs of the group, in the order in which they were named.
	Runs []Run `json:"runs"`
}

// Run is one run of a group.
type Run struct {
	Name  string `json:"name"`
	Valid bool   `json:"valid"`
	// Counted reports whether the run's figures are in the group's: it came to its own
	// end, and is no copy of another.
	Counted bool `json:"counted"`
	// Index is the run's place in what was given to [Runs].
	Index int `json:"index"`
}

// Difference is a key in which groups differ; a value that a group lacks is empty.
type Difference struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// Runs compares runs. Two or more are needed, and none may be named twice.
func Runs(sheets []*report.Sheet) (*Comparison, error) {
	if len(sheets) < 2 {
		return nil, fmt.Errorf("a comparison takes at least two runs")
	}
	c := &Comparison{}
	type identity struct {
		digest, mark, official string
	}
	groupOf, first := map[identity]int{}, map[string]string{}
	for i, s := range sheets {
		id := identity{s.Manifest, s.Mark(), s.OfficialLoadGen}
		at, ok := groupOf[id]
		if !ok {
			at = len(c.Groups)
			groupOf[id] = at
			c.Groups = append(c.Groups, Group{Letter: letter(at), Title: s.Title(), Digest: s.Manifest, Simulated: s.Simulated, Mark: s.Mark()})
		}
		run := Run{Name: s.Name, Valid: s.Valid, Counted: s.Complete, Index: i}
		if !s.Complete {
			c.note("%s is in no mean: %s", s.Name, why(s))
		}
		// A copy of a run is no repetition of it.
		if started := s.Run().State.Started; !started.IsZero() {
			key := s.Manifest + started.String()
			if other, seen := first[key]; seen {
				run.Counted = false
				c.note("%s is a copy of %s, or the same run: it counts once", s.Name, other)
			} else {
				first[key] = s.Name
			}
		}
		c.Groups[at].Runs = append(c.Groups[at].Runs, run)
		c.Simulated = c.Simulated || s.Simulated
	}
	c.settings(sheets)
	c.machines(sheets)
	c.results(sheets)
	c.notes(sheets)
	return c, nil
}

// why says what keeps a run from being a measurement.
func why(s *report.Sheet) string {
	if state := s.Run().State; len(state.Faults) > 0 {
		return state.Faults[0]
	}
	return "it did not come to its own end"
}

func (c *Comparison) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return letter(i/26-1) + letter(i%26)
}

// settings lists the keys in which the groups' manifests differ.
func (c *Comparison) settings(sheets []*report.Sheet) {
	var flat []map[string]string
	for _, g := range c.Groups {
		flat = append(flat, report.Flat(sheets[g.Runs[0].Index].Run().Manifest))
	}
	c.Settings = differences(flat)
}

// changing are facts of a machine that differ between any two runs.
var changing = []string{"uptime", "load", "time", "date", "free", "available"}

// machines lists what machine.json tells apart. All runs of a group count: where
// they differ among themselves, all values are shown.
func (c *Comparison) machines(sheets []*report.Sheet) {
	var flat []map[string]string
	for _, g := range c.Groups {
		values := map[string][]string{}
		for _, r := range g.Runs {
			facts := report.Machine(sheets[r.Index].Run().Path)
			facts["program"] = sheets[r.Index].Run().State.Program
			for k, v := range facts {
				if !slices.Contains(values[k], v) {
					values[k] = append(values[k], v)
				}
			}
		}
		joined := map[string]string{}
		for k, v := range values {
			if !slices.ContainsFunc(changing, func(word string) bool { return strings.Contains(strings.ToLower(k), word) }) {
				joined[k] = strings.Join(v, " | ")
			}
		}
		flat = append(flat, joined)
	}
	c.Environment = differences(flat)
}

func differences(flat []map[string]string) []Difference {
	keys := map[string]bool{}
	for _, m := range flat {
		for k := range m {
			keys[k] = true
		}
	}
	var out []Difference
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		d := Difference{Key: k}
		differs := false
		for i, m := range flat {
			d.Values = append(d.Values, m[k])
			_, has := m[k]
			_, had := flat[0][k]
			differs = differs || m[k] != flat[0][k] || i > 0 && has != had
		}
		if differs {
			out = append(out, d)
		}
	}
	return out
}

// notes says what else keeps the figures from being compared.
func (c *Comparison) notes(sheets []*report.Sheet) {
	marks, scenarios := map[string]bool{}, map[string]bool{}
	var failed []string
	for _, s := range sheets {
		marks[s.Mark()] = true
		scenarios[s.Benchmark+" "+s.Scenario+" "+s.Mode] = true
		if s.Failed > 0 {
			failed = append(failed, s.Name)
		}
	}
	if len(marks) > 1 {
		c.note("some figures are of a simulation or of made-up data and some are not: they say nothing about one another")
	}
	if len(scenarios) > 1 {
		c.note("the runs are of different tests (%s): their figures have different meanings", strings.Join(slices.Sorted(maps.Keys(scenarios)), ", "))
	}
	if len(failed) > 0 {
		c.note("requests failed in %s: the figures are of those that did not", strings.Join(failed, ", "))
	}
	for _, g := range c.Groups {
		if n := g.counted(); n < leastRuns && len(c.Groups) > 1 {
			c.note("%s has too few runs that count (%d) for a test: repeat it until there are %d or more", g.Letter, n, leastRuns)
		}
	}
}

func (g *Group) counted() int {
	n := 0
	for _, r := range g.Runs {
		if r.Counted {
			n++
		}
	}
	return n
}
