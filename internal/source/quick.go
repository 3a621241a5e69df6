package source

import (
	"strings"

	"mlcfg/internal/diag"
)

// Nearly every configuration is written in a small part of YAML: maps by
// indentation, a key and a value on each line, lists of numbers, comments. quick reads that part by
// itself, several times as fast as the library does, and leaves a text with anything
// else in it to the library, faults above all. FuzzQuick holds that both read alike.

// Bounds on what quick reads, far above what is written by hand.
const (
	quickDepth = 16
	quickKey   = 256 // characters of a key; the library stops at 1024
)

// quickReader reads one text.
type quickReader struct {
	b     builder
	text  string // what is left
	line  int    // number of the line that comes next
	nodes []Node // room for nodes, taken in bulk
	// fields are those of the maps that are open.
	fields []Field
}

// quick reads a text that is a map of the plain form; ok is false where it is not.
func (t *text) quick() (root *Node, ok bool) {
	if t.indent > 0 {
		return nil, false
	}
	r := quickReader{b: builder{text: t}, text: string(t.data), line: 1}
	if !isQuickText(r.text) {
		return nil, false
	}
	root, ok = r.mapping(0, 1)
	if !ok || r.text != "" || len(r.b.found) > 0 {
		return nil, false
	}
	return root, true
}

// isQuickText reports whether a text holds printable characters of ASCII alone.
func isQuickText(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' || c > '~') && c != '\n' {
			return false
		}
	}
	return true
}

// skip goes on to the next line with content and returns its indentation, -1 at the end.
func (r *quickReader) skip() int {
	for r.text != "" {
		indent := 0
		for indent < len(r.text) && r.text[indent] == ' ' {
			indent++
		}
		switch {
		case indent == len(r.text):
			r.text = ""
		case r.text[indent] == '\n' || r.text[indent] == '#':
			_, r.text, _ = strings.Cut(r.text, "\n")
			r.line++
		default:
			return indent
		}
	}
	return -1
}

// mapping reads the map whose entries stand at an indentation.
func (r *quickReader) mapping(indent, depth int) (*Node, bool) {
	if depth > quickDepth || r.skip() != indent {
		return nil, false
	}
	n := r.node()
	n.Kind, n.Pos = Map, r.b.text.at(r.line, indent+1)
	open := len(r.fields)
	for next := indent; next == indent; {
		f, nested, ok := r.entry(indent)
		if !ok {
			return nil, false
		}
		for i := range r.fields[open:] {
			if r.fields[open+i].Key == f.Key {
				return nil, false
			}
		}
		switch next = r.skip(); {
		case nested && next > indent:
			if f.Value, ok = r.mapping(next, depth+1); !ok {
				return nil, false
			}
			next = r.skip()
		case next > indent:
			return nil, false // a text of several lines
		}
		if next > indent {
			return nil, false
		}
		r.fields = append(r.fields, f)
	}
	n.Fields = append(make([]Field, 0, len(r.fields)-open), r.fields[open:]...)
	clear(r.fields[open:])
	r.fields = r.fields[:open]
	return n, true
}

// entry reads a line; nested reports that nothing stands behind the colon, so
// that a map may follow.
func (r *quickReader) entry(indent int) (f Field, nested, ok bool) {
	line, rest, _ := strings.Cut(r.text, "\n")
	colon := indent
	for colon < len(line) && isQuickKey(line[colon]) {
		colon++
	}
	f.Key = line[indent:colon]
	if f.Key == "" || len(f.Key) > quickKey || colon == len(line) || line[colon] != ':' || !isLetter(f.Key[0]) || resolvePlain(f.Key) != tagString {
		return f, false, false
	}
	f.KeyPos = r.b.text.at(r.line, indent+1)
	at := colon + 1
	for at < len(line) && line[at] == ' ' {
		at++
	}
	n := r.node()
	f.Value = n
	switch {
	case at == len(line) || line[at] == '#' && at > colon+1:
		n.Kind, n.Pos, nested = Null, r.b.text.at(r.line, colon+2), true
	case at == colon+1:
		return f, false, false
	case line[at] == '[':
		l := quickList{quickReader: r, text: r.text[at:], line: r.line, start: -at}
		if !l.list(n, 1) {
			return f, false, false
		}
		line, rest, _ = strings.Cut(l.text[l.at:], "\n")
		if r.line = l.line; !isQuickEnd(line) {
			return f, false, false
		}
	default:
		n.Pos = r.b.text.at(r.line, at+1)
		if !r.scalar(n, line[at:]) {
			return f, false, false
		}
	}
	r.text = rest
	r.line++
	return f, nested, true
}

// scalar reads a value that stands alone on the rest of its line, but for a comment.
func (r *quickReader) scalar(n *Node, s string) bool {
	t := tagString
	switch c := s[0]; {
	case c == '"' || c == '\'':
		end := strings.IndexByte(s[1:], c) + 1
		if end == 0 || !isQuickEnd(s[end+1:]) || c == '"' && strings.IndexByte(s[:end], '\\') >= 0 {
			return false
		}
		n.Text, n.Quoted, n.single = s[1:end], true, c == '\''
	case isLetter(c) || isDigit(c) || strings.IndexByte("/.$~+(<=^;\\", c) >= 0, c == '-' && len(s) > 1 && s[1] != ' ':
		if i := strings.Index(s, " #"); i >= 0 {
			s = s[:i]
		}
		s = strings.TrimRight(s, " ")
		if strings.HasSuffix(s, ":") || strings.Contains(s, ": ") {
			return false
		}
		n.Text = s
		t = resolvePlain(s)
	default:
		return false
	}
	r.b.value(n, t)
	return true
}

// quickList reads a list in brackets, of numbers, words and such lists.
type quickList struct {
	*quickReader
	text string
	at   int
	// line is that of at, which starts at the offset start.
	line, start int
}

// list reads the list whose bracket is at l.at.
func (l *quickList) list(n *Node, depth int) bool {
	if depth > quickDepth {
		return false
	}
	n.Kind, n.Pos, n.Items = List, l.pos(), []*Node{}
	l.at++
	for l.space(); ; l.space() {
		if l.at == len(l.text) || len(n.Items) == 0 && l.text[l.at] == ']' {
			break
		}
		item := l.node()
		n.Items = append(n.Items, item)
		if l.text[l.at] == '[' {
			if !l.list(item, depth+1) {
				return false
			}
		} else {
			item.Pos, item.Text = l.pos(), l.word()
			if digits := strings.TrimPrefix(item.Text, "-"); digits == "" || !isDigit(digits[0]) && !isLetter(item.Text[0]) {
				return false
			}
			l.b.value(item, resolvePlain(item.Text))
		}
		if l.space(); l.at == len(l.text) || l.text[l.at] != ',' {
			break
		}
		l.at++
	}
	if l.at == len(l.text) || l.text[l.at] != ']' {
		return false
	}
	l.at++
	return true
}

func (l *quickList) pos() diag.Pos { return l.b.text.at(l.line, l.at-l.start+1) }

// space goes on to what is no space and no end of a line.
func (l *quickList) space() {
	for ; l.at < len(l.text) && (l.text[l.at] == ' ' || l.text[l.at] == '\n'); l.at++ {
		if l.text[l.at] == '\n' {
			l.line, l.start = l.line+1, l.at+1
		}
	}
}

func (l *quickList) word() string {
	from := l.at
	for l.at < len(l.text) && isQuickKey(l.text[l.at]) {
		l.at++
	}
	return l.text[from:l.at]
}

// isQuickEnd reports whether a line holds nothing more, but for a comment.
func isQuickEnd(s string) bool {
	trimmed := strings.TrimLeft(s, " ")
	return trimmed == "" || trimmed[0] == '#' && len(trimmed) < len(s)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isQuickKey(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '.' }

func (r *quickReader) node() *Node {
	if len(r.nodes) == 0 {
		r.nodes = make([]Node, 32)
	}
	n := &r.nodes[0]
	r.nodes = r.nodes[1:]
	return n
}
