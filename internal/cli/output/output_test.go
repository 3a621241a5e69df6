package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
)

type failing struct {
	after int
	err   error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, f.err
	}
	return len(p), nil
}

// The first error stays, whoever ignored it, and nothing is written after it.
func TestWriter(t *testing.T) {
	f := &failing{after: 1, err: &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}}
	w := New(f)
	fmt.Fprint(w, "a")
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	fmt.Fprint(w, "b")
	f.after = 5
	fmt.Fprint(w, "c")
	if !errors.Is(w.Err(), syscall.ENOSPC) || f.after != 5 || Gone(w.Err()) {
		t.Errorf("%v, %d", w.Err(), f.after)
	}
	if New(w) != w {
		t.Error("a writer was wrapped twice")
	}
	var b bytes.Buffer
	if _, err := io.WriteString(New(&b), "whole"); err != nil || b.String() != "whole" {
		t.Error(err, b.String())
	}
	broken := New(&failing{err: &os.PathError{Err: syscall.EPIPE}})
	fmt.Fprint(broken, "x")
	if !Gone(broken.Err()) {
		t.Error(broken.Err())
	}
}
