//go:build linux

package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mlcfg/internal/backend"
)

func TestStartServeStop(t *testing.T) {
	for _, mode := range []string{"serve", "deaf"} {
		t.Run(mode, func(t *testing.T) {
			dir := t.TempDir()
			var mu sync.Mutex
			var seen []Progress
			o := fakeOptions(dir)
			o.Progress = func(p Progress) { mu.Lock(); defer mu.Unlock(); seen = append(seen, p) }
			eng, err := Start(context.Background(), fakePlan(mode, dir, 2), o)
			if err != nil {
				t.Fatal(err)
			}
			list := eng.Endpoints()
			if len(list) != 2 || list[0].URL == list[1].URL || list[0].Model != "fake" || list[0].Simulated {
				t.Errorf("endpoints %+v", list)
			}
			// An engine, a worker, one in its own session, an orphan; twice.
			awaitHolders(t, filepath.Join(dir, "lock"), 8)
			if err := eng.Stop(10 * time.Millisecond); err != nil {
				t.Error(err)
			}
			if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			select {
			case err := <-eng.Died():
				t.Errorf("an engine that was stopped is reported as dead: %v", err)
			default:
			}
			mu.Lock()
			defer mu.Unlock()
			ready := slices.ContainsFunc(seen, func(p Progress) bool { return p.Ready && p.Replica == 1 })
			loading := slices.ContainsFunc(seen, func(p Progress) bool {
				return p.Percent == 50 && p.Stage == "Loading safetensors checkpoint shards"
			})
			if !ready || !loading {
				t.Errorf("progress: ready %v, loading %v in %+v", ready, loading, seen)
			}
		})
	}
}

// An engine that has to be killed leaves no shared memory: its resource tracker
// gets the time to remove it.
func TestResourceTrackerOutlivesTheKilled(t *testing.T) {
	dir := t.TempDir()
	eng, err := Start(context.Background(), fakePlan("tracked", dir, 1), fakeOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	awaitHolders(t, filepath.Join(dir, "lock"), 2)
	if err := eng.Stop(10 * time.Millisecond); err != nil {
		t.Error(err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "lock.segment")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what the tracker was to remove is there: %v", err)
	}
}

// The claim: when mlrun is killed with -9, nothing is left behind; not workers
// that have left the group or the session, not orphans, not what does not heed SIGTERM.
func TestNothingLeftWhenMlrunIsKilled(t *testing.T) {
	for _, mode := range []string{"serve", "deaf"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0], "fake-mlrun", mode, dir)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil || line != "ready\n" {
				t.Fatalf("%q, %v", line, err)
			}
			awaitHolders(t, filepath.Join(dir, "lock"), 4)
			cmd.Process.Kill()
			cmd.Wait()
			awaitAllGone(t, filepath.Join(dir, "lock"))
		})
	}
}

// Even a killed supervisor leaves nothing, as long as mlrun is there: neither
// the engine, nor workers in sessions of their own, nor orphans. Who only reads
// a log is left alone.
func TestSupervisorKilled(t *testing.T) {
	dir := t.TempDir()
	lock := filepath.Join(dir, "lock")
	eng, err := Start(context.Background(), fakePlan("deaf", dir, 1), fakeOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	awaitHolders(t, lock, 4)
	m := eng.(*group).members[0]
	reader := exec.Command("tail", "-f", m.log)
	if err := reader.Start(); err != nil {
		t.Fatal(err)
	}
	m.process.supervisor.Process.Kill()
	if err := <-eng.Died(); err == nil || !strings.Contains(err.Error(), "its supervisor was killed") {
		t.Errorf("%v", err)
	}
	if err := eng.Stop(0); err != nil {
		t.Error(err)
	}
	awaitAllGone(t, lock)
	if err := reader.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("a reader of the log: %v", err)
	}
	reader.Process.Kill()
	reader.Wait()
}

func TestDiesWhileStarting(t *testing.T) {
	dir := t.TempDir()
	plan := fakePlan("load", dir, 2)
	plan.Replicas[1].Command[2] = "die"
	plan.Replicas[1].Env = []EnvVar{{Name: "SECRET_TOKEN", Value: "hunter2hunter2", Passed: true}}
	_, err := Start(context.Background(), plan, fakeOptions(dir))
	var f *Failure
	if !errors.As(err, &f) {
		t.Fatalf("%v", err)
	}
	const want = "engine replica 1 ended while starting: exit status 3: the model leaves no device memory for the KV cache (engine_config.gpu_memory_utilization)"
	if f.Error() != want {
		t.Errorf("got  %s\nwant %s", f, want)
	}
	if !strings.Contains(f.Report(), "No available memory for the cache blocks") {
		t.Errorf("no last lines:\n%s", f.Report())
	}
	if strings.Contains(f.Report(), "hunter2") || !strings.Contains(f.Report(), "the token is ***") {
		t.Errorf("a secret is told:\n%s", f.Report())
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A replica that serves and dies ends the start, however long the others load.
func TestDiesWhileOthersStart(t *testing.T) {
	dir := t.TempDir()
	plan := fakePlan("load", dir, 2)
	plan.Replicas[0].Command[2] = "brief"
	port, lock, err := choosePort(loopback)
	if err != nil {
		t.Fatal(err)
	}
	lock.release()
	plan.Replicas[0].setPort(port)
	o := fakeOptions(dir)
	o.Progress = func(p Progress) {
		if p.Ready {
			http.Get(fmt.Sprintf("http://%s:%d/quit", loopback, port))
		}
	}
	_, err = Start(context.Background(), plan, o)
	const want = "engine replica 0 ended while others were starting: exit status 7"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestDiesWhileServing(t *testing.T) {
	dir := t.TempDir()
	eng, err := Start(context.Background(), fakePlan("brief", dir, 1), fakeOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	http.Get(eng.Endpoints()[0].URL + "/quit")
	if err := <-eng.Died(); err == nil || !strings.Contains(err.Error(), "engine replica 0 ended by itself: exit status 7") {
		t.Errorf("%v", err)
	}
	if err := eng.Stop(time.Second); err != nil {
		t.Error(err)
	}
}

// A stopped (suspended) engine is continued, so that it ends by itself and not
// only after the whole grace: longer than this test may take.
func TestStopWhileSuspended(t *testing.T) {
	dir := t.TempDir()
	eng, err := Start(context.Background(), fakePlan("brief", dir, 1), fakeOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	supervisor := eng.(*group).members[0].process.supervisor.Process.Pid
	signalTree(supervisor, syscall.SIGSTOP, nil)
	stopped := make(chan error, 1)
	go func() { stopped <- eng.Stop(time.Hour) }()
	select {
	case err := <-stopped:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the engine is suspended still")
		signalTree(supervisor, syscall.SIGKILL, nil)
	}
	awaitAllGone(t, filepath.Join(dir, "lock"))
}

func TestNotReadyInTime(t *testing.T) {
	dir := t.TempDir()
	o := fakeOptions(dir)
	o.Timeout = 50 * time.Millisecond
	_, err := Start(context.Background(), fakePlan("load", dir, 1), o)
	if err == nil || !strings.Contains(err.Error(), "engine replica 0 does not serve after 50ms") {
		t.Errorf("%v", err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestInterruptedWhileStarting(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	o := fakeOptions(dir)
	o.Progress = func(Progress) { cancel() }
	if _, err := Start(ctx, fakePlan("load", dir, 1), o); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestExecutableMissing(t *testing.T) {
	dir := t.TempDir()
	plan := fakePlan("serve", dir, 1)
	plan.Replicas[0].Command[0] = "vllm"
	plan.Replicas[0].Env = []EnvVar{{Name: "PATH", Value: dir}}
	_, err := Start(context.Background(), plan, fakeOptions(dir))
	if want := "engine replica 0 cannot be started: vllm is not found in PATH (" + dir + ")"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPortTaken(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	plan := fakePlan("serve", dir, 1)
	plan.Replicas[0].setPort(l.Addr().(*net.TCPAddr).Port)
	_, err = Start(context.Background(), plan, fakeOptions(dir))
	if want := fmt.Sprintf("engine replica 0 cannot be started: port %d is taken", plan.Replicas[0].Port); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestPortsAreKept(t *testing.T) {
	port, lock, err := choosePort(loopback)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takePort(loopback, port); err == nil {
		t.Error("a port that is kept was given away")
	}
	lock.release()
	again, err := takePort(loopback, port)
	if err != nil {
		t.Error(err)
	}
	if _, err := takePort(loopback, port); err == nil || !strings.Contains(err.Error(), "is kept by another run on this machine") {
		t.Errorf("a port that is taken was given away: %v", err)
	}
	again.release()
	if port < lowestPort || port >= highestPort {
		t.Errorf("port %d is one of those that Linux hands out", port)
	}
}

// The engine's environment is the planned one and nothing else, and it is bound
// to the CPUs that were planned.
func TestEnvironmentAndCPUs(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	p, err := startProcess([]string{os.Args[0], SuperviseCommand}, job{
		Argv: []string{"/bin/sh", "-c", "env; grep Cpus_allowed_list /proc/self/status; cat"}, Env: []string{"ONLY=this"}, Log: log, CPUs: []int{0},
	})
	if err != nil {
		t.Fatal(err)
	}
	<-p.gone
	b, _ := os.ReadFile(log)
	var names []string
	for line := range strings.Lines(string(b)) {
		if name, _, ok := strings.Cut(line, "="); ok && name != "PWD" && name != "_" && name != "SHLVL" && name != "OLDPWD" {
			names = append(names, name)
		}
	}
	if !slices.Equal(names, []string{"ONLY"}) || !strings.Contains(string(b), "Cpus_allowed_list:\t0\n") {
		t.Errorf("environment %v in\n%s", names, b)
	}
	if p.how != "exit status 0" {
		t.Errorf("%s: standard input is not empty", p.how)
	}
}

func TestExternal(t *testing.T) {
	var version string // what the path after it answers
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, number, _ := strings.Cut(version, " ")
		switch r.URL.Path {
		case "/health":
		case "/v1/models":
			w.Header().Set("X-Simulated", "true")
			w.Write([]byte(`{"data":[{"id":"m"}]}`))
		case path:
			fmt.Fprintf(w, `{"version":%q,"tp_size":1}`, number)
		default:
			http.NotFound(w, r)
		}
	}))
	for _, c := range []struct {
		engine        string
		version, want string
	}{
		{"sglang", "/server_info 0.5.23", "0.5.23"},
		{"sglang", "/get_server_info 0.4.9", "0.4.9"},
		{"sglang", "/version 1", ""},
		{"vllm", "/version 0.9.2+rocm641", "0.9.2+rocm641"},
		{"vllm", "", ""},
	} {
		version = c.version
		b, _ := backend.Of(c.engine)
		plan := &Plan{Protocol: c.engine, Facts: b, External: true, Replicas: []Replica{{URL: h.URL}}}
		ready := false
		eng, err := Start(context.Background(), plan, StartOptions{Progress: func(p Progress) { ready = p.Ready && p.Replica == 0 }})
		if err != nil || !ready {
			t.Fatalf("ready %t, %v", ready, err)
		}
		if f := eng.Blame(0, "hangs"); f.Error() != "engine replica 0 at "+h.URL+" hangs" {
			t.Error(f)
		}
		if got, want := eng.Endpoints()[0], (Endpoint{URL: h.URL, Model: "m", Protocol: c.engine, Release: c.want, Simulated: true}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	h.Close()
	b, _ := backend.Of("sglang")
	plan := &Plan{Protocol: b.Engine, Facts: b, External: true, Replicas: []Replica{{URL: h.URL}}}
	if _, err := Start(context.Background(), plan, StartOptions{}); err == nil || !strings.Contains(err.Error(), "does not serve") {
		t.Errorf("%v", err)
	}
}

func TestPowerScript(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	host := Host{Environ: []string{"PATH=/usr/bin:/bin", "OTHER=1"}}
	run := func(ctx context.Context, path string) (string, error) {
		s := PowerScript{Path: path, Model: "llama2-70b", Machine: "mi325x", Scenario: "server; exit 1", Log: filepath.Join(dir, "power.log"), Supervisor: []string{os.Args[0], SuperviseCommand}}
		err := s.Run(ctx, host)
		b, _ := os.ReadFile(s.Log)
		return string(b), err
	}
	good := write("good.sh", "#!/bin/sh\necho \"$1,$2,$3,$OTHER\"\n", 0o755)
	if log, err := run(context.Background(), good); err != nil || log != "llama2-70b,mi325x,server; exit 1,\n" {
		t.Errorf("%q, %v", log, err)
	}
	bad := write("bad.sh", "#!/bin/sh\necho no such clock\nexit 4\n", 0o755)
	_, err := run(context.Background(), bad)
	var f *PowerFailure
	if !errors.As(err, &f) || f.What != "exit status 4" || !slices.Equal(f.Lines, []string{"no such clock"}) {
		t.Errorf("%+v", err)
	}
	if _, err := run(context.Background(), write("plain.sh", "", 0o644)); err == nil || !strings.Contains(err.Error(), "is it executable?") {
		t.Errorf("%v", err)
	}
	if _, err := run(context.Background(), filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("%v", err)
	}
	for body, want := range map[string]string{
		"#!/no/such/shell -e\necho x\n": "its interpreter /no/such/shell, which its first line names, is not here",
		"#!/bin/sh\r\necho x\r\n":       "its first line ends as lines do on Windows",
		"#!/bin/sh\nexec yes\n":         "it printed more than 16 MiB",
	} {
		log, err := run(context.Background(), write("wrong.sh", body, 0o755))
		if err == nil || !strings.Contains(err.Error(), want) || len(log) > longestPowerLog {
			t.Errorf("%q: %d bytes of log, %v", body, len(log), err)
		}
	}
	// A child outlives a script that ends well, and no other: it speaks when the script
	// and its supervisor are gone.
	begun := filepath.Join(dir, "alive")
	if err := syscall.Mkfifo(begun, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run(context.Background(), write("leaves.sh", "#!/bin/sh\nsh -c 'echo here >"+begun+"' &\n", 0o755)); err != nil {
		t.Error(err)
	}
	spoke := make(chan string, 1)
	go func() { b, _ := os.ReadFile(begun); spoke <- string(b) }()
	select {
	case said := <-spoke:
		if said != "here\n" {
			t.Errorf("the child says %q", said)
		}
	case <-time.After(time.Minute):
		t.Error("a script that ended well left nothing, want its child")
	}
	child := filepath.Join(dir, "child")
	spawn := "#!/bin/sh\nsh -c 'while :; do sleep 1; done' " + child + " &\n"
	if _, err := run(context.Background(), write("fails.sh", spawn+"exit 5\n", 0o755)); err == nil {
		t.Error("a script that failed is taken for good")
	}
	if left := holders(child); len(left) > 0 {
		t.Errorf("a script that failed left %v", left)
	}
	// So does its time.
	late := PowerScript{Path: write("late.sh", "#!/bin/sh\necho clocks are set\nexec sleep 1000\n", 0o755), Log: filepath.Join(dir, "late.log"), Timeout: 300 * time.Millisecond, Supervisor: []string{os.Args[0], SuperviseCommand}}
	if err := late.Run(context.Background(), host); !errors.As(err, &f) || f.What != "not done after 300ms (--power-script-timeout)" {
		t.Errorf("%v", err)
	}
	// An interruption ends the script; the pipe tells when it has begun.
	fifo := filepath.Join(dir, "begun")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	slow := write("slow.sh", "#!/bin/sh\necho begun >"+fifo+"\nexec sleep 1000\n", 0o755)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { os.ReadFile(fifo); cancel() }()
	if _, err := run(ctx, slow); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	// What it started ends with it, though it ended well itself.
	kept := write("kept.sh", "#!/bin/sh\nsetsid sh -c 'while :; do sleep 1; done' "+child+" &\ntrap 'exit 0' TERM\necho begun >"+fifo+"\nwhile :; do sleep 0.05; done\n", 0o755)
	ctx, cancel = context.WithCancel(context.Background())
	go func() { os.ReadFile(fifo); cancel() }()
	if _, err := run(ctx, kept); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if left := holders(child); len(left) > 0 {
		t.Errorf("a script that was interrupted left %v", left)
	}
	// One that does not heed it is killed when the run is aborted, however long it might take.
	abort := make(chan struct{})
	ctx, cancel = context.WithCancel(context.Background())
	go func() { os.ReadFile(fifo); cancel(); close(abort) }()
	deaf := PowerScript{
		Path: write("deaf.sh", "#!/bin/sh\ntrap '' TERM\necho begun >"+fifo+"\nwhile :; do sleep 1; done\n", 0o755), Log: filepath.Join(dir, "deaf.log"),
		Supervisor: []string{os.Args[0], SuperviseCommand}, Abort: abort, grace: time.Hour,
	}
	if err := deaf.Run(ctx, host); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	// What is wrong before it starts is said.
	none := filepath.Join(dir, "none", "power.log")
	for _, c := range []struct {
		s    PowerScript
		want string
	}{
		{PowerScript{Path: good, Log: none}, "power script: open " + none},
		{PowerScript{Path: good, Log: filepath.Join(dir, "x.log"), PassEnv: []string{"NONE"}}, "power script: NONE is to be passed through, but is not set here"},
		{PowerScript{Path: good, Log: filepath.Join(dir, "x.log"), Supervisor: []string{none}}, "starting a supervisor"},
	} {
		if err := c.s.Run(context.Background(), host); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestRedirect: no engine is looked for where another one points.
func TestRedirect(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	h := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer h.Close()
	b, _ := backend.Of("vllm")
	err := probe(context.Background(), asker(Access{}), b, &Endpoint{URL: h.URL}, false)
	if err == nil || !strings.Contains(err.Error(), "/health answers 307") || asked {
		t.Errorf("%v, the other was asked: %v", err, asked)
	}
}
