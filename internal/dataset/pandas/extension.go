package pandas

import (
	"fmt"

	"mlcfg/internal/dataset/pickle"
)

// extensionLen returns the number of elements of an extension array.
func (d *decoder) extensionLen(v pickle.Value) (int, error) {
	switch d.class(v) {
	case clsNDBacked, clsString, clsCategorical, clsMasked, clsOpaque:
		_, arr, _, err := d.backing(v)
		if err != nil {
			return 0, err
		}
		return arr.rows * arr.cols, nil
	case clsArrow:
		_, n, err := d.arrow(v)
		return n, err
	}
	return 0, fmt.Errorf("%s is not read", d.describe(v))
}

// extension returns the cells of a column that pandas holds in an extension array.
func (d *decoder) extension(v pickle.Value, rows int) (cells, error) {
	if d.class(v) == clsArrow {
		c, n, err := d.arrow(v)
		if err == nil && n != rows {
			err = fmt.Errorf("%d rows, want %d", n, rows)
		}
		return c, err
	}
	kind, arr, other, err := d.backing(v)
	if kind == clsOpaque { // of numbers that stand for something else, as a period's do
		if err != nil || arr.kind != 'M' && arr.kind != 'm' {
			return nil, fmt.Errorf("%s is not read", d.describe(v))
		}
		return &blockRow{a: arr}, nil
	}
	if err != nil {
		return nil, err
	}
	if arr.rows*arr.cols != rows {
		return nil, fmt.Errorf("%d rows, want %d", arr.rows*arr.cols, rows)
	}
	arr.rows, arr.cols = 1, rows
	switch kind {
	case clsString:
		return &named{"string", &blockRow{a: arr}}, nil
	case clsMasked:
		mask, err := d.array(other)
		if err != nil {
			return nil, fmt.Errorf("the mask: %w", err)
		}
		if mask.kind != 'b' || mask.rows*mask.cols != rows || !arr.numeric() {
			return nil, fmt.Errorf("a nullable array without its mask")
		}
		return &maskedCells{data: arr, mask: mask}, nil
	}
	categories, n, err := d.categories(other)
	if err != nil {
		return nil, fmt.Errorf("the categories: %w", err)
	}
	if arr.kind != 'i' {
		return nil, fmt.Errorf("category codes of %s", arr.dtypeName())
	}
	return &categoryCells{codes: arr, categories: categories, n: n}, nil
}

// backing finds the numpy array in an extension array and what stands beside it:
// the mask of a nullable array, the categories' index of a categorical one.
func (d *decoder) backing(v pickle.Value) (kind class, a *array, other pickle.Value, err error) {
	kind = d.class(v)
	state := v.State()
	var data pickle.Value
	switch kind {
	case clsNDBacked: // (class, checksum, None), then (dtype, array, attributes) in either order
		kind = d.class(v.Args().At(0))
		if st := v.Args().At(2); state.IsNone() && !st.IsNone() {
			state = st
		}
		var dtype pickle.Value
		for i := range state.Len() {
			switch d.class(state.At(i)) {
			case clsArray, clsBuffer:
				data = state.At(i)
			case clsInert:
				dtype = state.At(i)
			}
		}
		other = d.doc.Lookup(dtype.State(), "categories")
	case clsString, clsOpaque:
		data = d.doc.Lookup(state, "_ndarray")
		if data.IsNone() {
			data = d.doc.Lookup(state, "_data")
		}
	case clsCategorical:
		data = d.doc.Lookup(state, "_codes")
		if data.IsNone() {
			data = d.doc.Lookup(state, "_ndarray")
		}
		other = d.doc.Lookup(d.doc.Lookup(state, "_dtype").State(), "categories")
	case clsMasked:
		data, other = d.doc.Lookup(state, "_data"), d.doc.Lookup(state, "_mask")
	default:
		return kind, nil, other, fmt.Errorf("%s is not read", d.describe(v))
	}
	if kind != clsString && kind != clsCategorical && kind != clsMasked && kind != clsOpaque {
		return kind, nil, other, fmt.Errorf("%s is not read", d.describe(v.Args().At(0)))
	}
	a, err = d.array(data)
	return kind, a, other, err
}

// categories returns the values of an index that lists categories.
func (d *decoder) categories(index pickle.Value) (cells, int, error) {
	state := index.Args().At(1)
	if d.class(index) != clsNewIndex || state.Kind() != pickle.Dict {
		return nil, 0, fmt.Errorf("%s where an index is wanted", d.describe(index))
	}
	return d.values(d.doc.Lookup(state, "data"))
}

// named gives cells another type name.
type named struct {
	name string
	cells
}

func (c *named) typ() string { return c.name }

// maskedCells is a nullable array: numbers, and a truth value that says missing.
type maskedCells struct{ data, mask *array }

func (c *maskedCells) typ() string { return c.data.dtypeName() }

func (c *maskedCells) read(d *decoder, rows int, put func(row int, v any) error, q *queue) error {
	missing := make([]bool, rows)
	err := (&blockRow{a: c.mask}).read(d, rows, func(row int, v any) error {
		missing[row] = v == true
		return nil
	}, q)
	if err != nil {
		return err
	}
	values := make([]any, rows)
	err = (&blockRow{a: c.data}).read(d, rows, func(row int, v any) error { values[row] = v; return nil }, q)
	q.after = append(q.after, func() error {
		for r, v := range values {
			if missing[r] {
				v = nil
			}
			if err := put(r, v); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// categoryCells is a categorical array: codes into a list of values, -1 for missing.
type categoryCells struct {
	codes      *array
	categories cells
	n          int
}

func (c *categoryCells) typ() string { return "category" }

func (c *categoryCells) read(d *decoder, rows int, put func(row int, v any) error, q *queue) error {
	values := make([]any, c.n)
	if err := c.categories.read(d, c.n, func(row int, v any) error { values[row] = v; return nil }, q); err != nil {
		return err
	}
	codes := make([]any, rows)
	if err := (&blockRow{a: c.codes}).read(d, rows, func(row int, v any) error { codes[row] = v; return nil }, q); err != nil {
		return err
	}
	q.after = append(q.after, func() error {
		for r, code := range codes {
			var v any
			if i, ok := code.(int64); ok && i >= 0 {
				if int(i) >= len(values) {
					return fmt.Errorf("row %d: category %d of %d", r, i, len(values))
				}
				v = values[i]
			}
			if err := put(r, v); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}
