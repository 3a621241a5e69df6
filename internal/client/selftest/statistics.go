package selftest

import (
	"math"
	"slices"

	"mlcfg/internal/record/percentile"
)

func spread(x []float64) Spread {
	slices.Sort(x)
	return Spread{P50: percentile.Of(x, 0.5), P99: percentile.Of(x, 0.99), Max: x[len(x)-1]}
}

// Distance is the Kolmogorov-Smirnov distance of gaps, in seconds, from the
// exponential distribution with the rate. It sorts gaps.
func Distance(gaps []float64, rate float64) float64 {
	slices.Sort(gaps)
	n, most := float64(len(gaps)), 0.0
	for i, g := range gaps {
		p := 1 - math.Exp(-rate*g)
		most = max(most, float64(i+1)/n-p, p-float64(i)/n)
	}
	return most
}

// between is the Kolmogorov-Smirnov distance of two samples. It sorts both.
func between(a, b []float64) float64 {
	slices.Sort(a)
	slices.Sort(b)
	most := 0.0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x := min(a[i], b[j])
		for i < len(a) && a[i] == x {
			i++
		}
		for j < len(b) && b[j] == x {
			j++
		}
		most = max(most, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return most
}
