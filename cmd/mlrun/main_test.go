package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mlrun": main})
}

// TestScripts runs testdata/script: commands on top, files below. Its own
// commands: "url NAME PIPE" waits until a program in the background has written
// its URL to the pipe, and sets NAME; "http METHOD URL [BODYFILE]" prints
// status, headers and body; "await FILE TEXT" waits for a text in a file, "orphans
// DIR" until no process has a file open there; "kill-writer FILE" kills the process that has it open; "full ARG..." runs mlrun on a full standard output, which must end it with 2; "same-schedule MANIFEST DIR" compares what a
// run issued with LoadGen's schedule, "same-answers DIR DIR" two accuracy logs; "manifest NAME [KIND...]" writes a small manifest,
// server on vLLM unless a KIND (see manifestCommand) says otherwise. Condition "loadgen": a
// Python with the official LoadGen was found, at $LOADGEN_PYTHON; "amd": this
// machine has AMD's driver; "hangup": SIGHUP is not ignored, as nohup has it.
func TestScripts(t *testing.T) {
	// What these tests start shall notice signals although nohup has them ignored here:
	// a signal that is caught is one that a child has its default for.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Condition:           condition,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"http":          httpCommand,
			"url":           urlCommand,
			"await":         awaitCommand,
			"orphans":       orphansCommand,
			"kill-writer":   killWriterCommand,
			"full":          fullCommand,
			"same-schedule": sameScheduleCommand,
			"same-answers":  sameAnswersCommand,
			"manifest": func(ts *testscript.TestScript, _ bool, args []string) {
				manifestCommand(t, ts, args)
			},
		},
	})
}

var urlLine = regexp.MustCompile(`http://[0-9.:]+\n`)

// urlCommand reads a pipe (made with mkfifo) that a background program writes to.
func urlCommand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: url NAME FILE")
	}
	f, err := os.Open(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Defer(func() { f.Close() })
	line, err := bufio.NewReader(f).ReadString('\n')
	ts.Check(err)
	if !urlLine.MatchString(line) {
		ts.Fatalf("no URL but %q", line)
	}
	ts.Setenv(args[0], strings.TrimSpace(line))
}

func httpCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: http METHOD URL [BODYFILE]")
	}
	body := ""
	if len(args) == 3 {
		body = ts.ReadFile(args[2])
	}
	req, err := http.NewRequest(args[0], args[1], strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if neg {
		if err == nil {
			res.Body.Close()
			ts.Fatalf("%s %s answers %s", args[0], args[1], res.Status)
		}
		return
	}
	ts.Check(err)
	defer res.Body.Close()
	out := ts.Stdout()
	io.WriteString(out, res.Status+"\n")
	res.Header.Write(out)
	io.Copy(out, res.Body)
}
