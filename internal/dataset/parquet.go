//go:build !split

package dataset

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"mlcfg/internal/plainfile"

	"github.com/parquet-go/parquet-go"
)

// readParquet reads the wanted columns of a Parquet file, one after the other.
//
// A column may hold numbers, texts, lists of either, or chat messages, whose
// fields may hold structures and lists. Parquet files compress well, so what a
// small file may become is bounded (expansion).
func readParquet(ctx context.Context, f file, b *builder) (err error) {
	if f.packed != nil {
		return errors.New("a compressed Parquet file: decompress it first")
	}
	r, err := plainfile.Open(f.path)
	if err != nil {
		return err
	}
	defer r.Close()
	st, err := r.Stat()
	if err != nil {
		return err
	}
	// The library guards against damaged files, but not at every place.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the Parquet file is damaged: %v", p)
		}
	}()
	p := &parquetFile{r: r, size: st.Size(), b: b, left: expansion(st.Size())}
	return p.read(ctx)
}

// expansion is how many bytes of values a file of the given size may give.
func expansion(size int64) int64 { return 64<<20 + 200*size }

type parquetFile struct {
	r    io.ReaderAt
	size int64
	b    *builder
	left int64 // bytes that values may still take
	file *parquet.File
}

func (p *parquetFile) read(ctx context.Context) error {
	var tail [8]byte
	if p.size < 12 {
		return errors.New("too short for a Parquet file")
	}
	if _, err := p.r.ReadAt(tail[:], p.size-8); err != nil {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(tail[:])); n > p.size-12 {
		return fmt.Errorf("a footer of %d bytes in a file of %d: the file is cut short or no Parquet file", n, p.size)
	}
	file, err := parquet.OpenFile(p.r, p.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	p.file = file
	columns := file.Root().Columns()
	for _, c := range columns {
		p.b.column(c.Name(), typeName(c))
	}
	roles := p.b.choose()
	rows := file.NumRows()
	if rows < 0 || rows > p.size {
		return fmt.Errorf("%d rows in a file of %d bytes: refused as damaged or hostile", rows, p.size)
	}
	if err := p.b.rows(int(rows)); err != nil {
		return err
	}
	for i, c := range p.b.set.Columns {
		role, ok := roles[i]
		if !ok {
			continue
		}
		if err := p.column(ctx, columns[i], role); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	return nil
}

// typeName describes a column: "int64", "list of int32", "list of structures".
func typeName(c *parquet.Column) string {
	var leaves []*parquet.Column
	gather(c, &leaves)
	list := ""
	if len(leaves) > 0 && leaves[0].MaxRepetitionLevel() > 0 {
		list = "list of "
	}
	if len(leaves) != 1 {
		return list + "structures"
	}
	return list + strings.ToLower(leaves[0].Type().String())
}

func gather(c *parquet.Column, leaves *[]*parquet.Column) {
	if c.Leaf() {
		*leaves = append(*leaves, c)
		return
	}
	for _, x := range c.Columns() {
		gather(x, leaves)
	}
}

// column reads one top-level column into the samples.
func (p *parquetFile) column(ctx context.Context, c *parquet.Column, role Role) error {
	put := func(row int, v any) error {
		if row >= len(p.b.set.Samples) {
			return errLimit
		}
		if err := p.b.put(row, role, v); err != nil {
			return fmt.Errorf("row %d, %w", row, err)
		}
		return nil
	}
	all := leaves(c)
	if len(all) == 1 && all[0].lists() < 2 {
		return p.leaf(ctx, c.Name(), all[0].index, &assembler{listDef: all[0].listDef(), put: put, left: &p.left, row: -1})
	}
	if role != RoleMessages {
		if len(all) == 1 {
			return errors.New("a list of lists where numbers or texts are wanted")
		}
		return errors.New("a structure where numbers or texts are wanted")
	}
	// Chat messages: each field is a column of its own; put them together.
	cells := make([]cell, len(p.b.set.Samples))
	wanted := append([]string{"role", "content", "from", "value"}, passedOn...)
	for _, l := range all {
		if !slices.Contains(wanted, l.field()) {
			continue
		}
		if err := p.leaf(ctx, l.field(), l.index, &nested{path: l.path, cells: cells, left: &p.left, row: -1}); err != nil {
			return err
		}
	}
	for row := range cells {
		v := cells[row].plain()
		cells[row] = cell{}
		if err := put(row, v); err != nil {
			return err
		}
	}
	return nil
}
