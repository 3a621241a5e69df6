package engine

import (
	"os"
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
		_, rest, ok := strings.Cut(string(b), "(")
		if i := strings.LastIndexByte(rest, ')'); ok && i >= 0 {
			fields := strings.Fields(rest[i+1:])
			if len(fields) > 3 {
				parent, _ := strconv.Atoi(fields[1])
				session, _ := strconv.Atoi(fields[3])
				list = append(list, procEntry{pid, parent, session})
			}
		}
	}
	return list
}

// signalTree signals every descendant of a process, the nearest first.
func signalTree(root int, sig syscall.Signal) {
	children := map[int][]int{}
	for _, p := range processes() {
		children[p.parent] = append(children[p.parent], p.pid)
	}
	queue := children[root]
	for len(queue) > 0 {
		pid := queue[0]
		queue = append(queue[1:], children[pid]...)
		syscall.Kill(pid, sig)
	}
}

// killSession kills every process of a session. It is the last resort where a
// supervisor, whose session it is, has been killed itself.
func killSession(session int) {
	for _, p := range processes() {
		if p.session == session {
			syscall.Kill(p.pid, syscall.SIGKILL)
		}
	}
}
