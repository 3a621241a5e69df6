package pandas

import (
	"context"
	"fmt"
	"strconv"

	"mlcfg/internal/dataset/pickle"
)

// indexNames returns the labels of an index as texts.
func (d *decoder) indexNames(v pickle.Value) ([]string, error) {
	state := v.Args().At(1)
	if d.class(v) != clsNewIndex || state.Kind() != pickle.Dict {
		return nil, fmt.Errorf("%s where an index is wanted", d.describe(v))
	}
	if d.class(v.Args().At(0)) == clsRangeIndex {
		n, err := d.indexLen(v)
		if err != nil || n > maxColumns {
			return nil, fmt.Errorf("a range of %d columns", n)
		}
		start, _ := d.doc.Lookup(state, "start").Int()
		step, _ := d.doc.Lookup(state, "step").Int()
		names := make([]string, n)
		for i := range names {
			names[i] = strconv.FormatInt(start+int64(i)*step, 10)
		}
		return names, nil
	}
	c, n, err := d.values(d.doc.Lookup(state, "data"))
	if err != nil {
		return nil, err
	}
	if n > maxColumns {
		return nil, fmt.Errorf("%d columns, at most %d are read", n, maxColumns)
	}
	names := make([]string, n)
	err = d.readNow(c, n, func(row int, v any) error {
		switch v := v.(type) {
		case string:
			names[row] = v
		case nil:
			names[row] = "nan"
		case int64, float64, bool:
			names[row] = fmt.Sprint(v)
		default:
			return fmt.Errorf("label %d is no text", row)
		}
		return nil
	})
	return names, err
}

const maxColumns = 1 << 16

// indexLen returns the number of labels of an index.
func (d *decoder) indexLen(v pickle.Value) (int, error) {
	state := v.Args().At(1)
	if d.class(v) != clsNewIndex || state.Kind() != pickle.Dict {
		return 0, fmt.Errorf("%s where an index is wanted", d.describe(v))
	}
	if d.class(v.Args().At(0)) == clsRangeIndex {
		start, _ := d.doc.Lookup(state, "start").Int()
		stop, ok := d.doc.Lookup(state, "stop").Int()
		step, ok2 := d.doc.Lookup(state, "step").Int()
		if !ok || !ok2 || step == 0 || start > 1<<40 || start < -1<<40 || stop > 1<<40 || stop < -1<<40 || step > 1<<40 || step < -1<<40 {
			return 0, fmt.Errorf("a range without its bounds")
		}
		if step < 0 {
			start, stop, step = stop, start, -step
		}
		return int(max(0, (stop-start+step-1)/step)), nil
	}
	_, n, err := d.values(d.doc.Lookup(state, "data"))
	return n, err
}

// values returns the elements of a one-dimensional array of any sort.
func (d *decoder) values(v pickle.Value) (cells, int, error) {
	if c := d.class(v); c == clsArray || c == clsBuffer {
		a, err := d.array(v)
		if err != nil {
			return nil, 0, err
		}
		if a.rows != 1 {
			return nil, 0, fmt.Errorf("an array of two dimensions where one is wanted")
		}
		return &blockRow{a: a}, a.cols, nil
	}
	n, err := d.extensionLen(v)
	if err != nil {
		return nil, 0, err
	}
	c, err := d.extension(v, n)
	return c, n, err
}

// readNow reads cells that are wanted before the columns are.
func (d *decoder) readNow(c cells, rows int, put func(row int, v any) error) error {
	d.budget = maxNested
	var q queue
	if err := c.read(d, rows, put, &q); err != nil {
		return err
	}
	if err := d.doc.Load(context.Background(), q.requests); err != nil {
		return err
	}
	for _, fn := range q.after {
		if err := fn(); err != nil {
			return err
		}
	}
	return nil
}
