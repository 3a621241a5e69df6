package plainfile

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What is no plain file is refused at once, by what it is.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(at("pipe"), 0o600); err != nil {
		t.Skip("SKIPPED: no pipes here:", err)
	}
	l, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.WriteFile(at("large"), make([]byte, 2049), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"link-pipe": at("pipe"), "link-zero": "/dev/zero", "loop": "loop"} {
		if err := os.Symlink(to, at(name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"pipe": "it is a pipe, not a file", "link-pipe": "it is a pipe, not a file", "socket": "it is a socket, not a file",
		"link-zero": "it is a device, not a file", ".": "it is a folder, not a file", "large": "larger than 2 KiB",
		"nothing": "no such file", "loop": "too many levels",
	} {
		data, err := Read(t.Context(), at(name), 2<<10)
		var p *fs.PathError
		if data != nil || !errors.As(err, &p) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	for _, n := range []int{0, 1, 511, 512, 513, chunk, 3*chunk + 7} {
		want := bytes.Repeat([]byte{'x'}, n)
		if err := os.WriteFile(name, want, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(t.Context(), name, int64(n)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d, %v", n, len(got), err)
		}
	}
	// Files of /proc have no size, and are plain.
	if _, err := os.Stat("/proc/self/status"); err == nil {
		if got, err := Read(t.Context(), "/proc/self/status", 1<<20); err != nil || len(got) == 0 {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if _, err := Read(t.Context(), "/proc/self/status", 10); err == nil {
			t.Error("a file that does not tell its size is not bounded")
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ended, name, 1<<30); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
