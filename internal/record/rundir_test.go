package record

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestARunDirectoryIsNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "run")
	d, err := CreateDir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := CreateDir(path); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("a second Create: %v", err)
	}
}

func TestStateIsReadBack(t *testing.T) {
	d, err := CreateDir(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := ReadState(d.Path); err == nil || !strings.Contains(err.Error(), "not a run directory") {
		t.Errorf("without a state: %v", err)
	}
	want := State{Phase: Measuring, Simulated: true, Started: time.Unix(5, 6).UTC(), Faults: []string{"a"}, Program: "p"}
	if err := d.WriteJSON(StateFile, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadState(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(d.File(StateFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadState(d.Path); err == nil || !strings.Contains(err.Error(), StateFile) {
		t.Errorf("a damaged state: %v", err)
	}
}

// A run directory is written by one process at a time; one that has ended can be taken again.
func TestOpenDir(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "run")
	d, err := CreateDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(path); err == nil || !strings.Contains(err.Error(), "is not a run directory") {
		t.Errorf("without a state: %v", err)
	}
	if err := d.WriteJSON(StateFile, State{Phase: Ended}); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(path); !errors.Is(err, ErrRunning) {
		t.Errorf("while it is written: %v", err)
	}
	if on, err := Running(path); err != nil || !on {
		t.Errorf("running: %t, %v", on, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if on, err := Running(path); err != nil || on {
		t.Errorf("running after its end: %t, %v", on, err)
	}
	again, err := OpenDir(path)
	if err != nil || again == nil || again.Path != path {
		t.Fatalf("%+v, %v", again, err)
	}
	if on, err := Running(path); err != nil || !on {
		t.Errorf("running: %t, %v", on, err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if err := again.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("unlocked twice: %v", err)
	}
	if on, err := Running(filepath.Join(parent, "none")); err != nil || on {
		t.Errorf("a run that is not there: %t, %v", on, err)
	}
	// What cannot be done says what it was.
	file := filepath.Join(parent, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{LockFile, "taken", StateFile} {
		if err := os.Mkdir(filepath.Join(parent, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d.Path = parent
	for want, do := range map[string]func() error{
		"making the folder of the run directory: ":      func() error { _, err := CreateDir(filepath.Join(file, "a", "b")); return err },
		"making the run directory: ":                    func() error { _, err := CreateDir(filepath.Join(parent, strings.Repeat("x", 300))); return err },
		"making the run directory's lock: ":             func() error { _, err := lock(parent); return err },
		"looking at the run directory's lock: ":         func() error { _, err := Running(filepath.Join(file, "a")); return err },
		"reading the run's state: ":                     func() error { _, err := ReadState(parent); return err },
		"writing taken: ":                               func() error { return d.Write("taken", nil) },
		"encoding x: json: unsupported type: chan bool": func() error { return d.WriteJSON("x", make(chan bool)) },
	} {
		if err := do(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A name is made of the words and the time, with a number where that is taken.
func TestName(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, want := range []string{"llama2-70b-a_b-20260102-030405", "llama2-70b-a_b-20260102-030405-2", "llama2-70b-a_b-20260102-030405-3"} {
		got := Name(dir, []string{"llama2-70b", "", "a b"}, at)
		if got != filepath.Join(dir, want) {
			t.Errorf("%s, want %s", got, want)
		}
		if err := os.Mkdir(got, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := Name(file, []string{"x"}, at); got != filepath.Join(file, "x-20260102-030405") {
		t.Errorf("%s below a file", got)
	}
	for word, want := range map[string]string{"azAZ09._-": "azAZ09._-", "`{@[/:,^+": "_________", "": ""} {
		if got := strings.Map(fileNameRune, word); got != want {
			t.Errorf("%q becomes %q, want %q", word, got, want)
		}
	}
}

// TestAKilledRunIsNotRunning kills a process that holds the lock.
func TestAKilledRunIsNotRunning(t *testing.T) {
	if path := os.Getenv("RUNDIR_HOLD"); path != "" {
		if _, err := CreateDir(path); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("held\n")
		select {}
	}
	path := filepath.Join(t.TempDir(), "run")
	holder := exec.Command(os.Args[0], "-test.run=^TestAKilledRunIsNotRunning$")
	holder.Env = append(os.Environ(), "RUNDIR_HOLD="+path)
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		got, err := Running(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("running: %v, want %v", got, want)
		}
		if want {
			if err := holder.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = holder.Wait()
		}
	}
}
