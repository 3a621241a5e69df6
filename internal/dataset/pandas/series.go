package pandas

import (
	"fmt"

	"mlcfg/internal/dataset/pickle"
)

// series returns the values of a Series. Its manager is a state of axes, values, an
// index and, in all versions that are read, {"0.14.1": {"axes", "blocks"}}.
func (d *decoder) series(v pickle.Value) (cells, int, error) {
	mgr := d.doc.Lookup(v.State(), "_mgr")
	if mgr.IsNone() {
		mgr = d.doc.Lookup(v.State(), "_data")
	}
	blocks := d.doc.Lookup(d.doc.Lookup(mgr.State().At(3), "0.14.1"), "blocks")
	if d.class(mgr) != clsManager || blocks.Len() != 1 {
		return nil, 0, fmt.Errorf("a Series without its values")
	}
	return d.values(d.doc.Lookup(blocks.At(0), "values"))
}

// oneSeries reads a pickled Series as a frame of one column.
func (f *Frame) oneSeries(v pickle.Value) error {
	c, n, err := f.d.series(v)
	if err != nil {
		return err
	}
	name, ok := f.d.doc.Short(f.d.doc.Lookup(v.State(), "_name"))
	if !ok {
		if name, ok = f.d.doc.Short(f.d.doc.Lookup(v.State(), "name")); !ok {
			name = "0" // as to_frame calls it
		}
	}
	f.Rows = n
	f.add(name, c)
	return nil
}

// compound puts a Series, an Index or an extension array that is one cell, as a list.
func (d *decoder) compound(v pickle.Value, put func(any) error, q *queue) error {
	var c cells
	var n int
	var err error
	switch d.class(v) {
	case clsSeries:
		c, n, err = d.series(v)
	case clsNewIndex:
		c, n, err = d.categories(v)
	default:
		c, n, err = d.values(v)
	}
	if err != nil {
		return err
	}
	if d.inside++; d.inside > maxDepth {
		return fmt.Errorf("values nested more than %d deep", maxDepth)
	}
	defer func() { d.inside-- }()
	if d.budget -= n; d.budget < 0 {
		return fmt.Errorf("more than %d nested values", maxNested)
	}
	out := make([]any, n)
	err = c.read(d, n, func(row int, v any) error { out[row] = v; return nil }, q)
	q.after = append(q.after, func() error { return put(out) })
	return err
}
