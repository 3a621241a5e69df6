// Package pandas reads pickled pandas data frames as columns of plain values,
// without Python and without executing anything.
//
//	frame, err := pandas.Open(ctx, src, pickle.Options{})
//	err = frame.Read(ctx, []int{0, 2}, func(col, row int, v any) error { ... })
//
// Files of pandas 1.0 to 3.1 with numpy 1 and 2 are understood: object columns
// (texts, lists, tuples, dicts, numpy arrays, numbers, None), columns of
// numbers and truth values, StringDtype, categories, nullable numbers, and
// columns backed by pyarrow that hold texts, integers or lists of integers.
// A Series, and plain pickled lists of dicts and dicts of lists, arrays or Series are
// read as frames too. Not read: a multi-level column index, dates, decimals, sparse
// and interval columns.
package pandas

import (
	"context"
	"fmt"

	"mlcfg/internal/dataset/pickle"
)

// Column is one column of a frame. Type is pandas' name for what it holds
// ("object", "int64", "string", "category").
type Column struct {
	Name string
	Type string
}

// Frame is an open data frame: its columns, and the way to their cells.
type Frame struct {
	Rows    int
	Columns []Column

	d     *decoder
	cells []cells
}

// decoder holds the document while the frame is taken apart.
type decoder struct {
	doc    *pickle.Doc
	budget int // nested values still to be made
	inside int // Series and arrays around the one being read
}

// cells is where one column's cells are. It appends requests for what must be
// fetched from the file and puts the rest at once.
type cells interface {
	typ() string
	read(d *decoder, rows int, put func(row int, v any) error, q *queue) error
}

// queue collects what a second pass over the file must fetch, and what is to be
// done after it.
type queue struct {
	requests []pickle.Request
	after    []func() error

	// What the request served last became, for those that follow with the same bytes.
	lastText  string
	lastArray any
	lastKind  array
}

func (q *queue) ask(v pickle.Value, use func(b []byte, same bool) error) {
	q.requests = append(q.requests, pickle.Request{Value: v, Use: use})
}

// maxNested bounds the values made from nested containers in one Read, which
// references to the same container could multiply without end.
const maxNested = 64 << 20

// Open reads the structure of the frame that src opens. opt.Allow is ignored:
// the names of pandas, numpy and pyarrow are what is allowed.
func Open(ctx context.Context, src pickle.Source, opt pickle.Options) (*Frame, error) {
	opt.Allow = allowed
	doc, err := pickle.Read(ctx, src, opt)
	if err != nil {
		return nil, err
	}
	d := &decoder{doc: doc}
	f := &Frame{d: d}
	root := doc.Root
	switch {
	case d.class(root) == clsFrame && root.Kind() == pickle.Object:
		err = f.frame(root)
	case d.class(root) == clsSeries && root.Kind() == pickle.Object:
		err = f.oneSeries(root)
	case root.Kind() == pickle.List || root.Kind() == pickle.Tuple:
		err = f.records(root)
	case root.Kind() == pickle.Dict:
		err = f.columnsOf(root)
	default:
		err = fmt.Errorf("the pickle holds %s, want a data frame", d.describe(root))
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Read returns the cells of the named columns (indices into Columns) to put, one
// by one, in no particular order. A cell is nil (missing), string, int64,
// float64, bool, []int32 (a list or array of integers), []int64 (the same with
// one that does not fit in 32 bits), []any or map[string]any; []byte for byte
// strings. Cells may share slices and maps: they are to be read only.
func (f *Frame) Read(ctx context.Context, columns []int, put func(col, row int, v any) error) error {
	f.d.budget = maxNested
	var q queue
	for _, c := range columns {
		name := f.Columns[c].Name
		err := f.cells[c].read(f.d, f.Rows, func(row int, v any) error { return put(c, row, v) }, &q)
		if err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
	}
	if err := f.d.doc.Load(ctx, q.requests); err != nil {
		return err
	}
	for _, fn := range q.after {
		if err := fn(); err != nil {
			return err
		}
	}
	return nil
}

func (f *Frame) add(name string, c cells) {
	f.Columns = append(f.Columns, Column{Name: name, Type: c.typ()})
	f.cells = append(f.cells, c)
}

// frame takes a DataFrame apart. Its state holds the block manager under _mgr
// (pandas 1.1 on) or _data.
func (f *Frame) frame(v pickle.Value) error {
	d := f.d
	mgr := d.doc.Lookup(v.State(), "_mgr")
	if mgr.IsNone() {
		mgr = d.doc.Lookup(v.State(), "_data")
	}
	if d.class(mgr) != clsManager {
		return fmt.Errorf("a data frame without its block manager")
	}
	var axes, blocks pickle.Value
	if args := mgr.Args(); args.Len() >= 2 { // pandas 1.3 on: blocks, axes
		blocks, axes = args.At(0), args.At(1)
	} else { // before: a state whose last part is {"0.14.1": {"axes", "blocks"}}
		st := d.doc.Lookup(mgr.State().At(3), "0.14.1")
		axes, blocks = d.doc.Lookup(st, "axes"), d.doc.Lookup(st, "blocks")
	}
	if axes.Len() != 2 {
		return fmt.Errorf("a block manager with %d axes, want 2", axes.Len())
	}
	names, err := d.indexNames(axes.At(0))
	if err != nil {
		return fmt.Errorf("the column names: %w", err)
	}
	rows, err := d.indexLen(axes.At(1))
	if err != nil { // a row index of another sort: the blocks tell as well
		for i := 0; err != nil && i < max(blocks.Len(), 1); i++ {
			rows, err = d.blockRows(blocks.At(i))
		}
		if err != nil {
			return fmt.Errorf("the number of rows: %w", err)
		}
	}
	placed := make([]cells, len(names))
	for i := range blocks.Len() {
		if err := d.block(blocks.At(i), rows, placed); err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
	}
	f.Rows = rows
	if err := readable(placed); err != nil {
		return err
	}
	for i, name := range names {
		if placed[i] == nil {
			return fmt.Errorf("column %q: no block holds it", name)
		}
		f.add(name, placed[i])
	}
	return nil
}

// blockRows returns the number of rows of a block.
func (d *decoder) blockRows(v pickle.Value) (int, error) {
	values := v.Args().At(0)
	if v.Kind() == pickle.Dict {
		values = d.doc.Lookup(v, "values")
	}
	if c := d.class(values); c == clsArray || c == clsBuffer {
		a, err := d.array(values)
		if err != nil {
			return 0, err
		}
		return a.cols, nil
	}
	return d.extensionLen(values)
}

// block finds the cells of the columns that one block holds.
func (d *decoder) block(v pickle.Value, rows int, placed []cells) error {
	var values, locs pickle.Value
	switch {
	case d.class(v) == clsBlock:
		values, locs = v.Args().At(0), v.Args().At(1)
	case v.Kind() == pickle.Dict:
		values, locs = d.doc.Lookup(v, "values"), d.doc.Lookup(v, "mgr_locs")
	default:
		return fmt.Errorf("%s where a block is wanted", d.describe(v))
	}
	at, err := d.places(locs, len(placed))
	if err != nil {
		return err
	}
	if c := d.class(values); c == clsArray || c == clsBuffer {
		a, err := d.array(values)
		if err != nil {
			unread(placed, at, err)
			return nil
		}
		if a.rows == 1 && len(at) != 1 && a.cols == len(at) && rows == 1 {
			a.rows, a.cols = a.cols, 1
		}
		if a.rows != len(at) || a.cols != rows {
			return fmt.Errorf("%d columns of %d rows, want %d of %d", a.rows, a.cols, len(at), rows)
		}
		for j, col := range at {
			placed[col] = &blockRow{a: a, row: j}
		}
		return nil
	}
	if len(at) != 1 {
		return fmt.Errorf("%d places for one column", len(at))
	}
	c, err := d.extension(values, rows)
	if err != nil {
		unread(placed, at, err)
		return nil
	}
	placed[at[0]] = c
	return nil
}

// unreadCells are columns that cannot be read, which matters where they are asked for.
type unreadCells struct{ err error }

func (c unreadCells) typ() string { return "not read" }

func (c unreadCells) read(*decoder, int, func(int, any) error, *queue) error { return c.err }

func unread(placed []cells, at []int, err error) {
	for _, col := range at {
		placed[col] = unreadCells{err}
	}
}

// readable refuses a frame of which no column can be read: nothing would hold its
// number of rows to the bytes that it has.
func readable(placed []cells) error {
	var first error
	for _, c := range placed {
		u, is := c.(unreadCells)
		if !is {
			return nil
		}
		if first == nil {
			first = u.err
		}
	}
	return first
}

// places returns the columns that a block's rows are: a slice or an integer array.
func (d *decoder) places(v pickle.Value, columns int) ([]int, error) {
	var at []int
	if d.class(v) == clsSlice {
		start, _ := v.Args().At(0).Int()
		stop, ok := v.Args().At(1).Int()
		step, ok2 := v.Args().At(2).Int()
		if !ok || v.Args().At(2).IsNone() {
			step, ok2 = 1, ok
		}
		if !ok || !ok2 || step == 0 {
			return nil, fmt.Errorf("a slice that is no range of columns")
		}
		for i := start; (step > 0 && i < stop || step < 0 && i > stop) && len(at) <= columns; i += step {
			at = append(at, int(i))
		}
	} else {
		a, err := d.array(v)
		if err != nil {
			return nil, err
		}
		err = d.now(a, func(b []byte) error {
			ints, _ := a.ints(b).([]int32)
			for _, i := range ints {
				at = append(at, int(i))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, i := range at {
		if i < 0 || i >= columns {
			return nil, fmt.Errorf("column %d of %d", i, columns)
		}
	}
	return at, nil
}

// now fetches the bytes of an integer array at once.
func (d *decoder) now(a *array, use func(b []byte) error) error {
	if a.kind != 'i' && a.kind != 'u' {
		return fmt.Errorf("an array of %s where integers are wanted", a.dtypeName())
	}
	var q queue
	q.ask(a.raw, func(b []byte, _ bool) error {
		if len(b) != a.rows*a.cols*a.size {
			return errShort
		}
		return use(b)
	})
	return d.doc.Load(context.Background(), q.requests)
}

var errShort = fmt.Errorf("an array holds fewer bytes than its shape needs")

// describe says what v is, for messages.
func (d *decoder) describe(v pickle.Value) string {
	if name := d.doc.Name(v); name != "" {
		return name
	}
	return "a value of type " + v.Kind().String()
}
