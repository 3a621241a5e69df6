package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotFolder says of a path that it cannot be a run directory.
var ErrNotFolder = errors.New("not a folder, and a run directory is one")

// CheckPlain reports whether everything in the run directory at path is a file or a
// folder: what comes from somebody else may hold a pipe that never ends, or a
// link to a device or to a file outside.
func CheckPlain(path string) error {
	root, err := filepath.EvalSymlinks(path)
	if err == nil {
		_, err = os.ReadDir(root)
	}
	if info, statErr := os.Stat(path); statErr == nil && !info.IsDir() {
		return fmt.Errorf("reading the run directory: %s is %w", path, ErrNotFolder)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no run directory %s", path)
	}
	if err != nil {
		return fmt.Errorf("reading the run directory: %w", err)
	}
	return filepath.WalkDir(root, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("reading the run directory: %w", err)
		}
		t := e.Type()
		// An engine may leave the sockets of its processes beside its logs; nobody opens them.
		leftBehind := t&fs.ModeSocket != 0 && filepath.Dir(at) != root
		if t.IsRegular() || t.IsDir() || leftBehind {
			return nil
		}
		return fmt.Errorf("%s is neither a file nor a folder; a run directory holds nothing else, copy it with its links followed (cp -rL)", at)
	})
}
