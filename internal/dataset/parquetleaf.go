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

// leaf reads the values of one column and returns them row by row: a value, or
// for a list []int32 or []any.
func (p *parquetFile) leaf(ctx context.Context, l leaf, put func(row int, v any) error) error {
	a := assembler{leaf: l, put: put, left: &p.left, row: -1}
	for g, group := range p.file.RowGroups() {
		if l.index >= len(group.ColumnChunks()) {
			return fmt.Errorf("row group %d does not hold it", g)
		}
		if err := p.checkChunk(g, l.index); err != nil {
			return fmt.Errorf("row group %d: %w", g, err)
		}
		if err := readChunk(ctx, group.ColumnChunks()[l.index], &a); err != nil {
			if errors.Is(err, errLimit) {
				return err
			}
			return fmt.Errorf("row group %d: %w", g, err)
		}
	}
	if err := a.flush(); err != nil {
		return err
	}
	if rows := p.file.NumRows(); int64(a.row)+1 != rows {
		return fmt.Errorf("it holds %d rows, the file %d", a.row+1, rows)
	}
	return nil
}

func readChunk(ctx context.Context, chunk parquet.ColumnChunk, a *assembler) error {
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
				if err := a.add(v); err != nil {
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

// assembler puts the values of a column together to rows.
type assembler struct {
	leaf leaf
	put  func(row int, v any) error
	left *int64
	row  int

	// The list under way: ints as long as all elements are small integers.
	open bool
	null bool
	ints []int32
	list []any
	last string // the text made last, shared by equal ones that follow
}

var errExpansion = errors.New("its values take far more memory than the file's size allows: refused as damaged or hostile")

func (a *assembler) add(v parquet.Value) error {
	if *a.left -= 8; *a.left < 0 {
		return errExpansion
	}
	if a.leaf.listDef == 0 {
		a.row++
		x, err := a.value(v)
		if err != nil {
			return err
		}
		return a.put(a.row, x)
	}
	if v.RepetitionLevel() == 0 {
		if err := a.flush(); err != nil {
			return err
		}
		a.row++
		a.open, a.null = true, false
		if v.IsNull() && v.DefinitionLevel() < a.leaf.listDef {
			a.null = v.DefinitionLevel() < a.leaf.listDef-1
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
	x, err := a.value(v)
	if err != nil {
		return err
	}
	*a.left -= 16
	a.list = append(a.list, x)
	return nil
}

// flush returns away the list that is complete.
func (a *assembler) flush() error {
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

// value returns one value as a plain one.
func (a *assembler) value(v parquet.Value) (any, error) {
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
		if b := v.ByteArray(); string(b) != a.last {
			if *a.left -= int64(len(b)); *a.left < 0 {
				return nil, errExpansion
			}
			a.last = string(b)
		}
		return a.last, nil
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
