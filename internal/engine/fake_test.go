//go:build linux

package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlcfg/internal/backend"
)

// TestMain makes the test binary what it starts: a supervisor, an engine, an
// engine's worker, an mlrun.
func TestMain(m *testing.M) {
	roles := map[string]func([]string) int{
		SuperviseCommand: func([]string) int { return Supervise(os.Stdin, os.Stdout) },
		"fake-engine":    fakeEngine,
		"fake-worker":    fakeWorker,
		"fake-tracker":   fakeTracker,
		"fake-mlrun":     fakeMlrun,
		"fake-ray":       fakeRay,
		"fake-step":      fakeStep,
	}
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		os.Exit(roles[os.Args[1]](os.Args[2:]))
	}
	os.Exit(m.Run())
}

// alive holds a shared lock on a file as long as its process lives, so that a
// test can wait for the end of all processes by taking the lock alone.
func alive(path string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH)
	}
	if err != nil {
		panic(err)
	}
	// Never closed: the lock goes with the process.
	keep = append(keep, f)
}

var keep []*os.File

// awaitAllGone returns when no process holds the lock any more.
func awaitAllGone(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if left := holders(path); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// awaitHolders waits until exactly so many processes name the path: the one
// between an engine and its orphan takes a moment to end.
func awaitHolders(t *testing.T, path string, want int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		list := holders(path)
		if len(list) == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d processes, want %d: %v", len(list), want, list)
		}
	}
}

// holders are the command lines that name the path.
func holders(path string) (list []string) {
	for _, p := range processes() {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
		if line := strings.ReplaceAll(string(b), "\x00", " "); strings.Contains(line, path) {
			list = append(list, fmt.Sprintf("%d %s", p.pid, line))
		}
	}
	return list
}

// fakeEngine is called with a mode, the lock file and a port. Modes: serve;
// deaf (serves, and does not heed SIGTERM, nor do its workers); die (at once,
// saying why); load (never serves); tracked (as deaf, with a resource tracker
// and no workers); brief (serves until /quit is asked for).
func fakeEngine(args []string) int {
	mode, lock, port := args[0], args[1], args[2]
	alive(lock)
	fmt.Println("Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:01<00:01]")
	switch mode {
	case "die":
		fmt.Println("ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.")
		fmt.Println("the token is", os.Getenv("SECRET_TOKEN"))
		return 3
	case "load":
		select {}
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
	case "tracked":
		signal.Ignore(syscall.SIGTERM)
		startTracker(lock)
	}
	if mode == "serve" || mode == "deaf" {
		for _, kind := range []string{"plain", "session", "orphan"} {
			startWorker(kind, mode, lock)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/v1/models", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data":[{"id":"fake"}]}`) })
	mux.HandleFunc("/quit", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
	err := http.ListenAndServe(loopback+":"+port, mux)
	fmt.Println(err)
	return 1
}

// fakeRay is called with a mode, the lock file and an address. Modes: serve
// (takes connections), die (at once, saying why).
func fakeRay(args []string) int {
	mode, lock, address := args[0], args[1], args[2]
	alive(lock)
	var l net.Listener
	err := errors.New("it never listens") // not for a moment, in which the engine would be started
	if mode != "die" {
		l, err = net.Listen("tcp", address)
	}
	if err != nil {
		fmt.Println("OSError: [Errno 98] Address already in use", err)
		return 1
	}
	defer l.Close()
	for {
		if conn, err := l.Accept(); err == nil {
			conn.Close()
		}
	}
}

// startTracker starts what Python starts for shared memory: a process that
// outlives those that it serves, told by its command line, and removes what they leave.
func startTracker(lock string) {
	segment := lock + ".segment"
	err := os.WriteFile(segment, nil, 0o644)
	cmd := exec.Command(os.Args[0], "fake-tracker", "from multiprocessing.resource_tracker import main", segment, lock)
	if err == nil {
		// The pipe closes with this process.
		_, err = cmd.StdinPipe()
	}
	var out io.Reader
	if err == nil {
		out, err = cmd.StdoutPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		// It does not heed signals from now on.
		_, err = bufio.NewReader(out).ReadString('\n')
	}
	if err != nil {
		panic(err)
	}
}

func fakeTracker(args []string) int {
	signal.Ignore(syscall.SIGTERM)
	alive(args[2])
	fmt.Println("up")
	io.Copy(io.Discard, os.Stdin)
	time.Sleep(4 * killInterval) // were it not spared, it would be killed now
	os.Remove(args[1])
	return 0
}

// startWorker returns when the worker is up and holds its lock.
func startWorker(kind, mode, lock string) {
	cmd := exec.Command(os.Args[0], "fake-worker", kind, mode, lock)
	if kind == "session" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	cmd.Stderr = os.Stderr // the engine's log, as an engine's workers have it
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		_, err = bufio.NewReader(out).ReadString('\n')
	}
	if err == nil && kind == "orphan" {
		err = cmd.Wait() // it has ended when its child is an orphan
	}
	if err != nil {
		panic(err)
	}
}

// fakeWorker lives until it is killed. An orphan leaves a child and ends.
func fakeWorker(args []string) int {
	kind, mode, lock := args[0], args[1], args[2]
	alive(lock)
	if kind == "orphan" {
		startWorker("session", mode, lock)
		fmt.Println("up")
		return 0
	}
	if mode == "deaf" {
		signal.Ignore(syscall.SIGTERM)
	}
	fmt.Println("up")
	select {}
}

// fakeMlrun starts an engine and says so.
func fakeMlrun(args []string) int {
	mode, dir := args[0], args[1]
	if _, err := Start(context.Background(), fakePlan(mode, dir, 1), fakeOptions(dir)); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	select {}
}

func fakePlan(mode, dir string, replicas int) *Plan {
	b, _ := backend.Of("vllm")
	p := &Plan{Backend: b.Name, Protocol: b.Engine, Facts: b}
	for i := range replicas {
		p.Replicas = append(p.Replicas, Replica{Index: i, Command: []string{os.Args[0], "fake-engine", mode, filepath.Join(dir, "lock"), portMark}, ported: []int{4}})
	}
	return p
}

func fakeOptions(dir string) StartOptions {
	return StartOptions{LogDir: filepath.Join(dir, "engine"), Poll: 5 * time.Millisecond, Supervisor: []string{os.Args[0], SuperviseCommand}}
}
