package record

import (
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
