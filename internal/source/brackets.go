package source

import (
	"bytes"
	"fmt"
	"slices"
	"sort"

	"mlcfg/internal/diag"
)

// The messages of the YAML library where a list or map in brackets neither
// goes on nor ends.
const (
	noComma1 = "did not find expected ',' or ']'"
	noComma2 = "did not find expected ',' or '}'"
)

// brackets words a list or map in brackets that begins in the failure's line and
// breaks off: a bracket that is not closed before the next key or the end, or a
// comma that is missing.
func (t *text) brackets(d diag.Diagnostic, f failure) diag.Diagnostic {
	from := t.start(f.line)
	line := f.line + sort.Search(len(t.lines())-f.line+1, func(n int) bool {
		return t.breaksOff(from, t.start(f.line+n+1), f.message)
	})
	if line > len(t.lines()) {
		return t.unclosedBracket(d, f.line)
	}
	s := t.line(line)
	if line > f.line && indentOf(s) <= indentOf(t.line(f.line)) {
		d = t.unclosedBracket(d, f.line)
		d.Related = []diag.Related{{Pos: t.at(line, indentOf(s)+1), Message: "this cannot stand inside the bracket"}}
		return d
	}
	n := sort.Search(len(s), func(n int) bool { return t.breaksOff(from, t.start(line)+n, f.message) })
	word := bytes.LastIndexAny(s[:max(n-1, 0)], " ,[{") + 1
	d.Pos = t.offsetAt(t.start(line) + max(word, indentOf(s)))
	d.Message = "a comma is missing before this, or a bracket is not closed"
	return d
}

// breaksOff reports whether the text up to an offset fails even when every bracket
// that is open in it, from an offset on, is closed.
func (t *text) breaksOff(from, to int, message string) bool {
	head := slices.Clone(t.data[:to])
	open := openBrackets(t.data[from:to])
	for i := len(open) - 1; i >= 0; i-- {
		head = append(head, map[byte]byte{'[': ']', '{': '}'}[t.data[from+open[i]]])
	}
	return failureOf(head).message == message
}

// unclosedBracket reports the bracket that opens in a line and does not close there.
func (t *text) unclosedBracket(d diag.Diagnostic, line int) diag.Diagnostic {
	s := t.line(line)
	at := indentOf(s)
	if open := openBrackets(s); len(open) > 0 {
		at = open[len(open)-1]
	}
	d.Pos = t.offsetAt(t.start(line) + at)
	d.Message = "a bracket that opens in this line is not closed"
	if at < len(s) && (s[at] == '[' || s[at] == '{') {
		d.Message = fmt.Sprintf("the bracket %c that opens here is not closed", s[at])
	}
	return d
}

// openBrackets returns the offsets of the brackets that open in s and do not
// close, outermost first.
func openBrackets(s []byte) (open []int) {
	for i := 0; i < len(s); i++ {
		begins := i == 0 || bytes.IndexByte([]byte(" [{,\n"), s[i-1]) >= 0
		switch c := s[i]; {
		case (c == '"' || c == '\'') && begins:
			i = quoteEnd(s, i) - 1
		case c == '#' && begins:
			for i+1 < len(s) && breakLen(s[i+1:]) == 0 {
				i++
			}
		case (c == '[' || c == '{') && (begins || len(open) > 0):
			open = append(open, i)
		case (c == ']' || c == '}') && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	return open
}
