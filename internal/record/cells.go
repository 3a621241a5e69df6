package record

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// readRows calls yield for each row of a part, column by column a block at a time.
func readRows(file *parquet.File, yield func(*Record) bool) error {
	var texts texts
	rows := make([]Record, blockRows)
	for _, group := range file.RowGroups() {
		columns := make([]*cells, 0, partColumns)
		for c, chunk := range group.ColumnChunks() {
			pages := chunk.Pages()
			defer pages.Close()
			columns = append(columns, &cells{pages: pages, null: nullOf(c, &texts), texts: &texts})
		}
		for left := int(group.NumRows()); left > 0; left -= blockRows {
			block := rows[:min(left, blockRows)]
			if err := readBlock(block, columns, &texts); err != nil {
				return err
			}
			for i := range block {
				if err := block[i].validate(); err != nil {
					return err
				}
				if !yield(&block[i]) {
					return nil
				}
			}
		}
	}
	return nil
}

// readBlock fills records. The columns of a part are a table's, but that each flag has its own.
func readBlock(rows []Record, columns []*cells, texts *texts) error {
	var values, flags [blockRows]int64
	for c, column := range columns {
		if err := column.read(values[:len(rows)]); err != nil {
			return fmt.Errorf("column %d: %w", c+1, err)
		}
		if c < fieldFlags {
			set(rows, c, values[:], texts.all)
			continue
		}
		for i := range rows {
			flags[i] |= values[i] << (c - fieldFlags)
		}
	}
	set(rows, fieldFlags, flags[:], texts.all)
	return nil
}

// nullOf is the number that stands for a null in a column.
func nullOf(c int, texts *texts) int64 {
	if c == fieldFinish || c == fieldError {
		return texts.place("")
	}
	return int64(NotReached)
}

// cells are those of one column of a part, read page by page as a table has them.
type cells struct {
	pages  parquet.Pages
	null   int64
	texts  *texts
	values []int64 // of a page
	left   []int64 // what of them was not taken yet
	// places are the numbers of a dictionary's values.
	dictionary parquet.Dictionary
	places     []int64
}

// errShort says of a column that it has fewer values than the part has rows.
var errShort = errors.New("it ends before the others")

func (c *cells) read(into []int64) error {
	for len(into) > 0 {
		if len(c.left) == 0 {
			if err := c.page(); errors.Is(err, io.EOF) {
				return errShort
			} else if err != nil {
				return err
			}
		}
		n := copy(into, c.left)
		into, c.left = into[n:], c.left[n:]
	}
	return nil
}

// page reads the next page.
func (c *cells) page() error {
	page, err := c.pages.ReadPage()
	if err != nil {
		return err
	}
	defer parquet.Release(page)
	c.values = c.values[:0]
	data := page.Data()
	switch dictionary := page.Dictionary(); {
	case dictionary != nil:
		c.lookUp(dictionary)
		for _, at := range data.Int32() {
			c.values = append(c.values, c.places[at])
		}
	case data.Kind() == encoding.Int64:
		c.values = append(c.values, data.Int64()...)
	case data.Kind() == encoding.Int32:
		for _, v := range data.Int32() {
			c.values = append(c.values, int64(v))
		}
	default:
		c.left, err = c.each(page)
		return err
	}
	c.left = c.values
	if levels := page.DefinitionLevels(); len(levels) > len(c.values) {
		c.left = c.spread(levels)
	}
	return nil
}

// each reads a page value by value.
func (c *cells) each(page parquet.Page) ([]int64, error) {
	in := page.Values()
	var values [64]parquet.Value
	for {
		n, err := in.ReadValues(values[:])
		for i := range values[:n] {
			c.values = append(c.values, c.number(&values[i]))
		}
		if errors.Is(err, io.EOF) {
			return c.values, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// lookUp learns the values of a dictionary.
func (c *cells) lookUp(d parquet.Dictionary) {
	if d == c.dictionary {
		return
	}
	c.dictionary, c.places = d, c.places[:0]
	for i := range d.Len() {
		v := d.Index(int32(i))
		c.places = append(c.places, c.number(&v))
	}
}

// number is a value as a table has it.
func (c *cells) number(v *parquet.Value) int64 {
	switch {
	case v.IsNull():
		return c.null
	case v.Kind() == parquet.Boolean:
		return flag(v.Boolean(), 1)
	case v.Kind() == parquet.ByteArray:
		text := v.ByteArray()
		if len(text) > longestText {
			text = nil
		}
		return c.texts.place(string(text))
	case v.Kind() == parquet.Int32:
		return int64(v.Int32())
	}
	return v.Int64()
}

// spread puts the values that are there where the levels say, and nulls between them.
func (c *cells) spread(levels []byte) []int64 {
	present := len(c.values)
	c.values = append(c.values, make([]int64, len(levels)-present)...)
	for i := len(levels) - 1; i >= 0; i-- { // from the end, so that none is overwritten before it was moved
		if levels[i] == 0 {
			c.values[i] = c.null
			continue
		}
		present--
		c.values[i] = c.values[present]
	}
	return c.values
}
