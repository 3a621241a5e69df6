package report

import (
	"math"
	"slices"

	"mlcfg/internal/record"
)

// Point is one point of a curve.
type Point struct{ X, Y float64 }

// Series is what a run looked like over time and over its requests, in the
// units that the plots have.
type Series struct {
	// TTFT, TPOT and Latency are sorted, in milliseconds, Lateness too.
	TTFT, TPOT, Latency, Lateness []float64
	// Throughput is completed requests a second and Tokens output tokens a
	// second, over seconds since the start; InFlight is requests sent and not
	// done; Late is the worst lateness in milliseconds of what was due.
	Throughput, Tokens, InFlight, Late []Point
	// Slowest are the requests with the longest latency, longest first.
	Slowest []record.Record
}

// bins is how many intervals of time the curves have at most.
const bins = 240

// slowest is how many requests are listed.
const slowest = 10

// series takes a run's records, which are sorted by Seq.
func series(records []record.Record) Series {
	var s Series
	var end int64
	for i := range records {
		r := &records[i]
		end = max(end, r.Done)
		if r.Sent != record.NotReached {
			s.Lateness = append(s.Lateness, ms(r.Sent-r.Scheduled))
		}
		if r.Status != record.OK {
			continue
		}
		s.Latency = append(s.Latency, ms(r.Done-r.Scheduled))
		if r.FirstToken == record.NotReached {
			continue
		}
		s.TTFT = append(s.TTFT, ms(r.FirstToken-r.Scheduled))
		if r.OutputTokens > 1 {
			s.TPOT = append(s.TPOT, ms(r.Done-r.FirstToken)/float64(r.OutputTokens-1))
		}
	}
	for _, sorted := range [][]float64{s.TTFT, s.TPOT, s.Latency, s.Lateness} {
		slices.Sort(sorted)
	}
	s.overTime(records, end)
	s.Slowest = longest(records)
	return s
}

func ms(ns int64) float64 { return float64(ns) / 1e6 }

// overTime fills the curves. The width of an interval is a whole number of
// seconds where the run is long enough for that.
func (s *Series) overTime(records []record.Record, end int64) {
	if end <= 0 {
		return
	}
	width := float64(end) / 1e9 / bins
	if width > 0.5 {
		width = math.Ceil(width)
	}
	n := int(float64(end)/1e9/width) + 1
	done, tokens, change, late := make([]float64, n), make([]float64, n), make([]float64, n+1), make([]float64, n)
	bin := func(ns int64) int { return min(max(int(float64(ns)/1e9/width), 0), n-1) }
	for i := range records {
		r := &records[i]
		if r.Sent == record.NotReached {
			continue
		}
		at := bin(r.Scheduled)
		late[at] = max(late[at], ms(r.Sent-r.Scheduled))
		change[bin(r.Sent)]++
		if r.Done == record.NotReached {
			continue
		}
		change[bin(r.Done)+1]--
		if r.Status == record.OK {
			done[bin(r.Done)]++
			tokens[bin(r.Done)] += float64(r.OutputTokens)
		}
	}
	inFlight := 0.0
	for i := range n {
		x := (float64(i) + 0.5) * width
		inFlight += change[i]
		s.Throughput = append(s.Throughput, Point{x, done[i] / width})
		s.Tokens = append(s.Tokens, Point{x, tokens[i] / width})
		s.InFlight = append(s.InFlight, Point{x, inFlight})
		s.Late = append(s.Late, Point{x, late[i]})
	}
}

// longest gives the slowest requests.
func longest(records []record.Record) []record.Record {
	var top []record.Record
	for i := range records {
		r := &records[i]
		if r.Status != record.OK {
			continue
		}
		if len(top) == slowest && r.Done-r.Scheduled <= top[slowest-1].Done-top[slowest-1].Scheduled {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, r.Done-r.Scheduled, func(t record.Record, latency int64) int {
			if t.Done-t.Scheduled >= latency {
				return -1
			}
			return 1
		})
		top = slices.Insert(top, at, *r)
		top = top[:min(len(top), slowest)]
	}
	return top
}

// cdf is the cumulative distribution of sorted values, in as many points as a
// plot can show.
func cdf(sorted []float64) []Point {
	const points = 200
	n := len(sorted)
	if n == 0 {
		return nil
	}
	var out []Point
	for i := range min(n, points) {
		at := i * (n - 1) / max(min(n, points)-1, 1)
		out = append(out, Point{sorted[at], float64(at+1) / float64(n)})
	}
	return out
}

// histogram counts sorted values in equal intervals between the smallest and
// the 99.9th percentile; what lies above is in the last one.
func histogram(sorted []float64) []Point {
	const columns = 60
	n := len(sorted)
	if n == 0 {
		return nil
	}
	low, high := sorted[0], sorted[min(int(float64(n)*.999), n-1)]
	if high <= low {
		return []Point{{low, float64(n)}}
	}
	width := (high - low) / columns
	out := make([]Point, columns)
	for i := range out {
		out[i].X = low + (float64(i)+0.5)*width
	}
	for _, v := range sorted {
		out[min(int((v-low)/width), columns-1)].Y++
	}
	return out
}
