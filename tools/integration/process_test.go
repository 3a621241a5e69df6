package integration

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a line of the process table.
type process struct {
	pid, parent int
	command     string
}

// String is what the process calls itself, with its number.
func (p process) String() string { return fmt.Sprintf("%d %s", p.pid, p.command) }

// descendants are the living processes below one, the nearest first.
func descendants(root int) []process {
	children := map[int][]process{}
	names, _ := os.ReadDir("/proc")
	for _, name := range names {
		pid, err := strconv.Atoi(name.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent ...; the name may hold anything.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		command, _ := os.ReadFile("/proc/" + name.Name() + "/cmdline")
		text := strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " "))
		children[parent] = append(children[parent], process{pid, parent, text})
	}
	var all []process
	for queue := children[root]; len(queue) > 0; queue = queue[1:] {
		all = append(all, queue[0])
		queue = append(queue, children[queue[0].pid]...)
	}
	return all
}

// leftOver waits until this process has no descendants, and names those that
// stay.
func leftOver(t *testing.T) []process {
	t.Helper()
	var left []process
	within(2*time.Minute, func() bool {
		left = descendants(os.Getpid())
		return len(left) == 0
	})
	return left
}

// servers are the processes that the supervisors of a run have started, one a
// replica; everything else of an engine is below them.
func (r *running) servers() []process {
	var list []process
	for _, supervisor := range descendants(r.cmd.Process.Pid) {
		if supervisor.parent != r.cmd.Process.Pid || !strings.Contains(supervisor.command, "engine-supervisor") {
			continue
		}
		for _, p := range descendants(supervisor.pid) {
			if p.parent == supervisor.pid {
				list = append(list, p)
			}
		}
	}
	return list
}

// server waits for the first replica's process.
func (r *running) server(t *testing.T) process {
	t.Helper()
	var first process
	r.await(t, "the engine's process", func() bool {
		list := r.servers()
		if len(list) > 0 {
			first = list[0]
		}
		return len(list) > 0
	})
	return first
}

// named waits for a process of the engine by a part of its command line.
func (r *running) named(t *testing.T, name string) process {
	t.Helper()
	var found process
	r.await(t, "a process "+name, func() bool {
		for _, p := range descendants(r.cmd.Process.Pid) {
			if strings.Contains(p.command, name) {
				found = p
				return true
			}
		}
		return false
	})
	return found
}

func send(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatalf("signal %v to %d: %v", s, pid, err)
	}
}
