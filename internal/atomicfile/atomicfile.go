// Package atomicfile writes whole files so that a reader, or a crash, sees
// either the old content or the new, never a part.
//
//	err := atomicfile.Write("manifest.yaml", data, 0o644)
package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Write puts data into the file at path: written to a temporary name beside it,
// synced, and renamed over it. A symbolic link at path is followed, so that it
// stays a link. The folder must exist. perm is cut by the process's umask; an
// existing file keeps its own permissions, and one that nobody may write is
// refused: a rename alone would not ask.
func Write(path string, data []byte, perm fs.FileMode) error {
	return WriteFunc(path, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteFunc is [Write] for content that fill writes piece by piece. Where fill
// fails, nothing at path has changed.
func WriteFunc(path string, perm fs.FileMode, fill func(w io.Writer) error) error {
	return write(path, perm, fill, (*os.File).Sync)
}

// write is WriteFunc with what forces a file, or a folder, to the disk.
func write(path string, perm fs.FileMode, fill func(w io.Writer) error, force func(*os.File) error) error {
	dir, err := replace(path, perm, fill, force)
	if err != nil {
		return err
	}
	return syncDir(dir, force)
}

// Batch writes many files: each is whole after a crash as with [Write], and all are durable
// once Sync has returned, which syncs each folder once instead of once for each file. The zero
// Batch works; it may be used from several goroutines.
type Batch struct {
	mu   sync.Mutex
	dirs map[string]bool
}

// Write is [Write], but for the folder, and but for a file that holds the data already: that one
// gets the time of now and is not made again, which costs as much as all else of it.
func (b *Batch) Write(path string, data []byte, perm fs.FileMode) error {
	if now := time.Now(); holds(path, data) && os.Chtimes(path, now, now) == nil {
		return nil
	}
	dir, err := replace(path, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}, (*os.File).Sync)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dirs == nil {
		b.dirs = map[string]bool{}
	}
	b.dirs[dir] = true
	return nil
}

// holds reports whether a file that may be written is there and has the data.
func holds(path string, data []byte) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o222 == 0 || info.Size() != int64(len(data)) {
		return false
	}
	there, err := os.ReadFile(path)
	return err == nil && bytes.Equal(there, data)
}

// Sync makes what was written durable.
func (b *Batch) Sync() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for dir := range b.dirs {
		errs = append(errs, syncDir(dir, (*os.File).Sync))
	}
	b.dirs = nil
	return errors.Join(errs...)
}

// replace writes the file and returns its folder, which is not yet synced.
func replace(path string, perm fs.FileMode, fill func(w io.Writer) error, force func(*os.File) error) (dir string, err error) {
	old, statErr := os.Lstat(path)
	if statErr == nil && old.Mode()&fs.ModeSymlink != 0 {
		if target, linkErr := filepath.EvalSymlinks(path); linkErr == nil {
			path = target
		}
		old, statErr = os.Stat(path)
	}
	if statErr == nil {
		if old.Mode()&(fs.ModeCharDevice|fs.ModeNamedPipe) != 0 {
			return filepath.Dir(path), stream(path, fill) // /dev/null, /dev/stdout: nothing there can be replaced
		}
		if !old.Mode().IsRegular() {
			return "", fmt.Errorf("writing %s: not a regular file", path)
		}
		if old.Mode().Perm()&0o222 == 0 {
			return "", fmt.Errorf("writing %s: it is read-only", path)
		}
		perm = old.Mode().Perm()
	}
	f, err := create(path, perm)
	if p := (*fs.PathError)(nil); errors.As(err, &p) { // the temporary name is nobody's business
		return "", fmt.Errorf("writing %s: into its folder: %w", path, p.Err)
	}
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err = fill(f); err == nil {
		err = force(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	return filepath.Dir(path), os.Rename(f.Name(), path)
}

// stream writes into a device or a pipe.
func stream(path string, fill func(w io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(f), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// create makes the temporary file. os.CreateTemp would do but for its fixed
// mode 0600, which the umask of the user should decide instead.
func create(path string, perm fs.FileMode) (*os.File, error) {
	for i := 0; ; i++ {
		name := fmt.Sprintf("%s.%d-%d.tmp", path, os.Getpid(), i)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if i < 1000 && errors.Is(err, fs.ErrExist) {
			continue
		}
		return f, err
	}
}

// syncDir makes the rename durable. File systems that cannot sync a folder
// are not a reason to fail.
func syncDir(dir string, force func(*os.File) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // a folder that cannot be opened cannot be synced; the file itself is
	}
	_ = force(d)
	return d.Close()
}
