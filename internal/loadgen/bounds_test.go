package loadgen

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A number with separators is read as what it stands for, where that is one thing alone.
func TestSeparatedNumber(t *testing.T) {
	for text, want := range map[string]string{
		"1_000": "1000", "1'000'000": "1000000", "1,5": "1.5", "12,3456": "12.3456", "1,234,567": "1234567", "1,500": "", "1,23,456": "", "1,234,56": "", "1,": "", "x": "", "": "", "7": "7",
	} {
		if got := separatedNumber(text); got != want {
			t.Errorf("%q stands for %q, want %q", text, got, want)
		}
	}
}

// What a line of a conf file is taken for, where it is not what it looks like: a suggestion says
// what was meant, and what can be meant as it stands has none.
func TestReadings(t *testing.T) {
	for line, want := range map[string]string{
		"*.Server.target_latency_percentile = 0":    "",
		"*.Server.target_latency_percentile = 0.99": "99",
		"*.Server.target_latency_percentile = 1":    "",
		"*.Server.target_latency_percentile = 100":  "",
		"*.Server.target_qps = 0":                   "",
		"*.*.min_query_count = 2e3":                 "2000",
		"*.*.min_query_count = 9e15":                "9000000000000000",
		"*.*.min_query_count = 9007199254740993e0":  "9007199254740993", // above 2^53 floats skip numbers: what LoadGen reads
		"*.Server.target_qps = 1,5":                 "1.5",
	} {
		_, found := ParseConf("user.conf", []byte(line+"\n"), UserConf)
		got := ""
		for _, d := range found {
			got += d.Suggestion
		}
		if got != want || want == "" && len(found) > 0 {
			t.Errorf("%s: %q, %v; want %q", line, got, briefs(found), want)
		}
	}
	for size, want := range map[int]bool{maxConf: false, maxConf + 1: true} {
		_, found := ParseConf("user.conf", []byte("#"+strings.Repeat("x", size-1)), UserConf)
		if found.HasErrors() != want {
			t.Errorf("%d bytes: %v", size, briefs(found))
		}
	}
	if names := languageBenchmarks(); !slices.IsSorted(names) || len(names) < 5 {
		t.Errorf("%q", names)
	}
}

// Settings at the edge of what has a meaning are taken, and those beyond are refused.
func TestEdgesOfSettings(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Settings)
		fault  string // empty: they are taken
	}{
		"a server's rate below 0":    {func(s *Settings) { s.ServerTargetQPS = -1 }, ""},
		"a stream's latency below 0": {func(s *Settings) { s.Scenario, s.SingleStreamExpectedLatencyNS = SingleStream, -1 }, "single_stream_expected_latency_ns asks for "},
		"no latency":                 {func(s *Settings) { s.Scenario, s.SingleStreamExpectedLatencyNS = SingleStream, 0 }, "single_stream_expected_latency_ns asks for "},
		"no samples in a query":      {func(s *Settings) { s.Scenario, s.MultiStreamSamplesPerQuery = MultiStream, 0 }, "samples_per_query is 0"},
		"no scenario":                {func(s *Settings) { s.Scenario = Scenario(len(scenarioNames)) }, "Scenario(4) is not a scenario"},
		"no mode":                    {func(s *Settings) { s.Mode = Mode(len(modeNames)) }, "Mode(4) is not a mode"},
		"a same index beyond":        {func(s *Settings) { s.PerformanceIssueSame, s.PerformanceIssueSameIndex = true, 64 }, "performance_issue_same_index is 64, the loaded set has samples 0 to 63"},
		"a same index at the end":    {func(s *Settings) { s.PerformanceIssueSame, s.PerformanceIssueSameIndex = true, 63 }, ""},
		"unique goes before the same index": {func(s *Settings) {
			s.PerformanceIssueUnique, s.PerformanceIssueSame, s.PerformanceIssueSameIndex = true, true, 64
		}, ""},
		"a percentile of all":  {func(s *Settings) { s.ServerTargetLatencyPercentile = 1 }, "server_target_latency_percentile is 1: it must lie between 0 and 1"},
		"a percentile of none": {func(s *Settings) { s.SingleStreamTargetLatencyPercentile = 0 }, "single_stream_target_latency_percentile is 0: it must lie between 0 and 1"},
	} {
		s := DefaultSettings()
		s.Scenario, s.MinDuration, s.MinQueryCount, s.ServerTargetQPS = Server, 0, 10, 100
		c.change(&s)
		e, err := s.Effective(Library{TotalSampleCount: 64, PerformanceSampleCount: 64})
		if err == nil {
			_, err = e.Phases(Generator{})
		}
		if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %v, want %q", name, err, c.fault)
		}
	}
	for x, want := range map[float64]bool{0: true, maxCount: true, maxCount + 1: false} {
		if n, err := wholeCount(x); (err == nil) != want || err == nil && n != uint64(x) {
			t.Errorf("%g: %d, %v", x, n, err)
		}
	}
}

// How many samples are due at a time is how many the schedule has up to it, whole queries each.
func TestDue(t *testing.T) {
	for _, scenario := range []Scenario{Server, MultiStream, Offline} {
		s := DefaultSettings()
		s.Scenario, s.MinDuration, s.MinQueryCount, s.ServerTargetQPS = scenario, 0, 40, 100
		e, err := s.Effective(Library{TotalSampleCount: 64, PerformanceSampleCount: 64})
		if err != nil {
			t.Fatal(err)
		}
		phases, err := e.Phases(Generator{})
		if err != nil {
			t.Fatal(err)
		}
		due, sum, count := phases[0].Due(), uint64(0), 0
		for q := range phases[0].Queries() {
			if before := q.Scheduled - 1; before >= 0 {
				if got := due(before); got != sum {
					t.Fatalf("%v: %d samples are due before query %d, want %d", scenario, got, count, sum)
				}
			}
			sum, count = sum+uint64(len(q.Samples)), count+1
			if got := due(q.Scheduled); got != sum {
				t.Fatalf("%v: %d samples are due with query %d, want %d", scenario, got, count, sum)
			}
		}
		if totals := phases[0].Totals(); due(time.Hour) != totals.Samples || sum != totals.Samples {
			t.Errorf("%v: %d samples are due in the end, %d are issued", scenario, due(time.Hour), totals.Samples)
		}
	}
}

// A limit that is met to the nanosecond is met, by advice and by verdict, and a test that
// lasts as long as it must can be VALID.
func TestLimitsMetExactly(t *testing.T) {
	for _, c := range []struct {
		ttft, tpot time.Duration
		want       []string // in the advice
	}{
		{2 * time.Second, 200 * time.Millisecond, nil},
		{2*time.Second + 1, 200 * time.Millisecond, []string{"TTFT"}},
		{2 * time.Second, 200*time.Millisecond + 1, []string{"TPOT"}},
		{2*time.Second + 1, 200*time.Millisecond + 1, []string{"TTFT", "TPOT"}},
	} {
		v, _ := mustJudge(t, serverSettings(true), serverRecords(1000, c.ttft+10*c.tpot, c.ttft, 11))
		for _, what := range []string{"TTFT", "TPOT"} {
			if strings.Contains(v.PerfAdvice, what+" constrain") != slices.Contains(c.want, what) {
				t.Errorf("%v, %v: %q", c.ttft, c.tpot, v.PerfAdvice)
			}
		}
		if v.PerfConstraintsMet != (c.want == nil) {
			t.Errorf("%v, %v: met %t", c.ttft, c.tpot, v.PerfConstraintsMet)
		}
	}
	for latency, want := range map[time.Duration]bool{serverSettings(false).TargetLatency: true, serverSettings(false).TargetLatency + 1: false} {
		if v, _ := mustJudge(t, serverSettings(false), serverRecords(1000, latency, 0, 0)); v.PerfConstraintsMet != want || (v.PerfAdvice == "") != want {
			t.Errorf("%v: met %t, %q", latency, v.PerfConstraintsMet, v.PerfAdvice)
		}
	}
	for samples, want := range map[int]bool{1000: true, 999: false} {
		e := serverSettings(false)
		e.MinSampleCount = 1000
		if v, _ := mustJudge(t, e, serverRecords(samples, time.Millisecond, 0, 0)); v.MinQueriesMet != want {
			t.Errorf("%d samples of 1000: met %t", samples, v.MinQueriesMet)
		}
	}
	e := serverSettings(false)
	for last, want := range map[time.Duration]int{e.MinDuration: 0, e.MinDuration - 1: 1} {
		if why := e.NeverValid(Totals{Queries: 10_000, LastScheduled: last}); len(why) != want {
			t.Errorf("the last after %v: %q", last, why)
		}
	}
}

// What never completed has no token count to complain of, and what ends with the last issue is
// still outstanding.
func TestIncompleteSamples(t *testing.T) {
	s := serverSettings(true)
	r := serverRecords(10, time.Second, time.Millisecond, 5)
	r.Tokens[3], r.Tokens[7], r.Done[7] = 0, 0, NotReached
	var said []string
	for text := range RunErrors(&s.Requested, r) {
		said = append(said, text)
	}
	if want := []string{"n_tokens argument missing or attempted to record 0 as number of tokens"}; len(said) == 0 || !slices.Equal(said[:1], want) || strings.Count(strings.Join(said, "\n"), "n_tokens") != 1 {
		t.Errorf("%q", said)
	}
	last := r.Issued[9]
	for i := range r.Done {
		r.Done[i] = last - 1
	}
	r.Done[2], r.Done[5], r.Done[9] = last, NotReached, last+1
	if n := outstanding(r); n != 3 {
		t.Errorf("%d are outstanding, want 3", n)
	}
}

// By what a run is judged depends on scenario and limits, each with the place that it is from.
func TestJudgedBy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Settings)
		want   []string
	}{
		"token latencies": {func(s *Settings) { s.UseTokenLatencies = true }, []string{
			"TTFT p99 of at most 100ms (LoadGen's default)", "TPOT p99 of at most 100ms (LoadGen's default)", "at least 10s (LoadGen's default)", "at least 100 queries (LoadGen's default)",
		}},
		"the whole answer": {func(s *Settings) { s.ServerTargetLatency = 7 * time.Second }, []string{
			"latency p99 of at most 7s, from request to last token (the manifest)", "at least 10s (LoadGen's default)", "at least 100 queries (LoadGen's default)",
		}},
		"no duration": {func(s *Settings) { s.Scenario, s.MinDuration, s.UseTokenLatencies = SingleStream, 0, true }, []string{"at least 100 queries (LoadGen's default)"}},
		"offline":     {func(s *Settings) { s.Scenario = Offline }, []string{"at least 10s (LoadGen's default)"}},
		"accuracy":    {func(s *Settings) { s.Mode = AccuracyOnly }, nil},
	} {
		s := Section{Settings: DefaultSettings()}
		s.Settings.Scenario = Server
		c.change(&s.Settings)
		e, err := s.Settings.Effective(Library{TotalSampleCount: 64, PerformanceSampleCount: 64})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.JudgedBy(&e); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
