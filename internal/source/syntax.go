package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
)

// The YAML library stops at the first fault and names the line at which the
// construct around it began, or none. The functions here find the true
// place, by reading ever shorter heads of the text, and go on behind it.

// maxSyntaxFaults is how many faults of syntax are looked for in one text.
const maxSyntaxFaults = 10

// syntaxFaults reports why the library failed with err, and what else is wrong:
// the top-level block at fault is blanked and the rest read again.
func (t *text) syntaxFaults(err error) (found diag.List) {
	rest := &text{name: t.name, data: t.data, dialect: t.dialect, indent: t.indent}
	for len(found) < maxSyntaxFaults && err != nil {
		var several errSeveral
		if errors.As(err, &several) {
			found.Add(diag.Diagnostic{
				Pos: t.at(several.line, several.column), Severity: diag.Error, Code: "several-documents",
				Message: "a second document begins; a configuration file holds one", Hint: "remove the line ---, or split the file",
			})
			return found
		}
		d := rest.syntaxFault()
		if len(found) > 0 && d.Code == "unknown-alias" {
			return found // its anchor may stand in what was blanked
		}
		found.Add(d)
		if d.Code == "tab" {
			found.Add(rest.leadingTabs(d.Pos.Line)...)
		}
		if rest = rest.blank(d.Pos.Line); rest == nil {
			return found
		}
		var doc *yaml.Node
		if doc, err = rest.document(); err == nil && doc != nil && !isEmpty(doc) {
			b := builder{text: rest}
			b.node(doc)
			found.Add(b.found...)
		}
	}
	return found
}

// failure is what the library says of a text: its message, and the line it means.
type failure struct {
	message string
	line    int
}

var (
	failureLine   = lazyregexp.New(`^yaml: (?:line (\d+): )?((?s).*)$`)
	unknownAnchor = lazyregexp.New(`^unknown anchor '(.*)' referenced$`)
)

// parserMessages are the messages of the library's parser, whose line is one
// less than that of its scanner.
var parserMessages = []string{
	"did not find expected <stream-start>", "did not find expected <document start>", "found undefined tag handle",
	"did not find expected node content", "did not find expected key", "did not find expected '-' indicator",
	"did not find expected ',' or ']'", "did not find expected ',' or '}'",
	"found duplicate %YAML directive", "found incompatible YAML document", "found duplicate %TAG directive",
}

// failureOf reads data and tells how that fails, the zero failure if it does
// not. A line is put before the text because the library leaves out the line of a fault in
// the first one.
func failureOf(data []byte) (f failure) {
	defer func() {
		if r := recover(); r != nil {
			f = failure{message: fmt.Sprint(r)}
		}
	}()
	decoder := yaml.NewDecoder(io.MultiReader(bytes.NewReader([]byte("\n")), bytes.NewReader(data)))
	for {
		var doc yaml.Node
		switch err := decoder.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return failure{}
		case err != nil:
			m := failureLine.FindStringSubmatch(err.Error())
			if m == nil {
				return failure{message: err.Error()}
			}
			f.message = m[2]
			f.line, _ = strconv.Atoi(m[1])
			if f.line > 0 && !slices.Contains(parserMessages, f.message) {
				f.line--
			}
			return f
		}
	}
}

// failingLine is the first line with which the head of the text fails with the
// message.
func (t *text) failingLine(message string) int {
	low, high := 0, len(t.lines())
	for high-low > 1 {
		if middle := (low + high) / 2; failureOf(t.data[:t.start(middle+1)]).message == message {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// failingOffset is the offset of the first character of the line with which the head
// of the text fails with the message; that of the line's first word if none does.
func (t *text) failingOffset(line int, message string) int {
	s := t.line(line)
	start := t.start(line)
	low, high := 0, len(s)
	for high-low > 1 {
		middle := (low + high) / 2
		head := slices.Concat(t.data[:start+middle], []byte("\n"))
		if failureOf(head).message == message {
			high = middle
		} else {
			low = middle
		}
	}
	if failureOf(slices.Concat(t.data[:start+high], []byte("\n"))).message != message {
		return start + indentOf(s)
	}
	_, last := utf8.DecodeLastRune(s[:high])
	for last > 0 && !utf8.RuneStart(s[high-last]) {
		last++
	}
	return start + high - last
}

// blank returns the text with the top-level block around a line blanked; nil where
// that leaves nothing to gain.
func (t *text) blank(line int) *text {
	total := len(t.lines())
	from, to := min(line, total), line+1
	for from > 1 && !isTopLevel(t.line(from)) {
		from--
	}
	for to <= total && !isTopLevel(t.line(to)) {
		to++
	}
	if from == 1 && to > total {
		return nil
	}
	data := slices.Clone(t.data[:t.start(from)])
	data = append(data, bytes.Repeat([]byte("\n"), to-from)...)
	data = append(data, t.data[t.start(to):]...)
	return &text{name: t.name, data: data, dialect: t.dialect, indent: t.indent}
}

// isTopLevel reports whether a line begins a top-level key.
func isTopLevel(line []byte) bool {
	return len(line) > 0 && bytes.IndexByte([]byte(" \t#-]}%."), line[0]) < 0
}

func indentOf(line []byte) int {
	return len(line) - len(bytes.TrimLeft(line, " \t"))
}

// leadingTabs reports the other lines that begin with a tab.
func (t *text) leadingTabs(except int) (found diag.List) {
	for line := 1; line <= len(t.lines()) && len(found) < 20; line++ {
		s := t.line(line)
		if line != except && len(s) > 0 && s[0] == '\t' && len(bytes.TrimSpace(s)) > 0 {
			found.Add(tabFault(t.at(line, 1)))
		}
	}
	return found
}

// deepPlace finds where brackets and indentation nest deeper than the bound. It
// reads quotes and comments by a rule of thumb, and is asked only about texts that are
// refused in any case.
func (t *text) deepPlace() (diag.Pos, bool) {
	var indents []int
	flow := 0
	for i, start := 0, true; i < len(t.data); {
		n := breakLen(t.data[i:])
		begins := start || i > 0 && bytes.IndexByte([]byte(" [{,"), t.data[i-1]) >= 0
		switch c := t.data[i]; {
		case n > 0:
			start = true
			i += n
			continue
		case c == ' ':
		case c == '#' && begins:
			i = t.start(t.lineOf(i)+1) - 1
		case (c == '"' || c == '\'') && begins:
			i = quoteEnd(t.data, i) - 1
		case c == '[' || c == '{':
			flow++
		case c == ']' || c == '}':
			flow = max(flow-1, 0)
		case flow == 0 && begins && (start || i+1 < len(t.data) && (c == '-' || c == '?') && t.data[i+1] == ' '):
			column := i - t.start(t.lineOf(i))
			for len(indents) > 0 && indents[len(indents)-1] >= column {
				indents = indents[:len(indents)-1]
			}
			indents = append(indents, column)
		}
		if flow+len(indents) > maxDepth {
			return t.offsetAt(i), true
		}
		start = start && (t.data[i] == ' ' || (t.data[i] == '-' || t.data[i] == '?') && i+1 < len(t.data) && t.data[i+1] == ' ')
		i++
	}
	return diag.Pos{}, false
}
