package compare

import (
	"fmt"

	"mlcfg/internal/report/chart"
)

// Method says how the differences were judged.
func (c *Comparison) Method() string {
	text := "Runs of one manifest are repetitions of one measurement: each figure is their mean ± half of its 95 % confidence interval (Student's t)."
	if n := c.tests(); n > 0 {
		text += fmt.Sprintf(" Differences from A are judged by Welch's t-test at 5 %%, unadjusted: of %d tests %s would show a difference by chance alone.", n, chart.Number(float64(n)*significance))
	} else if len(c.Groups) > 1 {
		text += fmt.Sprintf(" No difference was tested: Welch's t-test is made from %d runs of each on.", leastRuns)
	}
	return text
}

// String is mean ± half of the confidence interval.
func (c *Cell) String() string {
	if c == nil {
		return "–"
	}
	if c.Half == nil {
		return chart.Number(c.Mean)
	}
	return chart.Number(c.Mean) + " ± " + chart.Number(*c.Half)
}

// Range is the smallest and the largest of several runs.
func (c *Cell) Range() string {
	if c == nil || len(c.Values) < 2 {
		return ""
	}
	return chart.Number(c.Min) + " to " + chart.Number(c.Max)
}

// String is the change in percent of the first group's mean.
func (c *Change) String() string {
	if c.Share == nil {
		return fmt.Sprintf("%+.4g", c.Difference)
	}
	return percent(*c.Share)
}

// Confidence is where the change lies with 95 % confidence, and p; empty
// without a test.
func (c *Change) Confidence() string {
	if c.P == nil {
		return ""
	}
	p := fmt.Sprintf("p = %.3f", *c.P)
	if *c.P < 0.001 {
		p = "p < 0.001"
	}
	if c.Share == nil || c.Difference == 0 {
		return p
	}
	mean := c.Difference / *c.Share
	return fmt.Sprintf("%s to %s, %s", percent(*c.Low/mean), percent(*c.High/mean), p)
}

func percent(share float64) string { return fmt.Sprintf("%+.1f %%", share*100) }

// Ratio is the second number over the first, "×1.5"; empty where a value is no number.
func (d *Difference) Ratio() string {
	if len(d.Values) != 2 {
		return ""
	}
	var a, b float64
	for i, into := range []*float64{&a, &b} {
		var rest string
		if n, _ := fmt.Sscanf(d.Values[i], "%g%s", into, &rest); n != 1 {
			return ""
		}
	}
	if a == 0 || b == 0 || (a < 0) != (b < 0) {
		return ""
	}
	return fmt.Sprintf("×%.4g", b/a)
}
