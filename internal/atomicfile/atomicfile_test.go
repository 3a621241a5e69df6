package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestWriteReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.yaml")
	for _, text := range []string{"first, and longer", "second"} {
		if err := Write(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("file holds %q, want %q", got, text)
		}
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 1 {
		t.Errorf("%d files left in the folder, want 1", len(left))
	}
}

func TestWriteKeepsModeAndLink(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := os.WriteFile(real, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", link); err != nil {
		t.Skip("no symbolic links here")
	}
	if err := Write(link, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	if info, _ := os.Stat(real); info.Mode().Perm() != 0o600 || info.Size() != 1 {
		t.Errorf("the target has mode %v and %d bytes", info.Mode(), info.Size())
	}
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "absent", "m.yaml")} {
		if err := Write(path, nil, 0o644); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Write(%s) = %v, want an error that names the path", path, err)
		}
	}
}

func TestWriteLeavesReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(path, []byte("kept"), 0o444); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("new"), 0o644); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("Write = %v, want an error that says read-only", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "kept" {
		t.Errorf("the file holds %q", got)
	}
}

func TestWriteTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := Write(path, []byte(strings.Repeat("x", 1000)), 0o644); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, _ := os.ReadFile(path); len(got) != 1000 {
		t.Errorf("%d bytes, want 1000", len(got))
	}
}
