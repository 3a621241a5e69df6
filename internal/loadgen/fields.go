package loadgen

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"time"
)

// field is one setting under the name that manifests and logs use, with its
// unit in the name.
type field struct {
	name string
	// at points into a Settings: *uint64, *int, *float64, *bool, *Scenario,
	// *Mode, or milliseconds or nanoseconds of a duration.
	at any
}

// milliseconds and nanoseconds are durations that stand in a file as whole
// numbers of their unit.
type (
	milliseconds struct{ *time.Duration }
	nanoseconds  struct{ *time.Duration }
)

// fields lists every setting, in the order of LoadGen's test_settings.h.
func (s *Settings) fields() []field {
	return []field{
		{"scenario", &s.Scenario},
		{"mode", &s.Mode},
		{"single_stream_expected_latency_ns", &s.SingleStreamExpectedLatencyNS},
		{"single_stream_target_latency_percentile", &s.SingleStreamTargetLatencyPercentile},
		{"multi_stream_expected_latency_ns", &s.MultiStreamExpectedLatencyNS},
		{"multi_stream_target_latency_percentile", &s.MultiStreamTargetLatencyPercentile},
		{"multi_stream_samples_per_query", &s.MultiStreamSamplesPerQuery},
		{"server_target_qps", &s.ServerTargetQPS},
		{"server_target_latency_ns", nanoseconds{&s.ServerTargetLatency}},
		{"server_target_latency_percentile", &s.ServerTargetLatencyPercentile},
		{"server_coalesce_queries", &s.ServerCoalesceQueries},
		{"server_find_peak_qps_decimals_of_precision", &s.ServerFindPeakQPSDecimals},
		{"server_find_peak_qps_boundary_step_size", &s.ServerFindPeakQPSStep},
		{"server_max_async_queries", &s.ServerMaxAsyncQueries},
		{"server_num_issue_query_threads", &s.ServerNumIssueQueryThreads},
		{"offline_expected_qps", &s.OfflineExpectedQPS},
		{"sample_concatenate_permutation", &s.SampleConcatenatePermutation},
		{"min_duration_ms", milliseconds{&s.MinDuration}},
		{"max_duration_ms", milliseconds{&s.MaxDuration}},
		{"min_query_count", &s.MinQueryCount},
		{"max_query_count", &s.MaxQueryCount},
		{"qsl_rng_seed", &s.QSLSeed},
		{"sample_index_rng_seed", &s.SampleIndexSeed},
		{"schedule_rng_seed", &s.ScheduleSeed},
		{"accuracy_log_rng_seed", &s.AccuracyLogSeed},
		{"accuracy_log_probability", &s.AccuracyLogProbability},
		{"accuracy_log_sampling_target", &s.AccuracyLogSamplingTarget},
		{"print_timestamps", &s.PrintTimestamps},
		{"performance_issue_unique", &s.PerformanceIssueUnique},
		{"performance_issue_same", &s.PerformanceIssueSame},
		{"performance_issue_same_index", &s.PerformanceIssueSameIndex},
		{"performance_sample_count_override", &s.PerformanceSampleCountOverride},
		{"accuracy_sample_count_override", &s.AccuracySampleCountOverride},
		{"use_token_latencies", &s.UseTokenLatencies},
		{"ttft_latency_ns", nanoseconds{&s.TTFTLatency}},
		{"tpot_latency_ns", nanoseconds{&s.TPOTLatency}},
		{"infer_token_latencies", &s.InferTokenLatencies},
		{"token_latency_scaling_factor", &s.TokenLatencyScalingFactor},
	}
}

// Map returns every setting under its name, for a manifest. The values are text,
// bool, float64, int64, and *big.Int outside int64's range. A duration whose
// unit is milliseconds must be whole in them, as Effective checks.
func (s Settings) Map() map[string]any {
	m := map[string]any{}
	for _, f := range s.fields() {
		m[f.name] = f.value()
	}
	return m
}

// FromMap reads what Map wrote, out of a whole loadgen section too (see
// [ReadSection]). A name that is missing or unknown, or a value of another kind,
// is an error.
func FromMap(m map[string]any) (Settings, error) {
	var s Settings
	rest := maps.Clone(m)
	for _, key := range sectionNames {
		delete(rest, key)
	}
	for _, f := range s.fields() {
		v, ok := rest[f.name]
		if !ok {
			return Settings{}, fmt.Errorf("LoadGen settings: %s is missing", f.name)
		}
		if err := f.set(v); err != nil {
			return Settings{}, fmt.Errorf("LoadGen settings: %s: %w", f.name, err)
		}
		delete(rest, f.name)
	}
	if len(rest) > 0 {
		return Settings{}, fmt.Errorf("LoadGen settings: %s is not a setting", slices.Sorted(maps.Keys(rest))[0])
	}
	return s, nil
}

// value reads the setting.
func (f field) value() any {
	switch at := f.at.(type) {
	case *Scenario:
		return at.String()
	case *Mode:
		return at.String()
	case *uint64:
		return whole(*at)
	case *int:
		return int64(*at)
	case *float64:
		return *at
	case *bool:
		return *at
	case milliseconds:
		return at.Milliseconds()
	case nanoseconds:
		return at.Nanoseconds()
	}
	panic(fmt.Sprintf("field %s has kind %T", f.name, f.at))
}

// set writes the setting.
func (f field) set(v any) error {
	var err error
	switch at := f.at.(type) {
	case *Scenario:
		*at, err = parsed(v, ParseScenario)
	case *Mode:
		*at, err = parsed(v, ParseMode)
	case *uint64:
		*at, err = asUint(v, math.MaxUint64)
	case *int:
		var n uint64
		n, err = asUint(v, math.MaxInt32)
		*at = int(n)
	case *float64:
		*at, err = asFloat(v)
	case *bool:
		var ok bool
		if *at, ok = v.(bool); !ok {
			err = fmt.Errorf("%v is not true or false", v)
		}
	case milliseconds:
		var n uint64
		n, err = asUint(v, math.MaxInt64/uint64(time.Millisecond))
		*at.Duration = time.Duration(n) * time.Millisecond
	case nanoseconds:
		var n uint64
		n, err = asUint(v, math.MaxInt64)
		*at.Duration = time.Duration(n)
	}
	return err
}

// whole is n in the types that manifests hold.
func whole(n uint64) any {
	if n > math.MaxInt64 {
		return new(big.Int).SetUint64(n)
	}
	return int64(n)
}

func parsed[T any](v any, parse func(string) (T, error)) (T, error) {
	text, ok := v.(string)
	if !ok {
		var none T
		return none, fmt.Errorf("%v is not text", v)
	}
	return parse(text)
}

// asUint takes a whole number from 0 to top.
func asUint(v any, top uint64) (uint64, error) {
	var n uint64
	ok := true
	switch v := v.(type) {
	case int:
		n, ok = uint64(v), v >= 0
	case int64:
		n, ok = uint64(v), v >= 0
	case uint64:
		n = v
	case *big.Int:
		n, ok = v.Uint64(), v.IsUint64()
	default:
		return 0, fmt.Errorf("%v is not a whole number", v)
	}
	if !ok || n > top {
		return 0, fmt.Errorf("%v does not lie between 0 and %d", v, top)
	}
	return n, nil
}

// asFloat takes a finite number.
func asFloat(v any) (float64, error) {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("%v is not finite", v)
		}
		return v, nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	}
	return 0, fmt.Errorf("%v is not a number", v)
}
