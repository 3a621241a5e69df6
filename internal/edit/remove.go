package edit

import (
	"bytes"
	"slices"
	"strings"

	"mlcfg/internal/source"
	"mlcfg/internal/source/layout"
)

// Remove takes values out of a file; all other lines stay as they are. Sections
// that hold nothing any more go too, except those that keep names, which stay as {}.
// No comment is lost unasked: one above goes only with all that it stands above,
// and a value with another comment becomes a comment itself. A file with
// one of the values in brackets, or line breaks other than \n, is laid out anew.
func Remove(doc *source.Document, data []byte, values []Value, keep func(section string) bool) []byte {
	var keys []string
	for _, v := range values {
		keys = append(keys, v.Key)
	}
	return RemoveKeys(doc, data, keys, keep)
}

// RemoveKeys is Remove by the keys' full dotted paths.
func RemoveKeys(doc *source.Document, data []byte, list []string, keep func(section string) bool) []byte {
	r := remover{gone: map[*source.Entry]bool{}, keep: keep}
	keys := map[string]bool{}
	for _, key := range list {
		keys[key] = true
	}
	r.choose(doc.Entries, "", keys)
	if r.open(doc.Entries, doc.Flow) || bytes.ContainsAny(data, "\r\u0085\u2028\u2029") {
		data = layout.Print(doc)
		if doc, _ = doc.Dialect.ParseDocument(doc.Name, data); doc == nil {
			return nil
		}
		clear(r.gone)
		r.choose(doc.Entries, "", keys)
	}
	r.lines = bytes.SplitAfter(data, []byte("\n"))
	r.entries(doc.Entries)
	return r.text()
}

type remover struct {
	lines [][]byte
	// gone are the entries to take out.
	gone map[*source.Entry]bool
	keep func(string) bool
}

// open takes the brackets away from around entries that go, and reports whether
// there were any.
func (r *remover) open(entries []*source.Entry, flow bool) (opened bool) {
	for _, e := range entries {
		opened = opened || flow && r.gone[e]
		if r.open(e.Value.Entries, e.Value.Flow) {
			e.Value.Flow, opened = false, true
		}
	}
	return opened
}

// choose marks the entries with the keys as gone.
func (r *remover) choose(entries []*source.Entry, above string, keys map[string]bool) {
	for _, e := range entries {
		key := above + layout.KeyOf(e)
		if e.Value.Kind == source.Map && e.Value.Alias == "" {
			r.choose(e.Value.Entries, key+".", keys)
		} else if keys[key] {
			r.gone[e] = true
		}
	}
}

// entries takes out what goes of a map, and reports whether nothing is left of it.
func (r *remover) entries(entries []*source.Entry) (empty bool) {
	for _, e := range entries {
		if r.gone[e] || e.Value.Kind != source.Map || len(e.Value.Entries) == 0 {
			continue
		}
		if !r.entries(e.Value.Entries) {
			continue
		}
		if len(e.Foot) == 0 && !r.keep(layout.KeyOf(e)) && !r.leaves(e) {
			r.gone[e] = true
			continue
		}
		r.braces(e)
	}
	empty = true
	for i, e := range entries {
		if !r.gone[e] {
			empty = false
			continue
		}
		if e.Line != "" || len(attached(e)) > 0 && !r.alone(entries, r.last(entries, i)) {
			r.comment(e)
			continue
		}
		for n := e.First; n <= e.Last; n++ {
			r.cut(n)
		}
		if r.alone(entries, i) {
			for _, c := range attached(entries[r.leader(entries, i)]) {
				r.cut(c.Row)
			}
		}
	}
	return empty
}

// leaves reports whether comments are left of what was inside an entry.
func (r *remover) leaves(e *source.Entry) bool {
	for n := e.First + 1; n <= e.Last; n++ {
		if len(bytes.TrimSpace(r.lines[n-1])) > 0 {
			return true
		}
	}
	return false
}

// cut empties a line; text drops it.
func (r *remover) cut(line int) { r.lines[line-1] = nil }

// comment makes comments of an entry's lines.
func (r *remover) comment(e *source.Entry) {
	indent := len(r.lines[e.First-1]) - len(bytes.TrimLeft(r.lines[e.First-1], " "))
	for n := e.First; n <= e.Last; n++ {
		s := r.lines[n-1]
		at := min(indent, len(s)-len(bytes.TrimLeft(s, " ")))
		if len(bytes.TrimSpace(s)) > 0 {
			r.lines[n-1] = slices.Concat(s[:at], []byte("# "), s[at:])
		}
	}
}

// braces writes {} behind the key of a map that has become empty.
func (r *remover) braces(e *source.Entry) {
	s := string(r.lines[e.First-1])
	at := len(strings.TrimRight(s, " \r\n"))
	if e.Line != "" {
		at = len(strings.TrimRight(s[:strings.LastIndex(s, e.Line)], " "))
	}
	r.lines[e.First-1] = []byte(s[:at] + " {}" + s[at:])
}

// leader is the entry whose comment stands above the run of lines that entry i is in.
func (r *remover) leader(entries []*source.Entry, i int) int {
	for i > 0 && len(entries[i].Head) == 0 && !entries[i].Blank {
		i--
	}
	return i
}

// last is the entry that ends the run of lines that entry i is in.
func (r *remover) last(entries []*source.Entry, i int) int {
	for i+1 < len(entries) && len(entries[i+1].Head) == 0 && !entries[i+1].Blank {
		i++
	}
	return i
}

// alone reports whether all entries that a comment stands above are gone, entry i
// being the last of them.
func (r *remover) alone(entries []*source.Entry, i int) bool {
	if i+1 < len(entries) && len(entries[i+1].Head) == 0 && !entries[i+1].Blank {
		return false
	}
	for j := r.leader(entries, i); j <= i; j++ {
		if !r.gone[entries[j]] || entries[j].Line != "" || len(entries[j].Foot) > 0 {
			return false
		}
	}
	return true
}

// attached are the comments directly above an entry.
func attached(e *source.Entry) []source.Comment {
	if e.Blank {
		return nil
	}
	for i := len(e.Head) - 1; i >= 0; i-- {
		if e.Head[i].Blank {
			return e.Head[i:]
		}
	}
	return e.Head
}

// text puts the lines together. Where lines were cut between two blank lines, or
// at the end, one of these goes too.
func (r *remover) text() []byte {
	var out []byte
	cut, above := false, true
	for _, s := range r.lines {
		isBlank := len(bytes.TrimSpace(s)) == 0
		switch {
		case s == nil:
			cut = true
			continue
		case isBlank && cut && above:
			continue
		}
		cut, above = false, isBlank
		out = append(out, s...)
	}
	if cut {
		out = append(bytes.TrimRight(out, "\n"), '\n')
	}
	return out
}
