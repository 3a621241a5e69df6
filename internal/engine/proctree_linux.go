package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// procEntry is a line of the process table.
type procEntry struct{ pid, parent, session int }

// processes reads the process table.
func processes() []procEntry {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var list []procEntry
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		b, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent group session …; the name may hold anything.
		p, state, group := procEntry{pid: pid}, "", 0
		if n, _ := fmt.Sscan(string(b[bytes.LastIndexByte(b, ')')+1:]), &state, &p.parent, &group, &p.session); n == 4 {
			list = append(list, p)
		}
	}
	return list
}

// signalTree signals every descendant of a process but those to be spared, the
// nearest first; spare may be nil.
func signalTree(root int, sig syscall.Signal, spare func(pid int) bool) {
	children := map[int][]int{}
	for _, p := range processes() {
		children[p.parent] = append(children[p.parent], p.pid)
	}
	queue := children[root]
	for len(queue) > 0 {
		pid := queue[0]
		queue = append(queue[1:], children[pid]...)
		if spare == nil || !spare(pid) {
			syscall.Kill(pid, sig)
		}
	}
}

// tracksResources reports whether a process is one of Python's resource trackers
// (multiprocessing.resource_tracker). Such a process removes the shared memory
// of those that it was started for when the last of them is dead, and ends.
func tracksResources(pid int) bool {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return strings.Contains(string(b), "multiprocessing.resource_tracker")
}

// killLeft kills what a replica leaves when its supervisor has been killed
// itself, and its orphans have fallen to somebody else: the processes of the
// supervisor's session, and those that write to the replica's log, as a worker
// in a session of its own does. It is the last resort.
func killLeft(session int, log string) {
	for _, p := range processes() {
		if p.session == session || p.pid != os.Getpid() && writes(p.pid, log) {
			syscall.Kill(p.pid, syscall.SIGKILL)
		}
	}
}

// writes reports whether a process has a file open for writing; one that reads
// a log is somebody who looks at it.
func writes(pid int, file string) bool {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(folder, e.Name())); err != nil || target != file {
			continue
		}
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", pid, e.Name()))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if octal, ok := strings.CutPrefix(line, "flags:"); ok {
				flags, err := strconv.ParseInt(strings.TrimSpace(octal), 8, 64)
				return err == nil && flags&syscall.O_ACCMODE != syscall.O_RDONLY
			}
		}
	}
	return false
}
