package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readCSV reads comma-separated values (tab-separated in a .tsv file) whose
// first line names the columns. Lists of token ids are texts such as
// "[1, 2, 3]", chat messages are JSON or what Python prints; an empty cell is a
// missing one.
func readCSV(ctx context.Context, f file, b *builder) error {
	rc, err := f.open()
	if err != nil {
		return err
	}
	defer rc.Close()
	limit := &recordLimit{r: rc, left: maxLine}
	comma := byte(',')
	if extension(f.path) == ".tsv" {
		comma = '\t'
	}
	r := newCSVReader(limit, comma)
	if err := r.next(); errors.Is(err, io.EOF) {
		return errors.New("line 1: no header")
	} else if err != nil {
		return err
	}
	names := make([]string, len(r.cells))
	if len(names) > maxColumns {
		return fmt.Errorf("line 1: %d columns, at most %d are read", len(names), maxColumns)
	}
	for i := range names {
		name := string(r.bytes(i))
		if i == 0 {
			name = strings.TrimPrefix(name, "\xef\xbb\xbf")
		}
		if err := valid(name); err != nil {
			return fmt.Errorf("line 1: the name of column %d: %w", i+1, err)
		}
		names[i] = strings.TrimSpace(name)
		if slices.Contains(names[:i], names[i]) {
			return fmt.Errorf("line 1: two columns are named %q", names[i])
		}
		b.column(names[i], "text")
	}
	return b.csvRows(ctx, r, limit, names)
}

func (b *builder) csvRows(ctx context.Context, r *csvReader, limit *recordLimit, names []string) error {
	roles := b.choose()
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		limit.left = maxLine
		if err := r.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err // it names line and column
		}
		if len(r.cells) != len(names) {
			return fmt.Errorf("line %d: %d cells, the header has %d", r.cells[0].line, len(r.cells), len(names))
		}
		i, err := b.next()
		if err != nil {
			return err
		}
		for col, cell := range r.cells {
			role, ok := roles[col]
			if !ok || cell.from == cell.to {
				continue
			}
			if err := b.put(i, role, string(r.bytes(col))); err != nil {
				return fmt.Errorf("line %d, column %d: key %q, %w", cell.line, cell.col, names[col], err)
			}
		}
	}
}
