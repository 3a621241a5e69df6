// Package diag says what a finding is: one fault, or one thing worth knowing, at
// a place in a source file. It holds plain data and imports nothing of this
// project; every output format is a writer over [List].
//
//	var found diag.List
//	found.Add(diag.Diagnostic{Severity: diag.Error, Code: "unknown-key", ...})
//	found.Sort()
//	if found.HasErrors() { ... }
//
// Two failures, two channels: findings about the user's files are Diagnostics;
// a program that cannot do its work returns an error.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Pos is a place in a source file. Line and Column count from 1, Column in
// characters (Unicode code points), not bytes. The zero Pos means "no place",
// File alone means "the file as a whole". For a command-line override File is
// "--set #N" with N counted from 1 and Line is 1.
type Pos struct {
	File   string
	Line   int
	Column int
}

// String returns file:line:column, leaving out what is not known.
func (p Pos) String() string {
	switch {
	case p.File == "" && p.Line == 0:
		return "-"
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Compare orders places by file, then line, then column.
func (p Pos) Compare(q Pos) int {
	if c := cmp.Compare(p.File, q.File); c != 0 {
		return c
	}
	if c := cmp.Compare(p.Line, q.Line); c != 0 {
		return c
	}
	return cmp.Compare(p.Column, q.Column)
}

// Severity says how much a finding matters. The zero value is invalid on
// purpose, so that a forgotten field shows.
type Severity uint8

// The severities. An Error makes lint and compile fail, a Warning does not,
// an Info tells what was assumed.
const (
	_ Severity = iota
	Error
	Warning
	Info
)

// String returns the word used in every output format.
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Info:
		return "info"
	}
	return "invalid"
}

// MarshalText makes a Severity its word in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Related is a second place that explains a finding ("first set here",
// "declared here").
type Related struct {
	Pos     Pos
	Message string
}

// Diagnostic is one finding. Message is one line: what was found, what would be
// right, lower case, no full stop; it repeats neither place nor code.
type Diagnostic struct {
	Pos      Pos
	Severity Severity
	// Code is a stable kebab-case word, one for each kind of fault ("unknown-key").
	Code string
	// Key is the full dotted path ("vllm_engine_config.max_num_seqs"), empty
	// where no key is concerned.
	Key string
	// Backend is vllm, sglang or ray where the finding holds for one backend
	// only, empty otherwise.
	Backend string
	Message string
	// Suggestion is the text that mends the fault and says what was meant: the nearest known
	// name, "null". It takes the place of the key or value at Pos; where it is an entry
	// itself (key: value, or key = value in a conf file), that of the whole entry.
	// Empty where nothing can be said: a wrong suggestion is worse than none.
	Suggestion string
	// Hint is advice on a line of its own, empty where there is none.
	Hint    string
	Related []Related
	// Private reports whether the source line holds what must not be shown, a
	// credential: writers leave it out.
	Private bool
}

// List is a number of findings, in any order until sorted.
type List []Diagnostic

// Add appends findings.
func (l *List) Add(d ...Diagnostic) { *l = append(*l, d...) }

// HasErrors reports whether any finding is an Error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders findings by place, then code, key and message, and drops exact repeats, so
// that the same input gives the same list.
func (l *List) Sort() {
	list, sorted, repeats := *l, true, false
	for i := 1; i < len(list) && sorted; i++ {
		c := compare(&list[i-1], &list[i])
		sorted, repeats = c <= 0, repeats || c == 0
	}
	if !sorted {
		slices.SortStableFunc(list, func(a, b Diagnostic) int { return compare(&a, &b) })
	}
	if sorted && !repeats {
		return
	}
	*l = slices.CompactFunc(list, func(a, b Diagnostic) bool {
		return a.Severity == b.Severity && a.Suggestion == b.Suggestion && compare(&a, &b) == 0
	})
}

func compare(a, b *Diagnostic) int {
	if c := a.Pos.Compare(b.Pos); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Backend, b.Backend), cmp.Compare(a.Message, b.Message))
}
