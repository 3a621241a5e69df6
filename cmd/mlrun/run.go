package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/diag"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/loadgen/official"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/internal/run"
)

const runHelp = `Executes a manifest: checks that everything it needs is there, runs the power
script, starts the engine, warms it up, issues the scenario's queries exactly as
LoadGen would, writes the results, stops the engine and prints a summary.

  mlrun run manifest.yaml
  mlrun run manifest.yaml --simulate                 the simulated engine instead of the real one
  mlcfg compile x.yaml --backend vllm | mlrun run -  a manifest from standard input
  mlrun run m.yaml --map /data=/mnt/data --out runs/first
  mlrun run m.yaml --external http://127.0.0.1:8000  an engine that is already running
  mlrun run m.yaml --clients 4                       four client processes, where one cannot send enough
  mlrun run m.yaml --loadgen=official                MLPerf's own LoadGen issues and judges
  mlrun run m.yaml --on slurm --nodes 4              engines on four nodes of Slurm's
  mlrun run m.yaml --metrics-listen 127.0.0.1:9400   metrics for Prometheus

On a terminal it shows a live view; elsewhere, and if TERM is dumb, it prints a line
of progress every 10 seconds.

The first interrupt (SIGINT, SIGTERM, or SIGHUP when the terminal goes) lets
requests in flight finish, the second abandons them; either way the results so far
are written and marked INVALID. Exit status: 0 if the run is VALID, 1 if it is
INVALID, 2 if it could not be executed.`

// runFlags are what run and plan have in common.
type runFlags struct {
	simulate, wait, noWarmUp, powerOptional   bool
	force, noResourceCheck                    bool
	maps, external, passEnv, simArgs, command cli.StringSlice
	access                                    accessFlags
	loadgen, loadgenPython                    string
	powerScript, deviceEnv, tokenizer         string
	node, head, nodeAddress                   string
	concurrency, clients, firstPort           int
	limits                                    run.Limits
	slurm                                     slurmFlags
}

func (f *runFlags) list() []cli.Flag {
	return append(append(f.engine(), f.access.list("with --external: ")...),
		&cli.BoolFlag{Name: "simulate", Usage: "use the simulated engine instead of a real one, and synthetic data if the data set is missing", Destination: &f.simulate},
		&cli.StringSliceFlag{Name: "external", Usage: "send requests to an engine already running at `URL`; once for each replica", Destination: &f.external},
		&cli.BoolFlag{Name: "wait", Usage: "with --external: wait until the engines serve, at most --ready-timeout", Destination: &f.wait},
		&cli.StringSliceFlag{Name: "sim-arg", Usage: "pass `ARG` to the simulated engine (see mlrun sim --help)", Destination: &f.simArgs},
		&cli.StringFlag{Name: "tokenizer", Usage: "tokenizer.json or the `FOLDER` that holds it, for text samples (default: the model's)", Destination: &f.tokenizer},
		&cli.IntFlag{Name: "concurrency", Usage: "offline: number of requests in flight on each replica; 0 means the engine's batch size", Destination: &f.concurrency},
		f.clientsFlag("server and offline: divide the load over `N` client processes, for more than one can send"),
		limit(&cli.DurationFlag{Name: "request-timeout", Usage: "fail a request after this time", Value: run.DefaultLimits().RequestTimeout, Destination: &f.limits.RequestTimeout}),
		limit(&cli.DurationFlag{Name: "ready-timeout", Usage: "fail if the engine is not ready after this time", Value: run.DefaultLimits().ReadyTimeout, Destination: &f.limits.ReadyTimeout}),
		&cli.DurationFlag{Name: "stall-timeout", Usage: "end the run if a replica with requests in flight sends nothing for this long; -1s disables this", Value: run.DefaultLimits().StallTimeout, Destination: &f.limits.StallTimeout, Action: func(_ *cli.Context, d time.Duration) error {
			if d == 0 {
				return withHint("--stall-timeout=-1s", "--stall-timeout is 0s; it must be more than 0, or less to wait for ever")
			}
			return nil
		}},
		limit(&cli.DurationFlag{Name: "late-limit", Usage: "mark the run INVALID if the 99th-percentile send delay exceeds `DURATION`: the client was the bottleneck", Value: run.DefaultLimits().LateLimit, Destination: &f.limits.LateLimit}),
		limit(&cli.DurationFlag{Name: "grace", Usage: "how long an interrupted run waits for requests in flight", Value: run.DefaultLimits().Grace, Destination: &f.limits.Grace}),
		&cli.BoolFlag{Name: "no-warmup", Usage: "skip the warm-up", Destination: &f.noWarmUp},
		&cli.StringFlag{Name: "loadgen", Usage: "which LoadGen issues the queries and judges the run: builtin, or official for MLPerf's own library", Value: "builtin", Destination: &f.loadgen},
		&cli.StringFlag{Name: "loadgen-python", Usage: "`PATH` of a Python that has the official LoadGen installed (mlcommons-loadgen)", Value: "python3", Destination: &f.loadgenPython},
	)
}

// clientsFlag is the number of clients.
func (f *runFlags) clientsFlag(usage string) cli.Flag {
	return &cli.IntFlag{Name: "clients", Usage: usage, Value: 1, Destination: &f.clients, Action: func(_ *cli.Context, n int) error {
		if n < 1 {
			return fmt.Errorf("--clients is %d; it must be 1 or more", n)
		}
		return nil
	}}
}

// engine are the flags on how engines are started, and what is looked at before.
func (f *runFlags) engine() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "map", Usage: "read paths below FROM (inside a container) at TO instead (`FROM=TO`); the engine does so too", Destination: &f.maps},
		&cli.StringFlag{Name: "power-script", Usage: "run `FILE` before the engine, with model (the overlay's folder), machine and scenario as arguments", Destination: &f.powerScript},
		&cli.BoolFlag{Name: "power-script-optional", Usage: "continue if the power script fails; the result is INVALID", Destination: &f.powerOptional},
		limit(&cli.DurationFlag{Name: "power-script-timeout", Usage: "fail if the power script takes longer than this", Value: run.DefaultLimits().PowerTimeout, Destination: &f.limits.PowerTimeout}),
		&cli.StringSliceFlag{Name: "pass-env", Usage: "pass environment variable `NAME` on to the engine; its value is never written to a file", Destination: &f.passEnv},
		&cli.StringFlag{Name: "device-env", Usage: "set environment variable `NAME` to bind replicas to devices; none leaves them unbound", Destination: &f.deviceEnv},
		&cli.StringSliceFlag{Name: "engine-command", Usage: "start the engine with `WORD` instead of its usual command; repeat for each word", Destination: &f.command},
		&cli.IntFlag{Name: "first-port", Usage: "`PORT` of the first replica; 0 picks free ports", Destination: &f.firstPort},
		&cli.StringFlag{Name: "node", Usage: "this machine is node I of N (`I/N`) of a multi-node replica; node 1 is the head", Destination: &f.node},
		&cli.StringFlag{Name: "head", Usage: "the other nodes reach node 1 at `HOST[:PORT]`", Destination: &f.head},
		&cli.StringFlag{Name: "node-address", Usage: "the other nodes reach this node at `IP`", Destination: &f.nodeAddress},
		&cli.BoolFlag{Name: "force", Usage: "start even if something is missing; the result is INVALID", Destination: &f.force},
		&cli.BoolFlag{Name: "no-resource-check", Usage: "do not check that model and data set are the benchmark's own", Destination: &f.noResourceCheck},
	}
}

// readManifest reads the one manifest that a command line names.
func (a *app) readManifest(c *cli.Context) (*manifest.Manifest, error) {
	if c.NArg() != 1 {
		name := strings.TrimPrefix(c.Command.HelpName, "mlrun ") // tune buckets, not buckets
		return nil, withHint("mlrun "+name+" manifest.yaml, or - for standard input", "%s takes one manifest, not %d", name, c.NArg())
	}
	path := c.Args().First()
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		hint := "name one of its manifests; mlrun suite " + path + " runs all of them"
		if _, err := os.Stat(filepath.Join(path, record.ManifestFile)); err == nil {
			hint = "mlrun report " + path + " reports on it, mlrun run " + filepath.Join(path, record.ManifestFile) + " repeats it"
		}
		return nil, withHint(hint, "%s is a folder, and a manifest is a file", path)
	}
	m, err := manifest.ReadFile(path, a.stdin)
	var bad *manifest.Error
	if errors.As(err, &bad) {
		return nil, withHint(bad.Hint, "%w", err)
	}
	return m, err
}

// hintDataSize is for a manifest of a data set whose size was not known.
const hintDataSize = "set harness_config.total_sample_count, or let mlcfg find the data set (--map FROM=TO), and compile again"

// plan works out what running a manifest would do; results is where it would write.
func (f *runFlags) plan(ctx context.Context, m *manifest.Manifest, results string) (*run.Plan, error) {
	o, err := f.options(engine.LocalHost(), results)
	if err != nil {
		return nil, err
	}
	p, err := run.NewPlan(ctx, m, o)
	if errors.Is(err, loadgen.ErrNoDataSize) {
		return nil, withHint(hintDataSize, "%w", err)
	}
	if errors.Is(err, official.ErrMissing) {
		return nil, withHint("python3 -m venv lg && lg/bin/pip install mlcommons-loadgen, then --loadgen-python lg/bin/python", "%w", err)
	}
	return p, err
}

// limit is a flag of a duration that must be more than none: nobody should wait for
// the default who asked for 0.
func limit(f *cli.DurationFlag) *cli.DurationFlag {
	f.Action = func(_ *cli.Context, d time.Duration) error {
		if d <= 0 {
			return fmt.Errorf("--%s is %v; it must be more than 0", f.Name, d)
		}
		return nil
	}
	return f
}

// options are what the flags mean on a machine.
func (f *runFlags) options(host engine.Host, results string) (run.Options, error) {
	if err := oneOf("loadgen", cmp.Or(f.loadgen, "builtin"), "builtin", "official"); err != nil {
		return run.Options{}, err
	}
	paths, err := pathmap.Parse(f.maps.Value())
	if err != nil {
		return run.Options{}, fmt.Errorf("--map: %w", err)
	}
	var node engine.Node
	if f.node != "" {
		if node, err = engine.ParseNode(f.node, f.head, f.nodeAddress); err != nil {
			return run.Options{}, withHint("--node 1/2 --head 10.0.0.1 on the first node, --node 2/2 --head 10.0.0.1 on the second", "--node: %w", err)
		}
	} else if f.head != "" || f.nodeAddress != "" {
		return run.Options{}, withHint("--node 1/2 --head 10.0.0.1 on the first node", "--head and --node-address are for engines over several nodes; --node is missing")
	}
	if f.wait && len(f.external.Value()) == 0 {
		return run.Options{}, withHint("--external http://127.0.0.1:8000 --wait", "--wait is for engines that somebody else starts; --external is missing")
	}
	access, err := f.access.read(host)
	if err != nil {
		return run.Options{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return run.Options{}, fmt.Errorf("finding this program: %w", err)
	}
	o := run.Options{
		Engine: engine.Options{
			Host: host, Simulate: f.simulate, SimArgs: f.simArgs.Value(), Self: self, External: f.external.Value(), Wait: f.wait,
			Command: f.command.Value(), PassEnv: f.passEnv.Value(), DeviceEnv: f.deviceEnv, FirstPort: f.firstPort,
			Node: node, Access: access,
		},
		Maps: f.maps.Value(), Slurm: f.slurm.allocation, NodesPerReplica: f.slurm.together,
		Translate:   func(path string) string { return paths.Translate(path, ".") },
		Tokenizer:   f.tokenizer,
		PowerScript: f.powerScript, PowerOptional: f.powerOptional, Limits: f.limits, Concurrency: f.concurrency, Clients: f.clients, NoWarmUp: f.noWarmUp,
		Results: results, Force: f.force, NoResourceCheck: f.noResourceCheck,
	}
	if f.loadgen == "official" {
		o.LoadgenPython = f.loadgenPython
	}
	return o, nil
}

func (a *app) runCommand() *cli.Command {
	var f runFlags
	var out, results, format, listen string
	var quiet, open bool
	return &cli.Command{
		Name: "run", Usage: "execute a manifest", ArgsUsage: "MANIFEST", Description: runHelp,
		Flags: append(append(f.list(), f.slurm.list()...),
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write to the new folder `DIR` (default: a new name under --results)", Destination: &out},
			&cli.StringFlag{Name: "results", Usage: "create the run's folder in `DIR`", Value: "runs", Destination: &results},
			&cli.StringFlag{Name: "format", Usage: "`FORMAT` of the summary: text or json", Value: "text", Destination: &format},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only notes while the run is in progress", Destination: &quiet},
			&cli.StringFlag{Name: "metrics-listen", Usage: "serve the run's metrics to Prometheus at http://`ADDRESS`/metrics (such as 127.0.0.1:9400; port 0 picks a free one)", Destination: &listen},
			&cli.BoolFlag{Name: "metrics-open", Usage: "allow --metrics-listen on an address that other machines can reach", Destination: &open},
		),
		Action: func(c *cli.Context) error {
			if err := oneOf("format", format, "text", "json"); err != nil {
				return err
			}
			log := a.runLog(quiet)
			ctx, abort, stop := interrupts(c.Context, log)
			defer stop()
			m, err := a.readManifest(c)
			if err != nil {
				return err
			}
			release, err := f.allocate(ctx, m, cmp.Or(out, results), log)
			if err != nil {
				return err
			}
			defer release()
			p, err := f.plan(ctx, m, cmp.Or(out, results))
			if err != nil {
				return err
			}
			if p.Worker() {
				return withHint("mlrun node MANIFEST --node "+f.node+" --head "+f.head, "node %s carries a part of the engine and no test", f.node)
			}
			a.warnBeyondClient(ctx, p)
			if out == "" {
				out = p.Dir(results, time.Now())
			}
			metrics, err := a.listen(ctx, listen, open)
			if err != nil {
				return err
			}
			sum, err := run.Run(ctx, p, run.Output{
				Dir: out, Log: log, Program: program(), Abort: abort, Metrics: metrics, MetricsName: hostOf(listen),
			})
			if sum != nil {
				if err := a.printSummary(sum, format); err != nil {
					return err
				}
				fmt.Fprintf(a.stderr, "results: %s\n", filepath.Clean(out))
			}
			switch {
			case errors.Is(err, run.ErrInterrupted) && sum != nil:
				return errFindings
			case err != nil:
				return engineHint(err)
			case !sum.Valid:
				return errFindings
			}
			return nil
		},
	}
}

// engineHint puts the last lines of an engine's log below its failure.
func engineHint(err error) error {
	var dead *engine.Failure
	if !errors.As(err, &dead) || len(dead.Lines) == 0 {
		return err
	}
	text := "the last lines of " + dead.Log + ":"
	for _, line := range dead.Lines {
		text += "\n  | " + diag.Escape(line)
	}
	return withHint(text, "%w", err)
}

func (a *app) printSummary(s *report.Summary, format string) error {
	if format == "json" {
		return a.printJSON(s)
	}
	return report.WriteText(a.stdout, s)
}

// program names this build in the logs.
func program() loadgen.Program {
	p := loadgen.Program{Name: "mlrun", Version: version}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				p.Revision = s.Value
			case "vcs.time":
				p.RevisionTime = s.Value
			}
		}
	}
	return p
}
