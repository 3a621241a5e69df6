package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// patience bounds every waiting; no test passes by waiting. margin is the time
// that a test keeps for its end when go test bounds it, work what it keeps for
// its run when the engine serves.
const (
	patience = 20 * time.Minute
	margin   = time.Minute
	work     = 2 * time.Minute
)

// timeLeft is how long a test may wait for something: less than patience where
// the time for all tests ends before.
func timeLeft(t *testing.T) time.Duration {
	if deadline, bounded := t.Deadline(); bounded {
		return min(patience, time.Until(deadline)-margin)
	}
	return patience
}

func within(limit time.Duration, condition func() bool) bool {
	for deadline := time.Now().Add(limit); !condition(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// output is what a program prints, readable while it does.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// running is a run of mlrun under way.
type running struct {
	cmd            *exec.Cmd
	dir            string
	manifest       string
	stdout, stderr output
	ended          chan struct{}
}

// start starts "mlrun run" on a manifest. What is left at the end of the test
// is killed.
func start(t *testing.T, e target, manifest, data string, args ...string) *running {
	t.Helper()
	left := timeLeft(t)
	if left < 2*work {
		t.Skipf("SKIPPED: %v are left of the time for all tests, one with an engine may need more", max(0, left).Round(time.Second))
	}
	r := &running{dir: filepath.Join(t.TempDir(), "run"), manifest: manifest, ended: make(chan struct{})}
	r.cmd = exec.Command(program("mlrun"), append([]string{
		"run", manifest, "--out", r.dir, "--map", "/data=" + data, "--ready-timeout", (left - work).String(),
		"--late-limit", "1h", // how busy the machine is decides nothing
	}, args...)...)
	r.cmd.Env = append(append(os.Environ(), "PATH="+e.programs+":"+os.Getenv("PATH")), e.env...)
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = r.cmd.Wait() // the exit status is asked for later
		close(r.ended)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("mlrun printed:\n%s%s", r.stderr.String(), r.stdout.String())
			t.Logf("the engine's log ends with:\n%s", lastPart(filepath.Join(r.dir, "engine/replica-0.log")))
		}
		for _, p := range descendants(os.Getpid()) {
			_ = syscall.Kill(p.pid, syscall.SIGKILL) // it may have ended
		}
		<-r.ended
	})
	return r
}

// lastPart is the end of a file, for reading.
func lastPart(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-6000):])
}

// await waits for a condition while mlrun runs.
func (r *running) await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	over := false
	met := within(timeLeft(t), func() bool {
		select {
		case <-r.ended:
			over = true
		default:
		}
		return condition() || over
	})
	switch {
	case !met:
		r.tooSlow(t)
		t.Fatalf("waited in vain for %s", what)
	case over && !condition():
		r.tooSlow(t)
		t.Fatalf("mlrun ended before there was %s", what)
	}
}

// says waits until mlrun has printed a text.
func (r *running) says(t *testing.T, text string) {
	t.Helper()
	r.await(t, text, func() bool { return strings.Contains(r.stderr.String(), text) })
}

// records waits until so many requests have ended.
func (r *running) records(t *testing.T, count int) {
	t.Helper()
	r.await(t, "so many records", func() bool {
		b, err := os.ReadFile(filepath.Join(r.dir, record.FileName))
		return err == nil && bytes.Count(b, []byte{'\n'}) >= count
	})
}

// end waits until mlrun has ended and gives its exit status, -1 where a signal
// killed it.
func (r *running) end(t *testing.T) int {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(timeLeft(t)):
		r.tooSlow(t)
		t.Fatal("mlrun does not end")
	}
	r.tooSlow(t)
	return r.cmd.ProcessState.ExitCode()
}

// tooSlow leaves a test of the short suite out whose engine has not come to
// serve in time: that says something about the machine, and its time is bounded.
func (r *running) tooSlow(t *testing.T) {
	t.Helper()
	said := r.stderr.String()
	if testing.Short() && !strings.Contains(said, "replica 0 serves") && (timeLeft(t) <= 0 || strings.Contains(said, "does not serve after")) {
		t.Skip("SKIPPED: the engine did not start in the time that this test has")
	}
}

// read returns what the run's records and summary.json hold.
func (r *running) read(t *testing.T) ([]record.Record, *report.Summary) {
	t.Helper()
	run, err := report.Load(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(r.dir, "summary.json"))
	if errors.Is(err, os.ErrNotExist) {
		return run.Records.Rows(), nil
	}
	var sum report.Summary
	if err == nil {
		err = json.Unmarshal(b, &sum)
	}
	if err != nil {
		t.Fatal(err)
	}
	return run.Records.Rows(), &sum
}

// verify holds the run's directory against its manifest. Of a run that was cut
// off it may say that, and nothing else.
func (r *running) verify(t *testing.T, cut bool) {
	t.Helper()
	out, err := exec.Command(program("mlrun"), "verify", "--manifest", r.manifest, r.dir).CombinedOutput()
	if !cut {
		if err != nil {
			t.Errorf("mlrun verify: %v\n%s", err, out)
		}
		return
	}
	if err == nil || !strings.Contains(string(out), "the run was cut off") {
		t.Errorf("mlrun verify takes a run that was cut off for whole: %s", out)
	}
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "the run was cut off") && !strings.Contains(line, "records are missing") {
			t.Errorf("mlrun verify: %s", line)
		}
	}
}
