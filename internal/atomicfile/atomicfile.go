// Package atomicfile writes whole files so that a reader, or a crash, sees
// either the old content or the new, never a part.
//
//	err := atomicfile.Write("manifest.yaml", data, 0o644)
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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
func write(path string, perm fs.FileMode, fill func(w io.Writer) error, sync func(*os.File) error) (err error) {
	if target, linkErr := filepath.EvalSymlinks(path); linkErr == nil {
		path = target
	}
	if old, statErr := os.Stat(path); statErr == nil {
		if !old.Mode().IsRegular() {
			return fmt.Errorf("writing %s: not a regular file", path)
		}
		if old.Mode().Perm()&0o222 == 0 {
			return fmt.Errorf("writing %s: it is read-only", path)
		}
		perm = old.Mode().Perm()
	}
	f, err := create(path, perm)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err = fill(f); err == nil {
		err = sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path), sync)
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
func syncDir(dir string, sync func(*os.File) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // a folder that cannot be opened cannot be synced; the file itself is
	}
	_ = sync(d)
	return d.Close()
}
