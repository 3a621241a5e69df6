package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A module of one package whose tests notice some changes and not others.
const (
	program = `package run

const limit = 3

func price(n int, gift bool) int {
	if n > limit && !gift {
		n--
	}
	return n * 2
}

func unused() string {
	text := "x" + "y"
	return text
}
`
	tests = `package run

import "testing"

func TestPrice(t *testing.T) {
	if price(2, false) != 4 || price(9, false) != 16 || price(9, true) != 18 {
		t.Fatal()
	}
}
`
)

func made(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module made\n\ngo 1.26\n", "internal/run/made.go": program, "internal/run/made_test.go": tests} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Each kind of change is found at its place, and its text is what it says.
func TestFind(t *testing.T) {
	sources, sites, err := find(filepath.Join(made(t), "internal", "run"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sites {
		text := string(change(sources[0], map[int]site{7: s}))
		line := strings.Split(text, "\n")[s.line-1]
		got = append(got, s.what+" => "+strings.TrimSpace(line))
	}
	want := []string{
		`* becomes /: n * 2 => return mutantMul(7, n , 2)`,
		`+ becomes -: "x" + "y" => text := mutantAdd(7, "x" , "y")`,
		`boundary >=: n > limit => if ((n > limit) != (mutantOn(7) && (n == limit))) && !gift {`,
		`left out: n-- => if !mutantOn(7) { n-- }`,
		`negated: n > limit && !gift => if (mutantOn(7) != (n > limit && !gift)) {`,
		`one more: 2 => return n * mutantMore(7, 2)`,
		`right of && left out: !gift => if n > limit && (mutantOn(7) || (!gift)) {`,
		`zero: return text => if mutantOn(7) { return *new(string) }; return text`,
		`zero: return n * 2 => if mutantOn(7) { return *new(int) }; return n * 2`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// All at once, each around what it is of.
	every := map[int]site{}
	for i, s := range sites {
		every[i] = s
	}
	if text := string(change(sources[0], every)); strings.Count(text, "(") != strings.Count(text, ")") || strings.Count(text, "\n") != strings.Count(program, "\n") {
		t.Errorf("nested changes:\n%s", text)
	}
}

// What the tests notice is told from what they do not, and from what they never reach.
func TestTry(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	b := &bench{root: made(t), work: t.TempDir(), count: 100, parallel: 1, seed: 1}
	got, err := b.try(context.Background(), "internal/run")
	if err != nil {
		t.Fatal(err)
	}
	fates := map[string]fate{}
	for _, m := range got.mutants {
		fates[m.what] = m.fate
	}
	want := map[string]fate{
		"* becomes /: n * 2": noticed, "boundary >=: n > limit": survived, "left out: n--": noticed, "negated: n > limit && !gift": noticed,
		"one more: 2": noticed, "right of && left out: !gift": noticed, "zero: return text": unreached, "zero: return n * 2": noticed,
	}
	for what, f := range want {
		if fates[what] != f {
			t.Errorf("%s: %q, want %q", what, fates[what], f)
		}
	}
	if len(fates) != len(want) { // the plus between texts does not compile with a minus
		t.Errorf("%v", fates)
	}
	if text := table([]tally{got}, 1); !strings.Contains(text, "| `internal/run` | 9 | 8 | 6 | 0 | 1 | 1 |") {
		t.Error(text)
	}
}

// A changed program sees no processes of others, so that it cannot signal them.
func TestAlone(t *testing.T) {
	out, err := alone(context.Background(), "sh", "-c", "cd /proc; echo [0-9]*").Output()
	if err != nil {
		t.Skipf("SKIPPED: no processes apart: %v", err)
	}
	if all := strings.Fields(string(out)); len(all) == 0 || len(all) > 3 || all[0] != "1" {
		t.Errorf("it sees the processes %q", all)
	}
}
