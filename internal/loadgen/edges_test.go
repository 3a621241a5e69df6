package loadgen

import (
	"testing"
	"time"
)

// How long issuing takes, as far as settings tell.
func TestExpectedIssue(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Settings)
		want   time.Duration
	}{
		"offline": {func(s *Settings) { s.Scenario, s.OfflineExpectedQPS, s.MinDuration = Offline, 4, 0 }, 25 * time.Second},
		"single stream by queries": {func(s *Settings) {
			s.Scenario, s.SingleStreamExpectedLatencyNS, s.MinDuration, s.MinQueryCount = SingleStream, 500e6, time.Second, 100
		}, 50 * time.Second},
		"single stream by time": {func(s *Settings) {
			s.Scenario, s.SingleStreamExpectedLatencyNS, s.MinDuration, s.MinQueryCount = SingleStream, 500e6, 100*time.Second, 10
		}, 100 * time.Second},
		"single stream, accuracy": {func(s *Settings) {
			s.Scenario, s.Mode, s.SingleStreamExpectedLatencyNS = SingleStream, AccuracyOnly, 500e6
		}, 50 * time.Second},
		"without end": {func(s *Settings) { s.Scenario, s.OfflineExpectedQPS, s.MinDuration = Offline, 1e-300, 0 }, maxDuration},
	} {
		s := DefaultSettings()
		s.MinQueryCount = 100
		c.change(&s)
		e, err := s.Effective(Library{TotalSampleCount: 100, PerformanceSampleCount: 100})
		if err != nil {
			t.Fatal(err)
		}
		phases, err := e.Phases(Generator{})
		if err != nil {
			t.Fatal(err)
		}
		if got := phases[0].ExpectedIssue(phases[0].Totals()); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	// Server: until the last query is due.
	s := DefaultSettings()
	s.Scenario, s.ServerTargetQPS, s.MinDuration, s.MinQueryCount = Server, 10, 0, 100
	e, err := s.Effective(Library{TotalSampleCount: 100, PerformanceSampleCount: 100})
	if err != nil {
		t.Fatal(err)
	}
	phases, err := e.Phases(Generator{})
	if err != nil {
		t.Fatal(err)
	}
	if totals := phases[0].Totals(); phases[0].ExpectedIssue(totals) != totals.LastScheduled || totals.LastScheduled == 0 {
		t.Errorf("%v, want %v", phases[0].ExpectedIssue(totals), totals.LastScheduled)
	}
}

// Digits as C reads them.
func TestDigitOf(t *testing.T) {
	for c, want := range map[byte]int{'0': 0, '9': 9, 'a': 10, 'f': 15, 'A': 10, 'F': 15, 'g': 99, 'G': 99, '`': 99, '@': 99, '/': 99, ':': 99} {
		if got := digitOf(c); got != want {
			t.Errorf("%q: %d, want %d", c, got, want)
		}
	}
	for text, want := range map[string]struct {
		n    uint64
		rest string
	}{"0x1F": {31, ""}, "0XaG": {10, "G"}, "0x": {0, "x"}, "0xg": {0, "xg"}, "017": {15, ""}, "018": {1, "8"}, "-1": {1<<64 - 1, ""}, "+7": {7, ""}, "x": {0, "x"}, "0": {0, ""}} {
		if n, rest, over := cInteger(text); n != want.n || rest != want.rest || over {
			t.Errorf("%q: %d, %q, %t", text, n, rest, over)
		}
	}
	for text, want := range map[string]bool{"nan(1)": true, "nan(1": false, "NaN": true, "inf": true, "0x1": true, "0x1p4": true, "1_0": false, "1e999": true, "1e": false} {
		if _, ok := cFloat(text); ok != want {
			t.Errorf("%q is a number: %t", text, ok)
		}
	}
}

// Modes by both of their names; rounds in their order, with what they have.
func TestNames(t *testing.T) {
	for text, want := range map[string]Mode{"submission": SubmissionRun, "accuracy": AccuracyOnly, "performance": PerformanceOnly, "find-peak": FindPeakPerformance, "accuracyonly": AccuracyOnly} {
		if got, err := ParseMode(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if got, err := ParseMode("quick"); err == nil {
		t.Errorf("a mode %v", got)
	}
	all := Rounds()
	if NewestRound() != all[len(all)-1] {
		t.Errorf("%s of %q", NewestRound(), all)
	}
	for _, c := range []struct {
		round, benchmark string
		want             bool
	}{{NewestRound(), "no-benchmark", true}, {"v0.1", "llama2-70b", true}, {NewestRound(), "llama2-70b", true}, {"v5.0", "llama3_1-8b", false}, {"v6.1", "llama3_1-8b", true}, {"v5.0", "llama3.1-8b", true}} {
		if got := HasBenchmark(c.round, c.benchmark); got != c.want {
			t.Errorf("%s has %s: %t", c.round, c.benchmark, got)
		}
	}
	e := Effective{}
	if got := e.limits(); got != "as many as are generated" {
		t.Error(got)
	}
	e.MaxQueryCount = 5
	if got := e.limits(); got != "max_query_count 5" {
		t.Error(got)
	}
	e.MaxDuration = time.Second
	if got := e.limits(); got != "max_query_count 5, max_duration 1s" {
		t.Error(got)
	}
	e.MaxQueryCount = 0
	if got := e.limits(); got != "max_duration 1s" {
		t.Error(got)
	}
}
