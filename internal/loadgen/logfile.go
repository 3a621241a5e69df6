package loadgen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// logFileBuffer is how much a log holds back before it goes to the kernel.
const logFileBuffer = 64 << 10

// LogFile is a log that grows while a run goes on. Until Close it stands beside
// its place under the name path.partial, so that a log under its own name is
// always whole. What reaches the file always ends where a Write ended: a run
// that is killed leaves whole lines.
//
// Its methods may be called from several goroutines.
type LogFile struct {
	mu   sync.Mutex
	path string
	file *os.File
	sync func(*os.File) error // forces a file or a folder to the disk
	buf  []byte
	// err is the first failure. Nothing is written after it, so that a gap in
	// the middle of a log cannot be taken for a whole one.
	err error
}

// PartialSuffix is appended to a log's name until it is complete.
const PartialSuffix = ".partial"

// CreateLogFile starts a log at path. It is an error where a log, complete or
// partial, is already there.
func CreateLogFile(path string) (*LogFile, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("creating %s: %w", path, fs.ErrExist)
	}
	f, err := os.OpenFile(path+PartialSuffix, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", path, err)
	}
	return &LogFile{path: path, file: f, sync: (*os.File).Sync, buf: make([]byte, 0, logFileBuffer)}, nil
}

// Write appends p whole.
func (l *LogFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buf)+len(p) > logFileBuffer {
		l.flush()
	}
	if len(p) > logFileBuffer {
		l.write(p)
	} else if l.err == nil {
		l.buf = append(l.buf, p...)
	}
	if l.err != nil {
		return 0, l.err
	}
	return len(p), nil
}

// Flush hands everything written so far to the kernel, where a kill of this
// process no longer loses it.
func (l *LogFile) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	return l.err
}

func (l *LogFile) flush() {
	if len(l.buf) > 0 {
		l.write(l.buf)
		l.buf = l.buf[:0]
	}
}

func (l *LogFile) write(p []byte) {
	if l.err != nil {
		return
	}
	if _, err := l.file.Write(p); err != nil {
		l.err = fmt.Errorf("writing %s: %w", l.path, err)
	}
}

// Close forces the log to the disk and gives it its name. After a failure the
// partial file stays.
func (l *LogFile) Close() error {
	err := l.Abort()
	if err == nil {
		err = os.Rename(l.path+PartialSuffix, l.path)
	}
	if err == nil {
		l.syncFolder()
	}
	return err
}

// Abort forces the log to the disk and closes it, but leaves it partial.
func (l *LogFile) Abort() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	err := l.err
	if syncErr := l.sync(l.file); err == nil && syncErr != nil {
		err = fmt.Errorf("writing %s: %w", l.path, syncErr)
	}
	if closeErr := l.file.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("writing %s: %w", l.path, closeErr)
	}
	l.err = errors.Join(err, os.ErrClosed)
	return err
}

// discard removes a log that was begun for nothing.
func (l *LogFile) discard() error {
	return errors.Join(l.file.Close(), os.Remove(l.path+PartialSuffix))
}

// syncFolder makes a rename durable where the file system can.
func (l *LogFile) syncFolder() {
	if d, err := os.Open(filepath.Dir(l.path)); err == nil {
		_ = l.sync(d)
		d.Close()
	}
}
