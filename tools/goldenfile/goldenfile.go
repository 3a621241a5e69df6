// Package goldenfile compares what a test made with a file that holds what is right.
//
//	goldenfile.Check(t, "testdata/report.txt", got)
//
// go test ./PKG -update writes the files anew; read the difference before you commit it.
package goldenfile

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Update reports whether files are to be written anew.
var Update = flag.Bool("update", false, "rewrite golden files")

// Check compares got with the file, and returns what is right.
func Check[T string | []byte](t testing.TB, path string, got T) string {
	t.Helper()
	if *Update {
		Write(t, path, got)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
	return string(want)
}

// Write writes a file, and its folder where that is not there.
func Write[T string | []byte](t testing.TB, path string, text T) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
