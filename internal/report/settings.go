package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mlcfg/internal/manifest"
)

// Section is a group of settings.
type Section struct {
	Name     string    `json:"name"`
	Settings []Setting `json:"settings"`
}

// Setting is one setting, or one fact of the environment.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// judging are LoadGen's settings that decide how a run is issued and judged, by scenario.
var judging = map[string][]string{
	"":             {"round", "min_duration_ms", "min_query_count", "max_query_count", "performance_sample_count_override", "use_token_latencies"},
	"server":       {"server_target_qps", "server_target_latency_ns", "server_target_latency_percentile", "ttft_latency_ns", "tpot_latency_ns"},
	"offline":      {"offline_expected_qps"},
	"singlestream": {"single_stream_expected_latency_ns", "single_stream_target_latency_percentile"},
}

// harness are the harness's settings that change what is measured.
var harness = []string{"device_count", "schedule_algo", "load_balance_window_size", "load_balance_token_weight", "sorting", "dataset_path", "enable_warmup"}

// settings are those of a manifest that matter for its figures and are set.
func settings(m *manifest.Manifest) []Section {
	var out []Section
	add := func(name string, values map[string]any, keys []string) {
		if keys == nil {
			keys = slices.Collect(maps.Keys(values))
		}
		s := Section{Name: name}
		for _, key := range keys {
			flat := map[string]string{}
			flatten(flat, key, values[key])
			for k, v := range flat {
				if v != notSet && !(v == "0" && unlimited(k)) {
					s.Settings = append(s.Settings, Setting{k, readable(k, v)})
				}
			}
		}
		slices.SortFunc(s.Settings, func(a, b Setting) int { return cmp.Compare(a.Key, b.Key) })
		if len(s.Settings) > 0 {
			out = append(out, s)
		}
	}
	env := map[string]any{}
	for k, v := range m.EnvConfig {
		env[k] = v
	}
	add("LoadGen", m.Loadgen, append(slices.Clone(judging[""]), judging[strings.ToLower(m.Scenario)]...))
	add("engine", m.EngineConfig, nil)
	add("sampling", m.SamplingConfig, nil)
	add("harness", m.HarnessConfig, harness)
	add("environment variables", env, nil)
	return out
}

// unlimited tells of LoadGen's settings in which 0 stands for none.
func unlimited(key string) bool { return strings.HasSuffix(key, "_ns") || key == "max_query_count" }

// notSet is the text of a null.
const notSet = "null"

// Flat are all settings of a manifest as text, by dotted key. Where a value is
// from is not part of it.
func Flat(m *manifest.Manifest) map[string]string {
	out := map[string]string{"backend": m.Backend, "engine": m.Engine.Name + " " + m.Engine.Version, "machine": m.Machine, "benchmark_name": m.BenchmarkName, "scenario": m.Scenario, "test_mode": m.TestMode}
	for k, v := range m.EnvConfig {
		out["env_config."+k] = v
	}
	loadgen := maps.Clone(m.Loadgen)
	delete(loadgen, "origins")
	delete(loadgen, "effective") // follows from the others
	flatten(out, "engine_config", m.EngineConfig)
	flatten(out, "sampling_config", m.SamplingConfig)
	flatten(out, "harness_config", m.HarnessConfig)
	flatten(out, "loadgen", loadgen)
	maps.DeleteFunc(out, func(_, v string) bool { return v == notSet })
	return out
}

func flatten(out map[string]string, path string, v any) {
	m, ok := v.(map[string]any)
	if !ok || len(m) == 0 && ok && path != "" && m != nil {
		out[path] = plain(v)
		return
	}
	for k, v := range m {
		flatten(out, path+"."+k, v)
	}
}

// plain is a value as text: a text as it is, all else as JSON.
func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

// readable adds to a number of nanoseconds or milliseconds what it is.
func readable(key, value string) string {
	for suffix, unit := range map[string]time.Duration{"_ns": 1, "_ms": time.Millisecond} {
		var n float64
		if !strings.HasSuffix(key, suffix) {
			continue
		}
		if _, err := fmt.Sscan(value, &n); err == nil && n > 0 && n < 1e18/float64(unit) {
			return fmt.Sprintf("%s (%v)", value, time.Duration(n*float64(unit)))
		}
	}
	return value
}
