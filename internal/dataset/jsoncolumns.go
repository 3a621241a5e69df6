package dataset

import (
	"context"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// recordLimit fails when one record is larger than it may be; left is set anew
// before each.
type recordLimit struct {
	r    io.Reader
	left int
}

func (l *recordLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("one record is larger than %d MiB", maxLine>>20)
	}
	n, err := l.r.Read(p)
	l.left -= n
	return n, err
}

// readColumns reads an object of columns, each an object of cells by row label.
// Rows are in the order of the first column; the labels are not used.
func readColumns(ctx context.Context, dec *jsontext.Decoder, limit *recordLimit, b *builder) error {
	best := map[Role]choice{}
	rows := -1
	return each(ctx, dec, limit, '}', func(int) error {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := tok.String()
		if dec.PeekKind() != '{' {
			return fmt.Errorf("column %q is no object of cells (byte %d)", name, dec.InputOffset())
		}
		m, wanted := b.column(name, "column")
		before, have := best[m.role]
		wanted = wanted && (!have || m.rank < before.rank || before.name == name)
		n, err := b.jsonColumn(ctx, dec, limit, m.role, wanted)
		if err != nil {
			return fmt.Errorf("column %q: %w (byte %d)", name, err, dec.InputOffset())
		}
		if rows >= 0 && n != rows {
			return fmt.Errorf("column %q has %d rows, those before it %d", name, n, rows)
		}
		rows = n
		if wanted {
			best[m.role] = choice{name, m.rank}
			for i, c := range b.set.Columns {
				if c.Role == m.role {
					b.set.Columns[i].Role = NoRole
				}
			}
			b.set.Columns[b.columns[name]].Role = m.role
		}
		return nil
	})
}

// jsonColumn reads the cells of one column and returns their number.
func (b *builder) jsonColumn(ctx context.Context, dec *jsontext.Decoder, limit *recordLimit, role Role, wanted bool) (rows int, err error) {
	err = each(ctx, dec, limit, '}', func(row int) error {
		rows = row + 1
		if err := dec.SkipValue(); err != nil { // the label
			return err
		}
		if row == len(b.set.Samples) && (b.opt.Limit == 0 || row < b.opt.Limit) {
			if _, err := b.next(); err != nil {
				return err
			}
		}
		if !wanted || row >= len(b.set.Samples) {
			return dec.SkipValue()
		}
		v, err := readValue(dec, 0)
		if err == nil {
			b.clear(row, role) // of a less preferred column, or the same one before
			err = b.put(row, role, v)
		}
		if err != nil {
			return fmt.Errorf("row %d, %w", row, err)
		}
		return nil
	})
	return rows, err
}
