package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mlcfg/internal/engine"
)

// process is one that has files open below the folder of a fault.
type process struct {
	pid   int
	argv  []string
	files []string
}

// processes finds every process with a file open below the folder, or working there.
func (b *bench) processes() []process {
	dir, err := filepath.EvalSymlinks(b.dir)
	if err != nil {
		return nil
	}
	var found []process
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(entry))
		if err != nil || pid == os.Getpid() {
			continue
		}
		p := process{pid: pid}
		links, _ := filepath.Glob(entry + "/fd/*")
		for _, link := range append(links, entry+"/cwd") {
			target, err := os.Readlink(link)
			if err == nil && (target == dir || strings.HasPrefix(target, dir+"/")) {
				p.files = append(p.files, target)
			}
		}
		if len(p.files) == 0 {
			continue
		}
		line, _ := os.ReadFile(entry + "/cmdline")
		p.argv = strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
		found = append(found, p)
	}
	return found
}

// leftFor is how long processes have to end after mlrun, which gives its
// engines two seconds when it was killed itself.
const leftFor = 20 * time.Second

// left are the processes that do not end, which are then killed.
func (b *bench) left() []string {
	var list []process
	for deadline := time.Now().Add(leftFor); ; time.Sleep(20 * time.Millisecond) {
		if list = b.processes(); len(list) == 0 || time.Now().After(deadline) {
			break
		}
	}
	var names []string
	for _, p := range list {
		names = append(names, strings.Join(p.argv, " "))
		_ = send(p.pid, syscall.SIGKILL)
	}
	return names
}

// send signals one process. To kill(2), 0 and the negative numbers are groups
// of processes, the campaign's own among them.
func send(pid int, sig syscall.Signal) error {
	if pid <= 0 {
		return fmt.Errorf("no process %d to signal", pid)
	}
	return syscall.Kill(pid, sig)
}

// role tells processes of an engine apart.
type role string

const (
	theEngine     role = "sim"
	theSupervisor role = engine.SuperviseCommand
)

// find is the process in a role for a replica, 0 where there is none.
func (b *bench) find(r role, replica int) int {
	log := fmt.Sprintf("replica-%d.log", replica)
	for _, p := range b.processes() {
		if len(p.argv) < 2 || p.argv[1] != string(r) {
			continue
		}
		for _, file := range p.files {
			if filepath.Base(file) == log {
				return p.pid
			}
		}
	}
	return 0
}

// opener is a process that has the file open and is not mlrun, 0 where there is none.
func (b *bench) opener(name string) int {
	for _, p := range b.processes() {
		for _, file := range p.files {
			if file == b.path(name) && p.argv[0] != b.mlrun {
				return p.pid
			}
		}
	}
	return 0
}

// signal sends a signal to a replica's process.
func (b *bench) signal(r role, replica int, sig syscall.Signal) error {
	pid := b.find(r, replica)
	if pid == 0 {
		return fmt.Errorf("no %s of replica %d", r, replica)
	}
	return send(pid, sig)
}
