package loadgen

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// NotReached stands in a column of times for a moment that never came.
const NotReached int64 = -1

// Records is what happened in one performance run, in columns. Position i of
// each column is sample i in the order of issue; SamplesPerQuery samples
// together are one query. Times are nanoseconds since the start of issuing.
type Records struct {
	// SamplesPerQuery is 1 for SingleStream and Server, the samples of one
	// query for MultiStream and the count of all samples for Offline.
	SamplesPerQuery int
	// Scheduled is when the schedule wanted the sample to leave: latencies
	// count from here. Issued is when it left.
	Scheduled, Issued []int64
	// Done is when the response was complete, NotReached where it never was.
	Done []int64
	// FirstToken is when the first token came, NotReached where none did, and
	// Tokens how many tokens the response has. Both are nil in a run without
	// token latencies; FirstToken may be nil for Offline, which needs none.
	FirstToken []int64
	Tokens     []int64
}

// Queries is the count of queries issued.
func (r *Records) Queries() int {
	if r.SamplesPerQuery <= 0 {
		return 0
	}
	return len(r.Scheduled) / r.SamplesPerQuery
}

// check refuses records whose columns do not fit together.
func (r *Records) check(tokens, firstToken bool) error {
	n := len(r.Scheduled)
	switch {
	case n == 0:
		return errors.New("no query was issued, there is nothing to judge")
	case r.SamplesPerQuery <= 0 || n%r.SamplesPerQuery != 0:
		return fmt.Errorf("%d samples do not make whole queries of %d", n, r.SamplesPerQuery)
	case len(r.Issued) != n || len(r.Done) != n:
		return fmt.Errorf("records of %d samples have %d issue times and %d end times", n, len(r.Issued), len(r.Done))
	case tokens && len(r.Tokens) != n:
		return fmt.Errorf("token latencies are on, but of %d samples %d have a token count", n, len(r.Tokens))
	case firstToken && len(r.FirstToken) != n:
		return fmt.Errorf("token latencies are on, but of %d samples %d have a first-token time", n, len(r.FirstToken))
	}
	return nil
}

// measured is what LoadGen's PerformanceResult holds: latencies in nanoseconds,
// and the times of the last query in seconds since the start of issuing.
type measured struct {
	latencies      []int64 // of completed samples
	queryLatencies []int64 // MultiStream only
	ttft, tpot     []int64 // with token latencies, not Offline's
	tokens         uint64  // of all samples, invalid counts as zero
	issued         int64   // queries
	incomplete     int64   // samples without a response

	maxLatency, finalScheduled, finalIssued, finalDone float64
}

// noLatency is LoadGen's mark for a latency that was never recorded.
const noLatency = math.MinInt64

// measure turns records into latencies. Samples that never completed are
// counted, and left out.
func (r *Records) measure(multiStream, tokens, firstToken bool) *measured {
	n := len(r.Scheduled)
	m := &measured{latencies: make([]int64, 0, n), issued: int64(r.Queries())}
	if firstToken {
		m.ttft = make([]int64, 0, n)
		m.tpot = make([]int64, 0, n)
	}
	var longest int64
	for i, scheduled := range r.Scheduled {
		if r.Done[i] == NotReached {
			m.incomplete++
			continue
		}
		latency := r.Done[i] - scheduled
		longest = max(longest, latency)
		m.latencies = append(m.latencies, latency)
		if !tokens {
			continue
		}
		count := validTokens(r.Tokens[i])
		m.tokens += uint64(count)
		if firstToken {
			ttft := int64(noLatency)
			if r.streamed(i) {
				ttft = r.FirstToken[i] - scheduled
			}
			m.ttft = append(m.ttft, ttft)
			m.tpot = append(m.tpot, (latency-ttft)/(count-1))
		}
	}
	m.maxLatency = seconds(longest)
	if multiStream {
		m.queryLatencies = r.queryLatencies()
	}
	last := n - 1
	m.finalScheduled = seconds(r.Scheduled[last])
	m.finalIssued = seconds(r.Issued[last])
	if m.finalDone = seconds(r.queryDone(r.Queries() - 1)); m.finalDone < 0 {
		m.finalDone = seconds(slices.Max(r.Done))
	}
	return m
}

// streamed reports whether sample i has a first token that counts: LoadGen passes
// over one that comes after the response is complete.
func (r *Records) streamed(i int) bool {
	return r.FirstToken[i] != NotReached && r.FirstToken[i] <= r.Done[i]
}

// validTokens is the count of tokens that LoadGen works with: it takes one
// token, or none, or fewer, for a mistake of the SUT and counts zero.
func validTokens(n int64) int64 {
	if n <= 1 {
		return 0
	}
	return n
}

// queryLatencies are the times from the schedule to a query's last response, of
// the queries that completed.
func (r *Records) queryLatencies() []int64 {
	out := make([]int64, 0, r.Queries())
	for q := range r.Queries() {
		if done := r.queryDone(q); done != NotReached {
			out = append(out, done-r.Scheduled[q*r.SamplesPerQuery])
		}
	}
	return out
}

// queryDone is when the last sample of query q was complete, or NotReached.
func (r *Records) queryDone(q int) int64 {
	last := NotReached
	for _, done := range r.Done[q*r.SamplesPerQuery : (q+1)*r.SamplesPerQuery] {
		if done == NotReached {
			return NotReached
		}
		last = max(last, done)
	}
	return last
}
