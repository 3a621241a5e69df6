package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A log that is too long keeps its beginning and its end, in whole lines, and says
// what is missing; whoever appends to it goes on behind.
func TestLogBound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replica-0.log")
	engine, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	n := 0
	print := func(lines int) {
		t.Helper()
		for range lines {
			n++
			if _, err := fmt.Fprintf(engine, "line %06d\n", n); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := logBound{path: path}
	for round := 1; round <= 3; round++ {
		print(10_000)
		if err := b.shorten(1000, 500, "because"); err != nil {
			t.Fatal(err)
		}
		print(1)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		if len(data) > 1700 || lines[0] != "line 000001" || lines[len(lines)-1] != fmt.Sprintf("line %06d", n) || lines[len(lines)-2] != fmt.Sprintf("line %06d", n-1) {
			t.Errorf("round %d: %d bytes, from %q to %q", round, len(data), lines[0], lines[len(lines)-1])
		}
		notes := 0
		for _, line := range lines {
			var number, cut int
			if _, err := fmt.Sscanf(line, "--- mlrun cut about %d bytes out of this log here: because ---", &cut); err == nil {
				notes++
				whole := n * len("line 000001\n")
				if kept := (len(lines) - 2) * len("line 000001\n"); round == 1 && cut+kept != whole {
					t.Errorf("%d bytes cut and %d kept of %d", cut, kept, whole)
				}
				if cut < whole-1600 || cut > whole {
					t.Errorf("round %d: %d bytes cut of %d", round, cut, whole)
				}
			} else if _, err := fmt.Sscanf(line, "line %06d", &number); line != "" && (err != nil || len(line) != len("line 000001")) {
				t.Errorf("round %d: %q", round, line)
			}
		}
		if notes != 1 {
			t.Errorf("round %d: %d notes", round, notes)
		}
	}
}

// Where less is to be kept than before, less is kept of the beginning too.
func TestLogBoundShrinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	if err := os.WriteFile(path, bytes.Repeat([]byte("a line\n"), 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	b := logBound{path: path}
	for _, keep := range []int64{20_000, 100} {
		if err := b.shorten(keep, keep, "because"); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() > 2*keep+100 || info.Size() < keep {
			t.Errorf("%d bytes are left, want %d at each end; %v", info.Size(), keep, err)
		}
	}
}

// A log is looked at by its length, and on a disk with little room sooner; one
// without line ends is cut too.
func TestLogBoundLook(t *testing.T) {
	for name, tt := range map[string]struct {
		size  int64
		free  uint64
		wants int64 // the most that is left
		why   string
	}{
		"short":                          {longestLog / 2, 1 << 40, longestLog / 2, ""},
		"as long as it may be":           {longestLog, 1 << 40, longestLog, ""},
		"long":                           {longestLog + 1, 1 << 40, logHead + logTail + 200, "a log is cut when it is longer than 128 MiB"},
		"little room":                    {8 << 20, scarce - 1, 2*scarceLog + 200, "less than 64 MiB are free on the disk"},
		"just enough room":               {8 << 20, scarce, 8 << 20, ""},
		"little room, and nothing to do": {4 * scarceLog, scarce - 1, 4 * scarceLog, ""},
	} {
		path := filepath.Join(t.TempDir(), "x.log")
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, tt.size); err != nil { // sparse
			t.Fatal(err)
		}
		b := logBound{path: path, free: func(string) (uint64, error) { return tt.free, nil }}
		if err := b.look(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if cut := tt.wants < tt.size; info.Size() > tt.wants || cut == (info.Size() == tt.size) {
			t.Errorf("%s: %d bytes are left of %d, want %d", name, info.Size(), tt.size, tt.wants)
		}
		if tt.why != "" && !strings.Contains(tail(path)+head(t, path, tt.wants), tt.why) {
			t.Errorf("%s: the log does not say %q", name, tt.why)
		}
	}
}

// head is what a log has around the place of a cut.
func head(t *testing.T, path string, longest int64) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at := longest / 2
	if longest > logHead {
		at = logHead
	}
	text := make([]byte, 1<<10)
	n, err := f.ReadAt(text, max(0, at-512))
	if n == 0 {
		t.Fatal(err)
	}
	return string(text[:n])
}

// A log that cannot be looked at is left alone, and the next look tries again.
func TestLogBoundFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	b := logBound{path: path}
	if err := errors.Join(b.look(), b.shorten(1, 1, "")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := b.shorten(1, 1, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 4*scarceLog+1)); err != nil {
		t.Fatal(err)
	}
	b.free = func(string) (uint64, error) { return 0, fs.ErrPermission }
	if err := b.look(); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 4*scarceLog+1 {
		t.Errorf("%v, %v", info, err)
	}
}

// The beginning of a log ends with a whole line, where one ends nearby.
func TestLineEnd(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	for _, c := range []struct {
		text     string
		at, want int64
	}{
		{"ab\ncd\nef", 8, 6},
		{"ab\ncd\nef", 6, 6},
		{"ab\ncd\nef", 5, 3},
		{"ab\ncd\nef", 2, 2},
		{"\nb", 2, 1},
		{"ab\n", 100, 3},
		{"\n" + long, 1 << 16, 1},
		{"\n" + long, 1<<16 + 1, 1<<16 + 1},
		{"a\n" + long, 1<<16 + 1, 2},
	} {
		if got, err := lineEnd(strings.NewReader(c.text), c.at); got != c.want || err != nil {
			t.Errorf("%.10q before %d: %d, %v; want %d", c.text, c.at, got, err, c.want)
		}
	}
	if _, err := lineEnd(broken{}, 5); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("%v", err)
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, fs.ErrClosed }

// A follower goes on in a log whose middle was cut out.
func TestFollowerOfACutLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	if err := os.WriteFile(path, bytes.Repeat([]byte("loading\n"), 10_000), 0o644); err != nil {
		t.Fatal(err)
	}
	f := follower{path: path}
	f.lines()
	if err := (&logBound{path: path}).shorten(100, 100, "because"); err != nil {
		t.Fatal(err)
	}
	log, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	fmt.Fprintln(log, "serving")
	if lines := f.lines(); len(lines) == 0 || lines[len(lines)-1] != "serving" {
		t.Errorf("%q", lines)
	}
}
