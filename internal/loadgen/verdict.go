package loadgen

import "fmt"

// Verdict says whether a run is valid and why, in LoadGen's words.
type Verdict struct {
	// Valid is true where the four conditions hold.
	Valid bool
	// PerfConstraintsMet is about latency limits, which only Server has.
	PerfConstraintsMet bool
	MinDurationMet     bool
	MinQueriesMet      bool
	EarlyStoppingMet   bool
	// PerfAdvice and DurationAdvice say what to change, empty where the
	// condition holds. PerfAdvice can have two lines, joined as LoadGen does.
	PerfAdvice, DurationAdvice string
	// EarlyStopping is the text on early stopping; with token latencies there
	// is one for TTFT and one for TPOT instead. TPOT is judged first, and where
	// it fails TTFT is not judged and its text is empty.
	EarlyStopping, EarlyStoppingTTFT, EarlyStoppingTPOT string
}

// exitedEarly is LoadGen's advice where too few queries were issued.
const exitedEarly = "The test exited early, before enough queries were issued."

// Judge returns LoadGen's verdict on a performance run, and the numbers behind
// it, from its settings and samples alone.
//
// Two cases that LoadGen cannot meet, because it waits for every response
// without end: a sample that was never completed is left out of all numbers,
// and the run has not met its minimum of queries. Records that do not fit
// together are an error.
func Judge(s *Effective, r Samples) (Verdict, Summary, error) {
	tokens := s.Requested.UseTokenLatencies
	firstToken := tokens && s.Requested.Scenario != Offline
	if err := check(r, tokens, firstToken); err != nil {
		return Verdict{}, Summary{}, fmt.Errorf("judging the run: %w", err)
	}
	m := measure(r, s.Requested.Scenario == MultiStream, tokens, firstToken)
	v, sum := judge(s, m)
	return v, sum, nil
}

// judge is LoadGen's results.cc: statistics first, which sort the latencies,
// then the conditions.
func judge(s *Effective, m *measured) (Verdict, Summary) {
	sum := summarize(s, m)
	v := Verdict{
		MinQueriesMet: sum.Queries >= s.MinQueryCount && sum.Samples >= s.MinSampleCount && m.incomplete == 0,
	}
	v.DurationAdvice = durationAdvice(s, &sum)
	v.MinDurationMet = v.DurationAdvice == ""
	v.PerfAdvice = perfAdvice(s, &sum)
	v.PerfConstraintsMet = v.PerfAdvice == ""
	v.judgeEarlyStopping(s, m, &sum)
	v.Valid = v.MinDurationMet && v.MinQueriesMet && v.PerfConstraintsMet && v.EarlyStoppingMet
	return v, sum
}

// durationAdvice compares with the minimum duration the time that the scenario
// counts: the longest latency, the last scheduled time, or the last issue time.
func durationAdvice(s *Effective, sum *Summary) string {
	least := float64(s.MinDuration.Milliseconds()) / 1000
	switch s.Requested.Scenario {
	case Offline:
		if !(sum.MaxLatency >= least) {
			return "Increase expected QPS so the loadgen pre-generates a larger (coalesced) query."
		}
	case Server:
		if !(sum.FinalScheduled >= least) {
			return "Increase the target QPS so the loadgen pre-generates more queries."
		}
	default:
		if !(sum.FinalIssued >= least) {
			return "Decrease the expected latency so the loadgen pre-generates more queries."
		}
	}
	return ""
}

// perfAdvice holds the latencies of a Server run against its limits. With token
// latencies only TTFT and TPOT count.
func perfAdvice(s *Effective, sum *Summary) string {
	const reduce = "Reduce target QPS to improve latency."
	if s.Requested.Scenario != Server {
		return ""
	}
	if !s.Requested.UseTokenLatencies {
		if sum.Latency.Target > s.TargetLatency.Nanoseconds() {
			return reduce
		}
		return ""
	}
	var advice string
	if sum.TTFT.Target > s.Requested.TTFTLatency.Nanoseconds() {
		advice = "TTFT constrain not met: " + reduce
	}
	if sum.TPOT.Target > s.Requested.TPOTLatency.Nanoseconds() {
		if advice != "" {
			advice += "\n * "
		}
		advice += "TPOT constrain not met: " + reduce
	}
	return advice
}

func (v *Verdict) judgeEarlyStopping(s *Effective, m *measured, sum *Summary) {
	if !s.Requested.UseTokenLatencies {
		v.EarlyStopping, v.EarlyStoppingMet = earlyStopping(s, m, m.latencies, s.TargetLatency.Nanoseconds(), sum)
		return
	}
	v.EarlyStoppingTPOT, v.EarlyStoppingMet = earlyStopping(s, m, m.tpot, s.Requested.TPOTLatency.Nanoseconds(), sum)
	if v.EarlyStoppingMet {
		v.EarlyStoppingTTFT, v.EarlyStoppingMet = earlyStopping(s, m, m.ttft, s.Requested.TTFTLatency.Nanoseconds(), sum)
	}
}

// earlyStopping judges one sorted set of latencies, and keeps the estimates
// that it finds in sum: a later set replaces those of an earlier one.
func earlyStopping(s *Effective, m *measured, latencies []int64, limit int64, sum *Summary) (string, bool) {
	switch s.Requested.Scenario {
	case Server:
		over := countAbove(latencies, limit)
		missing := MinPassingQueries(over, s.TargetLatencyPercentile) + over - m.issued
		if missing <= 0 {
			return " * Run successful.", true
		}
		return fmt.Sprintf(" * Run unsuccessful.\n * Processed %d queries.\n * Would need to run at least %d more queries,\n"+
			" with the run being successful if every additional\n query were under latency.", m.issued, missing), false
	case SingleStream:
		text, estimate, ok := estimateText(m.issued, latencies, s.TargetLatencyPercentile)
		if !ok {
			return text, false
		}
		sum.EstimateSingleStream = estimate
		more, estimate := estimateMultiStream(m.issued, latencies)
		if estimate != 0 {
			sum.EstimateMultiStream = estimate
		}
		return text + more, true
	case MultiStream:
		text, estimate, ok := estimateText(m.issued, m.queryLatencies, s.TargetLatencyPercentile)
		if ok {
			sum.EstimateMultiStream = estimate
		}
		return text, ok
	}
	return "", true
}

// estimateText returns the latency that the percentile stays below with
// confidence, or says how many queries that would take.
func estimateText(queries int64, sorted []int64, percentile float64) (text string, estimate int64, ok bool) {
	t, need, ok := discardable(queries, percentile)
	if !ok {
		return fmt.Sprintf(" * Only processed %d queries.\n * Need to process at least %d queries for early stopping.", queries, need), 0, false
	}
	estimate = fromTop(sorted, queries, t)
	return fmt.Sprintf(" * Processed at least %d queries (%d).\n * Would discard %d highest latency queries.\n"+
		" * Early stopping %sth percentile estimate: %d", need, queries, t-1, formatFixed(percentile*100, 1), estimate), estimate, true
}

// estimateMultiStream is the second estimate of SingleStream, from which a
// result for MultiStream is inferred. It never fails a run.
func estimateMultiStream(queries int64, sorted []int64) (text string, estimate int64) {
	const percentile = 0.99
	name := formatFixed(percentile*100, 1)
	t, need, ok := discardable(queries, percentile)
	if !ok {
		return fmt.Sprintf("\n * Not enough queries processed for %sth percentile\n"+
			" early stopping estimate (would need to process at\n least %d total queries).", name, need), 0
	}
	estimate = fromTop(sorted, queries, t)
	return fmt.Sprintf("\n * Early stopping %sth percentile estimate: %d", name, estimate), estimate
}

// fromTop is the t-th largest of so many sorted latencies. Latencies that are
// missing count as the largest.
func fromTop(sorted []int64, queries, t int64) int64 {
	at := min(queries-t, int64(len(sorted))-1)
	if at < 0 {
		return 0
	}
	return sorted[at]
}
