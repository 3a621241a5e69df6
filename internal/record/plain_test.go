package record

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCheckPlain(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, StateFile), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, EngineDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := CheckPlain(dir); err != nil {
		t.Error(err)
	}
	pipe := filepath.Join(dir, SummaryFile)
	for what, plant := range map[string]func() error{
		"pipe":             func() error { return syscall.Mkfifo(pipe, 0o644) },
		"link to a device": func() error { return os.Symlink("/dev/zero", pipe) },
		"link to nothing":  func() error { return os.Symlink("nothing", pipe) },
	} {
		if err := plant(); err != nil {
			t.Fatal(err)
		}
		if err := CheckPlain(dir); err == nil || !strings.Contains(err.Error(), SummaryFile) {
			t.Errorf("%s: %v", what, err)
		}
		os.Remove(pipe)
	}
	part := filepath.Join(dir, PartsDir, "part-00000.parquet")
	if err := errors.Join(os.Mkdir(filepath.Dir(part), 0o755), syscall.Mkfifo(part, 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := CheckPlain(dir); err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("a pipe among the parts: %v", err)
	}
	if err := openPart(part, nil); err == nil { // returns at all
		t.Error("a pipe is read as a part")
	}
	for where, want := range map[string]bool{dir: false, filepath.Join(dir, EngineDir): true} { // an engine leaves sockets beside its logs
		socket := filepath.Join(where, "s")
		l, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(part); err != nil {
			t.Fatal(err)
		}
		if err := CheckPlain(dir); (err == nil) != want {
			t.Errorf("a socket at %s: %v", socket, err)
		}
		if err := errors.Join(l.Close(), syscall.Mkfifo(part, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := CheckPlain(filepath.Join(dir, "none")); err == nil || !strings.HasPrefix(err.Error(), "there is no run directory ") {
		t.Error(err)
	}
	if err := CheckPlain(filepath.Join(dir, StateFile)); err == nil || !strings.HasPrefix(err.Error(), "reading the run directory: ") {
		t.Errorf("a file: %v", err)
	}
	link := filepath.Join(t.TempDir(), "latest")
	if err := errors.Join(os.Remove(part), os.Symlink(dir, link)); err != nil {
		t.Fatal(err)
	}
	if err := CheckPlain(link); err != nil {
		t.Errorf("a link to a run directory: %v", err)
	}
}

// Names come from manifests and become part of a path.
func TestNameStaysBelowItsParent(t *testing.T) {
	for _, word := range []string{"../../etc", "/etc/passwd", "..", ".", "a/b\\c", "\x00\x1b[2J", "\u202e", strings.Repeat("../", 100)} {
		got := Name("results", []string{word, word}, time.Now())
		if filepath.Dir(got) != "results" || strings.ContainsAny(filepath.Base(got), "/\\\x00\x1b\u202e") {
			t.Errorf("%q gives %q", word, got)
		}
	}
	// A link that leads nowhere is taken, too.
	dir := t.TempDir()
	now := time.Now()
	first := Name(dir, []string{"x"}, now)
	if err := os.Symlink("nowhere", first); err != nil {
		t.Fatal(err)
	}
	if second := Name(dir, []string{"x"}, now); second == first {
		t.Error("a name that a link has is free")
	}
	if _, err := CreateDir(first); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("a link is written through: %v", err)
	}
}
