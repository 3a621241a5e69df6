package webreport

import (
	"fmt"
	"math"
	"slices"

	"mlcfg/internal/report"
	"mlcfg/internal/report/chart"
	"mlcfg/internal/report/compare"
)

// figure is a chart and the name of its file.
type figure struct {
	name  string
	chart *chart.Chart
}

// distributionFigures are the histogram, the share of requests below, and the
// tail of each time of a run.
func distributionFigures(s *report.Sheet) [][]figure {
	var out [][]figure
	for i := range s.Distributions {
		d := &s.Distributions[i]
		says := saysOf(s, d)
		x := chart.Axis{Unit: "ms"}
		var limits, limitsY []chart.Limit
		if d.LimitMS != nil {
			name := "limit " + chart.Number(*d.LimitMS) + " ms"
			limits, limitsY = []chart.Limit{{Name: name, Value: *d.LimitMS}}, []chart.Limit{{Name: name, Value: *d.LimitMS, OnY: true}}
		}
		h := &chart.Chart{Title: d.Name, Note: s.Mark(), X: x, Y: chart.Axis{Unit: "requests"}, Limits: limits, Says: says}
		for _, b := range d.Histogram {
			h.Bins = append(h.Bins, chart.Bin{From: b.FromMS, To: b.ToMS, Count: b.Count, Over: b.Over})
		}
		below := &chart.Chart{Title: d.Name + ", share below", Note: s.Mark(), X: x, Y: chart.Axis{Percent: true, To: ptr(1)}, Curves: []chart.Curve{{Name: d.Name, Points: below(d)}}, Limits: limits, Says: says}
		tail := &chart.Chart{Title: d.Name + ", the tail", Note: s.Mark(), X: chart.Axis{Nines: true, Percent: true, From: ptr(0)}, Y: chart.Axis{Unit: "ms"}, Curves: []chart.Curve{{Name: d.Name, Points: tail(d)}}, Limits: limitsY, Says: says}
		out = append(out, []figure{{d.Name + "-histogram", h}, {d.Name + "-cdf", below}, {d.Name + "-tail", tail}})
	}
	return out
}

func saysOf(s *report.Sheet, d *report.Distribution) string {
	text := ""
	spread := map[string]*report.Spread{"TTFT": s.TTFT, "TPOT": s.TPOT, "latency": s.Latency, "lateness": s.Lateness}[d.Name]
	if spread != nil {
		text = fmt.Sprintf("p50 %s · p99 %s · max %s ms", chart.Number(spread.P50MS), chart.Number(spread.P99MS), chart.Number(spread.MaxMS))
	}
	if d.Above > 0 {
		text += fmt.Sprintf(" · %s above the limit", chart.Thousands(int64(d.Above)))
	}
	return text
}

// below is the cumulative distribution.
func below(d *report.Distribution) []chart.Point {
	var out []chart.Point
	for _, q := range d.Quantiles {
		out = append(out, chart.Point{X: q.MS, Y: q.Share})
	}
	return out
}

// tail is each percentile's time: of N requests, the one at place i is the
// percentile i/N by LoadGen's rule.
func tail(d *report.Distribution) []chart.Point {
	var out []chart.Point
	for _, q := range d.Quantiles {
		out = append(out, chart.Point{X: q.Share - 1/float64(d.Count), Y: q.MS})
	}
	return out
}

// timeFigures are the course of a run; sync names the page's charts that are
// pointed at together.
func timeFigures(s *report.Sheet, sync string) []figure {
	var out []figure
	var end *float64
	add := func(name, title, unit, says string, limits []chart.Limit, curves ...chart.Curve) {
		for _, c := range curves {
			if len(c.Points) > 0 {
				out = append(out, figure{name, &chart.Chart{Title: title, Note: s.Mark(), X: chart.Axis{Unit: "seconds since the start", From: ptr(0), To: end}, Y: chart.Axis{Unit: unit, Percent: unit == "share", From: ptr(0)}, Curves: curves, Limits: limits, Sync: sync, Says: says}})
				return
			}
		}
	}
	if t := s.Timeline; t != nil {
		end = ptr(t.IntervalS * float64(len(t.Intervals)))
		over := func(of func(*report.Interval) float64) []chart.Point {
			var points []chart.Point
			for i := range t.Intervals {
				points = append(points, chart.Point{X: t.Intervals[i].FromS + t.IntervalS/2, Y: of(&t.Intervals[i])})
			}
			return points
		}
		interval := "intervals of " + chart.Number(t.IntervalS) + " s"
		var target []chart.Limit
		if s.ScheduledSamplesPerSecond != nil {
			target = []chart.Limit{{Name: "scheduled " + chart.Number(*s.ScheduledSamplesPerSecond) + "/s", Value: *s.ScheduledSamplesPerSecond, OnY: true}}
		}
		add("tokens", "output tokens", "tokens/s", "each request's tokens spread from its first to its last; "+interval, nil, chart.Curve{Points: over(func(i *report.Interval) float64 { return i.TokensPerSecond })})
		completed := []chart.Curve{{Name: "completed", Points: over(func(i *report.Interval) float64 { return i.SamplesPerSecond })}}
		if s.Failed > 0 {
			completed = append(completed, chart.Curve{Name: "failed", Color: 1, Points: over(func(i *report.Interval) float64 { return float64(i.Failed) / t.IntervalS })})
		}
		add("samples", "ended requests", "samples/s", interval, target, completed...)
		add("in-flight", "requests in flight", "requests", "sent and not ended, on average; "+interval, nil, chart.Curve{Points: over(func(i *report.Interval) float64 { return i.InFlight })})
		p50 := chart.Curve{Name: "p50", Points: over(func(i *report.Interval) float64 { return value(i.TTFTP50MS) })}
		p99 := chart.Curve{Name: "p99", Color: 1, Points: over(func(i *report.Interval) float64 { return value(i.TTFTP99MS) })}
		if s.TTFT != nil {
			var limit []chart.Limit
			if s.TTFT.LimitMS != nil {
				limit = []chart.Limit{{Name: "limit " + chart.Number(*s.TTFT.LimitMS) + " ms", Value: *s.TTFT.LimitMS, OnY: true}}
			}
			add("ttft-over-time", "TTFT over time", "ms", "by the time of the first token; "+interval, limit, p50, p99)
		}
		if s.Lateness != nil {
			add("lateness-over-time", "worst lateness", "ms", "sent after its schedule; "+interval, nil, chart.Curve{Points: over(func(i *report.Interval) float64 { return value(i.LatenessMS) })})
		}
	}
	for _, kind := range []struct {
		name, title, unit string
		of                func(*report.EnginePoint) *float64
	}{
		{"waiting", "waiting in the engines' queues", "requests", func(p *report.EnginePoint) *float64 { return p.Waiting }},
		{"running", "running in the engines' batches", "requests", func(p *report.EnginePoint) *float64 { return p.Running }},
		{"kv-cache", "KV cache in use", "share", func(p *report.EnginePoint) *float64 { return p.KVCache }},
	} {
		curves := replicaCurves(s.EngineCurves, kind.of)
		says := "as the engines said, by replica"
		if len(s.EngineCurves) > chart.Colors {
			says = fmt.Sprintf("as the engines said, over %d replicas", len(s.EngineCurves))
		}
		add(kind.name, kind.title, kind.unit, says, nil, curves...)
	}
	return out
}

// replicaCurves are one curve a replica, or where those are too many to be told
// apart the lowest, the middle and the highest at each time.
func replicaCurves(curves []report.EngineCurve, of func(*report.EnginePoint) *float64) []chart.Curve {
	var out []chart.Curve
	for _, c := range curves {
		curve := chart.Curve{Name: fmt.Sprintf("replica %d", c.Replica), Color: c.Replica}
		for i := range c.Points {
			if v := of(&c.Points[i]); v != nil {
				curve.Points = append(curve.Points, chart.Point{X: c.Points[i].AtS, Y: *v})
			}
		}
		if len(curve.Points) > 0 {
			out = append(out, curve)
		}
	}
	if len(out) <= chart.Colors {
		return out
	}
	var end float64
	for _, c := range out {
		end = max(end, c.Points[len(c.Points)-1].X)
	}
	const steps = 120
	three := []chart.Curve{{Name: "highest", Color: 1}, {Name: "median", Color: 0}, {Name: "lowest", Color: 2}}
	at := make([]int, len(out))
	for step := 1; step <= steps; step++ {
		x := end * float64(step) / steps
		var values []float64
		for i, c := range out {
			for at[i] < len(c.Points)-1 && c.Points[at[i]+1].X <= x {
				at[i]++
			}
			if c.Points[at[i]].X <= x {
				values = append(values, c.Points[at[i]].Y)
			}
		}
		if len(values) == 0 {
			continue
		}
		slices.Sort(values)
		for i, v := range []float64{values[len(values)-1], values[len(values)/2], values[0]} {
			three[i].Points = append(three[i].Points, chart.Point{X: x, Y: v})
		}
	}
	return three
}

// comparisonFigures are the distributions of all runs over one another, and
// each figure's runs, group by group.
func comparisonFigures(c *compare.Comparison, sheets []*report.Sheet) (shared, rows []figure) {
	note := ""
	if c.Simulated {
		note = "SIMULATED"
	}
	for _, name := range []string{"TTFT", "TPOT", "latency"} {
		shares := &chart.Chart{Title: name + ", share below", Note: note, X: chart.Axis{Unit: "ms"}, Y: chart.Axis{Percent: true, To: ptr(1)}, Says: "one line a run, one colour a group"}
		tails := &chart.Chart{Title: name + ", the tail", Note: note, X: chart.Axis{Nines: true, Percent: true, From: ptr(0)}, Y: chart.Axis{Unit: "ms"}, Says: shares.Says}
		for at, g := range c.Groups {
			for n, run := range g.Runs {
				i := slices.IndexFunc(sheets[run.Index].Distributions, func(d report.Distribution) bool { return d.Name == name })
				if i < 0 {
					continue
				}
				curve := chart.Curve{Name: fmt.Sprintf("%s%d", g.Letter, n+1), Color: at, Dashed: n > 0}
				d := &sheets[run.Index].Distributions[i]
				curve.Points = below(d)
				shares.Curves = append(shares.Curves, curve)
				curve.Points = tail(d)
				tails.Curves = append(tails.Curves, curve)
			}
		}
		if len(shares.Curves) > 0 {
			shared = append(shared, figure{name + "-cdf", shares}, figure{name + "-tail", tails})
		}
	}
	for _, r := range c.Results {
		f := &chart.Chart{Title: r.Name, Note: note, X: chart.Axis{Unit: r.Unit}, Says: "lower is better"}
		if r.HigherIsBetter {
			f.Says = "higher is better"
		}
		for i, cell := range r.Cells {
			if cell == nil {
				continue
			}
			row := chart.Row{Name: c.Groups[i].Letter + ": " + cell.String(), Values: cell.Values, Mean: cell.Mean, Low: math.NaN(), High: math.NaN(), Color: i}
			if cell.Half != nil {
				row.Low, row.High = cell.Mean-*cell.Half, cell.Mean+*cell.Half
			}
			f.Rows = append(f.Rows, row)
		}
		rows = append(rows, figure{"compared-" + r.Name, f})
	}
	return shared, rows
}

func ptr(v float64) *float64 { return &v }

func value(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
