package report

import (
	"math"
	"slices"
	"sort"
	"time"

	"mlcfg/internal/record"
	"mlcfg/internal/record/percentile"
)

// Distribution is how one time is spread over the requests that have it. The
// figures are exact, whatever their number: each quantile is a request's.
type Distribution struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
	// Quantiles rise to the largest, closer together towards it.
	Quantiles []Quantile `json:"quantiles"`
	// Histogram counts every request once.
	Histogram []Bin `json:"histogram"`
	// LimitMS is what the scenario allows at its percentile, and Above how many
	// requests took longer; absent where there is no limit.
	LimitMS *float64 `json:"limit_ms,omitempty"`
	Above   uint64   `json:"above_limit,omitempty"`
}

// Quantile reports whether a share of the requests took MS or less.
type Quantile struct {
	Share float64 `json:"share"`
	MS    float64 `json:"ms"`
}

// Bin counts requests from From, included, to To. Over bins hold all above From, To being the largest.
type Bin struct {
	FromMS float64 `json:"from_ms"`
	ToMS   float64 `json:"to_ms"`
	Count  uint64  `json:"count"`
	Over   bool    `json:"over,omitempty"`
}

// distribution describes sorted times, of which there is one at least.
func distribution(name string, sorted []time.Duration, limit *time.Duration) Distribution {
	d := Distribution{Name: name, Count: uint64(len(sorted)), Quantiles: quantiles(sorted), Histogram: histogram(sorted), LimitMS: limitMS(limit)}
	if limit != nil {
		d.Above = uint64(len(sorted) - sort.Search(len(sorted), func(i int) bool { return sorted[i] > *limit }))
	}
	return d
}

// collect gathers one time of all rows that have it, sorted.
func collect(into []time.Duration, rows *record.Table, of func(*record.Record) (time.Duration, bool)) []time.Duration {
	into = slices.Grow(into, rows.Len())
	for _, r := range rows.All() {
		if v, ok := of(r); ok {
			into = append(into, v)
		}
	}
	percentile.Sort(into)
	return into
}

// quantiles picks elements of sorted times: two hundred along the way, and ten
// more for each further nine of the tail. The last is always the largest.
func quantiles(sorted []time.Duration) []Quantile {
	n := len(sorted)
	var out []Quantile
	last := -1
	add := func(i int) {
		if i = min(i, n-1); i > last {
			out = append(out, Quantile{float64(i+1) / float64(n), ms(sorted[i])})
			last = i
		}
	}
	const along = 200
	for i := range along {
		add(n * i / along)
	}
	for rest := 0.01; rest*float64(n) >= 1; rest /= 10 {
		for tenth := range 9 {
			add(n - int(math.Ceil(float64(n)*rest*(1-float64(tenth)/10))))
		}
	}
	add(n - 1)
	return out
}

// histogram counts sorted times in round intervals. Where a few lie far out,
// those above the 99.9th percentile are one bin.
func histogram(sorted []time.Duration) []Bin {
	n := len(sorted)
	low, high, largest := ms(sorted[0]), ms(percentile.Of(sorted, .999)), ms(sorted[n-1])
	if largest-low <= 1.5*(high-low) {
		high = largest
	}
	count := min(max(5*math.Cbrt(float64(n)), 8), 80) // fewer after rounding
	width := roundUp(max((high-low)/count, math.Abs(high)/1e4, 1e-6))
	low = math.Floor(low/width) * width
	bins := make([]Bin, int((high-low)/width)+1)
	for i := range bins {
		bins[i].FromMS, bins[i].ToMS = low+float64(i)*width, low+float64(i+1)*width
	}
	end := bins[len(bins)-1].ToMS
	over := Bin{FromMS: end, ToMS: largest, Over: true}
	for _, v := range sorted {
		if i := int((ms(v) - low) / width); i < len(bins) {
			bins[i].Count++
		} else {
			over.Count++
		}
	}
	if over.Count > 0 {
		bins = append(bins, over)
	}
	return bins
}

// roundUp is the next of 1, 2, 5, 10, … times a power of ten.
func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}
