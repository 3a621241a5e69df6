package pandas

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"mlcfg/internal/dataset/pickle"
)

// FuzzFrame reads each column of any bytes, those backed by pyarrow above all: it may
// fail, and puts no cell outside the frame.
func FuzzFrame(f *testing.F) {
	paths, _ := filepath.Glob("testdata/3.1.1_*_p5.pkl")
	if len(paths) == 0 {
		f.Fatal("no seeds")
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx := context.Background()
		frame, err := Open(ctx, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }, pickle.Options{})
		if err != nil {
			return
		}
		for i := range min(len(frame.Columns), 40) {
			_ = frame.Read(ctx, []int{i}, func(col, row int, _ any) error {
				if col != i || row < 0 || row >= frame.Rows {
					t.Fatalf("column %d: a cell of column %d, row %d of %d", i, col, row, frame.Rows)
				}
				return nil
			})
		}
	})
}
