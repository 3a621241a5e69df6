package engine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The end of a log begins with a whole line, and a log that is short is whole.
func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	line := strings.Repeat("x", 63) + "\n"
	full := strings.Repeat(line, tailSize/len(line))
	for name, c := range map[string]struct{ text, want string }{
		"empty":          {"", ""},
		"short":          {"a\nb", "a\nb"},
		"just as long":   {full, full},
		"a byte longer":  {"a" + full, full[len(line):]},
		"one long line":  {strings.Repeat("x", tailSize+9), strings.Repeat("x", tailSize)},
		"its last alone": {strings.Repeat("x", tailSize+9) + "\nlast", "last"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := tail(path); got != c.want {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(c.want))
		}
	}
	if got := tail(filepath.Join(t.TempDir(), "none")); got != "" {
		t.Errorf("%q", got)
	}
}

// The last lines that say something, fewer where there are no more.
func TestLastLines(t *testing.T) {
	for n, want := range map[int][]string{0: {}, 1: {"c"}, 2: {"b", "c"}, 3: {"a", "b", "c"}, 4: {"a", "b", "c"}} {
		if got := lastLines("a\n\n  \nb\nc\n\r\n", n); !slices.Equal(got, want) {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// A follower keeps of a line without an end no more than it looks at, and finds its way
// in a log that became shorter.
func TestFollowerIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f := follower{path: path}
	if got := f.lines(); got != nil {
		t.Errorf("a log that is not there: %q", got)
	}
	add := func(text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	add("first")
	for range 3 {
		add(strings.Repeat("x", tailSize-1) + "y")
		f.lines()
	}
	if f.lines(); len(f.part) != tailSize || !strings.HasSuffix(f.part, "y") {
		t.Errorf("%d bytes of an unfinished line are kept, want the last %d", len(f.part), tailSize)
	}
	add("\nsecond\nthird")
	if got := f.lines(); len(got) != 3 || got[1] != "second" || got[2] != "third" || f.part != "third" {
		t.Errorf("%d lines, %q is unfinished", len(got), f.part)
	}
	// Shorter than before: its end is looked at anew.
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := f.lines(); !slices.Equal(got, []string{"a", "b"}) || f.at != 4 {
		t.Errorf("%q up to %d", got, f.at)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("\n", tailSize+4)), 0o600); err != nil {
		t.Fatal(err)
	}
	for f.at < tailSize+4 {
		f.lines()
	}
	if err := os.WriteFile(path, []byte("z\n"+strings.Repeat("\n", tailSize)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := f.lines(); len(got) != 0 {
		t.Errorf("%q is before the end that is looked at", got)
	}
}
