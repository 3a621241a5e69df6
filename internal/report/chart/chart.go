// Package chart draws charts as SVG: histograms, curves over time, cumulative
// distributions, and single measurements beside one another. Lines scale with
// the chart, text does not, so that a chart can be read on a telephone and on a wall.
//
//	c := &chart.Chart{Title: "TTFT", X: chart.Axis{Unit: "ms"}, Y: chart.Axis{Unit: "requests"}, Bins: bins}
//	page.WriteString(c.Figure())   // for a page with the classes of Style
//	err := os.WriteFile("ttft.svg", c.File(), 0o644)
//
// Colours are classes (c0, c1, …), so that light and dark are the style's matter.
package chart

import (
	"fmt"
	"math"
	"strconv"
)

// Chart is one chart: Bins, or Curves, or Rows.
type Chart struct {
	Title string
	// Note must not be overlooked ("simulated engine"); it stands beside the title.
	Note string
	X, Y Axis
	// Bins make a histogram.
	Bins []Bin
	// Curves are lines over X.
	Curves []Curve
	// Rows are measurements of one figure, one row a group, over X.
	Rows []Row
	// Limits are what a run is held to.
	Limits []Limit
	// Sync names charts of one page in which a value is pointed at together.
	Sync string
	// Says stands below the title until a value is pointed at.
	Says string
}

// Axis is one axis. Its range is that of the values unless From or To say otherwise.
type Axis struct {
	Unit     string
	From, To *float64
	// Nines spreads shares towards 1: 0, 90 %, 99 %, 99.9 % are equally far apart.
	Nines bool
	// Percent shows shares of 0 to 1 in percent.
	Percent bool
}

// Bin is one column of a histogram.
type Bin struct {
	From, To float64
	Count    uint64
	// Over reports whether the bin holds all that lies above From; To is the largest.
	Over bool
}

// Curve is one line; a Y that is no number is a gap.
type Curve struct {
	Name   string
	Points []Point
	// Color is the class of the colour, counted from 0.
	Color int
	// Dashed tells the curve apart from another of its colour.
	Dashed bool
}

// Point is one point of a curve.
type Point struct{ X, Y float64 }

// Row is one group of measurements: each, their mean, and where the mean may lie.
type Row struct {
	Name   string
	Values []float64
	Mean   float64
	// Low and High bound the mean; not numbers where nothing is known.
	Low, High float64
	Color     int
}

// Limit is a line at a value of X, or of Y.
type Limit struct {
	Name  string
	Value float64
	OnY   bool
}

// Colors is how many classes of colours there are.
const Colors = 8

// empty reports whether there is nothing to draw.
func (c *Chart) empty() bool {
	for _, curve := range c.Curves {
		for _, p := range curve.Points {
			if !math.IsNaN(p.Y) {
				return false
			}
		}
	}
	return len(c.Bins) == 0 && len(c.Rows) == 0
}

// Number is a value as an axis or a table shows it: four digits, and the
// thousands told apart.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case a >= 1e9:
		return short(v/1e9) + "G"
	case a >= 1e6:
		return short(v/1e6) + "M"
	case a >= 1e3:
		return Thousands(int64(math.Round(v)))
	}
	return short(v)
}

func short(v float64) string {
	digits := 4
	if a := math.Abs(v); a < 1 && a >= 0.001 || a < 10 {
		digits = 3
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if a := math.Abs(v); a != 0 && a < 1e-4 {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Thousands is a whole number in groups of three digits.
func Thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for at := len(text) - 3; at > first; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// Percent is a share of 0 to 1 in percent, with as many digits as tell it from 100 %.
func Percent(share float64) string {
	digits := 0
	if rest := 1 - share; rest > 1e-9 && rest < 0.1 {
		digits = max(0, int(math.Ceil(-math.Log10(rest)-1e-9))-2)
	}
	if whole := share * 100; digits == 0 && math.Abs(whole-math.Round(whole)) > 1e-9 {
		digits = 1
	}
	return fmt.Sprintf("%.*f %%", min(digits, 6), share*100)
}
