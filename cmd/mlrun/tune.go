package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/internal/run"
	"mlcfg/internal/run/tune"
)

const tuneHelp = `Searches for the highest server_target_qps at which a server run is VALID. Each try is
a whole run with its own directory and sealed manifest, which differs from the given
one only in that setting. From the manifest's target, or --from, the target is
doubled while runs are VALID, or halved while they are not; then the interval is
halved until it is narrower than --precision.

  mlrun tune qps manifest.yaml
  mlrun tune qps manifest.yaml --from 20 --to 80 --precision 0.02 --max-runs 8
  mlrun tune qps manifest.yaml --simulate --format json

Exit status: 0 if a target was found, 1 if no tried target is VALID, 2 if a run could
not be executed.`

func (a *app) tuneCommand() *cli.Command {
	return &cli.Command{
		Name: "tune", Usage: "search for the best value of a setting by running", HideHelpCommand: true,
		Description: "Tune finds values of settings by running a manifest.\n\n  mlrun tune qps manifest.yaml\n  mlrun tune buckets offline.yaml",
		Subcommands: []*cli.Command{a.tuneQPSCommand(), a.tuneBucketsCommand()},
		Action: func(c *cli.Context) error {
			return withHint("mlrun tune qps manifest.yaml", "tune needs to know what: qps or buckets")
		},
	}
}

// tried is one run of the search.
type tried struct {
	QPS   float64 `json:"target_qps"`
	Valid bool    `json:"valid"`
	Dir   string  `json:"dir"`
	// TTFTP99MS and TPOTP99MS are in milliseconds, absent where nothing was measured.
	TTFTP99MS *float64 `json:"ttft_p99_ms,omitempty"`
	TPOTP99MS *float64 `json:"tpot_p99_ms,omitempty"`
	Reasons   []string `json:"reasons"`
}

// tuned is the result of tune qps.
type tuned struct {
	Benchmark string  `json:"benchmark_name"`
	Simulated bool    `json:"simulated"`
	Runs      []tried `json:"runs"`
	// Best is the highest target that was VALID, absent where none was.
	Best *float64 `json:"best_qps,omitempty"`
	// Next is the lowest target that was not, absent where none was tried.
	Next *float64 `json:"lowest_invalid_qps,omitempty"`
	// Ended says why the search ended.
	Ended string `json:"ended"`
}

func (a *app) tuneQPSCommand() *cli.Command {
	var f runFlags
	var results, format string
	var s tune.Search
	var quiet bool
	return &cli.Command{
		Name: "qps", Usage: "search for the highest VALID target QPS of a server run", ArgsUsage: "MANIFEST", Description: tuneHelp,
		Flags: append(f.list(),
			&cli.Float64Flag{Name: "from", Usage: "start at `QPS`; with --to the lowest to try (default: the manifest's target)", Destination: &s.From},
			&cli.Float64Flag{Name: "to", Usage: "try no target above `QPS`", Destination: &s.To},
			&cli.Float64Flag{Name: "precision", Usage: "stop when the interval is narrower than this `SHARE` of the target", Value: 0.01, Destination: &s.Precision},
			&cli.IntFlag{Name: "max-runs", Usage: "stop after `N` runs", Value: 12, Destination: &s.MaxRuns},
			&cli.StringFlag{Name: "results", Usage: "create the runs' folders in `DIR`", Value: "runs", Destination: &results},
			&cli.StringFlag{Name: "format", Usage: "text or json", Value: "text", Destination: &format},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only notes and each run's result", Destination: &quiet},
		),
		Action: func(c *cli.Context) error {
			if err := oneOf("format", format, "text", "json"); err != nil {
				return err
			}
			m, err := a.readManifest(c)
			if err != nil {
				return err
			}
			section, err := loadgen.ReadSection(m.Loadgen)
			if err != nil {
				return fmt.Errorf("the manifest's loadgen section: %w", err)
			}
			if err := tunable(section.Settings); err != nil {
				return err
			}
			s.From = cmp.Or(s.From, section.Settings.ServerTargetQPS)
			log := a.runLog(quiet)
			ctx, abort, stop := interrupts(c.Context, log)
			defer stop()
			t := &tuner{app: a, flags: &f, manifest: m, results: results, log: log, abort: abort, out: tuned{Benchmark: m.BenchmarkName, Simulated: f.simulate, Runs: []tried{}}}
			found, err := s.Run(func(qps float64) (bool, error) { return t.try(ctx, qps) })
			if err != nil && len(t.out.Runs) == 0 {
				return err
			}
			t.out.Ended = string(found.Ended)
			if found.Best > 0 {
				t.out.Best = &found.Best
			}
			if found.Next > 0 {
				t.out.Next = &found.Next
			}
			if printErr := t.out.print(a, format); printErr != nil {
				return printErr
			}
			switch {
			case err != nil:
				return err
			case found.Best == 0:
				return errFindings
			}
			return nil
		},
	}
}

// tunable refuses manifests whose target QPS decides nothing.
func tunable(s loadgen.Settings) error {
	switch {
	case s.Scenario == loadgen.Offline:
		return withHint("mlrun run manifest.yaml", "an offline run offers everything at once: one run is enough to find its samples per second")
	case s.Scenario != loadgen.Server:
		return fmt.Errorf("a %v run has no target QPS to be searched", s.Scenario)
	case s.Mode != loadgen.PerformanceOnly:
		return fmt.Errorf("the manifest asks for mode %v: only performance runs are judged by their latency", s.Mode)
	}
	return nil
}

// tuner carries out the runs of a search.
type tuner struct {
	app      *app
	flags    *runFlags
	manifest *manifest.Manifest
	results  string
	log      *run.Log
	abort    <-chan struct{}
	out      tuned
}

// try runs the manifest at a target.
func (t *tuner) try(ctx context.Context, qps float64) (bool, error) {
	m, err := tune.Manifest(t.manifest, qps)
	if err != nil {
		return false, err
	}
	p, err := t.flags.plan(ctx, m, t.results)
	if err != nil {
		return false, err
	}
	if why := p.NeverValid(); len(why) > 0 {
		return false, withHint("raise min_query_count or min_duration in user.conf, and compile again: of a higher rate or a longer run come more queries",
			"%w", &tune.TooFewError{Why: fmt.Sprintf("no run at %g QPS can be VALID: %s", qps, strings.Join(why, "; "))})
	}
	dir := p.Dir(t.results, time.Now())
	fmt.Fprintf(t.app.stderr, "run %d: target %g QPS\n", len(t.out.Runs)+1, qps)
	sum, err := run.Run(ctx, p, run.Output{
		Dir: dir, Log: t.log, Program: program(), Abort: t.abort,
	})
	if err != nil {
		return false, engineHint(fmt.Errorf("the run at %g QPS (%s): %w", qps, filepath.Clean(dir), err))
	}
	r := tried{QPS: qps, Valid: sum.Valid, Dir: dir, Reasons: sum.Reasons, TTFTP99MS: p99(sum.TTFT), TPOTP99MS: p99(sum.TPOT)}
	t.out.Runs = append(t.out.Runs, r)
	fmt.Fprintf(t.app.stderr, "run %d: %s at %g QPS\n", len(t.out.Runs), r.verdict(), qps)
	if r.tooFew() {
		return false, withHint("raise min_query_count or min_duration in user.conf, and compile again",
			"%w", &tune.TooFewError{Why: fmt.Sprintf("at %g QPS the latency limits are met, and there are too few queries to show it: %s", qps, strings.Join(sum.Reasons, "; "))})
	}
	return sum.Valid, nil
}

func p99(s *report.Spread) *float64 {
	if s == nil {
		return nil
	}
	return &s.P99MS
}

// tooFew reports whether a run is INVALID for want of queries alone.
func (r *tried) tooFew() bool {
	return len(r.Reasons) > 0 && !slices.ContainsFunc(r.Reasons, func(reason string) bool {
		return !strings.HasPrefix(reason, report.EarlyStopping) && !strings.HasPrefix(reason, report.MinQueries) && !strings.HasPrefix(reason, report.MinDuration)
	})
}

// reason is what of the reasons fits into a column.
func (r *tried) reason() string {
	var short []string
	for _, reason := range r.Reasons {
		text, rest, _ := strings.Cut(reason, ": ")
		if which, _, ok := strings.Cut(rest, " constrain not met"); ok { // LoadGen's words
			text = which + " limit not met"
		}
		if !slices.Contains(short, text) {
			short = append(short, text)
		}
	}
	return strings.Join(short, ", ")
}

func (r *tried) verdict() string {
	if r.Valid {
		return "VALID"
	}
	return "INVALID"
}

func (t *tuned) print(a *app, format string) error {
	if format == "json" {
		return a.printJSON(t)
	}
	var b strings.Builder
	if t.Simulated {
		b.WriteString(record.SimulatedMark + "\n")
	}
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "QPS\tVERDICT\tTTFT P99 MS\tTPOT P99 MS\tRUN\tREASON")
	for _, r := range t.Runs {
		fmt.Fprintf(tab, "%g\t%s\t%s\t%s\t%s\t%s\n", r.QPS, r.verdict(), milliseconds(r.TTFTP99MS), milliseconds(r.TPOTP99MS), filepath.Clean(r.Dir), diag.Escape(r.reason()))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	switch {
	case t.Best == nil:
		fmt.Fprintf(&b, "no target that was tried is VALID (%s)\n", t.Ended)
	case t.Next == nil:
		fmt.Fprintf(&b, "best: %g QPS is VALID; nothing above it was tried (%s)\n", *t.Best, t.Ended)
	default:
		fmt.Fprintf(&b, "best: %g QPS is VALID, %g QPS is not (%s)\n", *t.Best, *t.Next, t.Ended)
	}
	_, err := io.WriteString(a.stdout, b.String())
	return err
}

func milliseconds(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", *v)
}
