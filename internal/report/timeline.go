package report

import (
	"slices"
	"time"

	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
	"mlcfg/internal/record/percentile"
)

// Timeline is the course of a run in equal intervals.
type Timeline struct {
	IntervalS float64    `json:"interval_s"`
	Intervals []Interval `json:"intervals"`
}

// Interval is what happened in one interval of time.
type Interval struct {
	// FromS is its start, in seconds since the start of issuing.
	FromS float64 `json:"from_s"`
	// Completed and Failed count the requests that ended in it.
	Completed uint64 `json:"completed"`
	Failed    uint64 `json:"failed,omitempty"`
	// SamplesPerSecond is Completed over its length. TokensPerSecond takes each request's
	// output tokens as evenly spread from its first token to its last.
	SamplesPerSecond float64 `json:"samples_per_second"`
	TokensPerSecond  float64 `json:"tokens_per_second"`
	// InFlight is how many requests were sent and not ended, on average.
	InFlight float64 `json:"in_flight"`
	// TTFTP50MS and TTFTP99MS are of the requests whose first token came in it.
	TTFTP50MS *float64 `json:"ttft_p50_ms,omitempty"`
	TTFTP99MS *float64 `json:"ttft_p99_ms,omitempty"`
	// LatenessMS is the worst of the requests that were due in it (Server).
	LatenessMS *float64 `json:"worst_lateness_ms,omitempty"`
}

// mostIntervals bounds the intervals of a run, fewestRequests is how many
// requests there are in one at least, on average, as long as there are twelve.
const (
	mostIntervals  = 240
	fewestRequests = 8
)

// timeline takes rows sorted by Seq; nil where nothing took any time.
func timeline(rows *record.Table, lateness bool) *Timeline {
	var end time.Duration
	for _, r := range rows.All() {
		end = max(end, r.Done, r.Sent, r.FirstToken)
	}
	if end <= 0 {
		return nil
	}
	n := min(max(rows.Len()/fewestRequests, 12), mostIntervals)
	width := float64(end) / float64(n)
	t := &Timeline{IntervalS: width / 1e9, Intervals: make([]Interval, n)}
	at := func(d time.Duration) int { return min(max(int(float64(d)/width), 0), n-1) }
	flight, tokens := newCoverage(n, width), newCoverage(n, width)
	first := make([][]time.Duration, n)
	for _, r := range rows.All() {
		if v, ok := r.Lateness(); ok && lateness {
			in := &t.Intervals[at(r.Scheduled)]
			if in.LatenessMS == nil || ms(v) > *in.LatenessMS {
				worst := ms(v)
				in.LatenessMS = &worst
			}
		}
		if r.Sent != record.NotReached {
			until := end
			if r.Done != record.NotReached {
				until = r.Done
			}
			flight.add(r.Sent, until, 1)
		}
		if r.Done != record.NotReached {
			if r.OK() {
				t.Intervals[at(r.Done)].Completed++
			} else {
				t.Intervals[at(r.Done)].Failed++
			}
		}
		if v, ok := r.TTFT(); ok {
			first[at(r.FirstToken)] = append(first[at(r.FirstToken)], v)
			if span := r.Done - r.FirstToken; span > 0 {
				tokens.add(r.FirstToken, r.Done, float64(r.OutputTokens)/float64(span))
			} else {
				tokens.whole[at(r.Done)] += float64(r.OutputTokens)
			}
		} else if r.OK() { // not streamed: all tokens at once
			tokens.whole[at(r.Done)] += float64(r.OutputTokens)
		}
	}
	inFlight, tokenCount := flight.totals(), tokens.totals()
	for i := range t.Intervals {
		in := &t.Intervals[i]
		in.FromS = float64(i) * width / 1e9
		in.SamplesPerSecond = float64(in.Completed) / t.IntervalS
		in.TokensPerSecond = tokenCount[i] / t.IntervalS
		in.InFlight = max(inFlight[i]/width, 0)
		if times := first[i]; len(times) > 0 {
			percentile.Sort(times)
			p50, p99 := ms(percentile.Of(times, .5)), ms(percentile.Of(times, .99))
			in.TTFTP50MS, in.TTFTP99MS = &p50, &p99
		}
	}
	return t
}

// coverage adds up spans of time that run over intervals, each at its rate: whole
// holds what lies in an interval alone, change how the rate of full intervals changes there.
type coverage struct {
	width         float64
	whole, change []float64
}

func newCoverage(n int, width float64) *coverage {
	return &coverage{width: width, whole: make([]float64, n), change: make([]float64, n+1)}
}

func (c *coverage) add(from, to time.Duration, rate float64) {
	last := len(c.whole) - 1
	at := func(ns float64) int { return min(max(int(ns/c.width), 0), last) }
	a, b := float64(max(from, 0)), float64(to)
	first, end := at(a), at(b)
	if first == end {
		c.whole[first] += max(b-a, 0) * rate
		return
	}
	c.whole[first] += (float64(first+1)*c.width - a) * rate
	c.whole[end] += (b - float64(end)*c.width) * rate
	c.change[first+1] += rate
	c.change[end] -= rate
}

func (c *coverage) totals() []float64 {
	out := make([]float64, len(c.whole))
	rate := 0.0
	for i := range out {
		rate += c.change[i]
		out[i] = c.whole[i] + rate*c.width
	}
	return out
}

// EngineCurve is what one replica said of itself over time. Where it spoke more
// often than can be shown, each point is the peak of its interval.
type EngineCurve struct {
	Replica int           `json:"replica"`
	Points  []EnginePoint `json:"points"`
}

// EnginePoint is one moment; a figure that the engine does not have is absent.
type EnginePoint struct {
	AtS     float64  `json:"at_s"`
	Running *float64 `json:"running,omitempty"`
	Waiting *float64 `json:"waiting,omitempty"`
	KVCache *float64 `json:"kv_cache,omitempty"`
}

// mostReplicas bounds what a damaged metrics file can ask for.
const mostReplicas = 1 << 12

func engineCurves(samples []metrics.Sample) []EngineCurve {
	byReplica := map[int][]EnginePoint{}
	var end float64
	for i := range samples {
		m := &samples[i]
		if m.Replica < 0 || m.Replica > mostReplicas || m.Running == nil && m.Waiting == nil && m.KVCache == nil {
			continue
		}
		at := float64(m.At) / 1e9
		end = max(end, at)
		byReplica[m.Replica] = append(byReplica[m.Replica], EnginePoint{at, m.Running, m.Waiting, m.KVCache})
	}
	var out []EngineCurve
	for replica, points := range byReplica {
		out = append(out, EngineCurve{replica, peaks(points, end)})
	}
	slices.SortFunc(out, func(a, b EngineCurve) int { return a.Replica - b.Replica })
	return out
}

// peaks keeps the largest of each figure in each of at most mostIntervals intervals.
func peaks(points []EnginePoint, end float64) []EnginePoint {
	if len(points) <= mostIntervals {
		return points
	}
	var out []EnginePoint
	last := -1
	end = max(end, 1e-9) // all at once
	for _, p := range points {
		at := min(max(int(p.AtS/end*mostIntervals), 0), mostIntervals-1)
		if at > last {
			out, last = append(out, p), at
			continue
		}
		top := &out[len(out)-1]
		for _, pair := range [][2]**float64{{&top.Running, &p.Running}, {&top.Waiting, &p.Waiting}, {&top.KVCache, &p.KVCache}} {
			if *pair[1] != nil && (*pair[0] == nil || **pair[1] > **pair[0]) {
				*pair[0] = *pair[1]
			}
		}
	}
	return out
}
