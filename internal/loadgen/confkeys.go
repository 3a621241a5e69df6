package loadgen

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// confKey is a key of a conf file as LoadGen looks it up
// (TestSettings::FromConfig). A key has as many of these as LoadGen has look-ups.
type confKey struct {
	name string
	// under is the scenario it is looked up under, whichever one runs; ownScenario
	// is the scenario that runs.
	under string
	// field is the setting it sets, empty where nothing reads it.
	field string
	read  reading
	// seeds says that LoadGen reads the key from mlperf.conf alone.
	seeds bool
}

// ownScenario stands for the scenario that runs.
const ownScenario = ""

// reading says what LoadGen makes of a value.
type reading uint8

const (
	asWhole    reading = iota // a whole number, strtoull
	asMillis                  // whole milliseconds
	asMillisFl                // milliseconds, strtod, kept as nanoseconds
	asReal                    // strtod
	asPercent                 // strtod, kept as a share
	asOne                     // on where the whole number is 1
	asNonzero                 // on where the whole number is not 0
	asMode                    // the number of a mode
	asUnread                  // nothing reads it
)

// confKeys lists the keys in the order in which LoadGen looks them up.
var confKeys = []confKey{
	{name: "mode", field: "mode", read: asMode},
	{name: "qsl_rng_seed", field: "qsl_rng_seed", seeds: true},
	{name: "sample_index_rng_seed", field: "sample_index_rng_seed", seeds: true},
	{name: "schedule_rng_seed", field: "schedule_rng_seed", seeds: true},
	{name: "accuracy_log_probability", field: "accuracy_log_probability", read: asPercent, seeds: true},
	// Compliance test 05 ended with round v5.0.
	{name: "test05", read: asUnread, seeds: true},
	{name: "test05_qsl_rng_seed", read: asUnread, seeds: true},
	{name: "test05_sample_index_rng_seed", read: asUnread, seeds: true},
	{name: "test05_schedule_rng_seed", read: asUnread, seeds: true},
	{name: "use_token_latencies", field: "use_token_latencies", read: asOne},
	{name: "ttft_latency", under: "Server", field: "ttft_latency_ns", read: asMillis},
	{name: "tpot_latency", under: "Server", field: "tpot_latency_ns", read: asMillis},
	{name: "infer_token_latencies", field: "infer_token_latencies", read: asOne},
	{name: "token_latency_scaling_factor", field: "token_latency_scaling_factor"},
	{name: "target_latency_percentile", under: "SingleStream", field: "single_stream_target_latency_percentile", read: asPercent},
	{name: "target_latency_percentile", under: "MultiStream", field: "multi_stream_target_latency_percentile", read: asPercent},
	{name: "samples_per_query", under: "MultiStream", field: "multi_stream_samples_per_query"},
	{name: "target_latency_percentile", under: "Server", field: "server_target_latency_percentile", read: asPercent},
	{name: "target_latency", under: "Server", field: "server_target_latency_ns", read: asMillis},
	{name: "performance_issue_unique", field: "performance_issue_unique", read: asNonzero},
	{name: "performance_issue_same", field: "performance_issue_same", read: asNonzero},
	{name: "performance_issue_same_index", field: "performance_issue_same_index"},
	{name: "sample_concatenate_permutation", field: "sample_concatenate_permutation", read: asOne},
	{name: "coalesce_queries", under: "Server", field: "server_coalesce_queries", read: asNonzero},
	{name: "max_async_queries", under: "Server", field: "server_max_async_queries"},
	{name: "min_duration", field: "min_duration_ms", read: asMillis},
	{name: "max_duration", field: "max_duration_ms", read: asMillis},
	{name: "min_query_count", field: "min_query_count"},
	{name: "max_query_count", field: "max_query_count"},
	{name: "performance_sample_count_override", field: "performance_sample_count_override"},
	{name: "accuracy_sample_count_override", field: "accuracy_sample_count_override"},
	{name: "target_latency", under: "SingleStream", field: "single_stream_expected_latency_ns", read: asMillisFl},
	{name: "target_latency", under: "MultiStream", field: "multi_stream_expected_latency_ns", read: asMillisFl},
	{name: "target_qps", under: "Server", field: "server_target_qps", read: asReal},
	{name: "target_qps", under: "Offline", field: "offline_expected_qps", read: asReal},
	{name: "print_timestamps", field: "print_timestamps", read: asNonzero},
	{name: "accuracy_log_rng_seed", field: "accuracy_log_rng_seed"},
	{name: "accuracy_log_sampling_target", field: "accuracy_log_sampling_target"},
	// Every mlperf.conf has it; LoadGen has not read it since version 1.
	{name: "target_duration", under: "Server", read: asUnread},
}

// confKeyNames lists the keys that LoadGen reads, each once.
func confKeyNames() []string {
	var names []string
	for _, k := range confKeys {
		if k.read != asUnread {
			names = append(names, k.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isWhole reports whether LoadGen reads the value as a whole number.
func (r reading) isWhole() bool {
	switch r {
	case asMillisFl, asReal, asPercent:
		return false
	}
	return true
}

// store writes the value of a conf file into the setting, as LoadGen would. What
// LoadGen would let wrap around or ignore is an error.
func (k confKey) store(f field, text string) error {
	if k.read.isWhole() {
		n, _, overflow := cInteger(text)
		return k.storeWhole(f, n, overflow || text[0] == '-' && n != 0)
	}
	x, _ := cFloat(text)
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return fmt.Errorf("%s is not finite", text)
	case x < 0:
		return fmt.Errorf("%s is below 0", text)
	}
	switch k.read {
	case asMillisFl:
		x *= 1e6
	case asPercent:
		if x > 100 {
			return fmt.Errorf("%s is more than 100 percent", text)
		}
		x *= 0.01
	}
	return f.set(x)
}

func (k confKey) storeWhole(f field, n uint64, wraps bool) error {
	if wraps {
		return fmt.Errorf("out of range: LoadGen reads it as %d", n)
	}
	switch k.read {
	case asOne:
		return f.set(n == 1)
	case asNonzero:
		return f.set(n != 0)
	case asMode:
		if n >= uint64(len(modeNames)) {
			return fmt.Errorf("%d is not a mode: 0 is SubmissionRun, 1 AccuracyOnly, 2 PerformanceOnly, 3 FindPeakPerformance", n)
		}
		return f.set(Mode(n).String())
	case asMillis:
		if n > uint64(maxDuration/time.Millisecond) {
			return fmt.Errorf("%d ms is too long: the longest possible is %v", n, maxDuration)
		}
		if _, ok := f.at.(nanoseconds); ok {
			n *= uint64(time.Millisecond)
		}
	}
	return f.set(n)
}
