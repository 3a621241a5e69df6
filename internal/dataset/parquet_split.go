//go:build split

package dataset

import (
	"context"
	"io"
)

// This program is built without Parquet, whose packages take longer to start than a lint
// takes altogether.

func readParquet(context.Context, file, *builder) error { return ErrWithoutParquet }

func writeParquet(*Set, []outColumn, io.Writer) error { return ErrWithoutParquet }
