package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// CheckPlain reports whether everything in the run directory at path is a file or a
// folder: what comes from somebody else may hold a pipe that never ends, or a
// link to a device or to a file outside.
func CheckPlain(path string) error {
	entries, err := os.ReadDir(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no run directory %s", path)
	}
	if err != nil {
		return fmt.Errorf("reading the run directory: %w", err)
	}
	for _, e := range entries {
		if t := e.Type(); !t.IsRegular() && !t.IsDir() {
			return fmt.Errorf("%s is neither a file nor a folder; a run directory holds nothing else, copy it with its links followed (cp -rL)", filepath.Join(path, e.Name()))
		}
	}
	return nil
}
