package engine

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// event is what a supervisor reports, one line of JSON each on its standard output.
type event struct {
	// Started is the engine's process id.
	Started int `json:"started,omitempty"`
	// Failed says why it could not be started.
	Failed string `json:"failed,omitempty"`
	// Exited says how the engine ended; its workers may still be there.
	Exited string `json:"exited,omitempty"`
	// Gone: no process is left.
	Gone bool `json:"gone,omitempty"`
}

// How long what is left gets after a polite signal: when mlrun has died, and when
// the engine has ended and its workers have not.
const (
	abandonedGrace = 2 * time.Second
	leftoverGrace  = 2 * time.Second
	killInterval   = 50 * time.Millisecond
	// trackerGrace is how long resource trackers live on when all else was killed:
	// without them, each engine that is killed leaves its shared memory in /dev/shm.
	trackerGrace = 10 * time.Second
)

// Supervise runs one engine and returns when no process of it is left. It reads
// a job, then durations: each asks the engine to stop, and kills what is left
// after that time. The end of stdin says that mlrun is no more. It must be
// called on the main goroutine of a process of its own.
func Supervise(stdin io.Reader, stdout io.Writer) int {
	// The kernel kills the engine when the thread that started it ends.
	runtime.LockOSThread()
	report := func(e event) { _ = json.NewEncoder(stdout).Encode(e) } // mlrun may be gone
	// Caught and dropped rather than ignored: the engine would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	terminated := make(chan os.Signal, 1) // before anybody knows that there is something to end
	signal.Notify(terminated, syscall.SIGTERM)
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		report(event{Failed: fmt.Sprintf("becoming the parent of orphans: %v", err)})
		return 1
	}
	input := bufio.NewReader(stdin)
	line, err := input.ReadBytes('\n')
	var j job
	if err == nil {
		err = json.Unmarshal(line, &j)
	}
	var pid int
	if err == nil {
		pid, err = j.start()
	}
	if err != nil {
		report(event{Failed: err.Error()})
		return 1
	}
	report(event{Started: pid})
	s := supervisor{pid: pid, keep: j.Keep, report: report, terminated: terminated, stops: make(chan time.Duration), ended: make(chan syscall.WaitStatus), gone: make(chan struct{})}
	go s.reap()
	go s.listen(input)
	log := logBound{path: j.Log, free: freeSpace}
	go log.keep(s.gone)
	s.run()
	report(event{Gone: true})
	return 0
}

// start runs the engine as leader of a process group of its own.
func (j *job) start() (int, error) {
	if len(j.Argv) == 0 {
		return 0, errors.New("no command")
	}
	path, err := j.executable()
	if err != nil {
		return 0, err
	}
	if len(j.CPUs) > 0 {
		var set unix.CPUSet
		for _, cpu := range j.CPUs {
			set.Set(cpu)
		}
		// The engine inherits it from this thread.
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			return 0, fmt.Errorf("binding to CPUs %v, none of which may be at hand here: %w", j.CPUs, err)
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	log, err := os.OpenFile(j.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	pid, err := syscall.ForkExec(path, j.Argv, &syscall.ProcAttr{
		Env:   j.Env,
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return 0, startError(path, err)
	}
	return pid, nil
}

// executable finds the command in the PATH that the engine will have.
func (j *job) executable() (string, error) {
	name := j.Argv[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := ""
	for _, entry := range j.Env {
		if value, ok := strings.CutPrefix(entry, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%s is not found in PATH (%s)", name, path)
}

type supervisor struct {
	pid        int
	keep       bool
	report     func(event)
	stops      chan time.Duration
	terminated <-chan os.Signal
	ended      chan syscall.WaitStatus
	gone       chan struct{}
}

// reap collects every process that ends, orphans too.
func (s *supervisor) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil: // no children left
			close(s.gone)
			return
		case pid == s.pid:
			s.ended <- status
		}
	}
}

// listen passes on what mlrun asks for, and its death.
func (s *supervisor) listen(input *bufio.Reader) {
	for {
		line, err := input.ReadString('\n')
		if err != nil {
			s.stops <- abandonedGrace
			return
		}
		if grace, err := time.ParseDuration(strings.TrimSpace(line)); err == nil {
			s.stops <- max(0, grace)
		}
	}
}

func (s *supervisor) run() {
	var killed time.Time // when the killing began
	var kill <-chan time.Time
	end := func(grace time.Duration) {
		s.keep = false
		syscall.Kill(-s.pid, syscall.SIGTERM)
		// A stopped engine hears nothing before it is continued.
		syscall.Kill(-s.pid, syscall.SIGCONT)
		kill = time.After(grace)
	}
	for {
		select {
		case grace := <-s.stops:
			end(grace)
		case <-s.terminated:
			end(abandonedGrace)
		case status := <-s.ended:
			s.report(event{Exited: describe(status)})
			if s.keep && describe(status) == endedWell {
				return
			}
			signalTree(os.Getpid(), syscall.SIGTERM, nil)
			kill = time.After(leftoverGrace)
		case <-kill:
			if killed.IsZero() {
				killed = time.Now()
			}
			signalTree(os.Getpid(), syscall.SIGKILL, func(pid int) bool { return time.Since(killed) < trackerGrace && tracksResources(pid) })
			// Once more: what was being started has been missed.
			kill = time.After(killInterval)
		case <-s.gone:
			return
		}
	}
}

// killedBy begins what [describe] says of a process that a signal ended.
const killedBy = "killed by signal "

// describe says how a process ended: "exit status 1", "killed by signal 9 (killed)".
func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return fmt.Sprintf(killedBy+"%d (%s)", int(status.Signal()), status.Signal())
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}
