package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"
)

// scheduleCase is a file of expected values: settings, and what LoadGen's
// generator made of them.
type scheduleCase struct {
	Settings struct {
		Scenario, Mode    string
		Total             uint64      `json:"total_sample_count"`
		Performance       uint64      `json:"qsl_performance_sample_count"`
		QSLSeed           string      `json:"qsl_rng_seed"`
		SampleIndexSeed   string      `json:"sample_index_rng_seed"`
		ScheduleSeed      string      `json:"schedule_rng_seed"`
		MinDurationMS     json.Number `json:"min_duration_ms"`
		MinQueryCount     json.Number `json:"requested_min_query_count"`
		EqualIssue        bool        `json:"sample_concatenate_permutation"`
		PerformanceUnique bool        `json:"performance_issue_unique"`
		PerformanceSame   bool        `json:"performance_issue_same"`
	}
	Effective struct {
		SamplesPerQuery uint64      `json:"samples_per_query"`
		TargetQPS       json.Number `json:"target_qps"`
		Performance     uint64      `json:"performance_sample_count"`
		Accuracy        uint64      `json:"accuracy_sample_count"`
	}
	Runs []struct {
		Loaded      []int
		Queries     uint64  `json:"n_queries"`
		Scheduled   []int64 `json:"sched_ns"`
		SampleIndex []int   `json:"sample_index"`
	}
}

// args is the command line that asks for the case.
func (c *scheduleCase) args() []string {
	s, e := c.Settings, c.Effective
	args := []string{
		"mlrun", "schedule", "--format", "json", "--queries", "--scenario", s.Scenario, "--mode", s.Mode,
		"--target-qps", e.TargetQPS.String(), "--min-duration", s.MinDurationMS.String(), "--min-query-count", s.MinQueryCount.String(),
		"--total-sample-count", fmt.Sprint(s.Total), "--performance-sample-count", fmt.Sprint(s.Performance),
		"--qsl-seed", s.QSLSeed, "--sample-index-seed", s.SampleIndexSeed, "--schedule-seed", s.ScheduleSeed,
	}
	if s.Scenario == "MultiStream" {
		args = append(args, "--samples-per-query", fmt.Sprint(e.SamplesPerQuery))
	}
	if e.Performance != s.Performance {
		args = append(args, "--performance-sample-count-override", fmt.Sprint(e.Performance))
	}
	if e.Accuracy != s.Total {
		args = append(args, "--accuracy-sample-count", fmt.Sprint(e.Accuracy))
	}
	if s.EqualIssue {
		args = append(args, "--equal-issue")
	}
	if s.PerformanceUnique {
		args = append(args, "--unique")
	}
	if run := c.Runs[0]; s.PerformanceSame {
		args = append(args, "--same", fmt.Sprint(slices.Index(run.Loaded, run.SampleIndex[0])))
	}
	return args
}

func TestScheduleCommandEqualsLoadGen(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedata.LoadGen(t), "golden", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var c scheduleCase
		if json.Unmarshal(data, &c) != nil || len(c.Runs) == 0 {
			continue // not a schedule
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			a := app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
			if status := a.run(t.Context(), c.args()); status != exitFine || stderr.Len() > 0 {
				t.Fatalf("status %d: %s", status, stderr.String())
			}
			var got struct {
				scheduleJSON
				Issue []struct {
					Scheduled int64 `json:"scheduled_ns"`
					Samples   []int
				}
			}
			if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			var queries uint64
			var scheduled, wantScheduled []int64
			var samples, wantSamples []int
			for _, q := range got.Issue {
				scheduled, samples = append(scheduled, q.Scheduled), append(samples, q.Samples...)
			}
			for _, run := range c.Runs {
				queries += run.Queries
				wantScheduled, wantSamples = append(wantScheduled, run.Scheduled...), append(wantSamples, run.SampleIndex...)
			}
			if got.Scenario != c.Settings.Scenario || got.Mode != c.Settings.Mode || got.Queries != queries || got.Samples != uint64(len(wantSamples)) ||
				got.LastScheduledNS != wantScheduled[len(wantScheduled)-1] || len(got.Phases) != len(c.Runs) && len(c.Runs) > 1 {
				t.Errorf("got %+v, want %d queries, %d samples", got.scheduleJSON, queries, len(wantSamples))
			}
			if !slices.Equal(scheduled, wantScheduled) {
				t.Error("scheduled times differ")
			}
			if !slices.Equal(samples, wantSamples) {
				t.Error("samples differ")
			}
		})
	}
}
