package record

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Writer appends records to a file. It is used by one goroutine at a time.
type Writer struct {
	file    *os.File
	sync    func(*os.File) error // forces the file to the disk
	buf     []byte
	records uint64
	closed  bool
	// err is the first failure; a disk that filled up stays full for us, so
	// that records after a gap are never taken for a whole file.
	err error
}

const bufferSize = 64 << 10

// Create makes a new record file; one that exists is an error, nothing is overwritten.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("creating the record file: %w", err)
	}
	return &Writer{file: f, sync: (*os.File).Sync, buf: make([]byte, 0, bufferSize+4<<10)}, nil
}

// Append adds a record to the buffer and writes the buffer once it is full.
func (w *Writer) Append(r *Record) error {
	w.buf = append(r.AppendJSON(w.buf), '\n')
	w.records++
	if len(w.buf) < bufferSize {
		return w.err
	}
	return w.Flush()
}

// Records is how many records were appended.
func (w *Writer) Records() uint64 { return w.records }

// Flush hands everything appended so far to the operating system, after which
// a kill of this process does not lose it. A failed write is cut back to the last whole line.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	n, err := w.file.Write(w.buf)
	if err != nil {
		w.err = fmt.Errorf("writing records: %w", err)
		w.cutBack(n)
	}
	w.buf = w.buf[:0]
	return w.err
}

// Sync forces everything appended so far to the disk, after which a power cut
// does not lose it. After Close, which does so too, there is nothing left to do.
func (w *Writer) Sync() error {
	if w.closed {
		return nil
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := w.sync(w.file); err != nil {
		return fmt.Errorf("forcing records to the disk: %w", err)
	}
	return nil
}

func (w *Writer) cutBack(n int) {
	at, err := w.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return
	}
	whole := bytes.LastIndexByte(w.buf[:n], '\n') + 1
	// Where even this fails the reader still tells the torn line apart.
	_ = w.file.Truncate(at - int64(n) + int64(whole))
}

// Close flushes, forces the file to the disk and closes it.
func (w *Writer) Close() error {
	w.closed = true
	err := w.Flush()
	if syncErr := w.sync(w.file); err == nil && syncErr != nil {
		err = fmt.Errorf("forcing records to the disk: %w", syncErr)
	}
	if closeErr := w.file.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("closing the record file: %w", closeErr)
	}
	return err
}

// ErrTorn reports that the file ends in a line that was not written whole; every
// record before it was read.
var ErrTorn = errors.New("the last record was not written whole")

// longestLine bounds one record; error texts are cut well below it.
const longestLine = 1 << 20

// Read calls yield for each record in the order of the file and stops when
// yield returns false. The record is only valid during the call. A torn last line returns ErrTorn after all whole
// records; a malformed line elsewhere is an error with its line number.
func Read(r io.Reader, yield func(*Record) bool) error {
	in := bufio.NewReaderSize(r, longestLine)
	var all lines
	var rec Record
	for line := 1; ; line++ {
		text, err := in.ReadSlice('\n')
		switch {
		case err == io.EOF && len(text) == 0:
			return nil
		case err == io.EOF:
			return ErrTorn
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("record file line %d: longer than %d bytes", line, longestLine)
		case err != nil:
			return fmt.Errorf("reading records, line %d: %w", line, err)
		}
		if err := all.parse(text, &rec); err != nil {
			return fmt.Errorf("record file line %d: %w", line, err)
		}
		if !yield(&rec) {
			return nil
		}
	}
}

// ReadFile is Read on the file at path.
func ReadFile(path string, yield func(*Record) bool) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the record file: %w", err)
	}
	defer f.Close()
	return Read(f, yield)
}

// ReadAll is ReadFile of all the records in the run directory dir, whose digest is known
// after it.
func (d Digests) ReadAll(dir string, yield func(*Record)) error {
	f, err := os.Open(filepath.Join(dir, FileName))
	if err != nil {
		return fmt.Errorf("opening the record file: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	err = Read(io.TeeReader(f, sum), func(r *Record) bool { yield(r); return true })
	if err == nil || errors.Is(err, ErrTorn) { // it was read to its end
		d[FileName] = hex.EncodeToString(sum.Sum(nil))
	}
	return err
}
