package engine

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// endedWell is how a process ended that has nothing to complain of.
const endedWell = "exit status 0"

// process is a replica's engine under its supervisor, as mlrun sees it, or under the
// mlrun of another node.
type process struct {
	supervisor *exec.Cmd
	kill       func() // ends what is left, in whatever state it is
	control    io.Writer
	mu         sync.Mutex // guards control's writes and stopping
	stopping   bool
	until      time.Time // what is left then is killed

	exited chan struct{} // the engine has ended; how says how
	once   sync.Once
	how    string
	gone   chan struct{} // no process is left
}

// ended notes how the engine ended, when that is known first.
func (p *process) ended(how string) {
	p.once.Do(func() {
		p.how = how
		close(p.exited)
	})
}

// startProcess starts an engine: self is the command line that makes this
// program a supervisor.
func startProcess(self []string, j job) (*process, error) {
	line, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(j.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(self[0], self[1:]...)
	// A session of its own: an interrupt typed at the terminal is for mlrun alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Env = []string{}
	cmd.Stderr = log
	control, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	events, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a supervisor: %w", err)
	}
	p := &process{supervisor: cmd, control: control, exited: make(chan struct{}), gone: make(chan struct{})}
	name := kernelName(j.Log)
	p.kill = func() { killLeft(cmd.Process.Pid, name) }
	_, writeErr := control.Write(append(line, '\n'))
	lines := bufio.NewScanner(events)
	var first event
	if lines.Scan() {
		err = json.Unmarshal(lines.Bytes(), &first)
	} else {
		err = errors.Join(errors.New("the supervisor ended without a word"), writeErr, lines.Err())
	}
	if err == nil && first.Failed != "" {
		err = errors.New(first.Failed)
	}
	if err != nil {
		control.Close()
		_ = cmd.Wait()
		return nil, err
	}
	go p.watch(lines)
	return p, nil
}

// kernelName is the path of a file as the process table shows it.
func kernelName(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if real, err := os.Readlink(path); err == nil {
		return real // it has no name any more
	}
	return path
}

// watch follows the supervisor's reports to its end.
func (p *process) watch(lines *bufio.Scanner) {
	orderly := false
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		if e.Exited != "" {
			p.ended(e.Exited)
		}
		orderly = orderly || e.Gone
	}
	_ = p.supervisor.Wait() // how the engine ended, it told
	if !orderly {
		p.kill()
	}
	p.ended("its supervisor was killed")
	close(p.gone)
}

// stop asks the engine to end and has what is left after the grace killed. A
// grace that ends later than one given before changes nothing.
func (p *process) stop(grace time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := time.Now().Add(grace)
	if p.stopping && p.until.Before(until) {
		return
	}
	p.stopping, p.until = true, until
	fmt.Fprintln(p.control, grace)
}

// asked reports whether the engine was asked to stop.
func (p *process) asked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopping
}

// await waits until no process is left. A supervisor that does not manage that
// in the time given is killed, and its session with it.
func (p *process) await(limit time.Duration) error {
	select {
	case <-p.gone:
		return nil
	case <-time.After(limit):
	}
	p.kill()
	select {
	case <-p.gone:
		return nil
	case <-time.After(limit):
		if p.supervisor == nil {
			return errors.New("a step cannot be ended")
		}
		return fmt.Errorf("processes of engine %d cannot be killed", p.supervisor.Process.Pid)
	}
}
