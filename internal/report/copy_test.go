package report

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/record"
)

// The records' Parquet copy that is not theirs is said, and nothing of it is VALID.
func TestCopy(t *testing.T) {
	cut := func(rows []record.Record) []record.Record { return rows[:len(rows)-1] }
	for name, c := range map[string]struct {
		change func(dir string) error
		want   string // empty: nothing is said
	}{
		"as it was": {func(string) error { return nil }, ""},
		"no copy":   {func(dir string) error { return os.RemoveAll(filepath.Join(dir, record.PartsDir)) }, ""},
		"no seal":   {func(dir string) error { return os.Remove(filepath.Join(dir, record.SealFile)) }, ""},
		"a row less": {func(dir string) error {
			rewrite(t, dir, same, cut)
			return nil
		}, "records.parquet has "},
		"a byte changed": {func(dir string) error {
			path := filepath.Join(dir, record.PartsDir, "part-00000.parquet")
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text[100] ^= 1
			return os.WriteFile(path, text, 0o644)
		}, "records.parquet/part-00000.parquet is not what was sealed"},
		"a part more": {func(dir string) error {
			path := filepath.Join(dir, record.PartsDir, "part-00000.parquet")
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, record.PartsDir, "part-00001.parquet"), text, 0o644)
		}, "records.parquet has "},
		"the record file changed": {func(dir string) error {
			path := filepath.Join(dir, record.FileName)
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, []byte(strings.Replace(string(text), `"input_tokens":100`, `"input_tokens":101`, 1)), 0o644)
		}, "records.jsonl is not what was sealed"},
		"no Parquet": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, record.PartsDir, "part-00000.parquet"), []byte("PAR1"), 0o644)
		}, "records.parquet/part-00000.parquet: "},
	} {
		dir := wholeRun(t)
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		sum := judged(t, dir).Summary
		said := slices.ContainsFunc(sum.Reasons, func(r string) bool {
			return strings.HasPrefix(r, "the two copies of the records differ: "+c.want)
		})
		if sum.Valid != (c.want == "") || said != (c.want != "") {
			t.Errorf("%s: valid %t, %q; want %q", name, sum.Valid, sum.Reasons, c.want)
		}
	}
}

// A run of an earlier build is not judged by what its manifest does not say.
func TestFormerRun(t *testing.T) {
	dir := fixture(t, 10, record.State{Phase: record.Ended, Program: "mlrun 0.1"}, nil)
	path := filepath.Join(dir, record.ManifestFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "format: 2\n", "format: 1\n", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Load(dir)
	want := "loading the run " + dir + ": its manifest has format 1, which does not fix how it is judged: report on it with the program that recorded it (mlrun 0.1); summary.json and records.jsonl are as that wrote them"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}
