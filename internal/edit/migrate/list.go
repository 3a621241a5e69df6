package migrate

import (
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/internal/source/layout"
)

// list is the entries of a map while they are changed.
type list struct {
	m       *migrator
	entries []*source.Entry
	// foot are comments behind the last entry.
	foot []source.Comment
}

// find returns the entry of a key, nil where there is none.
func (l *list) find(key string) *source.Entry {
	for _, e := range l.entries {
		if layout.KeyOf(e) == key {
			return e
		}
	}
	return nil
}

// drop takes an entry out; one with a comment behind it becomes a comment.
func (l *list) drop(e *source.Entry, path, reason string) {
	l.m.say(Dropped, path, "", posOf(e), "%s", reason)
	l.remove(e, e.Line != "")
}

// lose makes a comment of an entry.
func (l *list) lose(e *source.Entry, path, reason string) {
	l.m.say(Lost, path, "", posOf(e), "%s", reason)
	l.remove(e, true)
}

// remove takes an entry out, as a comment where asked. Its comments, and those
// inside of it, go to what comes next.
func (l *list) remove(e *source.Entry, asComment bool) {
	i := slices.Index(l.entries, e)
	l.entries = slices.Delete(slices.Clone(l.entries), i, i+1)
	left := e.Head
	if asComment {
		lone := *e
		lone.Head, lone.Foot = nil, nil
		text := strings.TrimRight(string(layout.Print(&source.Document{Entries: []*source.Entry{&lone}})), "\n")
		for n, line := range strings.Split(text, "\n") {
			left = append(left, source.Comment{Text: strings.TrimRight("# "+line, " "), Blank: n == 0 && len(e.Head) == 0 && e.Blank})
		}
	}
	left = append(left, e.Foot...)
	if len(left) == 0 {
		return
	}
	if i == len(l.entries) {
		l.foot = append(slices.Clip(left), l.foot...)
		return
	}
	next := l.entries[i]
	if len(next.Head) > 0 {
		next.Head[0].Blank = next.Head[0].Blank || next.Blank && len(e.Head) > 0 && !asComment
	}
	next.Head = append(slices.Clip(left), next.Head...)
	// What stood above the entry is not a heading of the next one.
	if len(next.Head) == len(left) && asComment {
		next.Blank = next.Blank || l.top()
	}
}

func (l *list) top() bool {
	return len(l.entries) > 0 && slices.Contains(l.m.doc.Entries, l.entries[0])
}

// insert puts a new key behind another, or at the end.
func (l *list) insert(after *source.Entry, key string, value *source.Node) *source.Entry {
	e := entryOf(key, &source.Value{Kind: value.Kind, Scalar: value})
	at := len(l.entries)
	if i := slices.Index(l.entries, after); i >= 0 {
		at = i + 1
	}
	l.entries = slices.Insert(slices.Clone(l.entries), at, e)
	return e
}

func entryOf(key string, value *source.Value) *source.Entry {
	return &source.Entry{Key: source.Text(key), Value: value}
}

// store puts the entries back into their section.
func (l *list) store(section *source.Entry) {
	section.Value.Entries, section.Foot = l.entries, l.foot
	if len(l.entries) == 0 && len(l.foot) == 0 {
		section.Value.Flow = true // {}
	}
}

// scalar returns an entry's value where it is a scalar of the kind.
func scalar(e *source.Entry, kind source.Kind) *source.Node {
	if e == nil || e.Value.Scalar == nil || e.Value.Kind != kind {
		return nil
	}
	return e.Value.Scalar
}

// noPlace is the place of what the older file does not have.
var noPlace = diag.Pos{}
