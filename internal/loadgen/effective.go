package loadgen

import (
	"fmt"
	"math"
	"time"
)

// Effective derives what a run uses from what was asked for, as LoadGen's
// TestSettingsInternal does. What LoadGen complains about but runs stands in
// the result's Errors; what it would crash, hang or read random memory on is
// returned as an error.
func (s Settings) Effective(lib Library) (Effective, error) {
	if err := s.check(); err != nil {
		return Effective{}, err
	}
	e := Effective{
		Requested:              s,
		Library:                lib,
		SamplesPerQuery:        1,
		TargetQPS:              1,
		TargetDuration:         s.MinDuration,
		MinDuration:            s.MinDuration,
		MaxDuration:            s.MaxDuration,
		MinQueryCount:          s.MinQueryCount,
		MaxQueryCount:          s.MaxQueryCount,
		PerformanceSampleCount: orElse(s.PerformanceSampleCountOverride, lib.PerformanceSampleCount),
		AccuracySampleCount:    orElse(s.AccuracySampleCountOverride, lib.TotalSampleCount),
	}
	if lib.TotalSampleCount == 0 {
		return Effective{}, fmt.Errorf("the data set has no samples")
	}
	if lib.TotalSampleCount > maxLibrary {
		return Effective{}, fmt.Errorf("the data set has %d samples; this program handles up to %d", lib.TotalSampleCount, uint64(maxLibrary))
	}
	if e.PerformanceSampleCount == 0 {
		return Effective{}, fmt.Errorf("the performance sample count is 0: set performance_sample_count_override, or let the data set say how many samples fit into memory")
	}
	switch s.Scenario {
	case SingleStream:
		e.setStream(s.SingleStreamExpectedLatencyNS, s.SingleStreamTargetLatencyPercentile)
	case MultiStream:
		e.setStream(s.MultiStreamExpectedLatencyNS, s.MultiStreamTargetLatencyPercentile)
		e.SamplesPerQuery = s.MultiStreamSamplesPerQuery
	case Server:
		e.setQPS("server_target_qps", s.ServerTargetQPS)
		e.TargetLatency = s.ServerTargetLatency
		e.TargetLatencyPercentile = s.ServerTargetLatencyPercentile
		e.MaxAsyncQueries = s.ServerMaxAsyncQueries
	case Offline:
		e.setQPS("offline_expected_qps", s.OfflineExpectedQPS)
		e.TargetLatencyPercentile = 0.99
		e.MaxAsyncQueries = 1
	}
	if err := e.setCounts(); err != nil {
		return Effective{}, err
	}
	if s.PerformanceIssueSame && s.PerformanceIssueSameIndex >= e.PerformanceSampleCount {
		e.Errors = append(e.Errors, fmt.Sprintf("Sample Idx to be repeated in performance_issue_same mode cannot be greater than loaded performance_sample_count."+
			" performance_issue_same_index: %d performance_sample_count: %d", s.PerformanceIssueSameIndex, e.PerformanceSampleCount))
	}
	if s.PerformanceIssueUnique && s.PerformanceIssueSame {
		e.Errors = append(e.Errors, "Performance_issue_unique and performance_issue_same, both cannot be true at the same time."+
			" performance_issue_unique: 1 performance_issue_same: 1")
	}
	return e, nil
}

// Map returns what Effective adds to the settings, under LoadGen's names without
// the prefix that its logs have, the units in them: for a manifest.
func (e *Effective) Map() map[string]any {
	return map[string]any{
		"samples_per_query":         whole(e.SamplesPerQuery),
		"target_qps":                e.TargetQPS,
		"target_latency_ns":         e.TargetLatency.Nanoseconds(),
		"target_latency_percentile": e.TargetLatencyPercentile,
		"max_async_queries":         whole(e.MaxAsyncQueries),
		"target_duration_ms":        e.TargetDuration.Milliseconds(),
		"min_duration_ms":           e.MinDuration.Milliseconds(),
		"max_duration_ms":           e.MaxDuration.Milliseconds(),
		"min_query_count":           whole(e.MinQueryCount),
		"max_query_count":           whole(e.MaxQueryCount),
		"min_sample_count":          whole(e.MinSampleCount),
		"performance_sample_count":  whole(e.PerformanceSampleCount),
		"accuracy_sample_count":     whole(e.AccuracySampleCount),
	}
}

// setStream sets what SingleStream and MultiStream have in common.
func (e *Effective) setStream(expectedNS, percentile float64) {
	e.TargetQPS = 1e9 / expectedNS
	e.MaxAsyncQueries = 1
	e.TargetLatencyPercentile = percentile
}

// setQPS keeps LoadGen's 1 instead of a negative rate.
func (e *Effective) setQPS(key string, qps float64) {
	if qps < 0 {
		e.Errors = append(e.Errors, fmt.Sprintf("Invalid value for %s requested. requested: %s using: 1", key, formatDouble(qps)))
		return
	}
	e.TargetQPS = qps
}

// setCounts derives the counts of queries and samples.
func (e *Effective) setCounts() error {
	s := e.Requested
	seconds := float64(s.MinDuration/time.Millisecond) / 1000
	switch {
	case s.Scenario == Offline:
		// A tenth more than the minimum duration should take.
		expected, err := wholeCount(float64(1.1*seconds) * e.TargetQPS)
		if err != nil {
			return err
		}
		e.SamplesPerQuery = max(s.MinQueryCount, expected)
		if s.PerformanceIssueUnique {
			e.SamplesPerQuery = e.PerformanceSampleCount
		}
		e.MinQueryCount = 1
		e.TargetDuration = 0
	case s.Scenario == SingleStream && s.SampleConcatenatePermutation:
		expected, err := wholeCount(float64(2*seconds) * e.TargetQPS)
		if err != nil {
			return err
		}
		// The library's own count, whatever overrides it; and a whole set more
		// where the count is a multiple already.
		set := e.Library.PerformanceSampleCount
		if set == 0 {
			return fmt.Errorf("equal issue (sample_concatenate_permutation) in SingleStream needs the data set's performance sample count")
		}
		e.MinQueryCount = max(s.MinQueryCount, expected)
		e.MinQueryCount += set - e.MinQueryCount%set
	}
	if e.SamplesPerQuery > maxCount {
		return fmt.Errorf("%d samples in a query are more than this program counts (%d)", e.SamplesPerQuery, uint64(maxCount))
	}
	e.MinSampleCount = e.MinQueryCount * e.SamplesPerQuery
	return nil
}

// MaxIssued is how many samples of a schedule can be laid out one by one, and
// kept on record: more would exhaust memory. A schedule may be longer where only
// its totals are asked for; published runs of recommenders have 475 million.
const MaxIssued = 1 << 28

// The bounds of what is handled: far above any run, and low enough that no
// product or sum overflows.
const (
	maxCount   = 1 << 32 // queries of a run, samples of a query
	maxLibrary = 1 << 24 // samples of a data set
	maxStreams = 1 << 20 // samples of a MultiStream query
)

// wholeCount truncates a count that was computed.
func wholeCount(x float64) (uint64, error) {
	if !(x <= maxCount) {
		return 0, fmt.Errorf("duration and rate ask for %g queries; this program counts up to %d", x, uint64(maxCount))
	}
	return uint64(x), nil
}

// check refuses what has no meaning or no end.
func (s Settings) check() error {
	if int(s.Scenario) >= len(scenarioNames) {
		return fmt.Errorf("%v is not a scenario", s.Scenario)
	}
	if int(s.Mode) >= len(modeNames) {
		return fmt.Errorf("%v is not a mode", s.Mode)
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"min_duration", s.MinDuration}, {"max_duration", s.MaxDuration}} {
		if d.value < 0 || d.value%time.Millisecond != 0 {
			return fmt.Errorf("%s is %v: it must be a whole number of milliseconds, 0 or more", d.key, d.value)
		}
		if d.value > maxDuration {
			return fmt.Errorf("%s is %v: the longest possible is %v", d.key, d.value, maxDuration)
		}
	}
	for _, c := range []struct {
		key        string
		value, top uint64
	}{{"min_query_count", s.MinQueryCount, maxCount}, {"samples_per_query", s.MultiStreamSamplesPerQuery, maxStreams}} {
		if c.value > c.top {
			return fmt.Errorf("%s is %d: the largest possible is %d", c.key, c.value, c.top)
		}
	}
	for _, p := range []struct {
		key   string
		value float64
	}{
		{"single_stream_target_latency_percentile", s.SingleStreamTargetLatencyPercentile},
		{"multi_stream_target_latency_percentile", s.MultiStreamTargetLatencyPercentile},
		{"server_target_latency_percentile", s.ServerTargetLatencyPercentile},
	} {
		if !(p.value > 0 && p.value < 1) {
			return fmt.Errorf("%s is %g: it must lie between 0 and 1", p.key, p.value)
		}
	}
	return s.checkRate()
}

// maxDuration is a hundred years: sums of two stay below what nanoseconds in
// 64 bits hold.
const maxDuration = 100 * 365 * 24 * time.Hour

// checkRate refuses rates at which the schedule would not advance, or would
// leave the range of 64-bit nanoseconds.
func (s Settings) checkRate() error {
	var key string
	var rate, lowest float64
	switch s.Scenario {
	case SingleStream:
		key, rate = "single_stream_expected_latency_ns", 1e9/s.SingleStreamExpectedLatencyNS
	case MultiStream:
		key, rate = "multi_stream_expected_latency_ns", 1e9/s.MultiStreamExpectedLatencyNS
		if s.MultiStreamSamplesPerQuery == 0 {
			return fmt.Errorf("samples_per_query is 0")
		}
	case Server:
		key, rate = "server_target_qps", s.ServerTargetQPS
	case Offline:
		// One query, at 0: any rate will do.
		if q := s.OfflineExpectedQPS; math.IsNaN(q) || math.IsInf(q, 0) {
			return fmt.Errorf("offline_expected_qps is %g", q)
		}
		return nil
	}
	if rate < 0 && s.Scenario == Server {
		rate = 1
	}
	lowest = max(1e-9, float64(s.MinQueryCount)*1e9/float64(maxDuration))
	if !(rate >= lowest && rate <= 1e9) {
		return fmt.Errorf("%s asks for %g queries a second: it must lie between %.3g and 1e+09 with %d queries", key, rate, lowest, s.MinQueryCount)
	}
	return nil
}

// orElse is v, or other where v is 0.
func orElse(v, other uint64) uint64 {
	if v != 0 {
		return v
	}
	return other
}
