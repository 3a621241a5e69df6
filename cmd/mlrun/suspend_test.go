//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// TestStopped stops the client of an offline run with SIGSTOP, as Ctrl-Z and
// debuggers do, and lets it go on: the run is INVALID for that.
func TestStopped(t *testing.T) {
	self, err := exec.LookPath("mlrun")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	testManifest(t, filepath.Join(dir, "m.yaml"), func(m *manifest.Manifest, s *loadgen.Settings) {
		offline(m, s)
		m.HarnessConfig["enable_warmup"] = false
		s.MinQueryCount = 64
	})
	run := filepath.Join(dir, "run")
	cmd := exec.Command(self, "run", "m.yaml", "--simulate", "--concurrency", "4", "--sim-arg", "--step", "--sim-arg", "10ms", "--out", run)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	until := time.Now().Add(patience)
	for {
		state, _ := os.ReadFile(filepath.Join(run, "state.json"))
		if bytes.Contains(state, []byte(`"measuring"`)) {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("the run does not begin:\n%s", out.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond) // long enough to be told from a busy machine
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	why, _ := os.ReadFile(filepath.Join(run, "INVALID"))
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(why), "the client did not keep up: it stood still for ") {
		t.Errorf("exit status %d (%v), INVALID says %q\n%s", code, err, why, out.String())
	}
}
