package record

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

// The buffer is written once it is full, and not before.
func TestBufferIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	r := Record{Status: Failed}
	empty := len(r.AppendJSON(nil)) - len(null) + len(`""`) + 1
	onDisk := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	for _, c := range []struct{ line, want int }{{bufferSize - 1, 0}, {empty + 1, bufferSize + empty}, {bufferSize, 2*bufferSize + empty}} {
		r.Error = strings.Repeat("x", c.line-empty)
		if err := w.Append(&r); err != nil || onDisk() != int64(c.want) {
			t.Errorf("after a line of %d bytes %d are written, want %d; %v", c.line, onDisk(), c.want, err)
		}
	}
	if err := errors.Join(w.Close(), w.Flush()); err != nil {
		t.Errorf("nothing is left to write after the end: %v", err)
	}
}

// A disk that is full in the middle of a line leaves whole lines, and the fault is told from then on.
func TestDiskFull(t *testing.T) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Skipf("SKIPPED: no limit of a file's size: %v", err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	path := filepath.Join(t.TempDir(), FileName)
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	all := samples()
	line := func(i int) int64 { return int64(len(all[i].AppendJSON(nil)) + 1) }
	if err := errors.Join(w.Append(&all[0]), w.Flush(), w.Append(&all[1]), w.Append(&all[0]), w.Append(&all[1])); err != nil {
		t.Fatal(err)
	}
	whole := line(0) + line(1) + line(0)
	limit := was
	limit.Cur = uint64(whole + 7)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skipf("SKIPPED: no limit of a file's size: %v", err)
	}
	synced := w.Sync()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(synced, syscall.EFBIG) || !strings.Contains(synced.Error(), "writing records: ") {
		t.Errorf("%v, want that the file cannot grow", synced)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != whole {
		t.Errorf("%v bytes are left, want %d: whole lines alone; %v", info.Size(), whole, err)
	}
	if err := w.Append(&all[0]); err == nil {
		err = w.Flush()
		if !errors.Is(err, syscall.EFBIG) { // with room again: a gap would not be seen
			t.Errorf("then %v", err)
		}
	}
	if err := w.Close(); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("at the end %v", err)
	}
	if got := len(readAll(t, path, nil)); got != 3 {
		t.Errorf("%d records, want 3", got)
	}
}

// What fails at the end is told with what was done.
func TestClosingFails(t *testing.T) {
	w, err := Create(filepath.Join(t.TempDir(), FileName))
	if err != nil {
		t.Fatal(err)
	}
	w.sync = func(*os.File) error { return nil }
	if err := errors.Join(w.file.Close(), w.Close()); !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), "closing the record file: ") {
		t.Error(err)
	}
	w, err = Create(filepath.Join(t.TempDir(), FileName))
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	w.sync = func(*os.File) error { return full }
	for what, do := range map[string]func() error{"Sync": w.Sync, "Close": w.Close} {
		w.closed = false
		if err := do(); !errors.Is(err, full) || !strings.Contains(err.Error(), "forcing records to the disk: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is no record is told with its line.
func TestReadingFails(t *testing.T) {
	line := string((&Record{Status: OK}).AppendJSON(nil)) + "\n"
	broken := errors.New("the disk is broken")
	long := line[:len(line)-2] + strings.Repeat(" ", longestLine)
	for name, c := range map[string]struct {
		in   io.Reader
		want string
	}{
		"a long line": {strings.NewReader(line + long + "}\n"), "record file line 2: longer than 1048576 bytes"},
		"a failure":   {io.MultiReader(strings.NewReader(line+line[:9]), iotest.ErrReader(broken)), "reading records, line 2: the disk is broken"},
		"a status":    {strings.NewReader(line + strings.Replace(line, `"ok"`, `"fine"`, 1)), `record file line 2: unknown status "fine"`},
		"as JSON":     {strings.NewReader(line + strings.Replace(line, `:"ok"`, `: "fine"`, 1)), `record file line 2: unknown status "fine"`},
		"two in one":  {strings.NewReader(line + strings.TrimSuffix(line, "\n") + line), "record file line 2: there is more behind the record: "},
	} {
		n := 0
		if err := Read(c.in, func(*Record) bool { n++; return true }); err == nil || !strings.HasPrefix(err.Error(), c.want) || n != 1 {
			t.Errorf("%s: %d records, %v, want one and %s", name, n, err, c.want)
		}
	}
	var r Record
	if err := r.UnmarshalJSON([]byte(`{"seq":"one"}`)); err == nil {
		t.Error("a text is taken for a number")
	}
	// A line that is exactly as long as one may be is read.
	if err := Read(bytes.NewReader([]byte(long[:longestLine-2]+"}\n")), func(*Record) bool { return true }); err != nil {
		t.Error(err)
	}
}
