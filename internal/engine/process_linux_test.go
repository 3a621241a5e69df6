package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A supervisor that cannot start its engine says why, and ends with a status that says so.
func TestSupervisorRefuses(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	line := func(j job) string { b, _ := json.Marshal(j); return string(b) + "\n" }
	for name, c := range map[string]struct{ input, want string }{
		"no job":      {"", "EOF"},
		"no JSON":     {"{\n", "unexpected end of JSON input"},
		"no command":  {line(job{Log: log}), "no command"},
		"not in PATH": {line(job{Argv: []string{"x"}, Env: []string{"PATH=/none:/nowhere"}, Log: log}), "x is not found in PATH (/none:/nowhere)"},
		"no PATH":     {line(job{Argv: []string{"sh"}, Log: log}), "sh is not found in PATH ()"},
		"no program":  {line(job{Argv: []string{"/none/x"}, Log: log}), "starting /none/x: no such file or directory"},
		"no CPUs":     {line(job{Argv: []string{"/bin/true"}, CPUs: []int{1023}, Log: log}), "binding to CPUs [1023], none of which may be at hand here: "},
		"no log":      {line(job{Argv: []string{"/bin/true"}, Log: filepath.Join(dir, "none", "log")}), "none/log: no such file or directory"},
	} {
		cmd := exec.Command(os.Args[0], SuperviseCommand)
		cmd.Stdin = strings.NewReader(c.input)
		said, err := cmd.Output()
		var e event
		var status *exec.ExitError
		if jsonErr := json.Unmarshal(said, &e); jsonErr != nil || !strings.Contains(e.Failed, c.want) || !errors.As(err, &status) || status.ExitCode() != 1 {
			t.Errorf("%s: %q, %v; want %s", name, said, err, c.want)
		}
	}
}

// A command is found in the PATH that the engine gets, the first folder that has it.
func TestExecutable(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/plain", "b/plain", "b/program", "c/program"} {
		path := filepath.Join(dir, name)
		mode := map[bool]os.FileMode{true: 0o700, false: 0o600}[filepath.Base(name) == "program"]
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, mode)); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"PATH=/none", "A=1", fmt.Sprintf("PATH=%[1]s/a:%[1]s/b:%[1]s/c", dir)}
	for name, want := range map[string]string{"program": filepath.Join(dir, "b/program"), "./x": "./x", "/x/y": "/x/y", "plain": ""} {
		if got, err := (&job{Argv: []string{name}, Env: env}).executable(); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}

// Who cannot be supervised is not started.
func TestStartProcessFails(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	for want, c := range map[string]struct {
		self []string
		log  string
	}{
		"none/log: no such file":              {[]string{"/bin/true"}, filepath.Join(dir, "none", "log")},
		"starting a supervisor: ":             {[]string{filepath.Join(dir, "none")}, log},
		"the supervisor ended without a word": {[]string{"/bin/true"}, log},
		"invalid character":                   {[]string{"/bin/echo", "hello"}, log},
	} {
		if _, err := startProcess(c.self, job{Argv: []string{"/bin/true"}, Log: c.log}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A supervisor hears its own lines only, a negative grace is none, and the end of its
// input is the end of mlrun.
func TestListen(t *testing.T) {
	s := supervisor{stops: make(chan time.Duration, 4)}
	s.listen(bufio.NewReader(strings.NewReader("soon\n-5s\n3s\n")))
	close(s.stops)
	var got []time.Duration
	for d := range s.stops {
		got = append(got, d)
	}
	if want := []time.Duration{0, 3 * time.Second, abandonedGrace}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

type control struct{ bytes.Buffer }

func (*control) Close() error { return nil }

// A shorter grace takes the place of a longer one, never the other way round: an
// engine that was to be killed at once would get its half minute back.
func TestStopShortens(t *testing.T) {
	var sent control
	p := &process{control: &sent}
	if p.asked() {
		t.Error("nobody asked it to stop")
	}
	for _, grace := range []time.Duration{time.Hour, 2 * time.Hour, time.Minute, time.Hour, 0, time.Second} {
		p.stop(grace)
	}
	if got := sent.String(); got != "1h0m0s\n1m0s\n0s\n" || !p.asked() {
		t.Errorf("%q, asked %t", got, p.asked())
	}
}

// A supervisor that does not end in time is killed, and what it leaves is told.
func TestAwaitKills(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{supervisor: cmd, kill: func() { killLeft(cmd.Process.Pid, filepath.Join(t.TempDir(), "log")) }, gone: make(chan struct{})}
	if err, want := p.await(time.Millisecond), fmt.Sprintf("processes of engine %d cannot be killed", cmd.Process.Pid); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the supervisor ended with %v", err)
	}
	close(p.gone)
	if err := p.await(time.Hour); err != nil {
		t.Error(err)
	}
}

// An interrupt of the terminal is not for the supervisor; a request to end is, and it
// takes the engine with it.
func TestSupervisorSignals(t *testing.T) {
	dir := t.TempDir()
	p, err := startProcess([]string{os.Args[0], SuperviseCommand}, job{Argv: []string{"/bin/sh", "-c", "exec sleep 1000"}, Env: []string{"PATH=/bin:/usr/bin"}, Log: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	if session, err := unix.Getsid(p.supervisor.Process.Pid); err != nil || session != p.supervisor.Process.Pid {
		t.Errorf("what is typed at the terminal reaches session %d, %v", session, err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM} {
		if err := p.supervisor.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	if <-p.gone; p.how != "killed by signal 15 (terminated)" {
		t.Error(p.how)
	}
}

// What an engine leaves behind that ends by itself does not outlive it, though it does
// not heed a polite signal, and how the engine ended is known.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	p, err := startProcess([]string{os.Args[0], SuperviseCommand}, job{
		Argv: []string{"/bin/sh", "-c", "trap '' TERM; sleep 1000 & exit 3"}, Env: []string{"PATH=/bin:/usr/bin"}, Log: filepath.Join(dir, "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if <-p.gone; p.how != "exit status 3" {
		t.Error(p.how)
	}
}

// A replica that cannot be started keeps neither its port nor its companion.
func TestLaunchFails(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Replica)
		want   string
	}{
		"its CPUs are no list":   {func(r *Replica) { r.CPUs = "a" }, `engine replica 0 cannot be started: "a" is no list of CPUs`},
		"its files have no room": {func(r *Replica) { r.Files = []File{{Name: "none/x"}} }, "engine replica 0 cannot be started: writing the engine's configuration: "},
		"its program is none":    {func(r *Replica) { r.Command[0] = "/none" }, "engine replica 0 cannot be started: starting /none: "},
		"its companion ends": {
			func(r *Replica) {
				r.Companion = &Companion{Name: "ray", Address: loopback + ":1", Command: []string{os.Args[0], "fake-ray", "die", filepath.Join(t.TempDir(), "lock"), loopback + ":1"}}
			}, "engine replica 0 lost its ray, which ended by itself: exit status 1",
		},
		"its companion is none": {func(r *Replica) { r.Companion = &Companion{Name: "ray", Command: []string{"/none"}} }, "engine replica 0 ray cannot be started: starting /none: "},
	} {
		dir := t.TempDir()
		plan := fakePlan("serve", dir, 1)
		port, lock, err := choosePort(loopback)
		if err != nil {
			t.Fatal(err)
		}
		lock.release()
		plan.Replicas[0].setPort(port)
		c.change(&plan.Replicas[0])
		var f *Failure
		if _, err := Start(context.Background(), plan, fakeOptions(dir)); !errors.As(err, &f) || !strings.HasPrefix(f.Error(), c.want) || f.Log == "" {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if lock, err = takePort(loopback, port); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		lock.release()
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := fakeOptions(dir)
	o.LogDir = filepath.Join(dir, "file", "engine")
	if _, err := Start(context.Background(), fakePlan("serve", dir, 1), o); err == nil || !strings.HasPrefix(err.Error(), "making the folder of engine logs: ") {
		t.Errorf("%v", err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// An engine keeps its port until it is stopped. What it hung in is told with its log,
// and one that does not heed is killed when the run is aborted, whatever grace it has.
func TestStopAborted(t *testing.T) {
	dir := t.TempDir()
	plan := fakePlan("deaf", dir, 1)
	port, lock, err := choosePort(loopback)
	if err != nil {
		t.Fatal(err)
	}
	lock.release()
	plan.Replicas[0].setPort(port)
	o := fakeOptions(dir)
	abort := make(chan struct{})
	o.Abort = abort
	eng, err := Start(context.Background(), plan, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takePort(loopback, port); err == nil {
		t.Error("the port of an engine that serves was given away")
	}
	if f := eng.Blame(0, "hangs"); f.Error() != "engine replica 0 hangs" || !slices.ContainsFunc(f.Lines, func(l string) bool { return strings.Contains(l, "Loading safetensors") }) {
		t.Errorf("%s", f.Report())
	}
	close(abort)
	if err := errors.Join(eng.Stop(time.Hour), eng.Stop(0)); err != nil {
		t.Error(err)
	}
	if lock, err = takePort(loopback, port); err != nil {
		t.Error(err)
	}
	lock.release()
	awaitAllGone(t, filepath.Join(dir, "lock"))
}

// An interrupt while a companion is waited for ends the start as an interrupt.
func TestInterruptedBeforeTheCompanion(t *testing.T) {
	dir := t.TempDir()
	plan := besidePlan(t, dir, "serve")
	plan.Replicas[0].Companion.Address = loopback + ":1"
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Start(ctx, plan, fakeOptions(dir)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "engine", "replica-0.log")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the engine was started without it: %v", err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A port that another run keeps, or that something listens on, is passed over and not kept;
// where none is free that is said, with why the last was not.
func TestFirstFree(t *testing.T) {
	free, lock, err := choosePort(loopback)
	if err != nil {
		t.Fatal(err)
	}
	lock.release()
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	kept, other, err := choosePort(loopback)
	if err != nil {
		t.Fatal(err)
	}
	defer other.release()
	ports := []int{taken, kept, free}
	port, lock, err := firstFree(loopback, func() int { p := ports[0]; ports = ports[1:]; return p })
	if err != nil || port != free {
		t.Errorf("%d, %v, want %d", port, err, free)
	}
	if again, err := lockPort(free); err == nil {
		again.release()
		t.Error("the port that was chosen is not kept")
	}
	lock.release()
	if lock, err = lockPort(taken); err != nil {
		t.Errorf("the port that was passed over is kept: %v", err)
	}
	lock.release()
	if _, _, err := firstFree(loopback, func() int { return taken }); err == nil || !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), "no free port among 20000 to 32000: ") {
		t.Errorf("%v", err)
	}
	for want, port := range map[string]int{"is kept by another run": kept, "is taken: ": taken} {
		if _, err := takePort(loopback, port); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d %s", port, want)) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Who writes to a log is told from who reads it: one of the two is killed when all else fails.
func TestWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for flags, want := range map[int]bool{os.O_RDONLY: false, os.O_WRONLY: true, os.O_RDWR: true, os.O_APPEND | os.O_WRONLY: true} {
		f, err := os.OpenFile(path, flags|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if got := writes(os.Getpid(), path); got != want {
			t.Errorf("opened with %#x: %t", flags, got)
		}
		if writes(os.Getpid(), path+"2") {
			t.Error("a file that nobody has open is written to")
		}
		f.Close()
	}
	if writes(os.Getpid(), path) || writes(1<<30, path) {
		t.Error("a closed file is written to")
	}
	if !tracksResources(startedAs(t, "multiprocessing.resource_tracker")) || tracksResources(startedAs(t, "engine")) || tracksResources(1<<30) {
		t.Error("a resource tracker is not told from others")
	}
}

// startedAs is a process with a word in its command line.
func startedAs(t *testing.T, word string) (pid int) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "read line; exit 0", word)
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	// Start returns before the kernel has put the new command line in place.
	for {
		if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid)); err != nil || strings.Contains(string(line), word) {
			return cmd.Process.Pid
		}
		time.Sleep(time.Millisecond)
	}
}
