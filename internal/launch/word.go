package launch

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
)

// Hole stands in a word's text for what the file does not tell: a variable that comes from
// outside, the output of a command.
const Hole = backend.HoleWord

// Word is a word of a command line, with the place of each of its characters.
type Word struct {
	// Text is the word as the program gets it, with [Hole] for each part that is not known.
	Text string
	// Many reports whether it may be any number of words, none included: an unquoted
	// variable, or an array whose elements are not known.
	Many bool

	// scalar reports whether a word that may be many is a variable, most likely one word.
	scalar bool
	// spans are sorted by offset; text between two of them stands as it is in the file.
	spans []span
}

// span says where the text from an offset on stands.
type span struct {
	offset int
	pos    diag.Pos
	// presumed reports whether it is a default, in whose place anything may come from outside.
	presumed bool
}

// NewWord makes a word of text that stands as it is at a place.
func NewWord(text string, at diag.Pos) Word {
	w := Word{Text: text, spans: []span{{pos: at}}}
	for i := strings.IndexByte(text, '\n'); i >= 0 && i+1 < len(text); {
		at.Line, at.Column = at.Line+1, 1
		w.spans = append(w.spans, span{offset: i + 1, pos: at})
		next := strings.IndexByte(text[i+1:], '\n')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return w
}

// Unknown makes a word that the file does not tell; many says that it may be several, or none.
func Unknown(at diag.Pos, many bool) Word {
	return Word{Text: Hole, Many: many, spans: []span{{pos: at}}}
}

// Known reports whether all of the word is.
func (w Word) Known() bool { return !strings.Contains(w.Text, Hole) }

// presumed reports whether any part of it is a default.
func (w Word) presumed() bool {
	return slices.ContainsFunc(w.spans, func(s span) bool { return s.presumed })
}

// presume is the word as a default.
func (w Word) presume() Word {
	w.spans = slices.Clone(w.spans)
	for i := range w.spans {
		w.spans[i].presumed = true
	}
	return w
}

// Pos is where the word begins.
func (w Word) Pos() diag.Pos { return w.At(0) }

// At is where the character at an offset of the text stands.
func (w Word) At(offset int) diag.Pos {
	if len(w.spans) == 0 {
		return diag.Pos{}
	}
	i := max(w.after(offset)-1, 0)
	pos := w.spans[i].pos
	for _, r := range w.Text[w.spans[i].offset:min(max(offset, w.spans[i].offset), len(w.Text))] {
		if pos.Column++; r == '\n' {
			pos.Line, pos.Column = pos.Line+1, 1
		}
	}
	return pos
}

// after is the number of spans that begin at an offset or before.
func (w Word) after(offset int) int {
	return sort.Search(len(w.spans), func(i int) bool { return w.spans[i].offset > offset })
}

// From is the word without what stands before an offset.
func (w Word) From(offset int) Word { return w.Slice(offset, len(w.Text)) }

// Slice is the part of the word between two offsets.
func (w Word) Slice(from, to int) Word {
	part := Word{Text: w.Text[from:to], spans: []span{{pos: w.At(from)}}}
	if i := w.after(from); i > 0 {
		part.spans[0].presumed = w.spans[i-1].presumed
	}
	for _, s := range w.spans[w.after(from):] {
		if s.offset >= to {
			break
		}
		s.offset -= from
		part.spans = append(part.spans, s)
	}
	return part
}

// Join puts words behind one another to one.
func Join(words ...Word) Word {
	var all Word
	var text strings.Builder
	length, spans := 0, 0
	for _, w := range words {
		length, spans = length+len(w.Text), spans+len(w.spans)
	}
	text.Grow(length)
	all.spans = make([]span, 0, spans)
	for _, w := range words {
		for _, s := range w.spans {
			s.offset += text.Len()
			all.spans = append(all.spans, s)
		}
		text.WriteString(w.Text)
	}
	all.Text = text.String()
	return all
}

// Word is the word that a scalar of YAML is, as str() of Python writes it.
// A text in quotes or in a block has the places of its characters found in the file.
func (f *File) Word(n *source.Node) Word {
	switch n.Kind {
	case source.String:
		return f.align(n.Str, n.Pos)
	case source.Null:
		return NewWord("", n.Pos)
	}
	return NewWord(n.PyStr(), n.Pos)
}

// align is a word whose text was made of what stands at a place by dropping characters there
// (quotes, indentation, escapes), or by folding lines. Where the two part, the rest has the
// place of the last character found.
func (f *File) align(text string, at diag.Pos) Word {
	raw, ok := f.from(at)
	w := NewWord(text, at)
	if !ok || strings.HasPrefix(raw, text) {
		return w
	}
	pos := at
	w.spans = w.spans[:0]
	next := func() (r rune, at diag.Pos, ok bool) {
		r, n := utf8.DecodeRuneInString(raw)
		if n == 0 {
			return 0, pos, false
		}
		raw, at = raw[n:], pos
		if pos.Column++; r == '\n' {
			pos.Line, pos.Column = pos.Line+1, 1
		}
		return r, at, true
	}
	if raw[0] == '|' || raw[0] == '>' { // the head of a block
		for r := rune(0); r != '\n'; {
			if r, _, ok = next(); !ok {
				break
			}
		}
	}
	var last diag.Pos
	for offset, want := range text {
		var here diag.Pos
		found := false
		for range maxSkipped {
			r, at, more := next()
			if !more {
				break
			}
			if r == want || (want == ' ' || want == '\n') && (r == '\n' || r == '\r' || r == ' ') || want == '\t' && r == 't' {
				here, found = at, true
				break
			}
		}
		if !found {
			break
		}
		if len(w.spans) == 0 || here.Line != last.Line || here.Column != last.Column+1 {
			w.spans = append(w.spans, span{offset: offset, pos: here})
		}
		last = here
	}
	if len(w.spans) == 0 {
		w.spans = []span{{pos: at}}
	}
	return w
}

// maxSkipped is how many characters of a file may stand between two of a text: an indentation.
const maxSkipped = 200
