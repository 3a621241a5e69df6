package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/client/mock"
	"mlcfg/internal/client/selftest"
	"mlcfg/internal/manifest"
	"mlcfg/internal/run"
)

const selftestHelp = `Measures what the client can do on this machine, against a server without a model:
how many requests and tokens per second it handles, how late it sends requests, and
how far its reported times are from the true ones. It takes a few seconds and needs
no engine, no manifest and no network.

  mlrun selftest
  mlrun selftest --format json

Run it on the machine that will send the requests, while nothing else runs there.
The server shares the machine, so the client alone can do more. Times are the kernel's
where it tells when data came and left; the errors of the times at which reads
returned, which count elsewhere, stand beside them.`

func (a *app) selftestCommand() *cli.Command {
	var format string
	return &cli.Command{
		Name:        "selftest",
		Usage:       "measure the client on this machine: its limits and its timing error",
		Description: selftestHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Value: "text", Usage: "text or json", Destination: &format},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return fmt.Errorf("selftest: unexpected argument %q", c.Args().First())
			}
			if format != "text" && format != "json" {
				return fmt.Errorf("selftest: --format %q is not known: text or json", format)
			}
			report, err := selftest.Measure(c.Context, selftest.Options{
				Start: startMock, LateLimit: run.DefaultLimits().LateLimit,
				Progress: func(what string) { fmt.Fprintln(a.stderr, "measuring", what) },
			})
			if err != nil {
				return fmt.Errorf("selftest: %w", err)
			}
			if format == "json" {
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				return e.Encode(report)
			}
			return a.printSelftest(report)
		},
	}
}

func (a *app) printSelftest(r selftest.Report) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "capacity, client and server on %d CPUs\trequests/s\ttokens/s\tclient's CPU us/request\n", r.CPUs)
	for _, c := range r.Capacity {
		fmt.Fprintf(w, "%d in flight, %d output tokens\t%.0f\t%.0f\t%.1f\n", c.InFlight, c.OutputTokens, c.Requests, c.Tokens, c.CPUPerRequest)
	}
	fmt.Fprintf(w, "\t\t\t\n")
	fmt.Fprintf(w, "timing, Poisson\tp50 us\tp99 us\tmax us\n")
	for _, t := range r.Timing {
		for _, row := range []struct {
			name string
			s    selftest.Spread
		}{
			{"late", t.Lateness},
			{"error of TTFT", t.TTFTError},
			{"by the times of reads", t.TTFTByReads},
			{"error of TPOT", t.TPOTError},
			{"by the times of reads", t.TPOTByReads},
		} {
			fmt.Fprintf(w, "%.0f requests/s, %s\t%.1f\t%.1f\t%.1f\n", t.Rate, row.name, row.s.P50, row.s.P99, row.s.Max)
		}
		fmt.Fprintf(w, "%.0f requests/s, gaps against schedule (K-S)\t%.4f\t\t\n", t.Rate, t.GapDistance)
		fmt.Fprintf(w, "%.0f requests/s, times by the kernel's clock\t%d of %d\t\t\n", t.Rate, t.Stamped, t.Requests)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, t := range r.Timing {
		for _, why := range t.Reasons {
			fmt.Fprintf(a.stdout, "%.0f requests/s: the client did not keep up: %s\n", t.Rate, why)
		}
	}
	return nil
}

// warnBeyondClient says before a run starts when it asks for more than this
// machine's client can measure. A modest load, which any machine carries, is not
// worth the measurement.
func (a *app) warnBeyondClient(ctx context.Context, p *run.Plan) {
	requests, tokens := expectedLoad(p)
	if requests < 200 && tokens < 100e3 {
		return
	}
	r, err := selftest.Measure(ctx, selftest.Options{Start: startMock, Capacity: 200 * time.Millisecond, CapacityOnly: true})
	if err != nil {
		fmt.Fprintf(a.stderr, "note: this machine's client could not be measured: %v\n", err)
		return
	}
	for _, why := range r.Beyond(requests, tokens) {
		fmt.Fprintf(a.stderr, "warning: %s\n", why)
	}
}

// expectedLoad is how many requests a second the plan's schedule has, and how
// many output tokens a second that is when each is as long as it may be.
func expectedLoad(p *run.Plan) (requests, tokens float64) {
	if p.ScheduledSeconds <= 0 {
		return 0, 0
	}
	requests = float64(p.Queries) / p.ScheduledSeconds
	for _, name := range []string{"max_tokens", "max_new_tokens"} {
		if n, ok := manifest.Int(p.Parameters, name); ok {
			tokens = requests * float64(n)
		}
	}
	return requests, tokens
}

// mockName is the command under which mlrun starts itself as the server.
const mockName = "selftest-server"

func startMock(c mock.Config) (selftest.Server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return mock.StartProcess(exec.Command(program, mockName, "--first", c.FirstToken.String(), "--per-token", c.PerToken.String()))
}

func (a *app) mockCommand() *cli.Command {
	var c mock.Config
	return &cli.Command{
		Name:   mockName,
		Hidden: true,
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "first", Destination: &c.FirstToken},
			&cli.DurationFlag{Name: "per-token", Destination: &c.PerToken},
		},
		Action: func(ctx *cli.Context) error {
			return mock.Serve(ctx.Context, "127.0.0.1:0", c, a.stdin, a.stdout)
		},
	}
}
