package source

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
)

// syntaxFault finds the place of the first fault of syntax and says it in
// words. The messages of the library serve as names of the faults only.
func (t *text) syntaxFault() diag.Diagnostic {
	f := failureOf(t.data)
	d := diag.Diagnostic{Severity: diag.Error, Code: "syntax"}
	if m := unknownAnchor.FindStringSubmatch(f.message); m != nil {
		line := t.failingLine(f.message)
		at := t.start(line) + max(bytes.Index(t.line(line), []byte("*"+m[1])), 0)
		d.Pos, d.Code = t.offsetAt(at), "unknown-alias"
		d.Message = fmt.Sprintf("alias *%s has no anchor &%s before it", clip(m[1]), clip(m[1]))
		d.Hint = `quote the value if a text that begins with * is meant`
		return d
	}
	if strings.HasPrefix(f.message, "exceeded max depth") {
		at, _ := t.deepPlace()
		return tooDeep(at)
	}
	switch f.message {
	case "did not find expected key", "did not find expected '-' indicator", "did not find expected <document start>":
		return t.unexpected(d, f)
	case noComma1, noComma2:
		return t.brackets(d, f)
	case "did not find expected node content":
		return t.missingValue(d, f)
	case "found unexpected end of stream", "found unexpected document indicator":
		return t.unclosedQuote(d, f.line)
	case "found unknown escape character", "did not find expected hexdecimal number", "found invalid Unicode character escape code":
		return t.badEscape(d, f.line)
	case "could not find expected ':'":
		return t.keyWithoutColon(d, f.line)
	case "mapping values are not allowed in this context":
		return t.secondColon(d, f)
	case "found a tab character that violates indentation", "found a tab character where an indentation space is expected":
		return t.tabBehind(f.line)
	}
	if f.line == 0 {
		f.line = t.failingLine(f.message)
	}
	at := t.failingOffset(f.line, f.message)
	d.Pos = t.offsetAt(at)
	c := "the end"
	if at < len(t.data) && breakLen(t.data[at:]) == 0 {
		c = string(bytes.Runes(t.data[at:min(at+4, len(t.data))])[0])
	}
	switch f.message {
	case "found character that cannot start any token":
		if c == "\t" {
			return tabFault(d.Pos)
		}
		d.Message = fmt.Sprintf("%s cannot begin a value or key", c)
		d.Hint = "quote the text"
	case "block sequence entries are not allowed in this context":
		d.Message = "a list item (- ) cannot stand here"
		d.Hint = "put the first item on a line of its own; quote the value if a text is meant"
	case "mapping keys are not allowed in this context":
		d.Message = "? begins a key and cannot stand here"
		d.Hint = "quote the text"
	case "did not find expected alphabetic or numeric character":
		d.Message = "* and & begin an alias or anchor, whose name is missing"
		d.Hint = "quote the text"
	case "did not find expected comment or line break":
		d.Message = "| and > begin a text that starts on the next line; nothing can stand behind them"
		d.Hint = "quote the text if it begins with | or >"
	default:
		d.Message = "not YAML: " + clip(f.message)
	}
	return d
}

// unexpected words what stands where the block or bracket around it does not
// continue: bad indentation, text behind a value, a quote that was not closed
// further up.
func (t *text) unexpected(d diag.Diagnostic, f failure) diag.Diagnostic {
	line := t.failingLine(f.message)
	// A quote left open above swallows lines up to this one.
	if above := failureOf(t.data[:t.start(line)]); above.message == "found unexpected end of stream" && above.line < line {
		d = t.unclosedQuote(d, above.line)
		d.Related = []diag.Related{{Pos: t.at(line, 1), Message: "the text runs on up to here"}}
		return d
	}
	at := t.failingOffset(line, f.message)
	s := t.line(line)
	first := t.start(line) + indentOf(s)
	if f.message == "did not find expected <document start>" {
		d.Pos = t.offsetAt(first)
		d.Message = "text behind the end of the configuration"
		return d
	}
	if word := s[indentOf(s):]; at == first || isKey(t.data[first:min(at+1, len(t.data))]) || bytes.HasPrefix(word, []byte("- ")) {
		d.Pos = t.offsetAt(first)
		if bytes.IndexByte(s[:indentOf(s)], '\t') >= 0 {
			return tabFault(t.at(line, 1+bytes.IndexByte(s, '\t')))
		}
		switch c := word[0]; {
		case c == ']' || c == '}':
			d.Message = fmt.Sprintf("%c closes a bracket that was not opened", c)
		case f.message == "did not find expected '-' indicator":
			d.Message = "a list goes on above; a list item (- ) or less indentation is expected here"
		case bytes.HasPrefix(word, []byte("- ")):
			d.Message = "a list item stands where a key is expected"
			d.Hint = "indent it under its key"
		default:
			d.Message = fmt.Sprintf("indentation of %d fits no block above", indentOf(s))
			d.Hint = "give it the indentation of the keys it belongs to: " + t.openIndents(line)
		}
		return d
	}
	d.Pos = t.offsetAt(at)
	d.Message = fmt.Sprintf("%q stands behind a value that has ended", clip(string(t.data[at:t.start(line)+len(s)])))
	d.Hint = "quote the whole value"
	if t.data[max(at-1, 0)] == '\'' {
		d.Hint = "inside single quotes a quote is written twice: ''"
	}
	return d
}

// missingValue words a bracket or comma where a value is expected.
func (t *text) missingValue(d diag.Diagnostic, f failure) diag.Diagnostic {
	at := t.failingOffset(f.line, f.message)
	if m := doubleComma.FindIndex(t.line(f.line)); m != nil {
		at = t.start(f.line) + m[1] - 1
	}
	if open := openBrackets(t.data); len(open) > 0 && len(bytes.TrimSpace(t.data[min(at, len(t.data)):])) == 0 {
		at = open[len(open)-1] // the end came first
		d.Pos, d.Message = t.offsetAt(at), fmt.Sprintf("the bracket %c that opens here is not closed", t.data[at])
		return d
	}
	d.Pos = t.offsetAt(at)
	d.Message = "a value is missing here"
	if at < len(t.data) && bytes.IndexByte([]byte(",]}"), t.data[at]) >= 0 {
		d.Message = fmt.Sprintf("a value is missing before %c", t.data[at])
	}
	return d
}

// isKey reports whether s is a key and its colon.
func isKey(s []byte) bool { return keyColon.Match(s) }

var (
	keyColon    = lazyregexp.New(`^[^\s"'\[\]{},#:]+ *:$`)
	keyNoSpace  = lazyregexp.New(`^(\s*(?:- +)*)([A-Za-z_][\w.-]*)([:=])(\S.*?)\s*$`)
	doubleComma = lazyregexp.New(`[\[{,] *,`)
	bareWord    = lazyregexp.New(`^\s*(?:- +)*([^\s#]+)`)
)

// openIndents lists the indentations that a line could have.
func (t *text) openIndents(line int) string {
	var open []int
	for n := 1; n < line; n++ {
		s := t.line(n)
		word := bytes.TrimSpace(s)
		if len(word) == 0 || word[0] == '#' {
			continue
		}
		for len(open) > 0 && open[len(open)-1] >= indentOf(s) {
			open = open[:len(open)-1]
		}
		open = append(open, indentOf(s))
	}
	words := make([]string, len(open))
	for i, n := range open {
		words[i] = fmt.Sprint(n)
	}
	return strings.Join(words, " or ")
}

// unclosedQuote reports the quote that opens in a line and does not close there.
func (t *text) unclosedQuote(d diag.Diagnostic, line int) diag.Diagnostic {
	s := t.line(line)
	at, quote := indentOf(s), byte('"')
	for i := 0; i < len(s); i++ {
		if (s[i] == '"' || s[i] == '\'') && (i == 0 || bytes.IndexByte([]byte(" [{,"), s[i-1]) >= 0) {
			end := quoteEnd(s, i)
			at, quote = i, s[i]
			if end == len(s) && (s[end-1] != quote || end == i+1) {
				break
			}
			i = end - 1
		}
	}
	d.Pos = t.offsetAt(t.start(line) + at)
	d.Message = fmt.Sprintf("the quote %c that opens here is not closed", quote)
	return d
}

// badEscape words an escape in double quotes that YAML does not know.
func (t *text) badEscape(d diag.Diagnostic, line int) diag.Diagnostic {
	at, ok := t.escapeAt(line)
	if !ok {
		at = t.start(line)
	}
	d.Pos = t.offsetAt(at)
	d.Message = "an escape in double quotes is not one that YAML knows"
	if ok {
		d.Message = fmt.Sprintf("%s is not an escape that YAML knows in double quotes", string(bytes.Runes(t.data[at:])[:2]))
	}
	d.Hint = `write \\ for a backslash, or use single quotes`
	return d
}

// escapeAt finds the first backslash at fault in the double quotes that
// begin in a line or behind it.
func (t *text) escapeAt(line int) (offset int, ok bool) {
	for i := t.start(line); i+1 < len(t.data); i++ {
		if t.data[i] != '\\' {
			continue
		}
		c := t.data[i+1]
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		hex := t.data[i+2 : min(i+2+digits, len(t.data))]
		isDigits := len(hex) == digits && span(string(hex), func(c byte) bool { return isHex(c) && c != '_' }) == digits
		head := slices.Concat(t.data[:min(i+2+digits, len(t.data))], []byte(`"`))
		if bytes.IndexByte([]byte("0abt\tnvfre \"\\N_LP\n\rxuU"), c) < 0 || !isDigits || digits == 8 && isEscapeMessage(failureOf(head).message) {
			return i, true
		}
		i++
	}
	return 0, false
}

func isEscapeMessage(message string) bool {
	return strings.Contains(message, "escape") || strings.Contains(message, "hexdecimal")
}

// keyWithoutColon words a line that should be "key: value" and is not.
func (t *text) keyWithoutColon(d diag.Diagnostic, line int) diag.Diagnostic {
	s := t.line(line)
	if d, ok := t.noSpace(d, line); ok {
		return d
	}
	d.Pos = t.offsetAt(t.start(line) + indentOf(s))
	word := ""
	if m := bareWord.FindSubmatch(s); m != nil {
		word = string(m[1])
	}
	d.Message = fmt.Sprintf("%q stands where a key is expected, and has no colon", clip(word))
	d.Hint = "a line is key: value"
	return d
}

// noSpace words key:value and key=value, with the mended text.
func (t *text) noSpace(d diag.Diagnostic, line int) (diag.Diagnostic, bool) {
	m := keyNoSpace.FindSubmatch(t.line(line))
	if m == nil {
		return d, false
	}
	d.Pos = t.offsetAt(t.start(line) + len(m[1]) + len(m[2]))
	d.Suggestion = fmt.Sprintf("%s: %s", m[2], m[4])
	d.Message = fmt.Sprintf("a space is missing behind the colon of %s", m[2])
	if m[3][0] == '=' {
		d.Message = fmt.Sprintf("%s is followed by =; a colon and a space are expected", m[2])
	}
	return d, true
}

// secondColon words a colon where none can stand: a second one in its line, or a key
// under a line that is not a key.
func (t *text) secondColon(d diag.Diagnostic, f failure) diag.Diagnostic {
	at := t.failingOffset(f.line, f.message)
	s := t.line(f.line)
	d.Pos = t.offsetAt(at)
	if !isKey(s[indentOf(s):min(at+1-t.start(f.line), len(s))]) {
		d.Message = "a second colon in one line; what follows the first is a text"
		d.Hint = "quote the value if it holds a colon and a space, or put the inner key on a line of its own"
		return d
	}
	before := f.line - 1
	for before > 1 && len(bytes.TrimSpace(t.line(before))) == 0 {
		before--
	}
	if before < 1 {
		before = f.line
	}
	if mended, ok := t.noSpace(d, before); ok {
		return mended
	}
	d.Pos = t.offsetAt(t.start(f.line) + indentOf(s))
	d.Message = fmt.Sprintf("a key is indented under line %d, which has a value of its own", before)
	d.Hint = "give it the same indentation as that line, or take that line's value away"
	return d
}

// tabBehind finds the tab in the indentation of a text that begins in a line.
func (t *text) tabBehind(line int) diag.Diagnostic {
	for ; line <= len(t.lines()); line++ {
		s := t.line(line)
		if at := bytes.IndexByte(s[:indentOf(s)], '\t'); at >= 0 {
			return tabFault(t.at(line, at+1))
		}
	}
	return tabFault(t.at(1, 1))
}
