// Package onig finds regular expressions of Oniguruma's syntax, which is what the
// tokenizers library reads, with that library's classes of characters.
//
//	e, err := onig.Compile(`[\p{L}&&[^\p{Han}]]+|\p{Han}++|\s+(?!\S)`)
//	from, to, err := e.Find(text, 0)
//
// Read are classes with intersections, nested classes and POSIX brackets,
// properties, all repetitions, look-ahead, look-behind of bounded length, atomic
// groups, anchors and the options i, m and x. Refused by name: references to groups,
// what keeps or is absent (\K, (?~), grapheme clusters (\X), conditions, options
// that make classes ASCII, and letters that are equal to several others without
// their case (ß and ss). Groups capture nothing.
package onig

import "fmt"

// Expression is a compiled expression. Several goroutines may use it at once.
type Expression struct {
	source string
	prog   []inst
	slots  int
	first  *charset // what a match begins with, nil where that is not known
}

// Compile reads an expression.
func Compile(source string) (*Expression, error) {
	p := &parser{source: source, text: []rune(source)}
	n, err := p.parse()
	if err != nil {
		return nil, fmt.Errorf("the expression %q, character %d: %w", source, p.at+1, err)
	}
	e := &Expression{source: source}
	c := &compiler{total: new(int)}
	if err := c.emit(n); err != nil {
		return nil, fmt.Errorf("the expression %q: %w", source, err)
	}
	c.add(inst{op: opMatch})
	e.prog, e.slots = c.prog, c.slots
	if first, empty := firstOf(n); !empty {
		e.first = first
	}
	return e, nil
}

// String returns the expression as it was written.
func (e *Expression) String() string { return e.source }
