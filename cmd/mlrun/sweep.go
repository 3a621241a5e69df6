package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/internal/report/chart"
	"mlcfg/internal/run/bench"
	"mlcfg/internal/run/suite"
)

const sweepHelp = `Executes the points of a sweep that mlcfg sweep made, one after another, each in a run
directory of its own within one folder, and shows throughput against TTFT and TPOT: as
a table and as charts. The front of each is marked: no other point has as many tokens
per second at as low a latency.

  mlcfg sweep server_mi325x.yaml -b vllm --grid vllm_engine_config.max_num_seqs=256,512 -o sweeps/batch/
  mlrun sweep sweeps/batch/ --out runs/batch
  mlrun sweep sweeps/batch/ --simulate --format json

The same command goes on with a sweep that was broken off: a point that came to its end,
VALID or INVALID, is not run again if its directory verifies. A point that fails does
not stop the others.

The first interrupt lets requests in flight finish, ends the run and the sweep; the
second abandons them. Exit status: 0 if every point was carried out to its end, 1 if one
is missing or was broken off, 2 if one could not be executed.`

func (a *app) sweepCommand() *cli.Command {
	var f seriesFlags
	return &cli.Command{
		Name: "sweep", Usage: "execute the points of a sweep, and show the front", ArgsUsage: "INDEX|FOLDER", Description: sweepHelp,
		Flags: f.list("sweep"),
		Action: func(c *cli.Context) error {
			if err := oneOf("format", f.format, "text", "json"); err != nil {
				return err
			}
			if c.NArg() != 1 {
				return withHint("mlrun sweep sweeps/batch/", "sweep takes one folder that mlcfg sweep made, or its index, not %d", c.NArg())
			}
			index, dir, err := manifest.ReadSweep(c.Args().First())
			if err != nil {
				return withHint("mlcfg sweep OVERLAY --backend NAME --grid KEY=VALUE,VALUE -o FOLDER/ makes one", "%w", err)
			}
			entries, err := suite.OfSweep(index, dir)
			if err != nil {
				return err
			}
			ctx, r, stop, err := a.series(c.Context, "sweep", &f, entries)
			if err != nil {
				return err
			}
			defer stop()
			return a.sweep(ctx, index, entries, r, f.format)
		},
	}
}

// sweep carries a sweep on and shows what it came to.
func (a *app) sweep(ctx context.Context, index *manifest.Sweep, entries []suite.Entry, r *suiteRunner, format string) (err error) {
	s, err := r.open(entries, suite.Options{Ended: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	runErr := s.Run(ctx, suite.Steps{Run: r.run, Score: r.score, Say: r.say})
	t, err := sweepOf(index, s.Results(), r.flags.simulate)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		t.Ended = "interrupted"
	} else if runErr != nil {
		return runErr
	}
	if err := t.write(r.dir); err != nil {
		return err
	}
	if format == "json" {
		err = a.printJSON(t)
	} else {
		err = t.print(a)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "results: %s\n", filepath.Clean(r.dir))
	return t.outcome()
}

// sweepTable is what a sweep prints.
type sweepTable struct {
	Overlay   string       `json:"overlay"`
	Backend   string       `json:"backend"`
	Simulated bool         `json:"simulated"`
	Points    []sweepPoint `json:"points"`
	// Skipped are those that no manifest was made of.
	Skipped []manifest.SkippedPoint `json:"skipped,omitempty"`
	// Ended says why the sweep ended before its last point; absent where it did not.
	Ended string `json:"ended,omitempty"`
}

// sweepPoint is a point of it.
type sweepPoint struct {
	Name      string        `json:"name"`
	Overrides []string      `json:"overrides"`
	Verdict   suite.Verdict `json:"verdict"`
	Reasons   []string      `json:"reasons"`
	Error     string        `json:"error,omitempty"`
	// Complete reports whether the run came to its own end.
	Complete bool `json:"complete"`
	// Front names the latencies, ttft and tpot, at which no other point has more throughput.
	Front []string `json:"front"`
	// Figures are absent where nothing was measured.
	Figures *bench.Figures `json:"figures,omitempty"`
}

func sweepOf(index *manifest.Sweep, results []suite.Result, simulated bool) (*sweepTable, error) {
	t := &sweepTable{Overlay: index.Overlay, Backend: index.Backend, Simulated: simulated, Skipped: index.Skipped}
	var measured []bench.Figures
	var of []int
	for i := range results {
		r := &results[i]
		p := sweepPoint{Name: r.Entry.Name, Overrides: index.Points[i].Overrides, Verdict: r.Verdict, Reasons: []string{}, Error: r.Error, Front: []string{}}
		if s := r.Summary; s != nil {
			t.Simulated = t.Simulated || s.Simulated
			p.Reasons, p.Complete = append(p.Reasons, s.Reasons...), s.Complete
			loaded, err := report.Load(r.Dir)
			if err != nil {
				return nil, err
			}
			f := bench.FiguresOf(r.Entry.Manifest, loaded.Records)
			f.Load, f.Run = r.Entry.Name, r.Dir
			p.Figures = &f
			if p.Complete {
				measured, of = append(measured, f), append(of, i)
			}
		}
		t.Points = append(t.Points, p)
	}
	for _, l := range sweepLatencies {
		for i, on := range bench.Front(measured, l.of) {
			if p := &t.Points[of[i]]; on {
				p.Front = append(p.Front, l.name)
			}
		}
	}
	return t, nil
}

// sweepLatency is a latency that a sweep shows against throughput.
type sweepLatency struct {
	name, title string
	of          func(*bench.Figures) float64
}

var sweepLatencies = []sweepLatency{
	{"ttft", "TTFT", func(f *bench.Figures) float64 { return f.TTFT.P99 }},
	{"tpot", "TPOT", func(f *bench.Figures) float64 { return f.TPOT.P99 }},
}

// outcome is the exit status.
func (t *sweepTable) outcome() error {
	var failed []string
	whole := true
	for _, p := range t.Points {
		if p.Verdict == suite.Failed || p.Error != "" {
			failed = append(failed, p.Name)
		}
		whole = whole && p.Complete
	}
	switch {
	case len(failed) > 0 && t.Ended == "":
		return fmt.Errorf("could not be executed: %s", strings.Join(failed, ", "))
	case !whole:
		return errFindings
	}
	return nil
}

// write writes the figures and the charts beside the runs.
func (t *sweepTable) write(dir string) error {
	var file strings.Builder
	if err := output.JSON(&file, t); err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	if err := atomicfile.Write(filepath.Join(dir, "figures.json"), []byte(file.String()), 0o644); err != nil {
		return err
	}
	for name, c := range t.charts() {
		if err := atomicfile.Write(filepath.Join(dir, name), c.File(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// charts are throughput against latency at the 99th percentile: the front as a line,
// the other points each by itself.
func (t *sweepTable) charts() map[string]*chart.Chart {
	against := func(l sweepLatency) *chart.Chart {
		c := &chart.Chart{Title: l.title + " p99 against throughput", X: chart.Axis{Unit: "output tokens/s"}, Y: chart.Axis{Unit: "ms"}}
		if t.Simulated {
			c.Note = "simulated engine"
		}
		front, others := chart.Curve{Name: "front", Color: 0}, chart.Curve{Name: "other points", Color: 1}
		for i := range t.Points {
			p := &t.Points[i]
			if p.Figures == nil || !p.Complete {
				continue
			}
			at := chart.Point{X: p.Figures.OutputTokensPerSecond, Y: l.of(p.Figures)}
			if slices.Contains(p.Front, l.name) {
				front.Points = append(front.Points, at)
			} else {
				others.Points = append(others.Points, at, chart.Point{X: at.X, Y: math.NaN()})
			}
		}
		slices.SortFunc(front.Points, func(a, b chart.Point) int { return int(math.Copysign(1, a.X-b.X)) })
		c.Curves = []chart.Curve{front, others}
		return c
	}
	streamed := slices.ContainsFunc(t.Points, func(p sweepPoint) bool { return p.Figures != nil && p.Complete && p.Figures.TTFT.P99 > 0 })
	if !streamed {
		return nil
	}
	all := map[string]*chart.Chart{}
	for _, l := range sweepLatencies {
		all["throughput-"+l.name+".svg"] = against(l)
	}
	return all
}

func (t *sweepTable) print(a *app) error {
	var b strings.Builder
	if t.Simulated {
		b.WriteString(record.SimulatedMark + "\n")
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "POINT\tVERDICT\tFRONT\tREQUESTS/S\tTOKENS/S\tTTFT p99 MS\tTPOT p99 MS\tOVERRIDES")
	for i := range t.Points {
		p := &t.Points[i]
		front := cmp.Or(strings.ToUpper(strings.Join(p.Front, " ")), "-")
		figures := "-\t-\t-\t-"
		if f := p.Figures; f != nil {
			latency := func(v float64) string {
				if v == 0 {
					return "-" // nothing was streamed
				}
				return fmt.Sprintf("%.2f", v)
			}
			figures = fmt.Sprintf("%.3f\t%.1f\t%s\t%s", f.RequestsPerSecond, f.OutputTokensPerSecond, latency(f.TTFT.P99), latency(f.TPOT.P99))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", diag.Escape(p.Name), p.Verdict, front, figures, diag.Escape(strings.Join(p.Overrides, " ")))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i := range t.Points {
		p := &t.Points[i]
		for _, why := range p.Reasons {
			fmt.Fprintf(&b, "%s: %s\n", diag.Escape(p.Name), diag.Escape(why))
		}
		if p.Error != "" {
			fmt.Fprintf(&b, "%s: %s\n", diag.Escape(p.Name), diag.Escape(p.Error))
		}
	}
	for _, s := range t.Skipped {
		fmt.Fprintf(&b, "without a manifest: %s: %s\n", diag.Escape(strings.Join(s.Overrides, " ")), diag.Escape(strings.Join(s.Reasons, "; ")))
	}
	if t.Ended != "" {
		fmt.Fprintf(&b, "ended early: %s\n", t.Ended)
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}
