package dataset

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// fuzzFile runs a reader on any bytes: it may fail, and must do so in peace.
func fuzzFile(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		set, err := Read(context.Background(), path, Options{})
		if err == nil && set.Len() == 0 {
			t.Error("a set without samples")
		}
	})
}

func FuzzJSONL(f *testing.F) {
	fuzzFile(f, "x.jsonl", jsonl, `{"tok_input": [1,]}`, `{"text": {"input": "a"}}`)
}

func FuzzJSON(f *testing.F) {
	fuzzFile(f, "x.json", "[{\"input\": \"a\"}]", `{"input": {"0": "a", "1": "b"}, "tok_input": {"0": [1], "1": null}}`,
		`{"0": {"prompt": "a", "max_tokens": NaN}, "1": {"prompt": "b", "max_tokens": 4}}`,
		`{"columns": ["prompt", "n", "max_tokens"], "index": [0, 1], "data": [["a", null, 3], ["b", 1.5, null]]}`,
		`{"schema": {"fields": [{"name": "prompt", "type": "string"}]}, "data": [{"index": 0, "prompt": [1, 2]}]}`)
}

func FuzzCSV(f *testing.F) {
	fuzzFile(f, "x.csv", "tok_input,messages\n\"[1, 2]\",\"[{\"\"role\"\": \"\"user\"\"}]\"\n", "a\n")
}

func FuzzPickle(f *testing.F) {
	fuzzFile(f, "x.pkl", testFiles(f, "pandas/testdata/2.2.3_*.pkl", "pandas/testdata/1.0.5_ext*.pkl")...)
}

func FuzzParquet(f *testing.F) {
	var chats bytes.Buffer
	if err := parquet.Write(&chats, chatRows()); err != nil {
		f.Fatal(err)
	}
	fuzzFile(f, "x.parquet", append(testFiles(f, "testdata/*.parquet"), chats.String())...)
}

func testFiles(f *testing.F, patterns ...string) []string {
	var out []string
	for _, p := range patterns {
		paths, _ := filepath.Glob(p)
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			out = append(out, string(b))
		}
	}
	if len(out) == 0 {
		f.Fatal("no seeds")
	}
	return out
}
