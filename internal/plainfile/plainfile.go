// Package plainfile reads files whose paths others chose: an overlay names a
// user.conf, a manifest a model. What is no plain file is refused before it is
// opened, because a named pipe would make the program wait for ever and a device
// may never end; a file is read up to a bound.
//
//	data, err := plainfile.Read(ctx, path, 32<<20)
//
// Links are followed. Errors are *fs.PathError.
package plainfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Open opens the plain file at path for reading. It does not wait.
func Open(path string) (*os.File, error) {
	f, _, err := open(path)
	return f, err
}

// open is Open, with what the file says of itself.
func open(path string) (*os.File, fs.FileInfo, error) {
	// Opening alone makes some devices do something.
	info, err := os.Stat(path)
	if err != nil {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = &fs.PathError{Op: "open", Path: path, Err: p.Err}
		}
		return nil, nil, err
	}
	if err := plain(path, info); err != nil {
		return nil, nil, err
	}
	// What is there now may be a pipe put in between: its open does not wait either.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil {
		err = plain(path, info)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// plain is nil for a plain file.
func plain(path string, info fs.FileInfo) error {
	mode := info.Mode()
	kind := "special"
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("it is %s, not a file", kind)}
}

// chunk is how much is read between two looks at the context, in bytes.
const chunk = 1 << 20

// Read returns the content of the plain file at path. A file of more than limit
// bytes is refused, also one that grows while it is read or does not tell its
// size. It ends with the context.
func Read(ctx context.Context, path string, limit int64) ([]byte, error) {
	f, info, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tooLarge := &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("larger than %s", size(limit))}
	if info.Size() > limit {
		return nil, tooLarge
	}
	data := make([]byte, 0, info.Size()+512)
	for {
		if err := ctx.Err(); err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := f.Read(data[len(data):min(cap(data), len(data)+chunk)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > limit:
			return nil, tooLarge
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		}
	}
}

func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}
