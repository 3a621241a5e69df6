package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds the waiting of script commands; none of them passes by waiting.
const patience = 30 * time.Second

// await waits until condition holds, and fails where it does not.
func await(ts *testscript.TestScript, what string, condition func() bool) {
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("waited in vain for %s", what)
		}
	}
}

// awaitCommand waits until a file holds a text: "await FILE TEXT".
func awaitCommand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT")
	}
	await(ts, args[1]+" in "+args[0], func() bool {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && strings.Contains(string(data), args[1])
	})
}

// openers are the processes that have a file open whose path begins so.
func openers(ts *testscript.TestScript, prefix string) (pids []int) {
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	ts.Check(err)
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, prefix) {
			pid, err := strconv.Atoi(strings.Split(link, "/")[2])
			ts.Check(err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// killWriterCommand kills the one process that has a file open with -9: "kill-writer FILE".
func killWriterCommand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: kill-writer FILE")
	}
	path, err := filepath.EvalSymlinks(ts.MkAbs(args[0]))
	ts.Check(err)
	pids := openers(ts, path)
	if len(pids) != 1 || pids[0] <= 1 {
		ts.Fatalf("%s is open in processes %v", args[0], pids)
	}
	ts.Check(syscall.Kill(pids[0], syscall.SIGKILL))
}

// orphansCommand waits until no process has a file open below a folder:
// "orphans DIR".
func orphansCommand(ts *testscript.TestScript, _ bool, args []string) {
	dir, err := filepath.EvalSymlinks(ts.MkAbs(args[0]))
	ts.Check(err)
	dir += string(filepath.Separator)
	await(ts, "the end of every process with files below "+dir, func() bool {
		return len(openers(ts, dir)) == 0
	})
}

// fullCommand runs mlrun with a standard output that has no room, which must end
// it with status 2 and a message: "full ARG...".
func fullCommand(ts *testscript.TestScript, _ bool, args []string) {
	words := append([]string{"-c", `"$0" "$@" >/dev/full; test $? = 2`, "mlrun"}, args...)
	ts.Check(ts.Exec("sh", words...))
	if said := ts.ReadFile("stderr"); !strings.Contains(said, "no space left on device") {
		ts.Fatalf("mlrun %s says %q", strings.Join(args, " "), said)
	}
}
