package main

import (
	"strings"
	"time"

	"mlcfg/internal/loadgen"
)

// testCase is a run: settings, and a system under test that reports the first
// token ttft after a sample was issued, and the others every tpot.
type testCase struct {
	name       string
	settings   loadgen.Settings
	library    loadgen.Library
	ttft, tpot time.Duration
	tokens     [2]int64 // lowest and highest count of an answer
}

// answerTokens is the count of tokens of the answer for a sample.
func (c *testCase) answerTokens(sample uint64) int64 {
	low, high := c.tokens[0], c.tokens[1]
	return low + int64(sample)*7919%(high-low+1)
}

// input is what the script reads.
func (c *testCase) input() map[string]any {
	settings := c.settings.Map()
	for _, name := range []string{"ttft_latency", "tpot_latency"} {
		settings[name] = settings[name+"_ns"]
		delete(settings, name+"_ns")
	}
	return map[string]any{
		"settings": settings, "total": c.library.TotalSampleCount, "performance": c.library.PerformanceSampleCount,
		"ttft_ms": c.ttft.Seconds() * 1000, "tpot_ms": c.tpot.Seconds() * 1000, "tokens": c.tokens,
	}
}

// cases are short runs of every scenario and mode, valid and invalid.
func cases() []testCase {
	var all []testCase
	add := func(name string, change func(c *testCase, s *loadgen.Settings)) {
		c := testCase{
			name: name, settings: loadgen.DefaultSettings(), library: loadgen.Library{TotalSampleCount: 200, PerformanceSampleCount: 200},
			ttft: time.Millisecond, tpot: 100 * time.Microsecond, tokens: [2]int64{2, 20},
		}
		s := &c.settings
		s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = 2085463073848966840, 2747215439041700203, 16159082839903944936
		s.MinDuration, s.MinQueryCount = 500*time.Millisecond, 100
		scenario, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(name, "accuracy-"), "submission-"), "-")
		s.Scenario, _ = loadgen.ParseScenario(scenario)
		s.ServerTargetQPS, s.OfflineExpectedQPS = 600, 2000
		s.SingleStreamExpectedLatencyNS, s.MultiStreamExpectedLatencyNS = 2e5, 2e5
		s.MultiStreamSamplesPerQuery = 4
		s.TTFTLatency, s.TPOTLatency = time.Second, 100*time.Millisecond
		s.UseTokenLatencies = strings.Contains(name, "token")
		change(&c, s)
		all = append(all, c)
	}
	add("server-valid", func(c *testCase, s *loadgen.Settings) { s.MinQueryCount = 500 })
	add("server-slow", func(c *testCase, s *loadgen.Settings) { s.ServerTargetLatency = 2 * time.Millisecond })
	add("server-short", func(c *testCase, s *loadgen.Settings) { s.MinDuration, s.MinQueryCount = 100*time.Millisecond, 30 })
	add("server-token", func(c *testCase, s *loadgen.Settings) {
		s.SampleConcatenatePermutation, s.ServerTargetLatency, s.MinQueryCount = true, 0, 500
	})
	add("server-token-late-first", func(c *testCase, s *loadgen.Settings) { s.TTFTLatency = 500 * time.Microsecond })
	add("server-token-slow", func(c *testCase, s *loadgen.Settings) { s.TTFTLatency, s.TPOTLatency = 1, 1 })
	add("server-token-single", func(c *testCase, s *loadgen.Settings) { c.tokens = [2]int64{0, 2} })
	add("server-inferred-tokens", func(c *testCase, s *loadgen.Settings) { s.InferTokenLatencies, s.TokenLatencyScalingFactor = true, 69 })
	add("server-coalesce", func(c *testCase, s *loadgen.Settings) { s.ServerCoalesceQueries, s.ServerTargetQPS = true, 3000 })
	add("server-query-limit", func(c *testCase, s *loadgen.Settings) { s.MaxQueryCount = 150 })
	add("server-duration-limit", func(c *testCase, s *loadgen.Settings) { s.MaxDuration = 200 * time.Millisecond })
	add("server-outstanding", func(c *testCase, s *loadgen.Settings) { s.ServerMaxAsyncQueries, c.ttft = 40, 300*time.Millisecond })
	add("server-unique", func(c *testCase, s *loadgen.Settings) { s.PerformanceIssueUnique = true })
	add("server-same", func(c *testCase, s *loadgen.Settings) { s.PerformanceIssueSame, s.PerformanceIssueSameIndex = true, 7 })
	add("server-smaller-set", func(c *testCase, s *loadgen.Settings) { c.library.PerformanceSampleCount = 64 })
	add("server-accuracy-share", func(c *testCase, s *loadgen.Settings) {
		s.AccuracyLogProbability, s.AccuracyLogSeed = 0.25, 720381539243781796
	})
	add("server-token-accuracy-target", func(c *testCase, s *loadgen.Settings) { s.AccuracyLogSamplingTarget, s.AccuracyLogSeed = 40, 12345 })
	add("offline-valid", func(c *testCase, s *loadgen.Settings) { c.ttft = 600 * time.Millisecond })
	add("offline-short", func(c *testCase, s *loadgen.Settings) { s.MinQueryCount = 300 })
	add("offline-token", func(c *testCase, s *loadgen.Settings) {
		s.SampleConcatenatePermutation, c.ttft = true, 600*time.Millisecond
	})
	add("offline-inferred-tokens", func(c *testCase, s *loadgen.Settings) {
		s.InferTokenLatencies, s.TokenLatencyScalingFactor, c.ttft = true, 69, 600*time.Millisecond
	})
	add("offline-accuracy-target", func(c *testCase, s *loadgen.Settings) { s.AccuracyLogSamplingTarget = 100 })
	add("singlestream-valid", func(c *testCase, s *loadgen.Settings) { c.tokens = [2]int64{2, 4} })
	add("singlestream-many", func(c *testCase, s *loadgen.Settings) {
		s.MinQueryCount, c.ttft, c.tokens = 700, 200*time.Microsecond, [2]int64{2, 2}
	})
	add("singlestream-few", func(c *testCase, s *loadgen.Settings) { s.MinDuration, s.MinQueryCount = 20*time.Millisecond, 10 })
	add("singlestream-ran-out", func(c *testCase, s *loadgen.Settings) { s.SingleStreamExpectedLatencyNS = 2e7 })
	add("singlestream-token", func(c *testCase, s *loadgen.Settings) {
		s.SampleConcatenatePermutation, s.SingleStreamExpectedLatencyNS = true, 3e6
	})
	add("multistream-valid", func(c *testCase, s *loadgen.Settings) {
		s.MinQueryCount, c.ttft, c.tokens = 662, 500*time.Microsecond, [2]int64{2, 4}
	})
	add("multistream-few", func(c *testCase, s *loadgen.Settings) { s.MinDuration, s.MinQueryCount = 50*time.Millisecond, 20 })
	add("multistream-token", func(c *testCase, s *loadgen.Settings) {
		s.MinQueryCount, c.ttft, c.tokens = 662, 500*time.Microsecond, [2]int64{2, 4}
	})
	accuracy := func(c *testCase, s *loadgen.Settings) { s.Mode = loadgen.AccuracyOnly }
	sets := func(c *testCase, s *loadgen.Settings) {
		s.Mode, c.library.PerformanceSampleCount = loadgen.AccuracyOnly, 70
	}
	add("accuracy-server-token", accuracy)
	add("accuracy-offline-token", accuracy)
	add("accuracy-singlestream-sets", sets)
	add("accuracy-multistream-sets", sets)
	add("submission-server-token", func(c *testCase, s *loadgen.Settings) { s.Mode = loadgen.SubmissionRun })
	return all
}
