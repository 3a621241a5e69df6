package loadgen

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.txt")
	log, err := CreateLogFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(strings.Repeat("x", 99) + "\n")
	const lines = 2000
	for range lines {
		if _, err := log.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	partial, err := os.ReadFile(path + PartialSuffix)
	if err != nil {
		t.Fatal(err)
	}
	if len(partial) == 0 || len(partial)%len(line) != 0 {
		t.Errorf("%d bytes before the flush, not whole lines", len(partial))
	}
	if err := log.Flush(); err != nil {
		t.Fatal(err)
	}
	if partial, _ = os.ReadFile(path + PartialSuffix); len(partial) != lines*len(line) {
		t.Errorf("%d bytes after the flush, want %d", len(partial), lines*len(line))
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the log has its name before it is complete")
	}
	long := bytes.Repeat([]byte("y"), 3*logFileBuffer)
	if _, err := log.Write(long); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	if want := append(bytes.Repeat(line, lines), long...); !bytes.Equal(whole, want) {
		t.Errorf("%d bytes, want %d", len(whole), len(want))
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files left", len(left))
	}
	if _, err := log.Write(line); err == nil {
		t.Error("a closed log takes lines")
	}
}

// The buffer is handed over before it would grow: a kill loses no more than that.
func TestLogFileIsHandedOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.txt")
	log, err := CreateLogFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		info, err := os.Stat(path + PartialSuffix)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write := func(n int) {
		if _, err := log.Write(bytes.Repeat([]byte("x"), n)); err != nil {
			t.Fatal(err)
		}
	}
	write(logFileBuffer - 10)
	write(10)
	if size() != 0 || cap(log.buf) != logFileBuffer {
		t.Errorf("%d bytes are handed over of a buffer that is just full; it holds %d", size(), cap(log.buf))
	}
	write(1)
	if size() != logFileBuffer || cap(log.buf) != logFileBuffer {
		t.Errorf("%d bytes are handed over, want %d; the buffer holds %d", size(), logFileBuffer, cap(log.buf))
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLogFileNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.txt")
	for _, name := range []string{path, path + PartialSuffix} {
		if err := os.WriteFile(name, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := CreateLogFile(path); err == nil {
			t.Errorf("created over %s", name)
		}
		os.Remove(name)
	}
}

func TestLogFileKeepsThePartialAfterAFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.txt")
	log, err := CreateLogFile(path)
	if err != nil {
		t.Fatal(err)
	}
	log.file.Close()
	log.Write([]byte("line\n"))
	if err := log.Close(); err == nil {
		t.Error("no error from a file that cannot be written")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("an incomplete log got its name")
	}
}

// A log is on the disk before it has its name, and its name is when Close returns; what cannot
// be forced there is no log that is whole.
func TestLogFileIsSynced(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(*LogFile) error
		fails  bool
		synced []string
	}{
		"closed":              {(*LogFile).Close, false, []string{"log.partial", "."}},
		"aborted":             {(*LogFile).Abort, false, []string{"log.partial"}},
		"a disk that is full": {(*LogFile).Close, true, []string{"log.partial"}},
	} {
		dir := t.TempDir()
		l, err := CreateLogFile(filepath.Join(dir, "log"))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := l.Write([]byte("a line\n")); n != 7 || err != nil {
			t.Errorf("%d bytes written, %v", n, err)
		}
		var synced []string
		l.sync = func(f *os.File) error {
			at, err := filepath.Rel(dir, f.Name())
			if err != nil {
				t.Error(err)
			}
			synced = append(synced, at)
			_, err = os.Stat(filepath.Join(dir, "log"))
			if renamed := err == nil; renamed != (at == ".") {
				t.Errorf("%s: %s is synced; the log has its name: %t", name, at, renamed)
			}
			if c.fails {
				return errors.New("no space left on device")
			}
			return f.Sync()
		}
		if err := c.end(l); (err != nil) != c.fails || !slices.Equal(synced, c.synced) {
			t.Errorf("%s: %v, synced %q, want %q", name, err, synced, c.synced)
		}
		if _, err := os.Stat(filepath.Join(dir, "log")); (err == nil) != (name == "closed") {
			t.Errorf("%s: the log has its name: %v", name, err)
		}
	}
}
