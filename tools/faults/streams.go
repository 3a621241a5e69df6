package main

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// shell runs the program by a shell script, in which "$0" "$@" is its command line.
func shell(script string) []string { return []string{"sh", "-c", script} }

// full has standard output be a disk without room.
var full = shell(`exec "$0" "$@" >/dev/full`)

// streamFaults take away the terminal, the pipes and the disk behind the streams,
// and the clock.
func streamFaults() []fault {
	signal := func(signals ...os.Signal) func(*bench, *command) error {
		return func(b *bench, c *command) error {
			err := b.awaitFinished(c, 50)
			for _, s := range signals {
				err = errors.Join(err, c.cmd.Process.Signal(s))
				time.Sleep(50 * time.Millisecond)
			}
			return err
		}
	}
	patient := []string{"--late-limit", "10m"}
	const noRoom = `writing standard output: .*no space left on device`
	all := []fault{
		{name: "the terminal goes (SIGHUP)", short: true, manifest: long, exit: 1, says: `ended during measuring: interrupted`, attack: signal(syscall.SIGHUP)},
		{name: "SIGTERM", manifest: long, exit: 1, says: `ended during measuring: interrupted`, attack: signal(syscall.SIGTERM)},
		{name: "SIGHUP under nohup", before: shell(`trap "" HUP; exec "$0" "$@"`), manifest: enoughToJudge, args: patient, attack: signal(syscall.SIGHUP)},
		{
			name: "SIGHUP, then SIGINT", manifest: long, exit: 1, says: `ended during measuring: interrupted`, attack: signal(syscall.SIGHUP, os.Interrupt),
			excuse: givenUp, excused: abandoned,
		},
		{name: "SIGPIPE from outside", manifest: enoughToJudge, args: patient, attack: signal(syscall.SIGPIPE)},
		{name: "nobody reads standard error (2>&1 | head -n 1)", short: true, manifest: enoughToJudge, args: patient, before: shell(`{ "$0" "$@" 2>&1 >/dev/null; echo $? >status; } | head -n 1 >/dev/null; exit $(cat status)`)},
		{
			name: "nobody reads standard error, interrupted", manifest: long, exit: 1, says: `ended during measuring: interrupted`,
			before: shell(`{ "$0" "$@" 2>&1 >/dev/null & echo $! >pid; wait $!; echo $? >status; } | head -n 1 >/dev/null; until [ -s status ]; do sleep 0.05; done; exit $(cat status)`),
			attack: func(b *bench, c *command) error {
				if err := b.awaitFinished(c, 50); err != nil {
					return err
				}
				return b.signalNamed("pid", syscall.SIGTERM)
			},
		},
		{name: "standard error is closed (2>&-)", manifest: enoughToJudge, args: patient, before: shell(`exec "$0" "$@" 2>&-`)},
		{name: "standard output is closed (>&-)", manifest: enoughToJudge, args: patient, before: shell(`exec "$0" "$@" >&-`)},
		{name: "nobody reads the summary (| true)", manifest: enoughToJudge, args: patient, exit: 2, says: ``, before: shell(`{ "$0" "$@"; echo $? >status; } | true; exit $(cat status)`)},
		{name: "a full disk under standard output: mlrun run", manifest: enoughToJudge, args: patient, exit: 2, says: noRoom, before: full},
		{
			name: "mlrun suspended for 3 s in a server run (SIGSTOP, SIGCONT)", exit: 1, says: `the client did not keep up`,
			manifest: func(_ *manifest.Manifest, s *loadgen.Settings) { s.MinQueryCount = 600 },
			attack: func(b *bench, c *command) error {
				err := errors.Join(b.awaitFinished(c, 50), c.cmd.Process.Signal(syscall.SIGSTOP))
				time.Sleep(3 * time.Second)
				return errors.Join(err, c.cmd.Process.Signal(syscall.SIGCONT))
			},
		},
		{
			name: "the monotonic clock begins 30 years ahead (time namespace)", manifest: enoughToJudge, args: patient, skip: cannot("unshare", "-T", "true"),
			before: []string{"unshare", "-T", "--monotonic", "946080000", "--"},
		},
	}
	for _, c := range []struct {
		name    string
		mlcfg   bool
		command []string
	}{
		{"mlrun plan", false, []string{"plan", manifestName, "--simulate"}},
		{"mlrun schedule --queries", false, []string{"schedule", manifestName, "--queries"}},
		{"mlrun dataset info", false, []string{"dataset", "info", dataName}},
		{"mlrun --help", false, []string{"--help"}},
		{"mlrun sim", false, []string{"sim", "--model", "m"}},
		{"mlcfg schema show", true, []string{"schema", "show", backend.VLLM, "max_num_seqs"}},
		{"mlcfg --version", true, []string{"--version"}},
		{"mlcfg completion", true, []string{"completion", "bash"}},
	} {
		all = append(all, fault{name: "a full disk under standard output: " + c.name, exit: 2, says: noRoom, before: full, command: c.command, mlcfg: c.mlcfg})
	}
	for _, c := range []struct {
		command []string
		mlcfg   bool
	}{
		{[]string{"lint", "m/server_x.yaml", "--backend", backend.VLLM, "--format", "json"}, true},
		{[]string{"explain", "m/server_x.yaml", "--backend", backend.VLLM}, true},
		{[]string{"diff", "m/server_x.yaml", "m/offline_x.yaml", "--backend", backend.VLLM}, true},
		{[]string{"fmt", "m/server_x.yaml"}, true},
		{[]string{"fmt", "-d", "m/server_x.yaml"}, true},
		{[]string{"migrate", "m/server_x.yaml"}, true},
		{[]string{"schema", "list"}, true},
		{[]string{"report", runName}, false},
		{[]string{"report", runName, "--format", "json"}, false},
		{[]string{"completion", "bash"}, false},
	} {
		name := "mlrun "
		setup := (*bench).withWholeRun
		if c.mlcfg {
			name, setup = "mlcfg ", func(b *bench) (func(), error) { return files(overlay)(b) }
		}
		all = append(all, fault{name: "a full disk under standard output: " + name + strings.Join(c.command, " "), exit: 2, says: noRoom + `|lint tells more|as it stands|of the current format`, before: full, command: c.command, mlcfg: c.mlcfg, setup: setup})
	}
	return all
}

// withWholeRun is the setup of a fault of a run that is over.
func (b *bench) withWholeRun() (func(), error) { return nil, b.wholeRun() }
