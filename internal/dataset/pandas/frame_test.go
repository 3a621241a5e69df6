package pandas

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/dataset/pickle"
	"mlcfg/tools/sharedata"
)

// TestFrames reads the committed pickles, written by testdata/make_frames.py
// with several versions of pandas, and compares every cell.
func TestFrames(t *testing.T) {
	compareFolder(t, "testdata")
}

// TestFramesLocal does the same with the pandas of this machine, if it has one.
// MLCFG_PYTHON names the interpreter.
func TestFramesLocal(t *testing.T) {
	python := sharedata.Python(t, "pandas")
	compareFolder(t, sharedata.Generate(t, python, "testdata/make_frames.py", t.TempDir()))
}

func compareFolder(t *testing.T, dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.pkl"))
	if len(files) == 0 {
		t.Fatal("no pickles")
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path[:strings.LastIndex(path, "_p")] + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want struct{ Columns map[string][]any }
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			got, err := readAll(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want.Columns, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// readAll returns every cell of a frame as JSON would have it.
func readAll(path string) (map[string][]any, error) {
	ctx := context.Background()
	f, err := Open(ctx, func() (io.ReadCloser, error) { return os.Open(path) }, pickle.Options{})
	if err != nil {
		return nil, err
	}
	out := map[string][]any{}
	var all []int
	for i, c := range f.Columns {
		switch c.Name {
		case "when", "zone", "exact", "city", "period", "complex", "between", "sparse", "step", "moment", "object_range": // not read
			err := f.Read(ctx, []int{i}, func(int, int, any) error { return nil })
			if err == nil || !strings.Contains(err.Error(), "not read") {
				return nil, fmt.Errorf("column %q: error %w, want that it is not read", c.Name, err)
			}
			continue
		}
		all = append(all, i)
		out[c.Name] = make([]any, f.Rows)
	}
	err = f.Read(ctx, all, func(col, row int, v any) error {
		out[f.Columns[col].Name][row] = asJSON(v)
		return nil
	})
	return out, err
}

func asJSON(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	var out any
	_ = json.Unmarshal(b, &out)
	return out
}

// TestArrowDictionary holds that an unsigned index of one byte goes up to 255, and that
// a signed one below 0 is refused.
func TestArrowDictionary(t *testing.T) {
	values := &arrowChunk{typ: arrowType{'i', 1}, n: 201, by: make([]byte, 201)}
	values.by[200] = 7
	c := arrowChunk{typ: arrowType{'d', 1}, index: 'u', n: 2, by: []byte{200, 255}, children: []*arrowChunk{values}}
	d := &decoder{budget: 10}
	if v, err := c.at(d, 0); v != int64(7) || err != nil {
		t.Errorf("index 200: %v, %v", v, err)
	}
	if _, err := c.at(d, 1); err == nil || !strings.Contains(err.Error(), "outside its data") {
		t.Errorf("index 255 of 201: error %v", err)
	}
	c.index = 'i'
	if _, err := c.at(d, 0); err == nil || !strings.Contains(err.Error(), "outside its data") {
		t.Errorf("index -56: error %v", err)
	}
}
