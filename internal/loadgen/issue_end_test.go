package loadgen

import (
	"slices"
	"testing"
	"time"
)

func TestEndOfIssue(t *testing.T) {
	const ranOut = "Ending early: Ran out of generated queries to issue before the minimum query count and test duration were reached." +
		" Please update the relevant expected latency or target qps in the TestSettings so they are more accurate."
	base := Effective{MinQueryCount: 10, TargetDuration: 100 * time.Millisecond}
	for _, tt := range []struct {
		name     string
		scenario Scenario
		change   func(*Effective)
		want     string
		early    bool
	}{
		{name: "server issues all", scenario: Server},
		{
			name: "server, too many outstanding", scenario: Server, change: func(e *Effective) { e.MaxAsyncQueries = 2 },
			want: "IssueQueryThread 0 Ending early: Too many outstanding queries. issued 20 outstanding 3", early: true,
		},
		{name: "server, not too many outstanding", scenario: Server, change: func(e *Effective) { e.MaxAsyncQueries = 3 }},
		{name: "natural", scenario: SingleStream, want: "Ending naturally: Minimum query count and test duration met."},
		{
			name: "natural before the limits", scenario: SingleStream, change: func(e *Effective) { e.MaxQueryCount = 5 },
			want: "Ending naturally: Minimum query count and test duration met.",
		},
		{name: "too few", scenario: SingleStream, change: func(e *Effective) { e.MinQueryCount = 21 }, want: ranOut, early: true},
		{name: "too short", scenario: MultiStream, change: func(e *Effective) { e.TargetDuration = time.Minute }, want: ranOut, early: true},
		{
			name: "query limit", scenario: Server, change: func(e *Effective) { e.MaxQueryCount = 20 },
			want: "IssueQueryThread 0 Ending early: Max query count reached. query_count 20", early: true,
		},
		{name: "query limit not reached", scenario: Server, change: func(e *Effective) { e.MaxQueryCount = 21 }},
		{
			name: "duration limit", scenario: SingleStream, change: func(e *Effective) { e.MinQueryCount, e.MaxDuration = 50, 190*time.Millisecond },
			want: "IssueQueryThread 0 Ending early: Max test duration reached. duration_ns 190001000", early: true,
		},
		{name: "at the duration limit", scenario: Server, change: func(e *Effective) { e.MaxDuration = 190001 * time.Microsecond }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := base
			e.Requested.Scenario = tt.scenario
			if tt.change != nil {
				tt.change(&e)
			}
			text, early := EndOfIssue(&e, serverRecords(20, 25*time.Millisecond, 0, 0))
			if text != tt.want || early != tt.early {
				t.Errorf("%q, early %v", text, early)
			}
		})
	}
	if text, early := EndOfIssue(&base, &Records{}); text != "" || early {
		t.Errorf("no queries: %q, %v", text, early)
	}
}

func TestRunErrors(t *testing.T) {
	r := serverRecords(6, time.Second, time.Second/2, 5)
	r.Tokens[0], r.Tokens[1], r.Tokens[2] = 1, 0, -3
	r.Done[0] += 1e9
	r.FirstToken[2] = NotReached
	r.Done[4], r.Tokens[4] = NotReached, 0
	r.FirstToken[5] = r.Done[5] + 1
	q := Settings{Scenario: Server, UseTokenLatencies: true}
	want := []string{
		"n_tokens argument missing or attempted to record 0 as number of tokens",
		"Attempted to record a sample latency before it's first token latency",
		"Attempted to record a negative number of tokens",
		"Attempted to record a sample latency before it's first token latency",
		"Attempted to record token latency after sample was completed",
		"Number of tokens need to be greater than 1",
		"Encountered incomplete samples at the end of a series of queries. count: 1",
	}
	if got := slices.Collect(RunErrors(&q, r)); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for range RunErrors(&q, r) {
		break
	}
	q.UseTokenLatencies = false
	if got := slices.Collect(RunErrors(&q, r)); !slices.Equal(got, want[6:]) {
		t.Errorf("without tokens: %q", got)
	}
	q = Settings{Scenario: Offline, UseTokenLatencies: true}
	r.FirstToken, r.Done[4], r.Tokens = nil, 1e9, []int64{2, 2, 2, 2, 2, 2}
	if got := slices.Collect(RunErrors(&q, r)); len(got) != 0 {
		t.Errorf("offline: %q", got)
	}
}
