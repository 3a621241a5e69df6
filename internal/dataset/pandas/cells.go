package pandas

import (
	"fmt"
	"math"

	"mlcfg/internal/dataset/pickle"
)

// blockRow is one row of a block: a column.
type blockRow struct {
	a   *array
	row int
}

func (c *blockRow) typ() string { return c.a.dtypeName() }

func (c *blockRow) read(d *decoder, rows int, put func(row int, v any) error, q *queue) error {
	a := c.a
	switch {
	case a.kind == 'O':
		for r := range rows {
			err := d.cell(a.list.At(a.index(c.row, r)), 0, func(v any) error { return put(r, v) }, q)
			if err != nil {
				return fmt.Errorf("row %d: %w", r, err)
			}
		}
		return nil
	case a.kind == 'M' || a.kind == 'm':
		return fmt.Errorf("columns of %s are not read", a.dtypeName())
	}
	q.ask(a.raw, func(b []byte, _ bool) error {
		if len(b) != a.rows*a.cols*a.size {
			return errShort
		}
		for r := range rows {
			var v any
			if a.numeric() {
				v = a.number(b, a.index(c.row, r))
			} else {
				v = a.text(b, a.index(c.row, r))
			}
			if err := put(r, v); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

const maxDepth = 16

// cell turns one pickled value into a plain one and gives it to put, at once or
// when the file's second pass comes by.
func (d *decoder) cell(v pickle.Value, depth int, put func(any) error, q *queue) error {
	if depth > maxDepth {
		return fmt.Errorf("values nested more than %d deep", maxDepth)
	}
	switch v.Kind() {
	case pickle.None:
		return put(nil)
	case pickle.Bool:
		return put(v.Bool())
	case pickle.Int:
		n, _ := v.Int()
		return put(n)
	case pickle.Float:
		f, _ := v.Float()
		if math.IsNaN(f) {
			return put(nil)
		}
		return put(f)
	case pickle.Text:
		return d.text(v, put, q)
	case pickle.Bytes, pickle.Latin1:
		q.ask(v, func(b []byte, _ bool) error { return put(append([]byte(nil), b...)) })
		return nil
	case pickle.List, pickle.Tuple, pickle.Set:
		return d.sequence(v, depth, put, q)
	case pickle.Dict:
		return d.dict(v, depth, put, q)
	}
	switch d.class(v) {
	case clsNA:
		return put(nil)
	case clsArray, clsBuffer:
		return d.arrayCell(v, depth, put, q)
	case clsScalar:
		return d.scalar(v, put, q)
	case clsSeries, clsNewIndex, clsNDBacked, clsString, clsCategorical, clsMasked, clsArrow:
		return d.compound(v, put, q)
	case clsSet:
		return d.sequence(v.Args().At(0), depth, put, q)
	}
	return fmt.Errorf("%s is not read", d.describe(v))
}

// text puts a text; equal references share one string.
func (d *decoder) text(v pickle.Value, put func(any) error, q *queue) error {
	if s, ok := d.doc.Short(v); ok {
		return put(s)
	}
	q.ask(v, func(b []byte, same bool) error {
		if !same {
			q.lastText = string(b)
		}
		return put(q.lastText)
	})
	return nil
}

func (d *decoder) sequence(v pickle.Value, depth int, put func(any) error, q *queue) error {
	if ints, ok := v.Ints(); ok {
		if ints == nil {
			ints = []int32{}
		}
		return put(ints)
	}
	n := v.Len()
	if d.budget -= n; d.budget < 0 {
		return fmt.Errorf("more than %d nested values", maxNested)
	}
	if n == 0 || v.At(0).Kind() == pickle.Int {
		if ints := integers(v); ints != nil {
			return put(ints)
		}
	}
	out := make([]any, n)
	for i := range n {
		if err := d.cell(v.At(i), depth+1, func(x any) error { out[i] = x; return nil }, q); err != nil {
			return err
		}
	}
	q.after = append(q.after, func() error { return put(out) })
	return nil
}

// integers returns a sequence of nothing but integers, nil for any other.
func integers(v pickle.Value) any {
	wide := make([]int64, v.Len())
	fit := true
	for i := range wide {
		n, ok := v.At(i).Int()
		if !ok || v.At(i).Kind() != pickle.Int {
			return nil
		}
		wide[i] = n
		fit = fit && n == int64(int32(n))
	}
	if !fit {
		return wide
	}
	narrow := make([]int32, len(wide))
	for i, n := range wide {
		narrow[i] = int32(n)
	}
	return narrow
}

func (d *decoder) dict(v pickle.Value, depth int, put func(any) error, q *queue) error {
	n := v.Len()
	if d.budget -= n; d.budget < 0 {
		return fmt.Errorf("more than %d nested values", maxNested)
	}
	out := make(map[string]any, n)
	for i := range n {
		k, x := v.Pair(i)
		key, ok := d.doc.Short(k)
		if !ok {
			return fmt.Errorf("a dict with a key that is no short text")
		}
		if err := d.cell(x, depth+1, func(x any) error { out[key] = x; return nil }, q); err != nil {
			return err
		}
	}
	q.after = append(q.after, func() error { return put(out) })
	return nil
}

// arrayCell puts a numpy array that is one cell.
func (d *decoder) arrayCell(v pickle.Value, depth int, put func(any) error, q *queue) error {
	a, err := d.array(v)
	if err != nil {
		return err
	}
	if a.rows != 1 && a.cols != 1 {
		return fmt.Errorf("an array of two dimensions in one cell")
	}
	n := a.rows * a.cols
	switch {
	case a.kind == 'O':
		return d.sequence(a.list, depth, put, q)
	case a.kind == 'M' || a.kind == 'm':
		return fmt.Errorf("arrays of %s are not read", a.dtypeName())
	}
	q.ask(a.raw, func(b []byte, same bool) error {
		if len(b) != n*a.size {
			return errShort
		}
		if a.kind == 'i' || a.kind == 'u' {
			if !same || q.lastArray == nil || q.lastKind != *a {
				q.lastArray, q.lastKind = a.ints(b), *a
			}
			return put(q.lastArray)
		}
		if d.budget -= n; d.budget < 0 {
			return fmt.Errorf("more than %d nested values", maxNested)
		}
		out := make([]any, n)
		for i := range n {
			if a.numeric() {
				out[i] = a.number(b, i)
			} else {
				out[i] = a.text(b, i)
			}
		}
		return put(out)
	})
	return nil
}

// scalar puts a numpy number or text that is one cell.
func (d *decoder) scalar(v pickle.Value, put func(any) error, q *queue) error {
	a := &array{}
	if err := d.dtype(a, v.Args().At(0)); err != nil {
		return err
	}
	raw := v.Args().At(1)
	if !a.numeric() && a.kind != 'U' || raw.Kind() != pickle.Bytes && raw.Kind() != pickle.Latin1 {
		return fmt.Errorf("a numpy scalar of %s is not read", a.dtypeName())
	}
	q.ask(raw, func(b []byte, _ bool) error {
		if len(b) != a.size {
			return errShort
		}
		if a.kind == 'U' {
			return put(a.text(b, 0))
		}
		return put(a.number(b, 0))
	})
	return nil
}
