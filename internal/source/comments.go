package source

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// text finds where quoted and block scalars stand, and plain ones that hold a #: in
// one it is no comment.
func (d *docBuilder) text(doc *yaml.Node) {
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		at := d.t.skipProperties(d.t.offset(n.Line, n.Column))
		switch {
		case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
			d.spans = append(d.spans, [2]int{at, quoteEnd(d.t.data, at)})
		case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
			from, to, _ := d.blockLines(at, n.Value)
			d.spans = append(d.spans, [2]int{d.t.start(from), d.t.start(to)})
		case n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "#") && bytes.HasPrefix(d.t.data[at:], []byte(n.Value)):
			d.spans = append(d.spans, [2]int{at, at + len(n.Value)})
		}
		for _, c := range n.Content {
			visit(c)
		}
	}
	visit(doc)
	slices.SortFunc(d.spans, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
}

// blockLines returns the lines of the block scalar of a value, whose header stands
// at an offset, the line behind the last, and the indentation of its text.
func (d *docBuilder) blockLines(at int, value string) (from, to, indent int) {
	total := len(d.t.lines())
	if d.t.start(total) == len(d.t.data) {
		total-- // behind the last line break there is no line
	}
	from = d.t.lineOf(at) + 1
	to = from
	for line := from; line <= total && strings.TrimSpace(value) != ""; line++ {
		s := d.t.line(line)
		spaces := len(s) - len(bytes.TrimLeft(s, " "))
		switch {
		case spaces == len(s):
			continue // belongs to it if more text comes, or to its end
		case to == from:
			// The value's first line of more than spaces is this one, less the indentation.
			for text := range strings.SplitSeq(value, "\n") {
				if own := len(text) - len(strings.TrimLeft(text, " ")); own < len(text) {
					indent = max(spaces-own, 0)
					break
				}
			}
		}
		if spaces < indent {
			break
		}
		to = line + 1
	}
	for to <= total && len(bytes.TrimSpace(d.t.line(to))) == 0 {
		to++
	}
	return from, to, indent
}

// findComments finds all comments, in order.
func (d *docBuilder) findComments() {
	data := d.t.data
	spans := d.spans
	for line := 1; line <= len(d.t.lines()); line++ {
		from, to := d.t.start(line), d.t.start(line)+len(d.t.line(line))
		for i := from; i < to; i++ {
			for len(spans) > 0 && spans[0][1] <= i {
				spans = spans[1:]
			}
			if len(spans) > 0 && spans[0][0] <= i {
				i = spans[0][1] - 1
				continue
			}
			if data[i] != '#' || i > from && !d.begins(i) {
				continue
			}
			c := comment{at: i, column: columnOf(data[from:i]), own: len(bytes.TrimSpace(data[from:i])) == 0}
			c.Text, c.Row = strings.TrimRight(string(data[i:to]), " \t"), line
			c.Blank = c.own && d.blankAbove(i)
			d.comments = append(d.comments, c)
			break
		}
	}
}

// begins reports whether a # at an offset that is not a line's first begins a comment.
func (d *docBuilder) begins(at int) bool {
	switch d.t.data[at-1] {
	case ' ', '\t':
		return true
	case '|', '>', '+': // the header of a block scalar, as the YAML library reads it
		_, header := slices.BinarySearchFunc(d.spans, d.t.start(d.t.lineOf(at)+1), func(s [2]int, at int) int { return cmp.Compare(s[0], at) })
		return header
	case '"', '\'':
		_, ends := slices.BinarySearchFunc(d.spans, at, func(s [2]int, at int) int { return cmp.Compare(s[1], at) })
		return ends
	case ',', '[', '{', ']', '}':
		// Within brackets these end a scalar, outside they are part of one.
		d.asked++
		return d.asked <= maxAsked && (strings.IndexByte("[{", d.t.data[at-1]) >= 0 && len(openBrackets(d.t.data[:at])) > 0 ||
			len(openBrackets(d.t.data[:at-1])) > 0)
	}
	return false
}

// maxAsked bounds how often brackets are counted from the start of the text.
const maxAsked = 1000

// blankAbove reports whether what stands at an offset is the first in its line and the
// line above is blank.
func (d *docBuilder) blankAbove(at int) bool {
	line := d.t.lineOf(at)
	if line == 1 || len(bytes.TrimSpace(d.t.data[d.t.start(line):at])) > 0 {
		return false
	}
	return len(bytes.TrimSpace(d.t.line(line-1))) == 0
}

// dash finds the dash of the list item that begins at an offset.
func (d *docBuilder) dash(at int) int {
	for i := at - 1; i >= 0; i-- {
		n, inside := slices.BinarySearchFunc(d.comments, i, func(c comment, i int) int { return cmp.Compare(c.at, i) })
		if !inside && n > 0 {
			if c := d.comments[n-1]; c.Row == d.t.lineOf(i) {
				i = c.at // go on before the comment
				continue
			}
		}
		if d.t.data[i] == '-' {
			return i
		}
	}
	return at
}

// column is the column of an offset, from 1.
func (d *docBuilder) column(at int) int {
	return columnOf(d.t.data[d.t.start(d.t.lineOf(at)):at])
}

// bracketEnd is the offset behind the bracket that closes the one at an offset.
func (d *docBuilder) bracketEnd(open int) int {
	depth := 0
	comments := d.comments
	spans := d.spans
	for i := open; i < len(d.t.data); i++ {
		for len(spans) > 0 && spans[0][1] <= i {
			spans = spans[1:]
		}
		for len(comments) > 0 && comments[0].at < i {
			comments = comments[1:]
		}
		switch {
		case len(spans) > 0 && spans[0][0] <= i:
			i = spans[0][1] - 1
		case len(comments) > 0 && comments[0].at == i:
			i = d.t.start(comments[0].Row+1) - 1
		case d.t.data[i] == '[' || d.t.data[i] == '{':
			depth++
		case d.t.data[i] == ']' || d.t.data[i] == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(d.t.data)
}
