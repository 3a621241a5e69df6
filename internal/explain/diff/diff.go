// Package diff compares resolved configurations: overlays as they compile,
// manifests, either at a git revision. What counts is the value that a backend
// gets, not the text; each difference names the layer and line that made it.
//
//	report := diff.Compare([]diff.Side{a, b}, diff.Options{Ignore: []string{"*.output_log_dir"}})
//	if report.Differs() { err = diff.WriteText(os.Stdout, []*diff.Report{report}, nil, diff.TextOptions{}) }
//
// [Compare] makes a report of plain data; every format is a writer over it.
package diff

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/explain"
	"mlcfg/schema"
)

// Side is one resolved configuration.
type Side struct {
	// Name is the overlay, manifest or REV:PATH as messages name it.
	Name string
	// Machine is what a table calls the side; Name is where it is empty.
	Machine string
	// Backend is what it was resolved for, Engine its engine's release ("vllm 0.9.2").
	Backend, Engine string
	// Values are the values that are set, each key once.
	Values []explain.Value
	// Defaults tells the engine's own value of a key that the side does not set.
	Defaults func(key string) (any, bool)
}

// Options say what is compared. The zero value compares everything.
type Options struct {
	// Ignore are patterns of keys (package keypath) that may differ.
	Ignore []string
	// Table makes a table of two sides too, as of more.
	Table bool
}

// Change is what became of a key from the first side to the second.
type Change string

// The changes. Varies is for tables.
const (
	Added   Change = "added"
	Removed Change = "removed"
	Changed Change = "changed"
	Varies  Change = "varies"
)

// Report is what differs between sides.
type Report struct {
	Sides []Head
	// Table reports whether the sides are equals, as machines are: no row has a
	// direction.
	Table bool
	// Backends are those that every side configures.
	Backends []string
	// Rows are the keys that differ, by group and then by name.
	Rows []Row
	// Ignored is how many keys differ and were to be ignored.
	Ignored int
}

// Differs reports whether any key does.
func (r *Report) Differs() bool { return len(r.Rows) > 0 }

// Count is how many rows have a change.
func (r *Report) Count(c Change) int {
	n := 0
	for i := range r.Rows {
		if r.Rows[i].Change == c {
			n++
		}
	}
	return n
}

// Head is a side without its values.
type Head struct {
	Name    string `json:"name"`
	Machine string `json:"machine"`
	// Engines are the releases that the side was resolved for, one a backend.
	Engines []string `json:"engines"`
}

// Row is one key that differs.
type Row struct {
	Key    string
	Group  explain.Group
	Change Change
	// Backends are those that the difference holds for.
	Backends []string
	// Cells are the values, one a side.
	Cells []Cell
	// Ratio is the second number over the first, of two sides that both have
	// one; 0 where there is none.
	Ratio float64
}

// Cell is one side's value of a key.
type Cell struct {
	Set   bool
	Value any
	// Origin is the layer that made the value.
	Origin explain.Step
	// Default is the engine's own value, valid with HasDefault where the side
	// does not set the key.
	Default    any
	HasDefault bool
}

// Compare compares two or more sides.
func Compare(sides []Side, o Options) *Report {
	r := &Report{Table: o.Table || len(sides) > 2}
	most := 0
	for _, side := range sides {
		most = max(most, len(side.Values))
	}
	rows := make(map[string]*Row, most)
	room, cells := make([]Row, most), make([]Cell, most*len(sides)) // for as many as one side has
	for i, side := range sides {
		r.Sides = append(r.Sides, Head{Name: side.Name, Machine: side.Machine, Engines: []string{side.Engine}})
		if !slices.Contains(r.Backends, side.Backend) {
			r.Backends = append(r.Backends, side.Backend)
		}
		for _, v := range side.Values {
			row := rows[v.Name]
			if row == nil {
				if len(room) == 0 {
					room, cells = make([]Row, most), make([]Cell, most*len(sides))
				}
				row, room = &room[0], room[1:]
				row.Key, row.Group = v.Name, v.Group
				row.Cells, cells = cells[:len(sides):len(sides)], cells[len(sides):]
				rows[v.Name] = row
			}
			row.Cells[i] = Cell{Set: true, Value: v.Value, Origin: v.Origin()}
			switch {
			case row.Backends == nil:
				row.Backends = r.Backends[slices.Index(r.Backends, side.Backend):][:1:1]
			case !slices.Contains(row.Backends, side.Backend):
				row.Backends = append(row.Backends, side.Backend)
			}
		}
	}
	for _, row := range rows {
		if row.same() {
			continue
		}
		if explain.Any(o.Ignore, row.Key) {
			r.Ignored++
			continue
		}
		for i := range row.Cells {
			if c := &row.Cells[i]; !c.Set && sides[i].Defaults != nil {
				c.Default, c.HasDefault = sides[i].Defaults(row.Key)
			}
		}
		if row.Change = Varies; !r.Table {
			row.judge()
		}
		row.Cells = slices.Clone(row.Cells) // the room of those that are the same is given back
		r.Rows = append(r.Rows, *row)
	}
	r.sort()
	return r
}

func (r *Report) sort() {
	slices.SortFunc(r.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(slices.Index(explain.Groups(), a.Group), slices.Index(explain.Groups(), b.Group)), cmp.Compare(a.Key, b.Key))
	})
}

func (r *Row) same() bool {
	for _, c := range r.Cells[1:] {
		if c.Set != r.Cells[0].Set || !Equal(c.Value, r.Cells[0].Value) {
			return false
		}
	}
	return true
}

func (r *Row) judge() {
	first, last := r.Cells[0], r.Cells[len(r.Cells)-1]
	switch {
	case !first.Set:
		r.Change = Added
	case !last.Set:
		r.Change = Removed
	default:
		r.Change = Changed
	}
	if strings.HasSuffix(r.Key, "seed") {
		return // a seed is no quantity
	}
	a, okA := number(first.effective())
	b, okB := number(last.effective())
	if ratio := b / a; okA && okB && a != 0 && b != 0 && (a < 0) == (b < 0) && !math.IsInf(ratio, 0) && ratio != 0 {
		r.Ratio = ratio
	}
}

// effective is the value, or the engine's default where none is set.
func (c Cell) effective() any {
	if !c.Set && c.HasDefault {
		return c.Default
	}
	return c.Value
}

// number returns a value's number; an environment variable's is text.
func number(v any) (float64, bool) {
	if text, ok := v.(string); ok {
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	return schema.Number(v)
}

// Equal reports whether two values are the same to an engine: 1 and 1.0 are.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, Equal)
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for key, value := range x {
			if other, ok := y[key]; !ok || !Equal(value, other) {
				return false
			}
		}
		return true
	case string, bool, nil:
		return a == b
	case int64:
		if y, ok := b.(int64); ok {
			return x == y
		}
	}
	x, okX := exact(a)
	y, okY := exact(b)
	return okX && okY && x.Cmp(y) == 0
}

// exact returns a number as it is, for comparing numbers of different types.
func exact(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), true
	case *big.Int:
		return new(big.Rat).SetInt(v), true
	case float64:
		r := new(big.Rat).SetFloat64(v)
		return r, r != nil
	}
	return nil, false
}
