package dataset

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// readCSV reads comma-separated values (tab-separated in a .tsv file) whose
// first line names the columns. Lists of token ids are texts such as
// "[1, 2, 3]", chat messages are JSON; an empty cell is a missing one.
func readCSV(ctx context.Context, f file, b *builder) error {
	rc, err := f.open()
	if err != nil {
		return err
	}
	defer rc.Close()
	limit := &recordLimit{r: rc, left: maxLine}
	r := csv.NewReader(limit)
	r.ReuseRecord = true
	if name := strings.ToLower(strings.TrimSuffix(f.path, ".gz")); strings.HasSuffix(name, ".tsv") {
		r.Comma = '\t'
	}
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("line 1: no header")
	}
	if err != nil {
		return err
	}
	names := slices.Clone(header)
	names[0] = strings.TrimPrefix(names[0], "\xef\xbb\xbf")
	if len(names) > maxColumns {
		return fmt.Errorf("line 1: %d columns, at most %d are read", len(names), maxColumns)
	}
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		if slices.Contains(names[:i], names[i]) {
			return fmt.Errorf("line 1: two columns are named %q", names[i])
		}
		b.column(names[i], "text")
	}
	roles := b.choose()
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		limit.left = maxLine
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err // it names line and column
		}
		i, err := b.next()
		if err != nil {
			return err
		}
		for col, cell := range cells {
			role, ok := roles[col]
			if !ok || cell == "" {
				continue
			}
			if err := b.putText(i, role, cell); err != nil {
				line, column := r.FieldPos(col)
				return fmt.Errorf("line %d, column %d: key %q, %w", line, column, names[col], err)
			}
		}
	}
}

// putText puts a cell that is a text, which for lists of messages is JSON.
func (b *builder) putText(i int, role Role, cell string) error {
	if role != RoleMessages {
		return b.put(i, role, strings.Clone(cell))
	}
	dec := jsontext.NewDecoder(bytes.NewBufferString(cell))
	raw, err := dec.ReadValue()
	if err != nil {
		return fmt.Errorf("%s: want a JSON list of messages: %w", role, err)
	}
	v, err := value(raw, 0)
	if err != nil {
		return err
	}
	return b.put(i, role, v)
}
