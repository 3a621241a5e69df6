package dataset

import (
	"context"
	"fmt"

	"mlcfg/internal/lazyregexp"

	"github.com/go-json-experiment/json/jsontext"
)

// orientations are the forms in which pandas' to_json writes a frame as one object,
// known by how they begin.
var orientations = []struct {
	head *lazyregexp.Regexp
	read func(context.Context, *jsontext.Decoder, *recordLimit, *builder) error
}{
	{lazyregexp.New(`^\s*\{\s*"-?\d+"\s*:\s*\{\s*"[^"]*[^"\d][^"]*"\s*:`), readIndex},
	{lazyregexp.New(`^\s*\{\s*"[^"]*"\s*:\s*\{\s*"-?\d+"\s*:`), readColumns},
	{lazyregexp.New(`^\s*\{\s*"columns"\s*:\s*\[\s*"`), readSplit},
	{lazyregexp.New(`^\s*\{\s*"schema"\s*:\s*\{\s*"fields"\s*:`), readTable},
}

// readIndex reads orient="index": an object of rows by their labels, which are not used.
func readIndex(ctx context.Context, dec *jsontext.Decoder, limit *recordLimit, b *builder) error {
	return each(ctx, dec, limit, '}', func(int) error {
		label, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := label.String()
		if err := record(dec, b); err != nil {
			return placed(err, fmt.Sprintf("row %q (byte %d)", name, dec.InputOffset()))
		}
		return nil
	})
}

// readTable reads orient="table": a schema, which is not used, and the rows.
func readTable(ctx context.Context, dec *jsontext.Decoder, limit *recordLimit, b *builder) error {
	return members(ctx, dec, limit, map[string]func() error{"data": func() error { return readArray(ctx, dec, limit, b) }})
}

// readSplit reads orient="split": the names of the columns, labels, and rows as lists.
func readSplit(ctx context.Context, dec *jsontext.Decoder, limit *recordLimit, b *builder) error {
	var roles map[int]Role
	names := func() error {
		list, err := readValue(dec, 0)
		if err != nil {
			return err
		}
		columns, _ := list.([]any)
		for _, c := range columns {
			name, err := text(c)
			if err != nil {
				return fmt.Errorf("the name of a column: %w", err)
			}
			if n := len(b.set.Columns); len(name) > maxColumns || n >= maxColumns {
				return fmt.Errorf("more than %d columns, or a name as long", maxColumns)
			}
			b.column(name, "column")
		}
		if len(b.set.Columns) != len(columns) {
			return fmt.Errorf("two of its %d columns have one name", len(columns))
		}
		roles = b.choose()
		return nil
	}
	rows := func() error {
		if k := dec.PeekKind(); k != '[' {
			return fmt.Errorf("data of kind %s where a list of rows is wanted", k)
		}
		return each(ctx, dec, limit, ']', func(n int) error {
			if err := b.listRow(dec, roles); err != nil {
				return placed(err, fmt.Sprintf("row %d (byte %d)", n, dec.InputOffset()))
			}
			return nil
		})
	}
	return members(ctx, dec, limit, map[string]func() error{"columns": names, "data": rows})
}

// listRow reads a row that is a list of cells.
func (b *builder) listRow(dec *jsontext.Decoder, roles map[int]Role) error {
	if k := dec.PeekKind(); k != '[' {
		return fmt.Errorf("a value of kind %s where a list of cells is wanted", k)
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	i, err := b.next()
	if err != nil {
		return err
	}
	for col := 0; dec.PeekKind() != ']'; col++ {
		role, wanted := roles[col]
		if !wanted {
			if err := dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		v, err := readValue(dec, 0)
		if err == nil {
			err = b.put(i, role, v)
		}
		if err != nil {
			return fmt.Errorf("column %q, %w", b.set.Columns[col].Name, err)
		}
	}
	_, err = dec.ReadToken()
	return err
}

// members reads an object: the named members by their functions, others not at all.
func members(ctx context.Context, dec *jsontext.Decoder, limit *recordLimit, read map[string]func() error) error {
	return each(ctx, dec, limit, '}', func(int) error {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := tok.String()
		if f := read[name]; f != nil {
			err = f()
		} else {
			err = dec.SkipValue()
		}
		if err != nil {
			return placed(err, fmt.Sprintf("key %q", name))
		}
		return nil
	})
}
