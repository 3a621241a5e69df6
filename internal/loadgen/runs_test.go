package loadgen

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlcfg/tools/sharedata"
)

// logged are the values of a detail log by key, the last of each.
type logged map[string]json.RawMessage

func readDetail(t *testing.T, path string) logged {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	values := logged{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		// The keys that are read here have no text in need of escapes.
		text, _ := strings.CutPrefix(lines.Text(), ":::MLLOG ")
		var line struct {
			Key   string
			Value json.RawMessage
		}
		if json.Unmarshal([]byte(text), &line) == nil {
			values[line.Key] = line.Value
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

// get reads a value into its type; it reports whether the key is there.
func (l logged) get(t *testing.T, key string, into any) bool {
	t.Helper()
	raw, ok := l[key]
	if !ok {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return true
}

// settings reads the requested_* lines of a log.
func (l logged) settings(t *testing.T) (Settings, Library) {
	t.Helper()
	s := DefaultSettings()
	var scenario, mode string
	var minMS, maxMS, targetNS, ttft, tpot int64
	var lib Library
	for key, into := range map[string]any{
		"scenario": &scenario, "test_mode": &mode,
		"single_stream_expected_latency_ns":       &s.SingleStreamExpectedLatencyNS,
		"single_stream_target_latency_percentile": &s.SingleStreamTargetLatencyPercentile,
		"multi_stream_expected_latency_ns":        &s.MultiStreamExpectedLatencyNS,
		"multi_stream_target_latency_percentile":  &s.MultiStreamTargetLatencyPercentile,
		"multi_stream_samples_per_query":          &s.MultiStreamSamplesPerQuery,
		"server_target_qps":                       &s.ServerTargetQPS,
		"server_target_latency_ns":                &targetNS,
		"server_target_latency_percentile":        &s.ServerTargetLatencyPercentile,
		"server_coalesce_queries":                 &s.ServerCoalesceQueries,
		"server_max_async_queries":                &s.ServerMaxAsyncQueries,
		"offline_expected_qps":                    &s.OfflineExpectedQPS,
		"sample_concatenate_permutation":          &s.SampleConcatenatePermutation,
		"min_duration_ms":                         &minMS, "max_duration_ms": &maxMS,
		"min_query_count": &s.MinQueryCount, "max_query_count": &s.MaxQueryCount,
		"qsl_rng_seed": &s.QSLSeed, "sample_index_rng_seed": &s.SampleIndexSeed, "schedule_rng_seed": &s.ScheduleSeed,
		"accuracy_log_rng_seed":             &s.AccuracyLogSeed,
		"accuracy_log_probability":          &s.AccuracyLogProbability,
		"accuracy_log_sampling_target":      &s.AccuracyLogSamplingTarget,
		"performance_issue_unique":          &s.PerformanceIssueUnique,
		"performance_issue_same":            &s.PerformanceIssueSame,
		"performance_issue_same_index":      &s.PerformanceIssueSameIndex,
		"performance_sample_count_override": &s.PerformanceSampleCountOverride,
		"accuracy_sample_count_override":    &s.AccuracySampleCountOverride,
		"use_token_latencies":               &s.UseTokenLatencies,
		"server_ttft_latency":               &ttft, "server_tpot_latency": &tpot,
	} {
		l.get(t, "requested_"+key, into)
	}
	l.get(t, "qsl_reported_total_count", &lib.TotalSampleCount)
	l.get(t, "qsl_reported_performance_count", &lib.PerformanceSampleCount)
	var err error
	if s.Scenario, err = ParseScenario(scenario); err != nil {
		t.Fatal(err)
	}
	if s.Mode, err = ParseMode(mode); err != nil {
		t.Fatal(err)
	}
	s.MinDuration, s.MaxDuration = time.Duration(minMS)*time.Millisecond, time.Duration(maxMS)*time.Millisecond
	s.ServerTargetLatency, s.TTFTLatency, s.TPOTLatency = time.Duration(targetNS), time.Duration(ttft), time.Duration(tpot)
	return s, lib
}

// checkEffective compares with the effective_* lines of a log, which print
// doubles with six digits.
func (l logged) checkEffective(t *testing.T, e Effective) {
	t.Helper()
	for key, got := range map[string]any{
		"samples_per_query": e.SamplesPerQuery, "target_latency_ns": e.TargetLatency.Nanoseconds(),
		"target_qps": six(e.TargetQPS), "target_latency_percentile": six(e.TargetLatencyPercentile),
		"max_async_queries":  e.MaxAsyncQueries,
		"target_duration_ms": e.TargetDuration.Milliseconds(), "min_duration_ms": e.MinDuration.Milliseconds(),
		"max_duration_ms": e.MaxDuration.Milliseconds(),
		"min_query_count": e.MinQueryCount, "max_query_count": e.MaxQueryCount, "min_sample_count": e.MinSampleCount,
		"performance_sample_count": e.PerformanceSampleCount, "accuracy_sample_count": e.AccuracySampleCount,
	} {
		var want json.Number
		if !l.get(t, "effective_"+key, &want) {
			continue
		}
		if fmt.Sprint(got) != want.String() {
			t.Errorf("effective_%s: got %v, want %v", key, got, want)
		}
	}
}

// six rounds to the six digits that LoadGen prints.
func six(x float64) string { return formatDouble(x) }

// oracle is oracle_run.json: what a run of the real LoadGen issued.
type oracle struct {
	LoadGen string
	Args    struct {
		Scenario, Mode string
		Set            []string
		Total          uint64
		Performance    uint64 `json:"perf"`
	}
	Queries   int `json:"n_queries"`
	Loaded    [][]int
	PerQuery  []int   `json:"samples_per_query"`
	Samples   []int   `json:"sample_index"`
	Scheduled []int64 `json:"sched_ns"`
}

// generator is the way in which that version of LoadGen draws.
func (o *oracle) generator(t *testing.T) Generator {
	t.Helper()
	g, err := GeneratorOf(strings.TrimPrefix(o.LoadGen, "Version: "))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// check compares the phases with what was issued: all of a Server or Offline
// run, the beginning of a run that ended early.
func (o *oracle) check(t *testing.T, phases []*Phase) {
	t.Helper()
	if len(phases) != len(o.Loaded) {
		t.Fatalf("got %d phases, want %d", len(phases), len(o.Loaded))
	}
	rest := *o
	for i, p := range phases {
		if !slices.Equal(p.Loaded, rest.Loaded[i]) {
			t.Errorf("phase %d: loaded set differs", i)
		}
		var scheduled []int64
		var samples []int
		for q := range p.Queries() {
			for _, s := range q.Samples {
				scheduled, samples = append(scheduled, int64(q.Scheduled)), append(samples, s)
			}
		}
		n := len(samples)
		if i == len(phases)-1 {
			n = len(rest.Samples)
		}
		comparePrefix(t, "sample", samples, rest.Samples, n)
		if s := p.settings.Requested.Scenario; s == Server || s == Offline {
			// The trace counts from the start of the test, not of the phase.
			for start, j := rest.Scheduled[0], 0; j < n; j++ {
				rest.Scheduled[j] -= start
			}
			comparePrefix(t, "scheduled_ns", scheduled, rest.Scheduled, n)
		}
		rest.Samples, rest.Scheduled = rest.Samples[min(n, len(rest.Samples)):], rest.Scheduled[min(n, len(rest.Scheduled)):]
	}
}

func TestSchedulesOfWholeRuns(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedata.LoadGen(t), "golden_logs", "*", "oracle_run.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var want oracle
			readJSON(t, path, &want)
			log := readDetail(t, filepath.Join(dir, "mlperf_log_detail.txt"))
			known := readGoldenRun(t, dir).settings
			g := want.generator(t)
			e, err := log.exact(t, known.Requested, known.Library, g).Effective(known.Library)
			if err != nil {
				t.Fatal(err)
			}
			log.checkEffective(t, e)
			phases, err := e.Phases(g)
			if err != nil {
				t.Fatal(err)
			}
			checkGenerated(t, log, phases[len(phases)-1])
			want.check(t, phases)
		})
	}
}

func TestSchedulesOfReleasedWheels(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedata.LoadGen(t), "golden", "runs", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			var want oracle
			readJSON(t, path, &want)
			log := logged{"requested_scenario": quoted(want.Args.Scenario), "requested_test_mode": quoted(want.Args.Mode)}
			for _, set := range want.Args.Set {
				key, value, _ := strings.Cut(set, "=")
				log["requested_"+key] = json.RawMessage(value)
			}
			s, _ := log.settings(t)
			lib := Library{TotalSampleCount: want.Args.Total, PerformanceSampleCount: orElse(want.Args.Performance, want.Args.Total)}
			e, err := s.Effective(lib)
			if err != nil {
				t.Fatal(err)
			}
			phases, err := e.Phases(want.generator(t))
			if err != nil {
				t.Fatal(err)
			}
			want.check(t, phases)
		})
	}
}

func quoted(s string) json.RawMessage { return json.RawMessage(strconv.Quote(s)) }

// checkGenerated compares with what LoadGen logged of its generation.
func checkGenerated(t *testing.T, log logged, p *Phase) {
	t.Helper()
	var queries uint64
	var perQuery int
	var duration int64
	totals := p.Totals()
	if log.get(t, "generated_query_count", &queries) && queries != totals.Queries {
		t.Errorf("generated_query_count: got %d, want %d", totals.Queries, queries)
	}
	if log.get(t, "generated_samples_per_query", &perQuery) && perQuery != p.SamplesPerQuery {
		t.Errorf("generated_samples_per_query: got %d, want %d", p.SamplesPerQuery, perQuery)
	}
	if log.get(t, "generated_query_duration", &duration) && duration != int64(totals.Duration) {
		t.Errorf("generated_query_duration: got %d, want %d", totals.Duration, duration)
	}
	var rate float64
	var issued uint64
	// A run that ended early has another rate.
	log.get(t, "result_query_count", &issued)
	if log.get(t, "result_scheduled_samples_per_sec", &rate) && issued == queries {
		if got := totals.ScheduledSamplesPerSecond(); six(got) != six(rate) || math.IsNaN(got) {
			t.Errorf("scheduled samples per second: got %v, want %v", got, rate)
		}
	}
}

func TestSchedulesOfPublishedRuns(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedata.Corpus(t), "published_runs", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			var file struct{ Log logged }
			readJSON(t, path, &file)
			var version string
			file.Log.get(t, "loadgen_version", &version)
			g, err := GeneratorOf(version)
			if err != nil {
				t.Fatal(err)
			}
			s, lib := file.Log.settings(t)
			e, err := file.Log.exact(t, s, lib, g).Effective(lib)
			if err != nil {
				t.Fatal(err)
			}
			file.Log.checkEffective(t, e)
			phases, err := e.Phases(g)
			if err != nil {
				t.Fatal(err)
			}
			checkGenerated(t, file.Log, phases[len(phases)-1])
		})
	}
}
