package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/cliargs"
	"mlcfg/internal/diag"
	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/internal/run"
	"mlcfg/internal/run/suite"
)

const suiteHelp = `Runs the manifests of a model one after another, performance before accuracy, each in a
run directory of its own within one folder, scores the accuracy runs, and prints one
table at the end. A folder stands for the manifests in it.

  mlrun suite performance/llama2-70b accuracy/llama2-70b --out runs/night
  mlrun suite offline.yaml server.yaml server-accuracy.yaml --map /data=/mnt/data
  mlrun suite manifests/ --simulate --format json
  mlrun suite manifests/ --fail-fast                 stop at the first run that fails

The same command goes on with a suite that was broken off: runs that are VALID, and
whose directories verify, are not run again; every other one is, in a new directory
beside the old one. A run that fails does not stop the others.

Accuracy is scored where the data set has reference outputs and a tokenizer is found;
elsewhere the table says why not. Answers of the simulated engine are made up: they
neither pass nor fail.

The first interrupt lets requests in flight finish, ends the run and the suite; the
second abandons them. Exit status: 0 if every run is VALID and no accuracy falls short, 1 if
one is INVALID, falls short or was not run, 2 if one could not be executed.`

func (a *app) suiteCommand() *cli.Command {
	var f seriesFlags
	var failFast bool
	return &cli.Command{
		Name: "suite", Usage: "execute all manifests of a model, performance and accuracy", ArgsUsage: "MANIFEST|FOLDER...", Description: suiteHelp,
		Flags: f.list("suite", &cli.BoolFlag{Name: "fail-fast", Usage: "stop at the first run that is not VALID or whose accuracy falls short", Destination: &failFast}),
		Action: func(c *cli.Context) error {
			if err := oneOf("format", f.format, "text", "json"); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return withHint("mlrun suite manifests/", "suite takes at least one manifest, or a folder of them")
			}
			entries, err := suite.Read(c.Args().Slice())
			if err != nil {
				return err
			}
			ctx, r, stop, err := a.series(c.Context, "suite", &f, entries)
			if err != nil {
				return err
			}
			defer stop()
			return a.suite(ctx, entries, r, failFast, f.format)
		},
	}
}

// seriesFlags are the flags of what carries out several runs in one folder.
type seriesFlags struct {
	runFlags
	out, results, format string
	quiet                bool
}

// list are the flags; more are those of what alone.
func (f *seriesFlags) list(what string, more ...cli.Flag) []cli.Flag {
	return slices.Concat(f.runFlags.list(), []cli.Flag{
		&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write to the folder `DIR`, or go on with the " + what + " in it (default: a new name under --results)", Destination: &f.out},
		&cli.StringFlag{Name: "results", Usage: "create the " + what + "'s folder in `DIR`", Value: "runs", Destination: &f.results},
	}, more, []cli.Flag{
		&cli.StringFlag{Name: "format", Usage: "`FORMAT` of the table: text or json", Value: "text", Destination: &f.format},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only notes and each run's result", Destination: &f.quiet},
	})
}

// series prepares the runs of entries; stop ends the watch for interrupts.
func (a *app) series(parent context.Context, what string, f *seriesFlags, entries []suite.Entry) (ctx context.Context, r *suiteRunner, stop func(), err error) {
	if f.node != "" {
		return nil, nil, nil, withHint("mlrun run MANIFEST --node 1/2 --head ADDRESS", "a %s runs on one machine: --node is for a single run", what)
	}
	r = &suiteRunner{app: a, flags: &f.runFlags, dir: f.out, log: a.runLog(f.quiet)}
	if r.dir == "" {
		r.dir = record.Name(f.results, []string{what, entries[0].Manifest.BenchmarkName, entries[0].Manifest.Machine}, time.Now())
	}
	ctx, r.abort, stop = interrupts(parent, r.log)
	return ctx, r, stop, nil
}

// open opens the folder of a series of runs, or goes on with the one that is there.
func (r *suiteRunner) open(entries []suite.Entry, o suite.Options) (*suite.Suite, error) {
	if _, err := r.flags.options(engine.LocalHost(), r.dir); err != nil {
		return nil, err
	}
	o.Simulated = r.flags.simulate
	s, err := suite.Open(r.dir, entries, o)
	if err != nil {
		return nil, err
	}
	for _, n := range s.Notes {
		r.log.Note(n)
	}
	return s, nil
}

// suite carries a suite on and prints what it came to.
func (a *app) suite(ctx context.Context, entries []suite.Entry, r *suiteRunner, failFast bool, format string) (err error) {
	s, err := r.open(entries, suite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	runErr := s.Run(ctx, suite.Steps{Run: r.run, Score: r.score, Say: r.say, FailFast: failFast})
	t := tableOf(s.Results(), r.dir, r.flags.simulate)
	switch {
	case errors.Is(runErr, suite.ErrStopped):
		t.Ended = suite.ErrStopped.Error()
	case ctx.Err() != nil:
		t.Ended = "interrupted"
	case runErr != nil:
		t.Ended = runErr.Error()
	}
	if err := t.print(a, format); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "results: %s\n", filepath.Clean(r.dir))
	if runErr != nil && !errors.Is(runErr, suite.ErrStopped) && ctx.Err() == nil {
		return runErr
	}
	return t.outcome()
}

// suiteRunner carries out the runs of a suite.
type suiteRunner struct {
	app   *app
	flags *runFlags
	dir   string
	log   *run.Log
	abort <-chan struct{}
}

func (r *suiteRunner) run(ctx context.Context, e *suite.Entry, dir string) (sum *report.Summary, err error) {
	fmt.Fprintf(r.app.stderr, "%s: %s\n", diag.Escape(e.Name), diag.Escape(e.File))
	p, err := r.flags.plan(ctx, e.Manifest, r.dir)
	if err == nil {
		sum, err = run.Run(ctx, p, run.Output{Dir: dir, Log: r.log, Program: program(), Abort: r.abort})
	}
	if errors.Is(err, run.ErrInterrupted) && sum != nil {
		err = nil // the summary says so, and the run is INVALID
	} else if hint := cliargs.HintOf(engineHint(err)); hint != "" {
		fmt.Fprintf(r.app.stderr, "hint: %s\n", clean(hint))
	}
	return sum, err
}

// say prints what a run came to.
func (r *suiteRunner) say(result *suite.Result) {
	line := fmt.Sprintf("%s: %s", diag.Escape(result.Entry.Name), result.Verdict)
	if result.Score != nil {
		line += ", accuracy " + scoreText(result.Score)
	}
	if result.Error != "" {
		line += ": " + diag.Escape(result.Error)
	}
	fmt.Fprintln(r.app.stderr, line)
}

// score scores an accuracy run, or says why that is not possible.
func (r *suiteRunner) score(ctx context.Context, e *suite.Entry, dir string) suite.Score {
	none := func(why error) suite.Score {
		return suite.Score{Verdict: suite.ScoreNone, Why: strings.ReplaceAll(diag.Escape(why.Error()), "\n", " ")}
	}
	state, err := record.ReadState(dir)
	if err != nil {
		return none(err)
	}
	if state.Synthetic {
		return none(errors.New("the data set was not there, prompts were made up"))
	}
	o, err := r.flags.options(engine.LocalHost(), r.dir)
	if err != nil {
		return none(err)
	}
	path, _ := manifest.Text(e.Manifest.HarnessConfig, "dataset_path")
	f := accuracyFlags{dataset: o.Translate(path), tokenizer: r.flags.tokenizer, kind: "auto"}
	if f.tokenizer == "" {
		f.tokenizer = run.TokenizerOf(e.Manifest, o.Translate)
	}
	result, err := accuracyResult(ctx, dir, &f)
	if err != nil {
		return none(err)
	}
	scored := suite.Score{Verdict: suite.ScorePassed, Why: strings.Join(result.Notes, "; ")}
	for _, s := range result.Scores {
		scored.Figures = append(scored.Figures, suite.Figure{Name: s.Name, Value: s.Value, Min: s.Min, Max: s.Max})
	}
	switch {
	case state.Simulated:
		scored.Verdict = suite.ScoreSimulated
	case !result.Complete:
		scored.Verdict = suite.ScoreIncomplete
	case !result.Passed:
		scored.Verdict = suite.ScoreFailed
	}
	return scored
}

// suiteTable is what a suite prints.
type suiteTable struct {
	Dir       string     `json:"dir"`
	Simulated bool       `json:"simulated"`
	Runs      []suiteRow `json:"runs"`
	// Ended says why the suite ended before its last run; absent where it did not.
	Ended string `json:"ended,omitempty"`
}

// suiteRow is a run of it.
type suiteRow struct {
	Name      string        `json:"name"`
	File      string        `json:"file"`
	Benchmark string        `json:"benchmark_name"`
	Scenario  string        `json:"scenario"` // as the overlay's name has it
	Mode      string        `json:"test_mode"`
	Verdict   suite.Verdict `json:"verdict"`
	// Metric is the figure that the run is for, absent of an accuracy run and where
	// nothing was measured.
	Metric   *suiteMetric `json:"metric,omitempty"`
	Accuracy *suite.Score `json:"accuracy,omitempty"`
	Dir      string       `json:"dir,omitempty"`
	Reasons  []string     `json:"reasons"`
	Error    string       `json:"error,omitempty"`
	good     bool
}

type suiteMetric struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

func tableOf(results []suite.Result, dir string, simulated bool) *suiteTable {
	t := &suiteTable{Dir: dir, Simulated: simulated, Runs: []suiteRow{}}
	for i := range results {
		r := &results[i]
		m := r.Entry.Manifest
		row := suiteRow{
			Name: r.Entry.Name, File: r.Entry.File, Benchmark: m.BenchmarkName, Scenario: r.Entry.Variant(), Mode: m.TestMode,
			Verdict: r.Verdict, Accuracy: r.Score, Dir: r.Dir, Reasons: []string{}, Error: r.Error, good: r.Good(),
		}
		if s := r.Summary; s != nil {
			t.Simulated = t.Simulated || s.Simulated
			row.Reasons = append(row.Reasons, s.Reasons...)
			if m.TestMode != "accuracy" {
				row.Metric = &suiteMetric{"tokens/s", s.TokensPerSecond}
				if s.TokensPerSecond == 0 {
					row.Metric = &suiteMetric{"samples/s", s.SamplesPerSecond}
				}
			}
		}
		t.Runs = append(t.Runs, row)
	}
	return t
}

// outcome is the suite's exit status: that of the worst run.
func (t *suiteTable) outcome() error {
	var failed []string
	bad := false
	for _, r := range t.Runs {
		if r.Verdict == suite.Failed || r.Error != "" {
			failed = append(failed, r.Name)
		}
		bad = bad || !r.good
	}
	switch {
	case len(failed) > 0:
		return fmt.Errorf("could not be executed: %s", strings.Join(failed, ", "))
	case bad:
		return errFindings
	}
	return nil
}

func (t *suiteTable) print(a *app, format string) error {
	if format == "json" {
		return a.printJSON(t)
	}
	var b strings.Builder
	if t.Simulated {
		b.WriteString(record.SimulatedMark + "\n")
	}
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "BENCHMARK\tSCENARIO\tMODE\tVERDICT\tMETRIC\tACCURACY\tRUN")
	for _, r := range t.Runs {
		metric, accuracy, dir := "-", "-", "-"
		if r.Metric != nil {
			metric = fmt.Sprintf("%.1f %s", r.Metric.Value, r.Metric.Name)
		}
		if r.Accuracy != nil {
			accuracy = scoreText(r.Accuracy)
		}
		if r.Dir != "" {
			dir = filepath.Clean(r.Dir)
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", diag.Escape(r.Benchmark), diag.Escape(r.Scenario), r.Mode, r.Verdict, metric, diag.Escape(accuracy), diag.Escape(dir))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	for _, r := range t.Runs {
		for _, why := range r.Reasons {
			fmt.Fprintf(&b, "%s: %s\n", diag.Escape(r.Name), diag.Escape(why))
		}
		if r.Error != "" {
			fmt.Fprintf(&b, "%s: %s\n", diag.Escape(r.Name), diag.Escape(r.Error))
		}
		if r.Accuracy != nil && r.Accuracy.Why != "" {
			fmt.Fprintf(&b, "%s: accuracy: %s\n", diag.Escape(r.Name), diag.Escape(r.Accuracy.Why))
		}
	}
	if t.Ended != "" {
		fmt.Fprintf(&b, "ended early: %s\n", diag.Escape(t.Ended))
	}
	_, err := io.WriteString(a.stdout, b.String())
	return err
}

// scoreText is a score in a few words: the verdict, and the first figure that is not
// within bounds, else the first of all.
func scoreText(s *suite.Score) string {
	if len(s.Figures) == 0 {
		return string(s.Verdict)
	}
	shown := s.Figures[0]
	for _, f := range s.Figures {
		if f.Value < f.Min || f.Max > 0 && f.Value > f.Max {
			shown = f
			break
		}
	}
	return fmt.Sprintf("%s (%s %s)", s.Verdict, shown.Name, figure(shown.Value))
}
