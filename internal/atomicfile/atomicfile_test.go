package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
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

// The file is on the disk before it has its name, and the name after that.
func TestSynced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	var steps []string
	err := write(path, 0o600, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }, func(f *os.File) error {
		named, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		text, _ := os.ReadFile(f.Name()) // none of a folder
		steps = append(steps, filepath.Ext(f.Name())+" "+string(text)+", named "+string(named))
		return nil
	})
	if want := []string{".tmp new, named old", " , named new"}; err != nil || !slices.Equal(steps, want) {
		t.Errorf("%q, %v; want %q", steps, err, want)
	}
	full := errors.New("no space left on device")
	if err := write(path, 0o600, func(io.Writer) error { return nil }, func(*os.File) error { return full }); !errors.Is(err, full) {
		t.Errorf("a file that cannot be forced to the disk: %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "new" {
		t.Errorf("and yet it is named: %q", text)
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

// TestBatch writes files of two folders from several goroutines, one over a link.
func TestBatch(t *testing.T) {
	dir := t.TempDir()
	var b Batch
	var writers sync.WaitGroup
	for _, folder := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"x", "y", "z"} {
			writers.Go(func() {
				if err := b.Write(filepath.Join(dir, folder, name), []byte(folder+name), 0o644); err != nil {
					t.Error(err)
				}
			})
		}
	}
	writers.Wait()
	if err := os.Symlink("x", filepath.Join(dir, "a", "link")); err != nil {
		t.Skip("no symbolic links here")
	}
	if err := b.Write(filepath.Join(dir, "a", "link"), []byte("linked"), 0o644); err != nil {
		t.Error(err)
	}
	if err := b.Sync(); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]string{"a/x": "linked", "a/y": "ay", "b/z": "bz"} {
		if got, _ := os.ReadFile(filepath.Join(dir, path)); string(got) != want {
			t.Errorf("%s holds %q, want %q", path, got, want)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "a")); len(left) != 4 {
		t.Errorf("%d files in the folder, want 4", len(left))
	}
	if err := b.Write(filepath.Join(dir, "absent", "x"), nil, 0o644); err == nil {
		t.Error("no error for a folder that is not there")
	}
}

// A file of a batch that holds the data already stays that file, and counts as written now; one
// that nobody may write is refused all the same.
func TestBatchLeavesWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	var b Batch
	write := func(text string) os.FileInfo {
		t.Helper()
		if err := b.Write(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := write("one")
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	if again := write("one"); !os.SameFile(first, again) || !again.ModTime().After(long) {
		t.Errorf("the same data: another file, or of %v", again.ModTime())
	}
	if other := write("two"); os.SameFile(first, other) {
		t.Error("other data was written into the file that is there")
	}
	if text, _ := os.ReadFile(path); string(text) != "two" {
		t.Errorf("the file holds %q", text)
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := b.Write(path, []byte("two"), 0o644); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("Write = %v, want an error that says read-only", err)
	}
}
