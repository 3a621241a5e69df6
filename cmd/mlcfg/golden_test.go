package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/sharedata"
)

// TestGolden lints every overlay in testdata/ok, which has to stay silent, and
// in testdata/err, whose findings and exit status stand in the .out beside it.
// A new case is a YAML file, and -update writes its .out. A first line
// "# flags: ..." adds flags.
func TestGolden(t *testing.T) {
	t.Chdir(filepath.Join(sharedata.Root(t), "testdata"))
	for _, dir := range []string{"ok", "err"} {
		cases, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil || len(cases) == 0 {
			t.Fatalf("no cases in testdata/%s", dir)
		}
		for _, path := range cases {
			t.Run(strings.TrimSuffix(path, ".yaml"), func(t *testing.T) {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				args := []string{"mlcfg", "lint", "--round", "v5.1", path}
				first, _, _ := strings.Cut(string(data), "\n")
				if flags, ok := strings.CutPrefix(first, "# flags: "); ok {
					args = append(args, strings.Fields(flags)...)
				}
				var stdout, stderr bytes.Buffer
				a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }}
				status := a.run(args)
				got := fmt.Sprintf("%sexit status %d\n", stdout.String(), status)
				want := "exit status 0\n"
				if dir == "err" {
					golden := strings.TrimSuffix(path, ".yaml") + ".out"
					if *update {
						if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
							t.Fatal(err)
						}
					}
					data, err := os.ReadFile(golden)
					if err != nil {
						t.Fatal(err)
					}
					want = string(data)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got)\n%s%s", diff, stderr.String())
				}
			})
		}
	}
}
