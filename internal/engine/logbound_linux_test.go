package engine

import (
	"bytes"
	"fmt"
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
				if whole := n * len("line 000001\n"); cut < whole-1600 || cut > whole {
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

// A log is looked at by its length, and on a disk with little room sooner; one
// without line ends is cut too.
func TestLogBoundLook(t *testing.T) {
	for name, tt := range map[string]struct {
		size  int64
		free  uint64
		wants int64 // the most that is left
	}{
		"short":                          {longestLog / 2, 1 << 40, longestLog / 2},
		"long":                           {longestLog + 1, 1 << 40, logHead + logTail + 200},
		"little room":                    {8 << 20, scarce - 1, 2*scarceLog + 200},
		"little room, and nothing to do": {2 * scarceLog, scarce - 1, 2 * scarceLog},
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
	}
}

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
