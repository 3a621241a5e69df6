package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"mlcfg/internal/metrics"
)

//go:embed page.html
var pageText string

// page is what the HTML template shows.
type page struct {
	Title string
	Runs  []pageRun
	// Differences, Groups and Shared are there for several runs only.
	Differences []Difference
	Groups      []Group
	GroupRows   []string
	Shared      []template.HTML
}

// pageRun is one run on the page.
type pageRun struct {
	Name     string
	Summary  *Summary
	Spreads  []pageSpread
	Settings []Setting
	Plots    []template.HTML
	Slowest  []pageRequest
	// Share is each replica's part of the requests, in percent.
	Share []float64
}

type pageSpread struct {
	Name  string
	Cells []string
	Limit string
}

type pageRequest struct {
	Seq                  uint64
	Sample               uint32
	Replica              int32
	Input, Output        int64
	Start, TTFT, Latency string
}

// Setting is one setting that matters.
type Setting struct{ Key, Value string }

// WriteHTML writes one self-contained page on one or several runs: it loads
// nothing and works offline.
func WriteHTML(w io.Writer, runs []*Run) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"percent": func(v float64) string { return fmt.Sprintf("%.1f", v) },
		"rate":    func(v float64) string { return fmt.Sprintf("%.2f", v) },
	}).Parse(pageText)
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	p, err := newPage(runs)
	if err != nil {
		return err
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

func newPage(runs []*Run) (*page, error) {
	p := &page{}
	var sums []*Summary
	var all []Series
	for _, r := range runs {
		sum, err := Summarize(r)
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum)
		s := series(r.Records)
		all = append(all, s)
		p.Runs = append(p.Runs, newPageRun(r, sum, &s))
	}
	p.Title = p.Runs[0].Name
	if len(runs) == 1 {
		return p, nil
	}
	p.Title = fmt.Sprintf("%d runs", len(runs))
	p.Differences = differences(runs)
	p.Groups = groups(runs, sums)
	for _, row := range groupRows {
		p.GroupRows = append(p.GroupRows, row.Name)
	}
	for _, kind := range []struct {
		title string
		of    func(*Series) []float64
	}{
		{"TTFT", func(s *Series) []float64 { return s.TTFT }}, {"TPOT", func(s *Series) []float64 { return s.TPOT }},
		{"latency", func(s *Series) []float64 { return s.Latency }},
	} {
		plot := Plot{Title: kind.title + ", share of requests below", XLabel: "ms", YLabel: "share"}
		for i := range all {
			plot.Curves = append(plot.Curves, Curve{p.Runs[i].Name, cdf(kind.of(&all[i]))})
		}
		p.Shared = append(p.Shared, plot.SVG())
	}
	return p, nil
}

func newPageRun(r *Run, sum *Summary, s *Series) pageRun {
	out := pageRun{
		Name:    fmt.Sprintf("%s %s on %s, %s", sum.Benchmark, sum.Scenario, orNone(sum.Machine), sum.Engine),
		Summary: sum, Settings: settingsThatMatter(r),
	}
	for _, row := range sum.rows() {
		if row.spread == nil {
			continue
		}
		ps := pageSpread{Name: row.name, Cells: row.spread.cells()}
		if row.spread.LimitMS != nil {
			ps.Limit = number(*row.spread.LimitMS)
		}
		out.Spreads = append(out.Spreads, ps)
	}
	distribution := func(name string, sorted []float64, spread *Spread) {
		if len(sorted) == 0 {
			return
		}
		var limit *float64
		if spread != nil {
			limit = spread.LimitMS
		}
		out.Plots = append(out.Plots,
			(&Plot{Title: name + ", requests", XLabel: "ms", YLabel: "requests", Curves: []Curve{{name, histogram(sorted)}}, Columns: true, Limit: limit}).SVG(),
			(&Plot{Title: name + ", share of requests below", XLabel: "ms", YLabel: "share", Curves: []Curve{{name, cdf(sorted)}}, Limit: limit}).SVG())
	}
	distribution("TTFT", s.TTFT, sum.TTFT)
	distribution("TPOT", s.TPOT, sum.TPOT)
	distribution("latency", s.Latency, sum.Latency)
	timeline := func(title, unit string, points []Point) {
		out.Plots = append(out.Plots, (&Plot{Title: title, XLabel: "seconds since the start", YLabel: unit, Curves: []Curve{{title, points}}}).SVG())
	}
	timeline("completed requests", "requests/s", s.Throughput)
	timeline("output tokens", "tokens/s", s.Tokens)
	timeline("requests in flight", "requests", s.InFlight)
	timeline("worst lateness", "ms", s.Late)
	out.Plots = append(out.Plots, enginePlots(r)...)
	for i := range s.Slowest {
		rec := &s.Slowest[i]
		q := pageRequest{
			Seq: rec.Seq, Sample: rec.Sample, Replica: rec.Replica, Input: rec.InputTokens, Output: rec.OutputTokens,
			Start: fmt.Sprintf("%.3f", float64(rec.Scheduled)/1e9), Latency: fmt.Sprintf("%.1f", ms(rec.Done-rec.Scheduled)), TTFT: "–",
		}
		if rec.FirstToken >= 0 {
			q.TTFT = fmt.Sprintf("%.1f", ms(rec.FirstToken-rec.Scheduled))
		}
		out.Slowest = append(out.Slowest, q)
	}
	for _, rep := range sum.Replicas {
		out.Share = append(out.Share, 100*float64(rep.Requests)/float64(max(sum.Samples, 1)))
	}
	return out
}

// enginePlots draw what the engines said of themselves, one curve a replica.
func enginePlots(r *Run) []template.HTML {
	var out []template.HTML
	for _, kind := range []struct {
		title, unit string
		of          func(*metrics.Sample) *float64
	}{
		{"running in the batch, by replica", "requests", func(m *metrics.Sample) *float64 { return m.Running }},
		{"waiting in the queue, by replica", "requests", func(m *metrics.Sample) *float64 { return m.Waiting }},
		{"KV cache in use, by replica", "share", func(m *metrics.Sample) *float64 { return m.KVCache }},
	} {
		var curves []Curve
		for i := range r.Metrics {
			m := &r.Metrics[i]
			v := kind.of(m)
			if v == nil || m.Replica < 0 || m.Replica > mostReplicas {
				continue
			}
			for len(curves) <= m.Replica {
				curves = append(curves, Curve{Name: fmt.Sprintf("replica %d", len(curves))})
			}
			curves[m.Replica].Points = append(curves[m.Replica].Points, Point{float64(m.At) / 1e9, *v})
		}
		if len(curves) > 0 {
			out = append(out, (&Plot{Title: kind.title, XLabel: "seconds since the start", YLabel: kind.unit, Curves: curves}).SVG())
		}
	}
	return out
}

// mostReplicas bounds what a damaged metrics file can ask for.
const mostReplicas = 1 << 12

// settingsThatMatter are the manifest's settings of engine, sampling and
// harness that are set, and LoadGen's that judge the run.
func settingsThatMatter(r *Run) []Setting {
	flat := map[string]string{}
	m := r.Manifest
	flatten(flat, "engine_config", m.EngineConfig)
	flatten(flat, "sampling_config", m.SamplingConfig)
	for _, key := range []string{"device_count", "schedule_algo", "sorting", "dataset_path", "enable_warmup"} {
		if v, ok := m.HarnessConfig[key]; ok {
			flatten(flat, "harness_config."+key, v)
		}
	}
	for _, key := range []string{
		"round", "server_target_qps", "offline_expected_qps", "min_duration_ms", "min_query_count", "use_token_latencies",
		"ttft_latency_ns", "tpot_latency_ns", "ttft_latency_ms", "tpot_latency_ms", "performance_sample_count_override",
	} {
		if v, ok := m.Loadgen[key]; ok {
			flatten(flat, "loadgen."+key, v)
		}
	}
	var out []Setting
	for k, v := range flat {
		if v != "<nil>" {
			out = append(out, Setting{k, v})
		}
	}
	slices.SortFunc(out, func(a, b Setting) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return out
}
