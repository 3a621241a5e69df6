package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"mlcfg/internal/plainfile"
)

// startError explains why a program could not be started. The system says "no
// such file" of a script that is there when its interpreter is not.
func startError(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("starting %s: %w", path, err)
	}
	name, found := interpreter(path)
	switch {
	case !found:
		return fmt.Errorf("starting %s: %w", path, err)
	case strings.HasSuffix(name, "\r"):
		return fmt.Errorf("starting %s: its first line ends as lines do on Windows, so that its interpreter would be %q: store the file with LF", path, name)
	}
	if _, statErr := os.Stat(name); statErr == nil {
		return fmt.Errorf("starting %s: %w", path, err)
	}
	return fmt.Errorf("starting %s: its interpreter %s, which its first line names, is not here", path, name)
}

// interpreter is what a script's first line names.
func interpreter(path string) (string, bool) {
	f, err := plainfile.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	head := make([]byte, 256) // as the kernel reads
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", false
	}
	line, ok := bytes.CutPrefix(head[:n], []byte("#!"))
	if !ok {
		return "", false
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	line = bytes.TrimLeft(line, " \t")
	if i := bytes.IndexAny(line, " \t"); i >= 0 {
		line = line[:i]
	}
	return string(line), len(line) > 0
}
