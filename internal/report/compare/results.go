package compare

import (
	"errors"
	"math"

	"github.com/aclements/go-moremath/stats"

	"mlcfg/internal/report"
)

// Result is one figure, group by group.
type Result struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	// HigherIsBetter tells which way is good.
	HigherIsBetter bool `json:"higher_is_better"`
	// Cells are one a group, nil where it has no such figure.
	Cells []*Cell `json:"groups"`
}

// Cell is one figure of one group.
type Cell struct {
	// Values are those of the runs that count, in their order.
	Values []float64 `json:"values"`
	Mean   float64   `json:"mean"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	// Deviation is the standard deviation of the runs, and Half is half of the 95 %
	// confidence interval of their mean by Student's t; absent for one run.
	Deviation *float64 `json:"standard_deviation,omitempty"`
	Half      *float64 `json:"confidence_half_width,omitempty"`
	// Change is against the first group, absent for itself.
	Change *Change `json:"change,omitempty"`
}

// Change is how a group differs from the first one.
type Change struct {
	// Difference is of the means, Share the same over the first group's mean.
	Difference float64  `json:"difference"`
	Share      *float64 `json:"share,omitempty"`
	// Low and High bound the difference with 95 % confidence, P is the
	// probability of a difference as large where there is none: both by Welch's
	// t-test for means of unequal variances (B. L. Welch, Biometrika 34, 1947).
	// Absent with too few runs.
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
	P    *float64 `json:"p,omitempty"`
	// Says is better, worse, not shown, or too few runs.
	Says Word `json:"says"`
}

// Word is what can be said of a difference.
type Word string

// The words for a difference.
const (
	Better   Word = "better"
	Worse    Word = "worse"
	NotShown Word = "no difference shown"
	TooFew   Word = "too few runs"
)

// leastRuns is from how many runs of each group a test is made. Welch's test
// exists from two on, but two runs say next to nothing about their spread.
const leastRuns = 3

// significance is the probability below which a difference counts as shown.
const significance = 0.05

type figure struct {
	name, unit string
	higher     bool
	of         func(*report.Summary) (float64, bool)
}

func spread(s *report.Spread, of func(*report.Spread) float64) (float64, bool) {
	if s == nil {
		return 0, false
	}
	return of(s), true
}

func p50(s *report.Spread) float64 { return s.P50MS }
func p99(s *report.Spread) float64 { return s.P99MS }

// figures are what runs are compared by.
var figures = []figure{
	{"samples/s", "", true, func(s *report.Summary) (float64, bool) { return s.SamplesPerSecond, s.Completed > 0 }},
	{"tokens/s", "", true, func(s *report.Summary) (float64, bool) { return s.TokensPerSecond, s.OutputTokens > 0 }},
	{"TTFT p50", "ms", false, func(s *report.Summary) (float64, bool) { return spread(s.TTFT, p50) }},
	{"TTFT p99", "ms", false, func(s *report.Summary) (float64, bool) { return spread(s.TTFT, p99) }},
	{"TPOT p50", "ms", false, func(s *report.Summary) (float64, bool) { return spread(s.TPOT, p50) }},
	{"TPOT p99", "ms", false, func(s *report.Summary) (float64, bool) { return spread(s.TPOT, p99) }},
	{"latency p50", "ms", false, func(s *report.Summary) (float64, bool) { return spread(s.Latency, p50) }},
	{"latency p99", "ms", false, func(s *report.Summary) (float64, bool) { return spread(s.Latency, p99) }},
}

func (c *Comparison) results(sheets []*report.Sheet) {
	for _, f := range figures {
		r := Result{Name: f.name, Unit: f.unit, HigherIsBetter: f.higher}
		found := false
		for _, g := range c.Groups {
			var values []float64
			for _, run := range g.Runs {
				if v, ok := f.of(sheets[run.Index].Summary); ok && run.Counted {
					values = append(values, v)
				}
			}
			cell := newCell(values)
			if len(r.Cells) > 0 && cell != nil && r.Cells[0] != nil {
				cell.Change = change(r.Cells[0], cell, f.higher)
			}
			r.Cells = append(r.Cells, cell)
			found = found || cell != nil
		}
		if found {
			c.Results = append(c.Results, r)
		}
	}
}

func newCell(values []float64) *Cell {
	if len(values) == 0 {
		return nil
	}
	sample := stats.Sample{Xs: values}
	low, high := sample.Bounds()
	c := &Cell{Values: values, Mean: sample.Mean(), Min: low, Max: high}
	if n := float64(len(values)); n > 1 {
		deviation := sample.StdDev()
		half := quantileT(n-1) * deviation / math.Sqrt(n)
		c.Deviation, c.Half = &deviation, &half
	}
	return c
}

// quantileT is the two-sided 95 % point of Student's t distribution.
func quantileT(degrees float64) float64 {
	return stats.InvCDF(stats.TDist{V: degrees})(0.975)
}

func change(a, b *Cell, higher bool) *Change {
	c := &Change{Difference: b.Mean - a.Mean, Says: TooFew}
	if a.Mean != 0 {
		share := c.Difference / a.Mean
		c.Share = &share
	}
	if len(a.Values) < leastRuns || len(b.Values) < leastRuns {
		return c
	}
	test, err := stats.TwoSampleWelchTTest(stats.Sample{Xs: a.Values}, stats.Sample{Xs: b.Values}, stats.LocationDiffers)
	p, half := 1.0, 0.0
	switch {
	case errors.Is(err, stats.ErrZeroVariance):
		// Not one run differs from the next of its group: the means are exact.
		if c.Difference != 0 {
			p = 0
		}
	case err != nil:
		return c
	default:
		n, m := float64(len(a.Values)), float64(len(b.Values))
		p, half = test.P, quantileT(test.DoF)*math.Sqrt(*a.Deviation**a.Deviation/n+*b.Deviation**b.Deviation/m)
	}
	low, high := c.Difference-half, c.Difference+half
	c.P, c.Low, c.High = &p, &low, &high
	switch {
	case p >= significance:
		c.Says = NotShown
	case (c.Difference > 0) == higher:
		c.Says = Better
	default:
		c.Says = Worse
	}
	return c
}

// tests is how many differences were tested.
func (c *Comparison) tests() int {
	n := 0
	for _, r := range c.Results {
		for _, cell := range r.Cells {
			if cell != nil && cell.Change != nil && cell.Change.P != nil {
				n++
			}
		}
	}
	return n
}
