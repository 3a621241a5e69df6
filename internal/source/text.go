package source

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"mlcfg/internal/diag"
)

// maxSize bounds the size of a text in bytes; real files have 3 kB. The memory
// that reading takes is a few hundred times the text at worst.
const maxSize = 1 << 20

// text is what is read, and how its places are named.
type text struct {
	name    string
	data    []byte
	dialect Dialect
	// bangs reports whether a tag ! without a name may stand somewhere; the YAML library
	// drops it.
	bangs bool
	// indent is what stands before the first line where it is read as part of
	// a longer one, in characters.
	indent int
	// starts are the offsets of the lines, made when first asked for.
	starts []int
}

// at names the place at a line and column, both counted from 1.
func (t *text) at(line, column int) diag.Pos {
	if line == 1 {
		column += t.indent
	}
	return diag.Pos{File: t.name, Line: line, Column: column}
}

// offsetAt names the place at a byte offset.
func (t *text) offsetAt(offset int) diag.Pos {
	line := t.lineOf(offset)
	return t.at(line, utf8.RuneCount(t.data[t.start(line):offset])+1)
}

// lines makes the table of line starts. A line ends where the YAML library
// ends it, so that its numbers can be used.
func (t *text) lines() []int {
	if t.starts == nil {
		t.starts = []int{0}
		for i := 0; i < len(t.data); {
			n := breakLen(t.data[i:])
			if n > 0 {
				t.starts = append(t.starts, i+n)
			}
			i += max(n, 1)
		}
	}
	return t.starts
}

// start is the offset at which a line begins; that of a line behind the last is
// the end.
func (t *text) start(line int) int {
	starts := t.lines()
	if line-1 < len(starts) {
		return starts[line-1]
	}
	return len(t.data)
}

// line is a line's text without its break.
func (t *text) line(line int) []byte {
	s := t.data[t.start(line):t.start(line+1)]
	for i := range s {
		if breakLen(s[i:]) > 0 {
			return s[:i]
		}
	}
	return s
}

// lineOf is the number of the line that an offset is in.
func (t *text) lineOf(offset int) int {
	starts := t.lines()
	low, high := 0, len(starts)
	for high-low > 1 {
		if middle := (low + high) / 2; starts[middle] <= offset {
			low = middle
		} else {
			high = middle
		}
	}
	return low + 1
}

// offset is the byte offset of a line and column as the YAML library counts them.
func (t *text) offset(line, column int) int {
	at := t.start(line)
	for ; column > 1 && at < len(t.data); column-- {
		_, n := utf8.DecodeRune(t.data[at:])
		at += n
	}
	return at
}

// breakLen is the length of the line break at the head of s, 0 if there is none.
// YAML 1.1 has NEL, LS and PS beside CR and LF.
func breakLen(s []byte) int {
	switch {
	case len(s) == 0:
	case s[0] == '\r' && len(s) > 1 && s[1] == '\n':
		return 2
	case s[0] == '\r' || s[0] == '\n':
		return 1
	case s[0] == 0xC2 && len(s) > 1 && s[1] == 0x85:
		return 2
	case s[0] == 0xE2 && len(s) > 2 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9):
		return 3
	}
	return 0
}

// checkCharacters finds what cannot stand in a YAML file: bytes that are not
// UTF-8, and control characters. The first of each line is reported, ten at most.
func (t *text) checkCharacters() (found diag.List) {
	if bytes.HasPrefix(t.data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(t.data, []byte{0xFE, 0xFF}) {
		found.Add(diag.Diagnostic{
			Pos: t.at(1, 1), Severity: diag.Error, Code: "encoding",
			Message: "the file is UTF-16; YAML is read as UTF-8", Hint: "save it as UTF-8",
		})
		return found
	}
	reported := 0
	for i := 0; i < len(t.data) && len(found) < 10; {
		if c := t.data[i]; c >= ' ' && c <= '~' || c == '\n' {
			i++
			continue
		}
		r, n := utf8.DecodeRune(t.data[i:])
		d := diag.Diagnostic{Severity: diag.Error}
		switch {
		case r == utf8.RuneError && n == 1:
			d.Code, d.Hint = "encoding", "save the file as UTF-8"
			d.Message = fmt.Sprintf("byte 0x%02X is not UTF-8", t.data[i])
		case !isPrintable(r):
			d.Code = "control-character"
			d.Message = fmt.Sprintf("control character %U cannot stand in YAML", r)
			d.Hint = `remove it, or write it as an escape in double quotes ("\x00")`
		}
		if d.Code != "" && t.lineOf(i) != reported {
			reported = t.lineOf(i)
			d.Pos = t.at(reported, columnOf(t.data[t.start(reported):i]))
			found.Add(d)
		}
		i += n
	}
	return found
}

// columnOf is the column behind s, counted in characters from 1; a byte that is
// not UTF-8 counts as one.
func columnOf(s []byte) int { return utf8.RuneCount(s) + 1 }

// isPrintable is YAML 1.1's set of characters that may stand in a stream.
func isPrintable(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= '~' || r == 0x85 ||
		r >= 0xA0 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
}

// mendSlashes writes each escape \/ in double quotes, which PyYAML reads and the
// YAML library does not, in a way that both do. Behind one, columns of its line are two too high.
func (t *text) mendSlashes() (mended bool) {
	const most = 100
	for range most {
		f := failureOf(t.data)
		if f.message != "found unknown escape character" {
			break
		}
		at, ok := t.escapeAt(f.line)
		if !ok || !bytes.HasPrefix(t.data[at:], []byte(`\/`)) {
			break
		}
		t.data = slices.Concat(t.data[:at], []byte(`\x2f`), t.data[at+2:])
		t.starts, mended = nil, true
	}
	return mended
}
