package dataset

import (
	"context"
	"fmt"

	"mlcfg/internal/dataset/pandas"
	"mlcfg/internal/dataset/pickle"
)

// readPickle reads a pickled data frame.
func readPickle(ctx context.Context, f file, b *builder) error {
	frame, err := pandas.Open(ctx, f.open, pickle.Options{})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, c := range frame.Columns {
		name := c.Name
		for seen[name] { // a second column of the same name is not the one meant
			name += "'"
		}
		seen[name] = true
		b.column(name, c.Type)
	}
	roles := b.choose()
	if err := b.rows(frame.Rows); err != nil {
		return err
	}
	var wanted []int
	for col := range frame.Columns {
		if _, ok := roles[col]; ok {
			wanted = append(wanted, col)
		}
	}
	return frame.Read(ctx, wanted, func(col, row int, v any) error {
		if row >= len(b.set.Samples) {
			return nil
		}
		if err := b.put(row, roles[col], v); err != nil {
			return fmt.Errorf("row %d, column %q, %w", row, frame.Columns[col].Name, err)
		}
		return nil
	})
}
