package loadgen

import (
	"cmp"
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
	asInt                     // a whole number, cast to an int of 32 bits
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
	{name: "samples_per_query", under: "MultiStream", field: "multi_stream_samples_per_query", read: asInt},
	{name: "target_latency_percentile", under: "Server", field: "server_target_latency_percentile", read: asPercent},
	{name: "target_latency", under: "Server", field: "server_target_latency_ns", read: asMillis},
	{name: "performance_issue_unique", field: "performance_issue_unique", read: asNonzero},
	{name: "performance_issue_same", field: "performance_issue_same", read: asNonzero},
	{name: "performance_issue_same_index", field: "performance_issue_same_index"},
	{name: "sample_concatenate_permutation", field: "sample_concatenate_permutation", read: asOne},
	{name: "coalesce_queries", under: "Server", field: "server_coalesce_queries", read: asNonzero},
	{name: "max_async_queries", under: "Server", field: "server_max_async_queries", read: asInt},
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

// tokens reports whether the key is a limit that holds with token latencies alone.
func (k confKey) tokens() bool { return k.field == "ttft_latency_ns" || k.field == "tpot_latency_ns" }

// aboutKeys says what each key is for.
var aboutKeys = map[string]string{
	"accuracy_log_probability":          "share of the answers that performance mode logs: the round's",
	"accuracy_log_rng_seed":             "seed of which answers are logged",
	"accuracy_log_sampling_target":      "answers that performance mode logs; 0: by the probability",
	"accuracy_sample_count_override":    "samples of an accuracy run; 0: the data set's",
	"coalesce_queries":                  "send all queries that are late as one; mlrun refuses it",
	"infer_token_latencies":             "count token_latency_scaling_factor tokens for each sample",
	"max_async_queries":                 "end a run with more queries outstanding; 0: no limit",
	"max_duration":                      "a run ends after that; 0: no limit",
	"max_query_count":                   "a run ends after as many; 0: no limit",
	"min_duration":                      "a run lasts as long at least",
	"min_query_count":                   "a run has as many queries at least (Offline: samples)",
	"mode":                              "the mode; test_mode of the configuration goes before it",
	"performance_issue_same":            "issue one sample over and over",
	"performance_issue_same_index":      "which one",
	"performance_issue_unique":          "issue each sample once",
	"performance_sample_count_override": "samples of a performance run; 0: the data set's",
	"print_timestamps":                  "log when measurement starts and ends",
	"qsl_rng_seed":                      "seed of the order in which the library is loaded: the round's",
	"sample_concatenate_permutation":    "issue every sample equally often, in whole passes over the data set",
	"sample_index_rng_seed":             "seed of the order of samples: the round's",
	"samples_per_query":                 "samples in each query",
	"schedule_rng_seed":                 "seed of the arrival times: the round's",
	"target_latency":                    "limit of the whole latency (Server), or what is expected (SingleStream, MultiStream)",
	"target_latency_percentile":         "percentile at which latencies are judged, or reported",
	"target_qps":                        "mean rate of the queries (Server), or what is expected (Offline)",
	"token_latency_scaling_factor":      "tokens that a sample counts for, where they are inferred",
	"tpot_latency":                      "limit of the mean time per token after the first, at the percentile",
	"ttft_latency":                      "limit of the time to the first token, at the percentile",
	"use_token_latencies":               "judge Server by ttft_latency and tpot_latency instead of target_latency",
}

// ConfKey describes a key of a user.conf.
type ConfKey struct {
	Name string `json:"key"`
	// Scenarios are those whose lines LoadGen reads; "*": the one that runs.
	Scenarios []string `json:"scenarios"`
	// Value is its unit, and what may stand there.
	Value string `json:"value"`
	// About says what it is for.
	About string `json:"about"`
}

// ConfKeys returns the keys that LoadGen reads from a user.conf, sorted.
func ConfKeys() (keys []ConfKey) {
	for _, name := range confKeyNames() {
		k := ConfKey{Name: name, About: aboutKeys[name]}
		for _, lookUp := range keysNamed(name) {
			k.Scenarios, k.Value = append(k.Scenarios, cmp.Or(lookUp.under, "*")), lookUp.unit()
			if lookUp.seeds {
				k.Name = ""
			}
		}
		if k.Name != "" {
			keys = append(keys, k)
		}
	}
	return keys
}

// unit is what may stand behind a key.
func (k confKey) unit() string {
	switch k.read {
	case asMillis:
		return "milliseconds, whole"
	case asMillisFl:
		return "milliseconds"
	case asReal:
		return "a number above 0 a second"
	case asPercent:
		return "percent, 0 to 100"
	case asOne, asNonzero:
		return "1 or 0"
	case asMode:
		return "the number of a mode, 0 to 3"
	}
	return "a whole number"
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
	case asInt:
		if n > math.MaxInt32 {
			return fmt.Errorf("out of range: LoadGen reads it as %d", uint64(int64(int32(n))))
		}
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
