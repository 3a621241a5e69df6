//go:build !split

package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/parquet-go/parquet-go"
)

// sink takes the values of one column in order.
type sink interface {
	add(parquet.Value) error
	// flush is called after the last value and returns how many rows there were.
	flush() (rows int, err error)
}

// leaf gives the values of one column to a sink, until that has enough of them.
func (p *parquetFile) leaf(ctx context.Context, name string, index int, to sink) error {
	for g, group := range p.file.RowGroups() {
		if index >= len(group.ColumnChunks()) {
			return fmt.Errorf("row group %d does not hold %s", g, name)
		}
		if err := p.checkChunk(g, index); err != nil {
			return fmt.Errorf("row group %d: %w", g, err)
		}
		err := readChunk(ctx, group.ColumnChunks()[index], to)
		if errors.Is(err, errLimit) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("row group %d: %w", g, err)
		}
	}
	n, err := to.flush()
	switch {
	case errors.Is(err, errLimit):
		return nil
	case err != nil:
		return err
	case int64(n) != p.file.NumRows():
		return fmt.Errorf("%s holds %d rows, the file %d", name, n, p.file.NumRows())
	}
	return nil
}

func readChunk(ctx context.Context, chunk parquet.ColumnChunk, to sink) error {
	pages := chunk.Pages()
	defer pages.Close()
	buf := make([]parquet.Value, 1024)
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		values := page.Values()
		for {
			n, err := values.ReadValues(buf)
			for _, v := range buf[:n] {
				if err := to.add(v); err != nil {
					parquet.Release(page)
					return err
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
		parquet.Release(page)
	}
}

// assembler puts the values of a column together to rows: a value, or for a list
// []int32 or []any.
type assembler struct {
	listDef int // definition level from which the list has an element; 0 for no list
	put     func(row int, v any) error
	left    *int64
	row     int

	// The list under way: ints as long as all elements are small integers.
	open  bool
	null  bool
	ints  []int32
	list  []any
	texts lastText
}

// lastText is the text made last, shared by equal ones that follow.
type lastText string

var errExpansion = errors.New("its values take far more memory than the file's size allows: refused as damaged or hostile")

func (a *assembler) add(v parquet.Value) error {
	if *a.left -= 8; *a.left < 0 {
		return errExpansion
	}
	if a.listDef == 0 {
		a.row++
		x, err := a.texts.value(v, a.left)
		if err != nil {
			return err
		}
		return a.put(a.row, x)
	}
	if v.RepetitionLevel() == 0 {
		if err := a.close(); err != nil {
			return err
		}
		a.row++
		a.open, a.null = true, false
		if v.IsNull() && v.DefinitionLevel() < a.listDef {
			a.null = v.DefinitionLevel() < a.listDef-1
			return nil
		}
	}
	if x, ok := integer(v); ok && a.list == nil && x >= 0 && x <= math.MaxInt32 {
		a.ints = append(a.ints, int32(x))
		return nil
	}
	if a.list == nil {
		a.list = make([]any, 0, len(a.ints)+1)
		for _, x := range a.ints {
			a.list = append(a.list, int64(x))
		}
		a.ints = nil
	}
	x, err := a.texts.value(v, a.left)
	if err != nil {
		return err
	}
	*a.left -= 16
	a.list = append(a.list, x)
	return nil
}

func (a *assembler) flush() (rows int, err error) { return a.row + 1, a.close() }

// close puts the list that is complete.
func (a *assembler) close() error {
	if !a.open {
		return nil
	}
	a.open = false
	var v any
	switch {
	case a.null:
	case a.list != nil:
		v = a.list
	default:
		v = append(make([]int32, 0, len(a.ints)), a.ints...)
	}
	a.list, a.ints = nil, a.ints[:0]
	return a.put(a.row, v)
}

// value returns one value as a plain one; the bytes of texts are taken from left.
func (t *lastText) value(v parquet.Value, left *int64) (any, error) {
	if v.IsNull() {
		return nil, nil
	}
	switch v.Kind() {
	case parquet.Boolean:
		return v.Boolean(), nil
	case parquet.Int32, parquet.Int64:
		x, _ := integer(v)
		return x, nil
	case parquet.Float:
		return finite(float64(v.Float())), nil
	case parquet.Double:
		return finite(v.Double()), nil
	case parquet.ByteArray, parquet.FixedLenByteArray:
		if b := v.ByteArray(); string(b) != string(*t) {
			if *left -= int64(len(b)); *left < 0 {
				return nil, errExpansion
			}
			*t = lastText(b)
		}
		return string(*t), nil
	}
	return nil, fmt.Errorf("values of type %s are not read", v.Kind())
}

// integer returns the whole number that v is.
func integer(v parquet.Value) (n int64, ok bool) {
	switch v.Kind() {
	case parquet.Int32:
		return int64(v.Int32()), !v.IsNull()
	case parquet.Int64:
		return v.Int64(), !v.IsNull()
	}
	return 0, false
}

// finite returns nil for a number that is none: pandas writes missing ones so.
func finite(f float64) any {
	if math.IsNaN(f) {
		return nil
	}
	return f
}
