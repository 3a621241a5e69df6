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
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	best := map[Role]choice{}
	rows := -1
	for dec.PeekKind() != '}' {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		limit.left = maxLine
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
		n, err := b.jsonColumn(dec, limit, m.role, wanted)
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
	}
	_, err := dec.ReadToken()
	return err
}

// jsonColumn reads the cells of one column and returns their number.
func (b *builder) jsonColumn(dec *jsontext.Decoder, limit *recordLimit, role Role, wanted bool) (int, error) {
	if _, err := dec.ReadToken(); err != nil {
		return 0, err
	}
	row := 0
	for ; dec.PeekKind() != '}'; row++ {
		limit.left = maxLine
		if err := dec.SkipValue(); err != nil { // the label
			return 0, err
		}
		if row == len(b.set.Samples) {
			if b.opt.Limit == 0 || row < b.opt.Limit {
				if _, err := b.next(); err != nil {
					return 0, err
				}
			}
		}
		if !wanted || row >= len(b.set.Samples) {
			if err := dec.SkipValue(); err != nil {
				return 0, err
			}
			continue
		}
		raw, err := dec.ReadValue()
		if err != nil {
			return 0, err
		}
		v, err := value(raw, 0)
		if err == nil {
			b.clear(row, role) // of a less preferred column, or the same one before
			err = b.put(row, role, v)
		}
		if err != nil {
			return 0, fmt.Errorf("row %d, %w", row, err)
		}
	}
	_, err := dec.ReadToken()
	return row, err
}
