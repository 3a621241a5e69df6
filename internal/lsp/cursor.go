package lsp

import (
	"strings"

	"mlcfg/internal/source"
)

// cursor is where in a configuration a position is.
type cursor struct {
	// section is the path of the map that the position is in, empty for the top.
	section []string
	// key is the key on the line, empty where there is none yet.
	key string
	// inValue reports whether the position is behind the key's colon.
	inValue bool
	// start is where the key begins, in characters from 1.
	start int
}

func (c cursor) path() []string { return append(append([]string{}, c.section...), c.key) }

// cursorAt finds a position by indentation alone: while somebody types, the text
// is seldom whole.
func (d *document) cursorAt(p position) cursor {
	text := d.line(p.Line)
	before := d.before(p)
	key, indent, isKey := keyOf(text)
	c := cursor{key: key, start: indent + 1}
	if !isKey {
		indent = len(before) - len(strings.TrimLeft(before, " "))
		c.key, c.start = strings.TrimSpace(before), indent+1
	}
	if colon := strings.Index(before, ":"); isKey && colon >= 0 && len(before) > colon {
		c.inValue = true
	}
	for n := min(p.Line, len(d.lines)) - 1; n >= 0 && indent > 0; n-- {
		above, at, ok := keyOf(d.line(n))
		if ok && at < indent {
			c.section = append([]string{above}, c.section...)
			indent = at
		}
	}
	return c
}

// keyOf returns the key that a line begins with, and its indentation.
func keyOf(line string) (key string, indent int, ok bool) {
	text := strings.TrimLeft(line, " ")
	indent = len(line) - len(text)
	if strings.HasPrefix(text, "#") || strings.HasPrefix(text, "-") {
		return "", indent, false
	}
	key, rest, found := strings.Cut(text, ":")
	if !found || rest != "" && rest[0] != ' ' && rest[0] != '\r' {
		return "", indent, false
	}
	return strings.Trim(strings.TrimSpace(key), `'"`), indent, true
}

// keyAt finds the key that a position is on or behind, by the text's own places;
// start is where it begins. It is nil where the text cannot be read.
func (d *document) keyAt(p position, read source.Dialect) (path []string, start int) {
	root, _ := read.Parse(d.path, []byte(d.text))
	column := len([]rune(d.before(p))) + 1
	var walk func(n *source.Node, at []string)
	walk = func(n *source.Node, at []string) {
		if n == nil {
			return
		}
		for _, f := range n.Fields {
			here := append(append([]string{}, at...), f.Key)
			if f.KeyPos.Line == p.Line+1 && f.KeyPos.Column <= column && f.KeyPos.Column > start {
				path, start = here, f.KeyPos.Column
			}
			walk(f.Value, here)
		}
	}
	walk(root, nil)
	return path, start
}
