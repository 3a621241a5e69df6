package bench

import (
	"time"

	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/record/percentile"
)

// Figures are what a run came to, times in milliseconds.
type Figures struct {
	Load     string `json:"load"`
	Run      string `json:"run"`
	Requests int    `json:"requests"`
	Failed   int    `json:"failed"`
	// Seconds is from the first request's start to the last answer's end.
	Seconds               float64 `json:"seconds"`
	RequestsPerSecond     float64 `json:"requests_per_second"`
	InputTokensPerSecond  float64 `json:"input_tokens_per_second"`
	OutputTokensPerSecond float64 `json:"output_tokens_per_second"`
	TTFT                  Spread  `json:"ttft_ms"`
	TPOT                  Spread  `json:"tpot_ms"`
	Latency               Spread  `json:"latency_ms"`
	// ITL is the mean time between two tokens of an answer, over all tokens of all answers.
	ITL float64 `json:"itl_mean_ms"`
	// Goodput is what of RequestsPerSecond kept all limits, Good the share of all requests
	// that did; absent where there are no limits.
	Goodput *float64 `json:"goodput,omitempty"`
	Good    *float64 `json:"good_share,omitempty"`
}

// Spread describes times; percentiles by LoadGen's rule.
type Spread struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// FiguresOf reduces the records of a run.
func FiguresOf(m *manifest.Manifest, rows *record.Table) Figures {
	f := Figures{Requests: rows.Len()}
	limits := LimitsOf(m)
	var ttft, tpot, latency []time.Duration
	var input, output, gaps int64
	var between, from, to time.Duration
	good := 0
	for i, r := range rows.All() {
		if i == 0 || r.Scheduled < from {
			from = r.Scheduled
		}
		to = max(to, r.Done)
		if !r.OK() {
			f.Failed++
			continue
		}
		input, output = input+r.InputTokens, output+r.OutputTokens
		whole, _ := r.Latency()
		latency = append(latency, whole)
		first, streamed := r.TTFT()
		if streamed {
			ttft = append(ttft, first)
		}
		each, several := r.TPOT()
		if several {
			tpot = append(tpot, each)
			between, gaps = between+r.Done-r.FirstToken, gaps+r.OutputTokens-1
		}
		if limits.keeps(first, each, whole) {
			good++
		}
	}
	if f.Seconds = (to - from).Seconds(); f.Seconds > 0 {
		answered := float64(rows.Len() - f.Failed)
		f.RequestsPerSecond = answered / f.Seconds
		f.InputTokensPerSecond, f.OutputTokensPerSecond = float64(input)/f.Seconds, float64(output)/f.Seconds
	}
	if gaps > 0 {
		f.ITL = ms(between) / float64(gaps)
	}
	f.TTFT, f.TPOT, f.Latency = spread(ttft), spread(tpot), spread(latency)
	if limits != (Limits{}) && rows.Len() > 0 && f.Seconds > 0 {
		rate, share := float64(good)/f.Seconds, float64(good)/float64(rows.Len())
		f.Goodput, f.Good = &rate, &share
	}
	return f
}

// keeps reports whether an answer keeps all limits.
func (l Limits) keeps(ttft, tpot, latency time.Duration) bool {
	within := func(d, limit time.Duration) bool { return limit == 0 || d <= limit }
	return within(ttft, l.TTFT) && within(tpot, l.TPOT) && within(latency, l.Latency)
}

func spread(times []time.Duration) (s Spread) {
	if len(times) == 0 {
		return s
	}
	percentile.Sort(times)
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	at := func(p float64) float64 { return ms(percentile.Of(times, p)) }
	return Spread{
		Mean: ms(sum) / float64(len(times)), P50: at(0.50), P90: at(0.90), P95: at(0.95), P99: at(0.99), Max: ms(times[len(times)-1]),
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
