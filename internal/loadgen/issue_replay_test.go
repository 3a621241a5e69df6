package loadgen

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/tools/sharedata"
)

// issued is what a run of LoadGen did with one query.
type issuedQuery struct{ scheduled, issued, done time.Duration }

// lastPhase reads the queries of a run's last phase, with times from its start.
func lastPhase(t *testing.T, path string, samplesPerQuery, skip int) []issuedQuery {
	t.Helper()
	var run struct {
		Scheduled []time.Duration `json:"sched_ns"`
		Delay     []time.Duration `json:"issue_delay_ns"`
		Latency   []time.Duration `json:"latency_ns"`
	}
	readJSON(t, path, &run)
	var queries []issuedQuery
	start := run.Scheduled[skip]
	for i := skip; i < len(run.Scheduled); i += samplesPerQuery {
		at := run.Scheduled[i] - start
		latency := slices.Max(run.Latency[i : i+samplesPerQuery])
		queries = append(queries, issuedQuery{at, at + run.Delay[i], at + latency})
	}
	return queries
}

// endOfLog is how a detail log says that issuing ended.
func endOfLog(t *testing.T, path string) End {
	t.Helper()
	var end End
	for key, value := range readDetail(t, path) {
		var text string
		if json.Unmarshal(value, &text) == nil && (key == "generic_message" || key == "error_runtime") && strings.Contains(text, "Ending ") {
			end = End{Text: text, Early: key == "error_runtime"}
		}
	}
	return end
}

// Given the times at which LoadGen issued, and at which queries completed, issuing
// must end where LoadGen's did, with its words.
func TestIssuingEndsWhereLoadGenDid(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedata.LoadGen(t), "golden_logs", "*", "oracle_run.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			detail := filepath.Join(dir, "mlperf_log_detail.txt")
			s, lib := readDetail(t, detail).settings(t)
			e, err := s.Effective(lib)
			if err != nil {
				t.Fatal(err)
			}
			phases, err := e.Phases(Generator{})
			if err != nil {
				t.Fatal(err)
			}
			p := phases[len(phases)-1]
			queries := lastPhase(t, path, p.SamplesPerQuery, int(p.FirstSample))
			got, n := replayIssue(t, &e, p, queries)
			if want := endOfLog(t, detail); got != want || n != len(queries) {
				t.Errorf("got  %q after %d queries\nwant %q after %d", got.Text, n, want.Text, len(queries))
			}
		})
	}
}

// replayIssue goes through the times of a run until issuing ends.
func replayIssue(t *testing.T, e *Effective, p *Phase, queries []issuedQuery) (End, int) {
	t.Helper()
	for n := 0; n < len(queries); {
		q := queries[n]
		var completed uint64
		for _, before := range queries[:n] {
			if before.done <= q.issued {
				completed++
			}
		}
		n++
		// Queries that are due leave together with the one before them.
		for e.Requested.ServerCoalesceQueries && n < len(queries) && queries[n].scheduled <= q.issued {
			n++
		}
		if p.Mode == AccuracyOnly {
			continue
		}
		if end, ok := e.EndAfter(uint64(n), uint64(n)-completed, q.issued); ok {
			return end, n
		}
	}
	if p.Mode == AccuracyOnly {
		return End{}, len(queries)
	}
	return e.RanOut(), len(queries)
}

func TestIssueLimits(t *testing.T) {
	base := DefaultSettings()
	base.Scenario = Server
	for _, tt := range []struct {
		name   string
		change func(*Settings)
		issued uint64
		at     time.Duration
		done   uint64
		want   string
	}{
		{"nothing", func(*Settings) {}, 1000, time.Hour, 0, ""},
		{"outstanding", func(s *Settings) { s.ServerMaxAsyncQueries = 10 }, 11, 0, 0, "IssueQueryThread 0 Ending early: Too many outstanding queries. issued 11 outstanding 11"},
		{"as many as may be", func(s *Settings) { s.ServerMaxAsyncQueries = 10 }, 11, 0, 1, ""},
		{"queries", func(s *Settings) { s.MaxQueryCount = 5 }, 5, 0, 5, "IssueQueryThread 0 Ending early: Max query count reached. query_count 5"},
		{"duration", func(s *Settings) { s.MaxDuration = time.Second }, 5, time.Second + 1, 5, "IssueQueryThread 0 Ending early: Max test duration reached. duration_ns 1000000001"},
		{"duration not yet", func(s *Settings) { s.MaxDuration = time.Second }, 5, time.Second, 5, ""},
		{"stream", func(s *Settings) { s.Scenario = SingleStream }, 100, 10 * time.Second, 99, "Ending naturally: Minimum query count and test duration met."},
		{"stream too few", func(s *Settings) { s.Scenario = SingleStream }, 99, 20 * time.Second, 99, ""},
		{"stream too short", func(s *Settings) { s.Scenario = SingleStream }, 200, 10*time.Second - 1, 199, ""},
	} {
		s := base
		tt.change(&s)
		e, err := s.Effective(Library{TotalSampleCount: 10, PerformanceSampleCount: 10})
		if err != nil {
			t.Fatal(err)
		}
		end, ok := e.EndAfter(tt.issued, tt.issued-tt.done, tt.at)
		if end.Text != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: got %q, %v, want %q", tt.name, end.Text, ok, tt.want)
		}
	}
}
