package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/diag"
	"mlcfg/tools/goldenfile"
)

// TestFaults compares the findings of each testdata/err/*.yaml with the .out
// beside it. A new case is a new pair of files.
func TestFaults(t *testing.T) {
	files, err := filepath.Glob("testdata/err/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			root, found := Parse("", data)
			got := render(found)
			if root == nil {
				got += "not read\n"
			}
			golden := strings.TrimSuffix(path, ".yaml") + ".out"
			goldenfile.Check(t, golden, got)
		})
	}
}

func render(found diag.List) string {
	var b strings.Builder
	for _, d := range found {
		fmt.Fprintf(&b, "%d:%d: %s: %s [%s]\n", d.Pos.Line, d.Pos.Column, d.Severity, d.Message, d.Code)
		for _, line := range [][2]string{{"key", d.Key}, {"suggestion", d.Suggestion}, {"hint", d.Hint}} {
			if line[1] != "" {
				fmt.Fprintf(&b, "    %s: %s\n", line[0], line[1])
			}
		}
		for _, r := range d.Related {
			fmt.Fprintf(&b, "    %d:%d: %s\n", r.Pos.Line, r.Pos.Column, r.Message)
		}
	}
	return b.String()
}
