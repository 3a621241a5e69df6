// Package output is a program's standard output: it remembers the first error of
// a write, so that no command can end well whose result was not delivered.
//
//	out := output.New(os.Stdout)
//	... everything writes to out ...
//	if err := out.Err(); err != nil { exit with 2 }
package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// Writer is a standard output. It is used by one goroutine at a time.
type Writer struct {
	// To is where the output goes, for those who ask whether it is a terminal.
	To  io.Writer
	err error
}

// New returns the output that goes to w, w itself where it is a Writer already.
func New(w io.Writer) *Writer {
	if out, ok := w.(*Writer); ok {
		return out
	}
	return &Writer{To: w}
}

// Write writes p; after an error it writes nothing more.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.To.Write(p)
	if err != nil {
		w.err = fmt.Errorf("writing standard output: %w", err)
	}
	return n, w.err
}

// JSON writes a value as indented JSON, for scripts.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// Err is the first error of a write.
func (w *Writer) Err() error { return w.err }

// Gone reports whether err is that of an output whose reader went away, as head
// does when it has enough: nothing need be said of it.
func Gone(err error) bool { return errors.Is(err, syscall.EPIPE) }
