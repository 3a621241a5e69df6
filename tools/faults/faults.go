package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// faults are all faults, in the order of the table.
func faults() []fault {
	return slices.Concat(processFaults(), streamFaults(), responseFaults(), hostileEngines(), generateFaults(), startFaults(), otherRuns(), specialFiles(), credentialFaults(), corruptions())
}

// long makes a run that does not end by itself in any useful time.
func long(_ *manifest.Manifest, s *loadgen.Settings) { s.MinDuration = 10 * time.Minute }

// generate has requests go to SGLang's /generate, which tells token ids.
func generate(m *manifest.Manifest, _ *loadgen.Settings) {
	m.Backend, m.Engine = backend.SGLang, manifest.Engine{Name: backend.SGLang, Version: "0.5.9"}
	m.EngineConfig = map[string]any{"model_path": "/models/llama", "max_running_requests": int64(64)}
	m.SamplingConfig = map[string]any{"temperature": 0.0, "max_new_tokens": int64(16), "min_new_tokens": int64(2)}
}

// processFaults end or suspend processes while requests are in flight.
func processFaults() []fault {
	return []fault{
		{
			name: "engine killed (SIGKILL)", short: true, manifest: long,
			exit: 2, says: `engine replica \d ended by itself: killed by signal 9`,
			attack: func(b *bench, c *command) error {
				return errors.Join(b.awaitFinished(c, 50), b.signal(theEngine, 1, syscall.SIGKILL))
			},
		},
		{
			name: "engine ends by itself with status 137", manifest: long, args: simFault("die-after=100"),
			exit: 2, says: `engine replica \d ended by itself: exit status 137`,
		},
		{
			name: "engine's supervisor killed", manifest: long,
			exit: 2, says: `engine replica \d ended by itself: its supervisor was killed`,
			attack: func(b *bench, c *command) error {
				return errors.Join(b.awaitFinished(c, 50), b.signal(theSupervisor, 1, syscall.SIGKILL))
			},
		},
		{
			name: "engine suspended for 30 s (SIGSTOP, SIGCONT)", exit: 0, says: ``, args: []string{"--stall-timeout", "10m", "--late-limit", "10m"},
			manifest: func(_ *manifest.Manifest, s *loadgen.Settings) { s.MinQueryCount = 600 },
			attack:   suspend(30 * time.Second),
		},
		{
			name: "engine suspended for longer than --stall-timeout", short: true, manifest: long, args: []string{"--stall-timeout", "2s"},
			exit: 2, says: `engine replica \d hangs: nothing came from it for .+ with .+ requests in flight`,
			attack: suspend(0), excuse: givenUp, excused: abandoned,
		},
		{
			name: "mlrun killed (SIGKILL)", short: true, manifest: long, exit: -9, says: `the run was cut off during: measuring`,
			excuse: "for what finished in its last second",
			attack: func(b *bench, c *command) error {
				if err := b.awaitFinished(c, 50); err != nil {
					return err
				}
				if err := b.remember(); err != nil {
					return err
				}
				time.Sleep(time.Second)
				return c.cmd.Process.Kill()
			},
			excused: func(b *bench, r *report.Run) int { return b.since(recorded(r)) },
		},
		{
			name: "mlrun interrupted once", short: true, manifest: long, exit: 1, says: `ended during measuring: interrupted`,
			attack: func(b *bench, c *command) error {
				return errors.Join(b.awaitFinished(c, 50), c.cmd.Process.Signal(os.Interrupt))
			},
		},
		{
			name: "mlrun interrupted twice", manifest: long, exit: 1, says: `ended during measuring: interrupted`,
			attack: func(b *bench, c *command) error {
				return errors.Join(b.awaitFinished(c, 50), c.cmd.Process.Signal(os.Interrupt), c.cmd.Process.Signal(os.Interrupt))
			},
			excuse: givenUp, excused: abandoned,
		},
		{
			name: "power script killed (SIGKILL)", short: true, args: []string{"--power-script", "power.sh"},
			exit: 2, says: `power script power.sh: .*killed`,
			setup: script("echo up; exec sleep 600"),
			attack: func(b *bench, c *command) error {
				var pid int
				err := c.until("the power script", func() bool { pid = b.opener("run/power.log"); return pid != 0 })
				if err != nil {
					return err
				}
				return send(pid, syscall.SIGKILL)
			},
		},
		{
			name: "power script fails", args: []string{"--power-script", "power.sh"},
			exit: 2, says: `power script power.sh: exit status 3`, setup: script("echo no such clock; exit 3"),
		},
		{
			name: "mlrun killed during the power script", args: []string{"--power-script", "power.sh"},
			exit: -9, says: `the run was cut off during: power script`, setup: script("sleep 600\nsleep 600"),
			attack: func(b *bench, c *command) error {
				err := c.until("the power script", func() bool { return b.opener("run/power.log") != 0 })
				return errors.Join(err, c.cmd.Process.Kill())
			},
		},
		{
			name: "disk full", short: true, manifest: long, exit: 2, says: `no space left on device`,
			args: []string{"--out", "full/run", "--force"}, skip: cannotMount, setup: smallDisk,
			excuse: "for what came when nothing could be written", excused: unwritten,
		},
		{
			name: "files may not grow any more (ulimit -f)", short: true, manifest: long, exit: 2, says: `file too large`,
			before: []string{"sh", "-c", `ulimit -f 128; exec "$0" "$@"`},
			excuse: "for what came when nothing could be written", excused: unwritten,
		},
	}
}

// givenUp excuses answers that came when mlrun had given up waiting for them;
// their records say so.
const givenUp = "for what was given up and is recorded as abandoned"

// abandoned is how many requests a run gave up.
func abandoned(_ *bench, r *report.Run) int {
	n := 0
	for _, rec := range r.Records.All() {
		if rec.Status == record.Abandoned {
			n++
		}
	}
	return n
}

// responseFaults are wrong answers; the run goes on.
func responseFaults() []fault {
	return []fault{
		{
			name: "connections broken mid-stream, each 7th", short: true, args: simFault("break-every=7"),
			exit: 1, says: `\d+ of \d+ requests failed`,
		},
		{
			name: "malformed streams, each 7th", short: true, args: simFault("malformed-every=7"),
			exit: 1, says: `\d+ of \d+ requests failed`,
		},
		{
			name: "wrong token counts, each 7th", short: true, manifest: generate, args: simFault("miscount-every=7"),
			exit: 1, says: `\d+ of \d+ requests failed`,
		},
		{
			name: "late tokens after the end, each 7th", short: true, args: simFault("late-every=7"),
			exit: 1, says: `\d+ of \d+ requests failed`,
		},
		{
			name: "an engine that answers what is no HTTP", exit: 1, says: `\d+ of \d+ requests failed`,
			setup: says("\x00\xff\x16\x03 nonsense\r\n\r\n").start, command: external,
		},
		{
			name: "an engine that answers status 500", exit: 1, says: `\d+ of \d+ requests failed`,
			setup: says("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops").start, command: external,
		},
	}
}

// startFaults keep a run from starting.
func startFaults() []fault {
	var busy net.Listener
	return []fault{
		{
			name: "engine dies while it loads", args: append(simFault("load=200ms"), simFault("die-loading")...),
			exit: 2, says: `engine replica \d ended while starting: exit status 1: out of device memory`,
		},
		{
			name: "port busy before the start", short: true, args: []string{"--first-port", busyPort},
			exit: 2, says: `the run cannot start: replica \d cannot listen: port `,
			setup: func(b *bench) (func(), error) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return nil, err
				}
				b.replace = map[string]string{busyPort: strconv.Itoa(l.Addr().(*net.TCPAddr).Port)}
				return func() { l.Close() }, nil
			},
		},
		{
			name: "port taken while the engine loads", args: simFault("load=2s"),
			exit: 2, says: `engine replica \d ended while starting: exit status 2: the port is taken`,
			attack: func(b *bench, c *command) error {
				port := ""
				if err := c.until("an engine", func() bool { port = b.enginePort(); return port != "" }); err != nil {
					return err
				}
				var err error
				busy, err = net.Listen("tcp", "127.0.0.1:"+port)
				return err
			},
			setup: func(*bench) (func(), error) {
				return func() {
					if busy != nil {
						busy.Close()
					}
				}, nil
			},
		},
	}
}

// simFault has the simulated engine misbehave.
func simFault(spec string) []string { return []string{"--sim-arg", "--fault", "--sim-arg", spec} }

// suspend stops replica 0 for a time, or for good where it is 0.
func suspend(d time.Duration) func(*bench, *command) error {
	return func(b *bench, c *command) error {
		if err := errors.Join(b.awaitFinished(c, 50), b.signal(theEngine, 0, syscall.SIGSTOP)); err != nil || d == 0 {
			return err
		}
		time.Sleep(d)
		return b.signal(theEngine, 0, syscall.SIGCONT)
	}
}

// script writes a power script.
func script(body string) func(*bench) (func(), error) {
	return func(b *bench) (func(), error) {
		return nil, os.WriteFile(b.path("power.sh"), []byte("#!/bin/sh\n"+body+"\n"), 0o755)
	}
}

// external is a run on an engine that runs already.
var external = []string{"run", manifestName, "--map", "/data=data", "--out", runName, "--external", impostorURL}

// The places of values that are known only when a fault is tried.
const (
	busyPort    = "{busy port}"
	impostorURL = "{impostor}"
	impostorTLS = "{impostor over TLS}"
)

var portArgument = regexp.MustCompile(`^\d+$`)

// enginePort is the port that replica 0 will bind.
func (b *bench) enginePort() string {
	for _, p := range b.processes() {
		if len(p.argv) < 2 || p.argv[1] != string(theEngine) {
			continue
		}
		for i, arg := range p.argv {
			if arg == "--port" && i+1 < len(p.argv) && portArgument.MatchString(p.argv[i+1]) {
				return p.argv[i+1]
			}
		}
	}
	return ""
}

// smallDisk mounts a file system on which little has room.
func smallDisk(b *bench) (func(), error) {
	dir := b.path("full")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := mountSmall(dir); err != nil {
		return nil, fmt.Errorf("mounting a small file system: %w", err)
	}
	// The run is looked for under its usual name.
	if err := os.Symlink("full/"+runName, b.path(runName)); err != nil {
		return nil, err
	}
	return func() { _ = unmount(dir) }, nil
}

// substitute puts in what became known in the setup.
func (b *bench) substitute(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		for place, value := range b.replace {
			arg = strings.ReplaceAll(arg, place, value)
		}
		out[i] = arg
	}
	return out
}
