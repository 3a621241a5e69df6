package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/diag"
	"mlcfg/internal/report"
	"mlcfg/internal/report/history"
	"mlcfg/internal/run"
)

const runsHelp = `Runs lists the runs in a folder of run directories, and finishes interrupted ones.
An index of the folder (.runs.json) avoids reading every directory each time; it
is a cache and can be deleted.

  mlrun runs list --benchmark llama2-70b --valid
  mlrun runs best --by tokens
  mlrun runs show 20260102-1504
  mlrun runs recover runs/killed`

const runsListHelp = `Lists the runs in a folder, the latest last.

  mlrun runs list
  mlrun runs list --results /data/runs --scenario server --machine alpha --valid
  mlrun runs list --format json

A run on the simulated engine is marked: its figures say nothing about hardware.`

const runsBestHelp = `Prints the best VALID run for each benchmark, scenario, mode, machine and backend.
Runs on the simulated engine are only compared with each other.

  mlrun runs best                          by output tokens a second
  mlrun runs best --by samples --real      no simulated ones
  mlrun runs best --by target-qps --benchmark llama2-70b --scenario server

Exit status: 0 if a run is VALID, 1 if none is.`

const runsShowHelp = `Prints one run: its directory, its manifest and its summary. NAME is the name of its
directory, or any part of it that no other run has.

  mlrun runs show llama2-70b-server-alpha-vllm-20260102-150405
  mlrun runs show 150405
  mlrun runs show 150405 --format json

Exit status: 0 if the run is VALID, 1 if it is INVALID, 2 if there is no such run.`

const runsRecoverHelp = `Finishes the directory of a run that was killed, from what it had written: the
Parquet records, summary.json, INVALID with the reasons, and the digests of all
files. Every recorded request is kept. The run stays INVALID. A finished
directory is left unchanged.

  mlrun runs recover runs/killed
  mlrun runs recover runs/*

Exit status: 0 if every run is VALID, 1 if one is INVALID, 2 if one cannot be finished.`

func (a *app) runsCommand() *cli.Command {
	return &cli.Command{
		Name: "runs", Usage: "find runs, and finish interrupted ones", HideHelpCommand: true, Description: runsHelp,
		Subcommands: []*cli.Command{a.runsListCommand(), a.runsShowCommand(), a.runsBestCommand(), a.runsRecoverCommand()},
		Action: func(c *cli.Context) error {
			return withHint("mlrun runs list", "runs needs to know what to do: list, show, best or recover")
		},
	}
}

// runsFlags are what the commands over a folder of results have in common.
type runsFlags struct {
	results, format string
	filter          history.Filter
}

func (f *runsFlags) folder() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "results", Usage: "look for runs in `DIR` and the folders below it", Value: "runs", Destination: &f.results},
		&cli.StringFlag{Name: "format", Usage: "text or json", Value: "text", Destination: &f.format},
	}
}

func (f *runsFlags) filters() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "benchmark", Usage: "only runs of benchmark `NAME`", Destination: &f.filter.Benchmark},
		&cli.StringFlag{Name: "scenario", Usage: "only runs of `SCENARIO`", Destination: &f.filter.Scenario},
		&cli.StringFlag{Name: "mode", Usage: "only runs in `MODE`: performance, accuracy or submission", Destination: &f.filter.Mode},
		&cli.StringFlag{Name: "machine", Usage: "only runs on machine `NAME`", Destination: &f.filter.Machine},
		&cli.StringFlag{Name: "backend", Usage: "only runs on backend `NAME`", Destination: &f.filter.Backend},
		&cli.BoolFlag{Name: "real", Usage: "only runs on a real engine", Destination: &f.filter.Real},
	}
}

// history opens the folder of results and says what is amiss with it.
func (a *app) history(ctx context.Context, f *runsFlags) (*history.History, error) {
	if err := oneOf("format", f.format, "text", "json"); err != nil {
		return nil, err
	}
	h, err := history.Open(ctx, f.results)
	if err != nil {
		return nil, withHint("name the folder of run directories with --results DIR", "%w", err)
	}
	for _, err := range h.Unreadable {
		fmt.Fprintf(a.stderr, "note: left out: %s\n", diag.Escape(err.Error()))
	}
	if h.Uncached != nil {
		fmt.Fprintf(a.stderr, "note: every run was read: the index is not used: %s\n", diag.Escape(h.Uncached.Error()))
	}
	return h, nil
}

func (a *app) runsListCommand() *cli.Command {
	var f runsFlags
	return &cli.Command{
		Name: "list", Usage: "list the runs of a folder", Description: runsListHelp,
		Flags: append(append(f.folder(), f.filters()...),
			&cli.BoolFlag{Name: "valid", Usage: "only VALID runs", Destination: &f.filter.Valid}),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return withHint("name the folder with --results "+c.Args().First(), "runs list takes no argument")
			}
			h, err := a.history(c.Context, &f)
			if err != nil {
				return err
			}
			return a.printRuns(h.List(f.filter), f.format)
		},
	}
}

func (a *app) runsBestCommand() *cli.Command {
	var f runsFlags
	var by string
	return &cli.Command{
		Name: "best", Usage: "print the best VALID runs", Description: runsBestHelp,
		Flags: append(append(f.folder(), f.filters()...),
			&cli.StringFlag{Name: "by", Usage: "figure to compare: tokens or samples (per second), or target-qps", Value: string(history.ByTokens), Destination: &by}),
		Action: func(c *cli.Context) error {
			if err := oneOf("by", by, string(history.ByTokens), string(history.BySamples), string(history.ByTargetQPS)); err != nil {
				return err
			}
			h, err := a.history(c.Context, &f)
			if err != nil {
				return err
			}
			runs, err := h.Best(f.filter, history.Measure(by))
			if err != nil {
				return err
			}
			if err := a.printRuns(runs, f.format); err != nil {
				return err
			}
			if len(runs) == 0 {
				return errFindings
			}
			return nil
		},
	}
}

func (a *app) runsShowCommand() *cli.Command {
	var f runsFlags
	return &cli.Command{
		Name: "show", Usage: "print one run", ArgsUsage: "NAME", Description: runsShowHelp, Flags: f.folder(),
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return withHint("mlrun runs show NAME", "runs show takes one name, not %d", c.NArg())
			}
			h, err := a.history(c.Context, &f)
			if err != nil {
				return err
			}
			found, err := h.Find(c.Args().First())
			var notOne *history.NotOneError
			if errors.As(err, &notOne) {
				return withHint("mlrun runs list --results "+f.results, "%w", err)
			}
			if err != nil {
				return err
			}
			loaded, err := report.Load(found.Dir)
			if err != nil {
				return err
			}
			j, err := report.Judge(loaded)
			if err != nil {
				return err
			}
			sum := j.Summary
			if f.format == "json" {
				err = a.printJSON(struct {
					history.Run
					Summary *report.Summary `json:"summary"`
				}{found, sum})
			} else {
				fmt.Fprintf(a.stdout, "run         %s\nmanifest    %s\nstarted     %s, %s\n", diag.Escape(found.Dir), diag.Escape(found.Manifest), found.Started.Format("2006-01-02 15:04:05 MST"), diag.Escape(found.Status))
				err = report.WriteText(a.stdout, sum)
			}
			if err == nil && !sum.Valid {
				return errFindings
			}
			return err
		},
	}
}

func (a *app) printRuns(runs []history.Run, format string) error {
	if format == "json" {
		return a.printJSON(runs)
	}
	return writeRuns(a.stdout, runs)
}

func writeRuns(w io.Writer, runs []history.Run) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "STARTED\tBENCHMARK\tSCENARIO\tMACHINE\tBACKEND\tVERDICT\tSAMPLES/S\tTOKENS/S\tQPS\tTTFT P99 MS\tTPOT P99 MS\tRUN")
	for _, r := range runs {
		cells := []string{
			r.Started.Local().Format("2006-01-02 15:04"), r.Benchmark, scenarioOf(r), r.Machine, r.Backend, verdictOf(r),
			runFigure(r.SamplesPerSecond, 2), runFigure(r.TokensPerSecond, 1), runFigure(r.TargetQPS, -1), runFigure(r.TTFTP99MS, 1), runFigure(r.TPOTP99MS, 1), r.ID,
		}
		for i := range cells {
			if cells[i] = diag.Escape(cells[i]); cells[i] == "" {
				cells[i] = "-"
			}
		}
		fmt.Fprintln(tab, strings.Join(cells, "\t"))
	}
	return tab.Flush()
}

// scenarioOf names the mode too where it is not performance.
func scenarioOf(r history.Run) string {
	if r.Mode == "performance" {
		return r.Scenario
	}
	return r.Scenario + " " + r.Mode
}

func verdictOf(r history.Run) string {
	verdict := "INVALID"
	switch {
	case r.Status == "running":
		verdict = "running"
	case r.Valid:
		verdict = "VALID"
	}
	if r.Simulated {
		verdict += ", SIMULATED"
	}
	return verdict
}

func runFigure(v *float64, digits int) string {
	if v == nil {
		return "-"
	}
	if digits < 0 {
		return fmt.Sprintf("%g", *v)
	}
	return fmt.Sprintf("%.*f", digits, *v)
}

func (a *app) runsRecoverCommand() *cli.Command {
	return &cli.Command{
		Name: "recover", Usage: "finish the directories of interrupted runs", ArgsUsage: "DIR...", Description: runsRecoverHelp,
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return withHint("mlrun runs recover DIR", "runs recover takes at least one run directory")
			}
			var errs []error
			valid := true
			for _, dir := range c.Args().Slice() {
				sum, changed, err := run.Recover(dir)
				if err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", dir, err))
					continue
				}
				what := "finished already"
				if changed {
					what = fmt.Sprintf("finished, %d records", sum.Samples)
				}
				fmt.Fprintf(a.stdout, "%s: %s\n", diag.Escape(filepath.Clean(dir)), what)
				valid = valid && sum.Valid
			}
			if err := errors.Join(errs...); err != nil {
				return err
			}
			if !valid {
				return errFindings
			}
			return nil
		},
	}
}
