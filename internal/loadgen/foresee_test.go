package loadgen

import (
	"strings"
	"testing"
	"time"
)

// TestIssued holds what is foreseen of a Server phase against LoadGen's rule
// query by query, and the other scenarios against what they can know.
func TestIssued(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Settings)
		want   uint64 // 0: by the rule
		never  []string
	}{
		{"no limit", func(s *Settings) { s.MinDuration = 10 * time.Second }, 0, nil},
		{
			"duration_sec", func(s *Settings) { s.MinDuration, s.MaxDuration, s.ServerTargetQPS = 8*time.Second, 8*time.Second, 7 }, 0,
			[]string{"and must have 100 at least", "at percentile 99, that takes 459"},
		},
		{
			"count", func(s *Settings) { s.MinQueryCount, s.MaxQueryCount, s.MinDuration = 100, 100, time.Minute }, 100,
			[]string{"the test must last 1m0s at least", "early stopping: of 100 queries"},
		},
		{"both", func(s *Settings) { s.MaxQueryCount, s.MaxDuration, s.MinDuration = 500, time.Second, time.Second }, 0, []string{"early stopping"}},
		{"equal issue", func(s *Settings) {
			s.SampleConcatenatePermutation, s.MinQueryCount, s.MaxQueryCount, s.MinDuration = true, 70, 70, 0
		}, 70, []string{"early stopping"}},
		{"accuracy", func(s *Settings) { s.Mode, s.MaxQueryCount = AccuracyOnly, 3 }, 64, nil},
		{"offline", func(s *Settings) { s.Scenario, s.MaxQueryCount = Offline, 3 }, 1, nil},
		{"stream", func(s *Settings) { s.Scenario, s.MaxQueryCount, s.MinQueryCount = SingleStream, 60, 10 }, 60, []string{"at percentile 90, that takes 64"}},
		{"long stream", func(s *Settings) { s.Scenario, s.MaxDuration = SingleStream, time.Second }, 20001, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := DefaultSettings()
			s.Scenario, s.ServerTargetQPS, s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = Server, 100, 1, 2, 3
			tt.change(&s)
			e, err := s.Effective(Library{TotalSampleCount: 64, PerformanceSampleCount: 64})
			if err != nil {
				t.Fatal(err)
			}
			phases, err := e.Phases(Generator{})
			if err != nil {
				t.Fatal(err)
			}
			p := phases[0]
			got := p.Issued()
			want := tt.want
			if want == 0 {
				for q := range p.Queries() {
					want++
					if _, ended := e.EndAfter(want, 0, q.Scheduled); ended {
						break
					}
				}
			}
			if got.Queries != want || got.Samples != want*uint64(p.SamplesPerQuery) {
				t.Errorf("%d queries are foreseen, %d issued", got.Queries, want)
			}
			if p.Mode == AccuracyOnly {
				return
			}
			why := e.NeverValid(got)
			if len(why) != len(tt.never) {
				t.Fatalf("got %q, want %q", why, tt.never)
			}
			for i := range why {
				if !strings.Contains(why[i], tt.never[i]) {
					t.Errorf("got %q, want %q", why[i], tt.never[i])
				}
			}
		})
	}
}

// TestNeverValid lets the best system there is run what is said to be too
// little, and one query more: the verdict agrees.
func TestNeverValid(t *testing.T) {
	for _, scenario := range []Scenario{Server, SingleStream} {
		s := DefaultSettings()
		s.Scenario, s.MinDuration, s.MinQueryCount, s.ServerTargetQPS = scenario, 0, 1, 1000
		e, err := s.Effective(Library{TotalSampleCount: 8, PerformanceSampleCount: 8})
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n < 600; n++ {
			r := &Records{SamplesPerQuery: 1}
			for i := range n {
				at := int64(i) * 1e6
				r.Scheduled, r.Issued, r.Done = append(r.Scheduled, at), append(r.Issued, at), append(r.Done, at+1)
				r.FirstToken, r.Tokens = append(r.FirstToken, at+1), append(r.Tokens, 2)
			}
			v, _, err := Judge(&e, r)
			if err != nil {
				t.Fatal(err)
			}
			last := time.Duration(n-1) * time.Millisecond
			if why := e.NeverValid(Totals{Queries: uint64(n), LastScheduled: last}); v.Valid != (len(why) == 0) {
				t.Fatalf("%v, %d queries: VALID is %t, foreseen %q", scenario, n, v.Valid, why)
			}
		}
	}
}
