package source

import (
	"bytes"
	"cmp"
	"slices"

	"gopkg.in/yaml.v3"

	"mlcfg/internal/diag"
)

// tabs finds tab characters outside of quotes, block scalars and comments.
// PyYAML refuses every one of them; this YAML library reads some. The first of each
// line is reported, twenty at most.
func (t *text) tabs(doc *yaml.Node) (found diag.List) {
	if bytes.IndexByte(t.data, '\t') < 0 {
		return nil
	}
	spans := t.textSpans(doc)
	reported := 0
	for i := 0; i < len(t.data) && len(found) < 20; i++ {
		if t.data[i] != '\t' {
			continue
		}
		line := t.lineOf(i)
		from := t.start(line)
		n, inside := slices.BinarySearchFunc(spans, i, func(s [2]int, at int) int { return cmp.Compare(s[0], at) })
		if inside {
			continue
		}
		if n > 0 {
			if spans[n-1][1] > i {
				continue
			}
			from = max(from, spans[n-1][1])
		}
		if line != reported && !hasComment(t.data[from:i]) {
			reported = line
			found.Add(tabFault(t.offsetAt(i)))
		}
	}
	return found
}

func tabFault(at diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Pos: at, Severity: diag.Error, Code: "tab",
		Message: "tab character outside of quotes; YAML takes spaces only",
		Hint:    "replace tabs by spaces, or quote the text that holds one",
	}
}

// hasComment reports whether a comment begins in s, which begins outside of one.
func hasComment(s []byte) bool {
	for i, c := range s {
		if c == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t') {
			return true
		}
	}
	return false
}

// textSpans returns the byte ranges, in order, of the quoted and block scalars of
// a document, which may be nil.
func (t *text) textSpans(doc *yaml.Node) (spans [][2]int) {
	var starts []int // of every node
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		at := t.offset(n.Line, n.Column)
		starts = append(starts, at)
		switch {
		case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
			at = t.skipProperties(at)
			spans = append(spans, [2]int{at, quoteEnd(t.data, at)})
		case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
			at = t.skipProperties(at)
			spans = append(spans, [2]int{t.start(t.lineOf(at) + 1), -1})
		}
		for _, c := range n.Content {
			visit(c)
		}
	}
	if doc != nil {
		visit(doc)
	}
	slices.Sort(starts)
	for i := range spans {
		if spans[i][1] < 0 { // a block scalar: up to the line of the next node
			spans[i][1] = len(t.data)
			if next, _ := slices.BinarySearch(starts, spans[i][0]); next < len(starts) {
				spans[i][1] = t.start(t.lineOf(starts[next]))
			}
		}
	}
	return spans
}

// blockHeaderFault finds a # that stands right behind the | or > of a block scalar. PyYAML
// refuses it; this YAML library takes it for a comment.
func (t *text) blockHeaderFault(n *yaml.Node) (at diag.Pos, fault bool) {
	i := t.skipProperties(t.offset(n.Line, n.Column)) + 1
	for i < len(t.data) && (isDigit(t.data[i]) || t.data[i] == '+' || t.data[i] == '-') {
		i++
	}
	if i >= len(t.data) || t.data[i] != '#' {
		return at, false
	}
	return t.offsetAt(i), true
}

// bare reports whether a scalar has the tag ! without a name.
func (t *text) bare(n *yaml.Node) bool {
	_, bare := t.properties(t.offset(n.Line, n.Column))
	return bare
}

// skipProperties goes over tags and anchors, and what stands between them and
// the value.
func (t *text) skipProperties(at int) int {
	end, _ := t.properties(at)
	return end
}

// properties is skipProperties, and reports whether a tag ! without a name is among them.
func (t *text) properties(at int) (end int, bare bool) {
	for at < len(t.data) {
		switch c := t.data[at]; {
		case c == '!' || c == '&':
			from := at
			for at < len(t.data) && t.data[at] != ' ' && t.data[at] != '\t' && breakLen(t.data[at:]) == 0 {
				at++
			}
			bare = bare || string(t.data[from:at]) == "!"
		case c == ' ' || c == '\t' || breakLen(t.data[at:]) > 0:
			at += max(breakLen(t.data[at:]), 1)
		case c == '#':
			at = t.start(t.lineOf(at) + 1)
		default:
			return at, bare
		}
	}
	return at, bare
}

// quoteEnd is the offset behind the quoted scalar that begins at an offset, or
// the end of data where it is not closed.
func quoteEnd(data []byte, at int) int {
	if at >= len(data) {
		return at
	}
	quote := data[at]
	for at++; at < len(data); at++ {
		switch {
		case data[at] == '\\' && quote == '"':
			at++
		case data[at] == quote && quote == '\'' && at+1 < len(data) && data[at+1] == '\'':
			at++
		case data[at] == quote:
			return at + 1
		}
	}
	return len(data)
}
