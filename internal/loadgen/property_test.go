package loadgen

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// randomSettings are settings that LoadGen survives, mostly.
func randomSettings(r *rand.Rand) (Settings, Library) {
	oneOf := func(n ...uint64) uint64 { return n[r.IntN(len(n))] }
	s := DefaultSettings()
	s.Scenario, s.Mode = Scenario(r.IntN(4)), Mode(r.IntN(3))
	s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = r.Uint64(), r.Uint64(), r.Uint64()
	s.MinDuration = time.Duration(oneOf(0, 5, 20, 60)) * time.Millisecond
	s.MinQueryCount = oneOf(0, 1, 5, 17, 100, 333)
	s.ServerTargetQPS, s.OfflineExpectedQPS = float64(oneOf(100, 3333, 12345))+r.Float64(), float64(oneOf(0, 100, 7777))
	s.SingleStreamExpectedLatencyNS, s.MultiStreamExpectedLatencyNS = 50000+1e5*r.Float64(), 50000+1e5*r.Float64()
	s.MultiStreamSamplesPerQuery = oneOf(1, 2, 5, 8)
	s.SampleConcatenatePermutation = r.IntN(2) == 0
	s.PerformanceIssueUnique, s.PerformanceIssueSame = r.IntN(6) == 0, r.IntN(8) == 0
	s.PerformanceSampleCountOverride = oneOf(0, 0, 7, 2000)
	lib := Library{TotalSampleCount: oneOf(1, 2, 3, 7, 16, 64, 255, 1000)}
	lib.PerformanceSampleCount = max(1, lib.TotalSampleCount/oneOf(1, 1, 2, 3))
	return s, lib
}

func TestScheduleProperties(t *testing.T) {
	laidOut := 0
	for n := range 3000 {
		s, lib := randomSettings(rand.New(rand.NewPCG(1, uint64(n))))
		e, err := s.Effective(lib)
		if err != nil {
			continue
		}
		phases, err := e.Phases(Generator{OldUniformInt: n%7 == 0, OldPerformanceSet: n%5 == 0})
		if err != nil {
			continue
		}
		laidOut++
		var nextQuery, nextSample uint64
		for i, p := range phases {
			if p.FirstQuery != nextQuery || p.FirstSample != nextSample {
				t.Fatalf("case %d, phase %d: first query %d and sample %d, want %d and %d", n, i, p.FirstQuery, p.FirstSample, nextQuery, nextSample)
			}
			checkPhase(t, n, p)
			totals := p.Totals()
			nextQuery, nextSample = nextQuery+totals.Queries, nextSample+totals.Samples
		}
		if t.Failed() {
			t.Fatalf("case %d: %+v %+v", n, s, lib)
		}
	}
	if laidOut < 2500 {
		t.Errorf("only %d of the cases are runs", laidOut)
	}
}

// checkPhase checks what must hold for every phase.
func checkPhase(t *testing.T, n int, p *Phase) {
	t.Helper()
	s, totals := p.settings.Requested, p.Totals()
	var queries, samples uint64
	var last time.Duration
	issued := map[int]int{}
	for q := range p.Queries() {
		if q.ID != p.FirstQuery+queries || q.FirstSample != p.FirstSample+samples || len(q.Samples) != p.SamplesPerQuery {
			t.Fatalf("case %d: query %d is %d, first sample %d, of %d samples", n, queries, q.ID, q.FirstSample, len(q.Samples))
		}
		if q.Scheduled < last || queries == 0 && q.Scheduled != 0 {
			t.Fatalf("case %d: query %d is due at %v, the one before at %v", n, q.ID, q.Scheduled, last)
		}
		last = q.Scheduled
		queries++
		samples += uint64(len(q.Samples))
		for _, i := range q.Samples {
			issued[i]++
		}
	}
	if totals.Queries != queries || totals.Samples != samples || totals.LastScheduled != last || totals.Duration < last {
		t.Errorf("case %d: totals are %+v, but there are %d queries, %d samples, the last at %v", n, totals, queries, samples, last)
	}
	for i := range issued {
		if !slices.Contains(p.Loaded, i) {
			t.Errorf("case %d: sample %d is not loaded", n, i)
		}
	}
	same := s.PerformanceIssueSame && (!s.PerformanceIssueUnique || s.Scenario == Offline)
	each := func(want int) {
		for _, i := range p.Loaded {
			if issued[i] != want {
				t.Errorf("case %d: sample %d is issued %d times, want %d", n, i, issued[i], want)
				return
			}
		}
	}
	switch {
	case same:
		if s.Scenario != MultiStream && len(issued) != 1 {
			t.Errorf("case %d: %d samples are issued, want one over and over", n, len(issued))
		}
	case s.Scenario == MultiStream:
		if p.Mode == AccuracyOnly && len(issued) != p.Distinct {
			t.Errorf("case %d: %d of %d samples are issued", n, len(issued), p.Distinct)
		}
	case p.Mode == AccuracyOnly || s.PerformanceIssueUnique:
		if s.Scenario != Offline || p.Mode == AccuracyOnly {
			each(1)
		}
	case s.SampleConcatenatePermutation:
		each(int(samples) / p.Distinct)
	}
}

// A schedule can be gone through again, and stopped.
func TestQueriesStartAnew(t *testing.T) {
	p := serverPhase(t, 60_000, true)
	first := collect(p)
	for range p.Queries() {
		break
	}
	if second := collect(p); !slices.Equal(first.samples, second.samples) || !slices.Equal(first.scheduled, second.scheduled) {
		t.Error("a second pass differs from the first")
	}
}

// The totals of a long schedule must not take memory that grows with it.
func TestTotalsInConstantMemory(t *testing.T) {
	p := serverPhase(t, 100_000, false)
	if got := testing.AllocsPerRun(3, func() { p.Totals() }); got > 4 {
		t.Errorf("%v allocations", got)
	}
	queries := testing.AllocsPerRun(3, func() {
		for range p.Queries() {
		}
	})
	if queries > 20 {
		t.Errorf("%v allocations for %d queries", queries, p.Totals().Queries)
	}
}

func TestEffectiveRefuses(t *testing.T) {
	lib := Library{TotalSampleCount: 100, PerformanceSampleCount: 100}
	for name, tt := range map[string]struct {
		change func(*Settings, *Library)
		want   string
	}{
		"no samples":         {func(_ *Settings, l *Library) { l.TotalSampleCount = 0 }, "the data set has no samples"},
		"too many samples":   {func(_ *Settings, l *Library) { l.TotalSampleCount = 1 << 40 }, "the data set has 1099511627776 samples; this program handles up to 16777216"},
		"no performance set": {func(_ *Settings, l *Library) { l.PerformanceSampleCount = 0 }, "the performance sample count is 0: set performance_sample_count_override, or let the data set say how many samples fit into memory"},
		"scenario":           {func(s *Settings, _ *Library) { s.Scenario = 9 }, "Scenario(9) is not a scenario"},
		"mode":               {func(s *Settings, _ *Library) { s.Mode = 9 }, "Mode(9) is not a mode"},
		"fraction":           {func(s *Settings, _ *Library) { s.MinDuration = 1500 * time.Microsecond }, "min_duration is 1.5ms: it must be a whole number of milliseconds, 0 or more"},
		"negative":           {func(s *Settings, _ *Library) { s.MaxDuration = -time.Second }, "max_duration is -1s: it must be a whole number of milliseconds, 0 or more"},
		"too long":           {func(s *Settings, _ *Library) { s.MinDuration = 1000000 * time.Hour }, "min_duration is 1000000h0m0s: the longest possible is 876000h0m0s"},
		"too many queries":   {func(s *Settings, _ *Library) { s.MinQueryCount = 1 << 60 }, "min_query_count is 1152921504606846976: the largest possible is 4294967296"},
		"too many streams":   {func(s *Settings, _ *Library) { s.MultiStreamSamplesPerQuery = 1 << 60 }, "samples_per_query is 1152921504606846976: the largest possible is 1048576"},
		"percent":            {func(s *Settings, _ *Library) { s.ServerTargetLatencyPercentile = 99 }, "server_target_latency_percentile is 99: it must lie between 0 and 1"},
		"no rate":            {func(s *Settings, _ *Library) { s.Scenario, s.ServerTargetQPS = Server, 0 }, "server_target_qps asks for 0 queries a second: it must lie between 3.17e-08 and 1e+09 with 100 queries"},
		"too fast":           {func(s *Settings, _ *Library) { s.SingleStreamExpectedLatencyNS = 0.1 }, "single_stream_expected_latency_ns asks for 1e+10 queries a second: it must lie between 3.17e-08 and 1e+09 with 100 queries"},
		"offline rate":       {func(s *Settings, _ *Library) { s.Scenario, s.OfflineExpectedQPS = Offline, nan() }, "offline_expected_qps is NaN"},
		"offline query":      {func(s *Settings, _ *Library) { s.Scenario, s.OfflineExpectedQPS = Offline, 1e9 }, "duration and rate ask for 1.1e+10 queries; this program counts up to 4294967296"},
		"no streams":         {func(s *Settings, _ *Library) { s.Scenario, s.MultiStreamSamplesPerQuery = MultiStream, 0 }, "samples_per_query is 0"},
		"equal issue of none": {func(s *Settings, l *Library) {
			s.SampleConcatenatePermutation, s.PerformanceSampleCountOverride, l.PerformanceSampleCount = true, 5, 0
		}, "equal issue (sample_concatenate_permutation) in SingleStream needs the data set's performance sample count"},
		"same of none": {func(s *Settings, _ *Library) { s.PerformanceIssueSame, s.PerformanceIssueSameIndex = true, 100 }, "performance_issue_same_index is 100, the loaded set has samples 0 to 99"},
		"unique of too few": {func(s *Settings, _ *Library) {
			s.Scenario, s.PerformanceIssueUnique, s.PerformanceSampleCountOverride = Offline, true, 500
		}, "performance_issue_unique asks for 500 samples in the query, the loaded set has 100"},
		"nothing":         {func(s *Settings, _ *Library) { s.MinDuration, s.MinQueryCount = 0, 0 }, "no query would be issued: with a minimum duration of 0 the minimum query count must be above 0"},
		"nothing offline": {func(s *Settings, _ *Library) { s.Scenario, s.MinDuration, s.MinQueryCount = Offline, 0, 0 }, "no sample would be issued: the minimum query count, or the minimum duration and the rate, must be above 0"},
		"equal issue, min 0": {func(s *Settings, _ *Library) {
			s.Scenario, s.SampleConcatenatePermutation, s.MinQueryCount = Server, true, 0
		}, "equal issue (sample_concatenate_permutation) needs a minimum query count above 0"},
		"unique, padded": {func(s *Settings, _ *Library) {
			s.Scenario, s.PerformanceIssueUnique, s.SampleConcatenatePermutation = MultiStream, true, true
		}, "performance_issue_unique has 13 queries in MultiStream, equal issue asks for 107"},
		"peak": {func(s *Settings, _ *Library) { s.Mode = FindPeakPerformance }, "mode FindPeakPerformance is a search over many schedules, not one"},
	} {
		s, l := DefaultSettings(), lib
		tt.change(&s, &l)
		e, err := s.Effective(l)
		if err == nil {
			_, err = e.Phases(Generator{})
		}
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

// LoadGen complains about these and goes on.
func TestEffectiveErrors(t *testing.T) {
	s := DefaultSettings()
	s.Scenario, s.ServerTargetQPS = Server, -2.5
	s.PerformanceIssueSame, s.PerformanceIssueUnique, s.PerformanceIssueSameIndex = true, true, 100
	e, err := s.Effective(Library{TotalSampleCount: 100, PerformanceSampleCount: 100})
	want := []string{
		"Invalid value for server_target_qps requested. requested: -2.5 using: 1",
		"Sample Idx to be repeated in performance_issue_same mode cannot be greater than loaded performance_sample_count. performance_issue_same_index: 100 performance_sample_count: 100",
		"Performance_issue_unique and performance_issue_same, both cannot be true at the same time. performance_issue_unique: 1 performance_issue_same: 1",
	}
	if err != nil || e.TargetQPS != 1 || !slices.Equal(e.Errors, want) {
		t.Errorf("got %v, %v, %v", e.Errors, e.TargetQPS, err)
	}
}

func nan() float64 {
	zero := 0.0
	return zero / zero
}
