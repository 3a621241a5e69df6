package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/diag"
	"mlcfg/internal/report"
	"mlcfg/internal/report/chart"
	"mlcfg/internal/run/bench"
)

// measured is bench.json.
type measured struct {
	URL       string          `json:"url"`
	Model     string          `json:"model"`
	Engine    string          `json:"engine"`
	Simulated bool            `json:"simulated"`
	Loads     []bench.Figures `json:"loads"`
	Notes     []string        `json:"notes"`
}

// show writes the figures to the folder and to standard output.
func (b *benchmark) show(figures []bench.Figures) error {
	all := measured{
		URL: b.target.URL, Model: b.options.Model, Engine: strings.TrimSpace(b.target.Backend.Engine + " " + b.target.Release),
		Simulated: b.target.Simulated, Loads: figures, Notes: append([]string{}, b.notes...),
	}
	if b.target.Release == "" {
		all.Engine = "unknown"
	}
	var file strings.Builder
	if err := output.JSON(&file, all); err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	if err := atomicfile.Write(filepath.Join(b.dir, "bench.json"), []byte(file.String()), 0o644); err != nil {
		return err
	}
	for name, c := range all.charts() {
		if err := atomicfile.Write(filepath.Join(b.dir, name), c.File(), 0o644); err != nil {
			return err
		}
	}
	if b.flags.format == "json" {
		return b.app.printJSON(all)
	}
	return all.print(b.app.stdout)
}

// charts are throughput against latency, where there are several loads.
func (m *measured) charts() map[string]*chart.Chart {
	if len(m.Loads) < 2 {
		return nil
	}
	note := ""
	if m.Simulated {
		note = "simulated engine"
	}
	against := func(title string, of func(*bench.Figures) bench.Spread) *chart.Chart {
		c := &chart.Chart{Title: title, Note: note, X: chart.Axis{Unit: "output tokens/s"}, Y: chart.Axis{Unit: "ms"}}
		curves := []chart.Curve{{Name: "p50", Color: 0}, {Name: "p99", Color: 1}}
		for i := range m.Loads {
			f := &m.Loads[i]
			s := of(f)
			curves[0].Points = append(curves[0].Points, chart.Point{X: f.OutputTokensPerSecond, Y: s.P50})
			curves[1].Points = append(curves[1].Points, chart.Point{X: f.OutputTokensPerSecond, Y: s.P99})
		}
		c.Curves = curves
		return c
	}
	return map[string]*chart.Chart{
		"throughput-ttft.svg": against("TTFT against throughput", func(f *bench.Figures) bench.Spread { return f.TTFT }),
		"throughput-tpot.svg": against("TPOT against throughput", func(f *bench.Figures) bench.Spread { return f.TPOT }),
	}
}

func (m *measured) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if m.Simulated {
		fmt.Fprintln(w, report.SimulatedSentence)
	}
	fmt.Fprintf(w, "%s at %s, %s\n", diag.Escape(m.Model), diag.Escape(m.URL), diag.Escape(m.Engine))
	for i := range m.Loads {
		f := &m.Loads[i]
		fmt.Fprintf(w, "\n%s: %d requests, %d failed, %.2f s, %.3f requests/s, %.1f input and %.1f output tokens/s\n", f.Load, f.Requests, f.Failed, f.Seconds, f.RequestsPerSecond, f.InputTokensPerSecond, f.OutputTokensPerSecond)
		if f.Goodput != nil {
			fmt.Fprintf(w, "goodput %.3f requests/s, %.1f %% of the requests kept every limit\n", *f.Goodput, *f.Good*100)
		}
		fmt.Fprintln(w, "ms\tmean\tp50\tp90\tp95\tp99\tmax\t")
		for _, row := range []struct {
			name string
			s    bench.Spread
		}{{"TTFT", f.TTFT}, {"TPOT", f.TPOT}, {"latency", f.Latency}} {
			fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", row.name, row.s.Mean, row.s.P50, row.s.P90, row.s.P95, row.s.P99, row.s.Max)
		}
		fmt.Fprintf(w, "ITL\t%.2f\t\n", f.ITL)
	}
	if len(m.Loads) > 1 {
		fmt.Fprintln(w, "\nload\trequests/s\toutput tokens/s\tTTFT p50\tp99 ms\tTPOT p50\tp99 ms\tgood\t")
		for i := range m.Loads {
			f := &m.Loads[i]
			good := "-"
			if f.Good != nil {
				good = fmt.Sprintf("%.1f %%", *f.Good*100)
			}
			fmt.Fprintf(w, "%s\t%.3f\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%s\t\n", f.Load, f.RequestsPerSecond, f.OutputTokensPerSecond, f.TTFT.P50, f.TTFT.P99, f.TPOT.P50, f.TPOT.P99, good)
		}
	}
	for _, n := range m.Notes {
		fmt.Fprintf(w, "%s\n", diag.Escape(n))
	}
	return w.Flush()
}
