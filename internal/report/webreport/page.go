// Package webreport shows runs as one HTML page that needs nothing beside
// itself, and as charts in files.
//
//	err := webreport.Write(w, sheets)
//	err = webreport.WritePlots("plots", sheets)
//
// The page loads nothing, and a content security policy keeps it so: its one
// script is named by its digest, so that no text from a run can become one.
package webreport

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/report"
	"mlcfg/internal/report/chart"
	"mlcfg/internal/report/compare"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// page is what the template shows.
type page struct {
	Title      string
	Style      template.CSS
	Script     template.JS
	ScriptHash string
	Marks      []string
	Runs       []*pageRun
	// Compared is there for several runs only.
	Compared *compared
}

type compared struct {
	*compare.Comparison
	Shared, Rows []template.HTML
	// RunRows list all runs by group.
	RunRows []runRow
}

type runRow struct {
	Group compare.Group
	Run   compare.Run
	Sheet *report.Sheet
	First bool
}

// pageRun is one run on the page.
type pageRun struct {
	*report.Sheet
	Index int
	// Alone reports whether the page is about this run alone.
	Alone  bool
	Cards  []card
	Shapes [][]template.HTML
	Course []template.HTML
	// Marked are the percentiles of the table of values.
	Marked []markedRow
	// MostShare is the largest replica's part of the tokens.
	MostShare float64
}

type card struct {
	Value, Unit, Says string
	// Used reports whether the figure has a limit, Part is how much of it is taken.
	Used, Over bool
	Part       float64
}

type markedRow struct {
	Name  string
	Cells []string
}

// Write writes the page on one or several runs.
func Write(w io.Writer, sheets []*report.Sheet) error {
	t, err := template.New("page").Funcs(functions).Parse(pageText)
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	p, err := newPage(sheets)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := t.Execute(&text, p); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	if _, err := io.WriteString(w, visible(text.String())); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// visible shows characters that do not print, or turn the direction of text
// around, as their escapes. The page's own markup has none.
func visible(page string) string {
	var b strings.Builder
	for line := range strings.Lines(page) {
		text, end := strings.TrimSuffix(line, "\n"), ""
		if len(text) < len(line) {
			end = "\n"
		}
		b.WriteString(diag.Escape(text) + end)
	}
	return b.String()
}

var functions = template.FuncMap{
	"num":    chart.Number,
	"int":    func(n any) string { return chart.Thousands(toInt(n)) },
	"opt":    func(v *float64) string { return chart.Number(value(v)) },
	"ms":     func(v float64) string { return fmt.Sprintf("%.1f", v) },
	"share":  func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) },
	"width":  func(v float64) template.CSS { return template.CSS(fmt.Sprintf("width:%.2f%%", 100*min(max(v, 0), 1))) },
	"short":  shortDigest,
	"optpct": optionalPercent,
	"breaks": breaks,
	"part": func(part, whole float64) float64 {
		if whole <= 0 {
			return 0
		}
		return part / whole
	},
}

// breaks lets long keys break behind what joins their words.
func breaks(key string) template.HTML {
	return template.HTML(strings.NewReplacer("_", "_<wbr>", ".", ".<wbr>").Replace(template.HTMLEscapeString(key)))
}

func optionalPercent(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100**v)
}

func toInt(n any) int64 {
	switch n := n.(type) {
	case uint64:
		return int64(n)
	case int64:
		return n
	case int:
		return int64(n)
	case uint32:
		return int64(n)
	}
	return 0
}

// shortDigest is enough of a digest to know it again.
func shortDigest(d string) string {
	const head = len("sha256:") + 12
	if len(d) > head {
		return d[:head] + "…"
	}
	return d
}

func newPage(sheets []*report.Sheet) (*page, error) {
	hash := sha256.Sum256([]byte(chart.Script))
	p := &page{
		Style: template.CSS(chart.Style + pageStyle), Script: template.JS(chart.Script),
		ScriptHash: "sha256-" + base64.StdEncoding.EncodeToString(hash[:]),
	}
	seen := map[string]bool{}
	for i, s := range sheets {
		p.Runs = append(p.Runs, newPageRun(s, i, len(sheets) == 1))
		for _, n := range s.Notes() {
			if !seen[n] {
				seen[n] = true
				p.Marks = append(p.Marks, n)
			}
		}
	}
	if len(sheets) == 1 {
		p.Title = sheets[0].Title()
		return p, nil
	}
	c, err := compare.Runs(sheets)
	if err != nil {
		return nil, err
	}
	p.Title = fmt.Sprintf("%d runs compared", len(sheets))
	p.Compared = &compared{Comparison: c}
	shared, rows := comparisonFigures(c, sheets)
	p.Compared.Shared, p.Compared.Rows = drawn(shared), drawn(rows)
	for _, g := range c.Groups {
		for n, run := range g.Runs {
			p.Compared.RunRows = append(p.Compared.RunRows, runRow{g, run, sheets[run.Index], n == 0})
		}
	}
	return p, nil
}

func drawn(figures []figure) []template.HTML {
	var out []template.HTML
	for _, f := range figures {
		out = append(out, template.HTML(f.chart.Figure()))
	}
	return out
}

func newPageRun(s *report.Sheet, index int, alone bool) *pageRun {
	out := &pageRun{Sheet: s, Index: index, Alone: alone, Cards: cards(s), Course: drawn(timeFigures(s, fmt.Sprintf("run%d", index)))}
	if s.Balance != nil {
		for _, r := range s.Balance.Shares {
			out.MostShare = max(out.MostShare, r.TokenShare)
		}
	}
	for _, row := range distributionFigures(s) {
		out.Shapes = append(out.Shapes, drawn(row))
	}
	for _, share := range []float64{0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1} {
		row := markedRow{Name: chart.Percent(share)}
		if share == 1 {
			row.Name = "largest"
		}
		for i := range s.Distributions {
			row.Cells = append(row.Cells, fmt.Sprintf("%.3f", atShare(s.Distributions[i].Quantiles, share)))
		}
		if len(row.Cells) > 0 {
			out.Marked = append(out.Marked, row)
		}
	}
	return out
}

// atShare is the smallest quantile that is above at least that share.
func atShare(quantiles []report.Quantile, share float64) float64 {
	for _, q := range quantiles {
		if q.Share >= share {
			return q.MS
		}
	}
	return math.NaN()
}

// cards are the figures that are looked for first.
func cards(s *report.Sheet) []card {
	var out []card
	add := func(value, unit, says string) *card {
		out = append(out, card{Value: value, Unit: unit, Says: says})
		return &out[len(out)-1]
	}
	rate := add(chart.Number(s.SamplesPerSecond), "samples/s", "completed")
	if v := s.ScheduledSamplesPerSecond; v != nil {
		rate.Says = "of " + chart.Number(*v) + " scheduled"
	}
	add(chart.Number(s.TokensPerSecond), "tokens/s", chart.Thousands(s.OutputTokens)+" output tokens")
	for _, row := range []struct {
		name   string
		spread *report.Spread
	}{{"TTFT", s.TTFT}, {"TPOT", s.TPOT}, {"latency", s.Latency}} {
		if row.spread == nil {
			continue
		}
		c := add(chart.Number(row.spread.P99MS), "ms", row.name+" p99")
		if l := row.spread.LimitMS; l != nil && *l > 0 {
			c.Used, c.Part, c.Over = true, row.spread.P99MS / *l, row.spread.P99MS > *l
			c.Says += fmt.Sprintf(", %.1f %% of %s ms", 100*c.Part, chart.Number(*l))
		}
	}
	says := "no request failed"
	if s.Failed > 0 {
		says = chart.Thousands(int64(s.Failed)) + " failed"
	}
	add(chart.Thousands(int64(s.Completed)), "of "+chart.Thousands(int64(s.Samples)), "samples completed, "+says)
	add(chart.Number(s.Seconds), "s", "to the last response")
	return out
}
