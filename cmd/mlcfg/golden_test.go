package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/tools/goldenfile"
	"mlcfg/tools/sharedata"
)

// TestGolden lints every overlay in testdata/ok, which has to stay silent, and
// in testdata/err, whose findings and exit status stand in the .out beside it.
// A new case is a YAML file, and -update writes its .out. A first line
// "# flags: ..." adds flags; a line "# pad: N" stands for N characters of comment.
func TestGolden(t *testing.T) {
	home := chdirCopy(t, filepath.Join(sharedata.Root(t), "testdata"))
	for _, dir := range []string{"ok", "err"} {
		cases, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil || len(cases) == 0 {
			t.Fatalf("no cases in testdata/%s", dir)
		}
		for _, path := range cases {
			t.Run(strings.TrimSuffix(path, ".yaml"), func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }}
				status := a.run(lintArgs(t, path))
				got := fmt.Sprintf("%sexit status %d\n", stdout.String(), status)
				want := "exit status 0\n"
				if dir == "err" {
					golden := filepath.Join(home, strings.TrimSuffix(path, ".yaml")+".out")
					if *goldenfile.Update {
						goldenfile.Write(t, golden, got)
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

// chdirCopy makes a copy of a folder the working folder of the test, with lines
// "# pad: N" filled up, and gives the folder's own path.
func chdirCopy(t *testing.T, dir string) (home string) {
	t.Helper()
	home, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(to)
	files, err := filepath.Glob("*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		before, rest, found := strings.Cut(string(data), "# pad: ")
		if _, err := fmt.Sscanf(rest, "%d", &n); !found || err != nil {
			continue
		}
		if err := os.WriteFile(file, []byte(before+"# pad: "+rest+strings.Repeat("#", n)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// lintArgs is the command line for a case.
func lintArgs(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"mlcfg", "lint", "--round", "v5.1", path}
	first, _, _ := strings.Cut(string(data), "\n")
	if flags, ok := strings.CutPrefix(first, "# flags: "); ok {
		args = append(args, strings.Fields(flags)...)
	}
	return args
}
