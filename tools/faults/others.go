package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// pythonWithLoadGen is a Python with the official LoadGen: LOADGEN_PYTHON names
// it, or make conformance has installed one.
func pythonWithLoadGen() string {
	for _, python := range []string{os.Getenv("LOADGEN_PYTHON"), ".venv/bin/python", "python3"} {
		if strings.Contains(python, "/") { // the program is run in another folder
			if abs, err := filepath.Abs(python); err == nil {
				python = abs
			}
		}
		if python != "" && exec.Command(python, "-c", "import mlperf_loadgen").Run() == nil {
			return python
		}
	}
	return ""
}

func noLoadGen() string {
	if pythonWithLoadGen() == "" {
		return "no Python with mlcommons-loadgen is here (LOADGEN_PYTHON names one)"
	}
	return ""
}

// otherRuns break runs in which the official LoadGen issues, and searches.
func otherRuns() []fault {
	official := func(more ...string) []string {
		return append([]string{"--loadgen", "official", "--loadgen-python", "{python}"}, more...)
	}
	python := func(b *bench) (func(), error) {
		b.replace = map[string]string{"{python}": pythonWithLoadGen()}
		return nil, nil
	}
	atWork := func(then func(*bench, *command) error) func(*bench, *command) error {
		return func(b *bench, c *command) error { return errors.Join(b.awaitFinished(c, 50), then(b, c)) }
	}
	signal := func(s os.Signal) func(*bench, *command) error {
		return func(_ *bench, c *command) error { return c.cmd.Process.Signal(s) }
	}
	tune := []string{"tune", "qps", manifestName, "--simulate", "--map", "/data=data", "--results", "runs", "--max-runs", "2", "--late-limit", "1m"}
	begun := func(then func(*bench, *command) error) func(*bench, *command) error {
		return func(b *bench, c *command) error {
			if err := c.until("an engine", func() bool { return b.find(theEngine, 0) != 0 }); err != nil {
				return err
			}
			time.Sleep(500 * time.Millisecond)
			return then(b, c)
		}
	}
	killEngine := func(b *bench, _ *command) error { return b.signal(theEngine, 0, syscall.SIGKILL) }
	return []fault{
		{name: "official LoadGen: engine killed (SIGKILL)", skip: noLoadGen, setup: python, manifest: long, args: official(), exit: 2, says: `engine replica \d ended by itself: killed by signal 9`, attack: atWork(killEngine)},
		{name: "official LoadGen: interrupted", skip: noLoadGen, setup: python, manifest: long, args: official(), exit: 1, says: `interrupted`, attack: atWork(signal(os.Interrupt))},
		{name: "official LoadGen: the terminal goes (SIGHUP)", skip: noLoadGen, setup: python, manifest: long, args: official(), exit: 1, says: `interrupted`, attack: atWork(signal(syscall.SIGHUP))},
		{name: "official LoadGen: connections broken mid-stream, each 7th", skip: noLoadGen, setup: python, args: official(simFault("break-every=7")...), exit: 1, says: allFail},
		{name: "tune: engine killed (SIGKILL)", manifest: long, command: tune, exit: 2, says: `engine replica \d ended`, attack: begun(killEngine)},
		{name: "tune: interrupted", manifest: long, command: tune, exit: 2, says: `interrupted`, attack: begun(signal(os.Interrupt))},
		{name: "tune: the terminal goes (SIGHUP)", manifest: long, command: tune, exit: 2, says: `interrupted`, attack: begun(signal(syscall.SIGHUP))},
		{name: "tune: engine dies while it loads", manifest: long, command: append(tune[:len(tune):len(tune)], append(simFault("load=200ms"), simFault("die-loading")...)...), exit: 2, says: `ended while starting: exit status 1: out of device memory`},
	}
}
