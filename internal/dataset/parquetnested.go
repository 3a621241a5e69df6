//go:build !split

package dataset

import (
	"errors"

	"github.com/parquet-go/parquet-go"
)

// leaf is a column that holds values, and the way to them from the top-level column.
type leaf struct {
	index int
	path  []step
}

// step is one part of the way to a value.
type step struct {
	kind stepKind
	name string // of a field
	def  int    // definition level from which there is something after it
	rep  int    // repetition level of a list
}

type stepKind uint8

const (
	optional stepKind = iota // may be null
	inList
	inPairs // a map: a list of keys and values
	inField
)

// lists returns how many lists a value is in.
func (l *leaf) lists() (n int) {
	for _, s := range l.path {
		if s.kind == inList || s.kind == inPairs {
			n++
		}
	}
	return n
}

// listDef returns the definition level from which the list has an element, 0 for no list.
func (l *leaf) listDef() int {
	for _, s := range l.path {
		if s.rep > 0 {
			return s.def
		}
	}
	return 0
}

// field returns the name of the first field on the way.
func (l *leaf) field() string {
	for _, s := range l.path {
		if s.kind == inField {
			return s.name
		}
	}
	return ""
}

// leaves returns the value columns below c.
func leaves(c *parquet.Column) []leaf {
	var all []leaf
	walk(c, nil, 0, 0, &all)
	return all
}

func walk(c *parquet.Column, path []step, def, rep int, all *[]leaf) {
	path = path[:len(path):len(path)] // each child appends to a slice of its own
	switch {
	case c.Repeated():
		def, rep = def+1, rep+1
		path = append(path, step{kind: inList, def: def, rep: rep})
	case c.Optional():
		def++
		path = append(path, step{kind: optional, def: def})
	}
	if c.Leaf() {
		*all = append(*all, leaf{c.Index(), path})
		return
	}
	children := c.Columns()
	if len(children) == 1 && children[0].Repeated() && !c.Repeated() {
		walkList(c, children[0], path, def+1, rep+1, all)
		return
	}
	walkFields(children, path, def, rep, all)
}

func walkFields(fields []*parquet.Column, path []step, def, rep int, all *[]leaf) {
	for _, f := range fields {
		walk(f, append(path[:len(path):len(path)], step{kind: inField, name: f.Name()}), def, rep, all)
	}
}

// walkList goes into a list as Parquet writes it: a group around a repeated one, which
// holds the element, or in the oldest files is it.
func walkList(c, list *parquet.Column, path []step, def, rep int, all *[]leaf) {
	fields := list.Columns()
	s := step{kind: inList, def: def, rep: rep}
	if len(fields) == 2 && fields[0].Name() == "key" && fields[1].Name() == "value" && (list.Name() == "key_value" || list.Name() == "map") {
		s.kind = inPairs
	}
	path = append(path, s)
	switch {
	case list.Leaf():
		*all = append(*all, leaf{list.Index(), path})
	case len(fields) == 1 && list.Name() != "array" && list.Name() != c.Name()+"_tuple":
		walk(fields[0], path, def, rep, all)
	default:
		walkFields(fields, path, def, rep, all)
	}
}

// cell is a value put together from several columns. The zero value is null.
type cell struct {
	kind   cellKind
	value  any
	list   []*cell
	fields map[string]*cell
}

type cellKind uint8

const (
	cellNull cellKind = iota
	cellValue
	cellList
	cellPairs
	cellObject
)

const cellBytes = 64 // about what a cell takes, beside its texts

// plain returns the cell as decoded JSON would be.
func (c *cell) plain() any {
	switch c.kind {
	case cellValue:
		return c.value
	case cellList:
		out := make([]any, len(c.list))
		for i, x := range c.list {
			out[i] = x.plain()
		}
		return out
	case cellPairs:
		out := make(map[string]any, len(c.list))
		for _, x := range c.list {
			if x.kind != cellObject || x.fields["key"] == nil || x.fields["value"] == nil {
				continue
			}
			if key, err := text(x.fields["key"].plain()); err == nil {
				out[key] = x.fields["value"].plain()
			}
		}
		return out
	case cellObject:
		out := make(map[string]any, len(c.fields))
		for name, x := range c.fields {
			out[name] = x.plain()
		}
		return out
	}
	return nil
}

// nested puts the values of one column where they belong in the rows' cells.
type nested struct {
	path  []step
	cells []cell
	left  *int64
	row   int
	at    []int // the place in each list, by repetition level
	texts lastText
}

var errLevels = errors.New("its levels do not fit together: the file is damaged")

func (n *nested) add(v parquet.Value) error {
	rep, def := v.RepetitionLevel(), v.DefinitionLevel()
	if rep == 0 {
		if n.row++; n.row >= len(n.cells) {
			return errLimit
		}
		n.at = n.at[:0]
	}
	if rep > len(n.at) || n.row < 0 {
		return errLevels
	}
	if rep > 0 {
		n.at[rep-1]++
		n.at = n.at[:rep]
	}
	c := &n.cells[n.row]
	for _, s := range n.path {
		var err error
		switch {
		case s.kind == optional:
			if def < s.def {
				return nil
			}
		case s.kind == inField:
			c, err = n.field(c, s.name)
		default:
			kind := cellList
			if s.kind == inPairs {
				kind = cellPairs
			}
			if err := c.become(kind); err != nil || def < s.def {
				return err
			}
			c, err = n.element(c, s.rep)
		}
		if err != nil {
			return err
		}
	}
	x, err := n.texts.value(v, n.left)
	if err != nil || x == nil {
		return err
	}
	c.value = x
	return c.become(cellValue)
}

func (n *nested) flush() (rows int, err error) { return n.row + 1, nil }

func (c *cell) become(kind cellKind) error {
	if c.kind != cellNull && c.kind != kind {
		return errLevels
	}
	c.kind = kind
	return nil
}

func (n *nested) make() (*cell, error) {
	if *n.left -= cellBytes; *n.left < 0 {
		return nil, errExpansion
	}
	return &cell{}, nil
}

func (n *nested) field(c *cell, name string) (*cell, error) {
	if err := c.become(cellObject); err != nil {
		return nil, err
	}
	if x := c.fields[name]; x != nil {
		return x, nil
	}
	x, err := n.make()
	if c.fields == nil {
		c.fields = map[string]*cell{}
	}
	c.fields[name] = x
	return x, err
}

// element returns the element of a list at its place, which the levels say.
func (n *nested) element(c *cell, rep int) (*cell, error) {
	if len(n.at) < rep-1 {
		return nil, errLevels
	}
	if len(n.at) == rep-1 {
		n.at = append(n.at, 0)
	}
	i := n.at[rep-1]
	if i < len(c.list) {
		return c.list[i], nil
	}
	if i > len(c.list) {
		return nil, errLevels
	}
	x, err := n.make()
	c.list = append(c.list, x)
	return x, err
}
