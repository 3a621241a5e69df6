package loadgen

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/tools/sharedata"
)

// generated is one file of golden/*.json: what the genuine generator made of
// some settings.
type generated struct {
	Settings struct {
		Scenario          string
		Mode              string
		Total             uint64  `json:"total_sample_count"`
		Performance       uint64  `json:"qsl_performance_sample_count"`
		QSLSeed           seed    `json:"qsl_rng_seed"`
		SampleIndexSeed   seed    `json:"sample_index_rng_seed"`
		ScheduleSeed      seed    `json:"schedule_rng_seed"`
		MinDurationMS     int64   `json:"min_duration_ms"`
		MinQueryCount     uint64  `json:"requested_min_query_count"`
		ServerQPS         float64 `json:"server_target_qps"`
		OfflineQPS        float64 `json:"offline_expected_qps"`
		SingleExpectedNS  float64 `json:"single_stream_expected_latency_ns"`
		EqualIssue        bool    `json:"sample_concatenate_permutation"`
		PerformanceUnique bool    `json:"performance_issue_unique"`
		PerformanceSame   bool    `json:"performance_issue_same"`
	}
	Effective struct {
		SamplesPerQuery  uint64  `json:"samples_per_query"`
		TargetQPS        float64 `json:"target_qps"`
		TargetDurationMS int64   `json:"target_duration_ms"`
		MinQueryCount    uint64  `json:"min_query_count"`
		MinSampleCount   uint64  `json:"min_sample_count"`
		Performance      uint64  `json:"performance_sample_count"`
		Accuracy         uint64  `json:"accuracy_sample_count"`
	}
	Runs []struct {
		Mode            string
		Distinct        int `json:"sample_distribution_end"`
		Loaded          []int
		Queries         int     `json:"n_queries"`
		FirstQuery      uint64  `json:"first_query_id"`
		SchedNS         []int64 `json:"sched_ns"`
		SamplesPerQuery []int   `json:"samples_per_query"`
		SampleIndex     []int   `json:"sample_index"`
	}
}

// settings returns the settings of a file. What the file does not name follows
// from what it expects.
func (g *generated) settings(t testing.TB) (Settings, Library) {
	t.Helper()
	s := DefaultSettings()
	in := g.Settings
	var err error
	if s.Scenario, err = ParseScenario(in.Scenario); err != nil {
		t.Fatal(err)
	}
	if s.Mode, err = ParseMode(in.Mode); err != nil {
		t.Fatal(err)
	}
	s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = uint64(in.QSLSeed), uint64(in.SampleIndexSeed), uint64(in.ScheduleSeed)
	s.MinDuration = time.Duration(in.MinDurationMS) * time.Millisecond
	s.MinQueryCount = in.MinQueryCount
	s.ServerTargetQPS, s.OfflineExpectedQPS = in.ServerQPS, in.OfflineQPS
	s.SingleStreamExpectedLatencyNS = in.SingleExpectedNS
	s.SampleConcatenatePermutation = in.EqualIssue
	s.PerformanceIssueUnique, s.PerformanceIssueSame = in.PerformanceUnique, in.PerformanceSame
	if s.Scenario == MultiStream {
		s.MultiStreamSamplesPerQuery = g.Effective.SamplesPerQuery
		s.MultiStreamExpectedLatencyNS = 1e9 / g.Effective.TargetQPS
	}
	if g.Effective.Performance != in.Performance {
		s.PerformanceSampleCountOverride = g.Effective.Performance
	}
	if g.Effective.Accuracy != in.Total {
		s.AccuracySampleCountOverride = g.Effective.Accuracy
	}
	if run := g.Runs[0]; s.PerformanceIssueSame {
		s.PerformanceIssueSameIndex = uint64(slices.Index(run.Loaded, run.SampleIndex[0]))
	}
	return s, Library{TotalSampleCount: in.Total, PerformanceSampleCount: in.Performance}
}

// generatedCases lists golden/*.json that hold schedules.
func generatedCases(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(sharedata.LoadGen(t), "golden", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(paths, func(p string) bool {
		return slices.Contains([]string{"rng_units.json", "early_stopping.json"}, filepath.Base(p))
	})
}

func TestSchedulesEqualLoadGens(t *testing.T) {
	for _, path := range generatedCases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			var want generated
			readJSON(t, path, &want)
			if len(want.Runs) == 0 {
				t.Fatal("no runs in the file")
			}
			s, lib := want.settings(t)
			e, err := s.Effective(lib)
			if err != nil {
				t.Fatal(err)
			}
			checks := []struct {
				what      string
				got, want any
			}{
				{"samples_per_query", e.SamplesPerQuery, want.Effective.SamplesPerQuery},
				{"target_qps", e.TargetQPS, want.Effective.TargetQPS},
				{"target_duration_ms", e.TargetDuration.Milliseconds(), want.Effective.TargetDurationMS},
				{"min_query_count", e.MinQueryCount, want.Effective.MinQueryCount},
				{"min_sample_count", e.MinSampleCount, want.Effective.MinSampleCount},
				{"performance_sample_count", e.PerformanceSampleCount, want.Effective.Performance},
				{"accuracy_sample_count", e.AccuracySampleCount, want.Effective.Accuracy},
			}
			for _, c := range checks {
				if c.got != c.want {
					t.Errorf("effective %s: got %v, want %v", c.what, c.got, c.want)
				}
			}
			phases, err := e.Phases(Generator{})
			if err != nil {
				t.Fatal(err)
			}
			if len(phases) != len(want.Runs) {
				t.Fatalf("got %d phases, want %d", len(phases), len(want.Runs))
			}
			for i, run := range want.Runs {
				p := phases[i]
				if p.Mode.String() != run.Mode || p.Distinct != run.Distinct || p.FirstQuery != run.FirstQuery {
					t.Errorf("phase %d: got %v, %d distinct, first query %d; want %s, %d, %d", i, p.Mode, p.Distinct, p.FirstQuery, run.Mode, run.Distinct, run.FirstQuery)
				}
				if !slices.Equal(p.Loaded, run.Loaded) {
					t.Errorf("phase %d: loaded set differs", i)
				}
				issued := collect(p)
				if len(issued.scheduled) != run.Queries {
					t.Errorf("phase %d: got %d queries, want %d", i, len(issued.scheduled), run.Queries)
				}
				comparePrefix(t, "scheduled_ns", issued.scheduled, run.SchedNS, len(run.SchedNS))
				comparePrefix(t, "sample", issued.samples, run.SampleIndex, len(run.SampleIndex))
				if n := run.Queries * p.SamplesPerQuery; n != len(run.SampleIndex) || n != len(issued.samples) {
					t.Errorf("phase %d: got %d samples, of %d a query, want %d", i, len(issued.samples), p.SamplesPerQuery, len(run.SampleIndex))
				}
				if totals := p.Totals(); totals.Queries != uint64(run.Queries) || totals.Samples != uint64(len(run.SampleIndex)) ||
					int64(totals.LastScheduled) != run.SchedNS[len(run.SchedNS)-1] {
					t.Errorf("phase %d: totals are %+v", i, totals)
				}
			}
		})
	}
}

// issue is a phase's queries, flattened.
type issue struct {
	scheduled []int64
	samples   []int
}

func collect(p *Phase) issue {
	var got issue
	for q := range p.Queries() {
		got.scheduled = append(got.scheduled, int64(q.Scheduled))
		got.samples = append(got.samples, q.Samples...)
	}
	return got
}

// comparePrefix compares the first n elements and names the first difference.
func comparePrefix[T cmp.Ordered](t *testing.T, what string, got, want []T, n int) {
	t.Helper()
	if len(got) < n || len(want) < n {
		t.Errorf("%s: got %d, want %d, to compare %d", what, len(got), len(want), n)
		return
	}
	for i := range n {
		if got[i] != want[i] {
			t.Errorf("%s %d of %d: got %v, want %v", what, i, n, got[i], want[i])
			return
		}
	}
}

func ExampleSettings() {
	s := DefaultSettings()
	s.Scenario, s.ServerTargetQPS = Server, 50
	s.ScheduleSeed = 16159082839903944936
	e, err := s.Effective(Library{TotalSampleCount: 1000, PerformanceSampleCount: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	phases, err := e.Phases(Generator{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for q := range phases[0].Queries() {
		fmt.Println(q.ID, q.Scheduled, q.Samples)
		if q.ID == 2 {
			break
		}
	}
	fmt.Println(phases[0].Totals().Queries)
	// Output:
	// 0 0s [610]
	// 1 36.87308ms [74]
	// 2 46.031553ms [330]
	// 484
}
