package loadgen

import (
	"errors"
	"fmt"
	"math"
)

// NotReached stands in a column of times for a moment that never came.
const NotReached int64 = -1

// Samples is what happened in one performance run, sample by sample in the order of
// issue. Times are nanoseconds since the start of issuing.
type Samples interface {
	Len() int
	// PerQuery is how many samples together are one query: 1 for SingleStream and Server,
	// the samples of one query for MultiStream and the count of all for Offline.
	PerQuery() int
	// At is sample i.
	At(i int) Sample
}

// Sample is what happened to one sample.
type Sample struct {
	// Scheduled is when the schedule wanted the sample to leave: latencies
	// count from here. Issued is when it left.
	Scheduled, Issued int64
	// Done is when the response was complete, NotReached where it never was.
	Done int64
	// FirstToken is when the first token came, NotReached where none did, and
	// Tokens how many tokens the response has. They count in a run with token latencies
	// alone, FirstToken not for Offline.
	FirstToken, Tokens int64
}

// Records are samples in columns. Position i of
// each column is sample i.
type Records struct {
	SamplesPerQuery   int
	Scheduled, Issued []int64
	Done              []int64
	// FirstToken and Tokens are nil in a run without token latencies; FirstToken may be
	// nil for Offline, which needs none.
	FirstToken []int64
	Tokens     []int64
}

// Len is how many samples there are.
func (r *Records) Len() int { return len(r.Scheduled) }

// PerQuery is SamplesPerQuery.
func (r *Records) PerQuery() int { return r.SamplesPerQuery }

// At is sample i; a column that is nil gives zero.
func (r *Records) At(i int) Sample {
	s := Sample{Scheduled: r.Scheduled[i], Issued: r.Issued[i], Done: r.Done[i]}
	if r.FirstToken != nil {
		s.FirstToken = r.FirstToken[i]
	}
	if r.Tokens != nil {
		s.Tokens = r.Tokens[i]
	}
	return s
}

// queries is the count of queries issued.
func queries(r Samples) int {
	if r.PerQuery() <= 0 {
		return 0
	}
	return r.Len() / r.PerQuery()
}

// check refuses what cannot be judged.
func check(r Samples, tokens, firstToken bool) error {
	n := r.Len()
	switch {
	case n == 0:
		return errors.New("no query was issued, there is nothing to judge")
	case r.PerQuery() <= 0 || n%r.PerQuery() != 0:
		return fmt.Errorf("%d samples do not make whole queries of %d", n, r.PerQuery())
	}
	if columns, ok := r.(*Records); ok {
		return columns.check(tokens, firstToken)
	}
	return nil
}

// check refuses records whose columns do not fit together.
func (r *Records) check(tokens, firstToken bool) error {
	n := len(r.Scheduled)
	switch {
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

// measure turns samples into latencies. Those that never completed are
// counted, and left out.
func measure(r Samples, multiStream, tokens, firstToken bool) *measured {
	n := r.Len()
	m := &measured{latencies: make([]int64, 0, n), issued: int64(queries(r))}
	if firstToken {
		m.ttft = make([]int64, 0, n)
		m.tpot = make([]int64, 0, n)
	}
	var longest, latest int64
	latest = NotReached
	var last Sample
	for i := range n {
		s := r.At(i)
		last, latest = s, max(latest, s.Done)
		if s.Done == NotReached {
			m.incomplete++
			continue
		}
		latency := s.Done - s.Scheduled
		longest = max(longest, latency)
		m.latencies = append(m.latencies, latency)
		if !tokens {
			continue
		}
		count := validTokens(s.Tokens)
		m.tokens += uint64(count)
		if firstToken {
			ttft := int64(noLatency)
			if s.streamed() {
				ttft = s.FirstToken - s.Scheduled
			}
			m.ttft = append(m.ttft, ttft)
			m.tpot = append(m.tpot, (latency-ttft)/(count-1))
		}
	}
	m.maxLatency = seconds(longest)
	if multiStream {
		m.queryLatencies = queryLatencies(r)
	}
	m.finalScheduled = seconds(last.Scheduled)
	m.finalIssued = seconds(last.Issued)
	if m.finalDone = seconds(queryDone(r, queries(r)-1)); m.finalDone < 0 {
		m.finalDone = seconds(latest)
	}
	return m
}

// streamed reports whether the sample has a first token that counts: LoadGen passes
// over one that comes after the response is complete.
func (s *Sample) streamed() bool {
	return s.FirstToken != NotReached && s.FirstToken <= s.Done
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
func queryLatencies(r Samples) []int64 {
	out := make([]int64, 0, queries(r))
	for q := range queries(r) {
		if done := queryDone(r, q); done != NotReached {
			out = append(out, done-r.At(q*r.PerQuery()).Scheduled)
		}
	}
	return out
}

// queryDone is when the last sample of query q was complete, or NotReached.
func queryDone(r Samples, q int) int64 {
	last := NotReached
	for i := q * r.PerQuery(); i < (q+1)*r.PerQuery(); i++ {
		done := r.At(i).Done
		if done == NotReached {
			return NotReached
		}
		last = max(last, done)
	}
	return last
}
