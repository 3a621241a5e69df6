package pandas

import (
	"fmt"

	"mlcfg/internal/dataset/pickle"
)

// records reads a pickled list of dicts as a frame: a column for each key, in
// the order in which keys first appear.
func (f *Frame) records(list pickle.Value) error {
	d := f.d
	f.Rows = list.Len()
	known := map[string]bool{}
	for r := range f.Rows {
		row := list.At(r)
		if row.Kind() != pickle.Dict {
			return fmt.Errorf("row %d is %s, want a dict", r, d.describe(row))
		}
		for i := range row.Len() {
			k, _ := row.Pair(i)
			key, ok := d.doc.Short(k)
			if !ok {
				return fmt.Errorf("row %d has a key that is no short text", r)
			}
			if !known[key] {
				if len(known) == maxColumns {
					return fmt.Errorf("more than %d different keys", maxColumns)
				}
				known[key] = true
				f.add(key, &recordCells{list: list, key: key})
			}
		}
	}
	return nil
}

type recordCells struct {
	list pickle.Value
	key  string
}

func (c *recordCells) typ() string { return "object" }

func (c *recordCells) read(d *decoder, rows int, put func(row int, v any) error, q *queue) error {
	for r := range rows {
		v := d.doc.Lookup(c.list.At(r), c.key)
		if err := d.cell(v, 0, func(v any) error { return put(r, v) }, q); err != nil {
			return fmt.Errorf("row %d: %w", r, err)
		}
	}
	return nil
}

// columnsOf reads a pickled dict of lists or numpy arrays as a frame.
func (f *Frame) columnsOf(dict pickle.Value) error {
	d := f.d
	for i := range dict.Len() {
		k, v := dict.Pair(i)
		name, ok := d.doc.Short(k)
		if !ok {
			return fmt.Errorf("a dict with a key that is no short text, want a data frame")
		}
		var c cells
		n := v.Len()
		switch {
		case v.Kind() == pickle.List || v.Kind() == pickle.Tuple:
			c = &listCells{v}
		case d.class(v) == clsArray || d.class(v) == clsBuffer:
			a, err := d.array(v)
			if err != nil {
				return fmt.Errorf("column %q: %w", name, err)
			}
			if a.rows != 1 {
				return fmt.Errorf("column %q: an array of two dimensions", name)
			}
			c, n = &blockRow{a: a}, a.cols
		case d.class(v) == clsSeries:
			var err error
			if c, n, err = d.series(v); err != nil {
				return fmt.Errorf("column %q: %w", name, err)
			}
		default:
			return fmt.Errorf("the key %q holds %s, want a list or an array: the pickle is no data frame", name, d.describe(v))
		}
		if i > 0 && n != f.Rows {
			return fmt.Errorf("column %q has %d rows, those before it %d", name, n, f.Rows)
		}
		f.Rows = n
		f.add(name, c)
	}
	return nil
}

type listCells struct{ list pickle.Value }

func (c *listCells) typ() string { return "object" }

func (c *listCells) read(d *decoder, rows int, put func(row int, v any) error, q *queue) error {
	for r := range rows {
		if err := d.cell(c.list.At(r), 0, func(v any) error { return put(r, v) }, q); err != nil {
			return fmt.Errorf("row %d: %w", r, err)
		}
	}
	return nil
}
