package main

import (
	"fmt"
	"math"
	"slices"

	"mlcfg/internal/client/selftest"
	"mlcfg/internal/record/percentile"
)

// perSecond is the rate at which the server answered.
func (m measured) perSecond() float64 {
	var last int64
	for _, v := range m.truth {
		last = max(last, v.Last)
	}
	return float64(len(m.truth)) / (float64(last-m.truth[0].Arrival) / 1e9)
}

// timing compares what the client says with what was true, and the gaps between
// arrivals with those that were asked for.
func (m measured) timing(rate int) (values, error) {
	n := len(m.truth)
	if n < 3 {
		return nil, fmt.Errorf("%d requests are too few", n)
	}
	var gaps, ttft, tpot, late []float64
	for i, v := range m.truth {
		if i > 0 {
			gaps = append(gaps, float64(v.Arrival-m.truth[i-1].Arrival)/1e9)
		}
		s := m.said[i]
		ttft = append(ttft, math.Abs(s.ttft*1e6-float64(v.First-v.Arrival)/1e3))
		tpot = append(tpot, math.Abs(s.tpot*1e6-float64(v.Last-v.First)/1e3/float64(max(v.Tokens-1, 1))))
		if s.late >= 0 {
			late = append(late, s.late*1e6)
		}
	}
	out := values{
		"rate reached":                  float64(n-1) / (float64(m.truth[n-1].Arrival-m.truth[0].Arrival) / 1e9),
		"gaps: distance from Exp (K-S)": selftest.Distance(gaps, float64(rate)),
		"TTFT error p50 us":             quantile(ttft, 0.5), "TTFT error p99 us": quantile(ttft, 0.99),
		"TPOT error p50 us": quantile(tpot, 0.5), "TPOT error p99 us": quantile(tpot, 0.99),
	}
	if len(late) > 0 {
		out["lateness p50 us"], out["lateness p99 us"], out["lateness max us"] = quantile(late, 0.5), quantile(late, 0.99), slices.Max(late)
	}
	return out, nil
}

func quantile(x []float64, q float64) float64 {
	slices.Sort(x)
	return percentile.Of(x, q)
}
