package run

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/client/mock"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/loadgen/official"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// withStandIn puts a module of LoadGen's name where Python finds it first.
func withStandIn(t *testing.T, broken string) (python string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("SKIPPED: python3 is not there")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mlperf_loadgen.py"), fmt.Appendf(nil, "BROKEN = %q\n%s", broken, standIn), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHONPATH", dir)
	if err := exec.Command(python, "-c", "import mlperf_loadgen").Run(); err != nil {
		t.Skipf("SKIPPED: python3 does not start: %v", err)
	}
	return python
}

// Who issues decides when and what; each answer goes back to it with its tokens, and
// the records say what became of each request.
func TestOfficial(t *testing.T) {
	for _, c := range []struct {
		name     string
		scenario loadgen.Scenario
		accuracy bool
		fault    bool
	}{
		{"server", loadgen.Server, false, false},
		{"offline", loadgen.Offline, false, false},
		{"with a fault", loadgen.Server, false, true},
		{"accuracy", loadgen.Offline, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			python := withStandIn(t, "")
			config := mock.Config{FirstToken: 2 * time.Millisecond, PerToken: time.Millisecond, PerEvent: truthPerCall}
			if c.fault {
				config.Fault = func(n int) mock.Fault { return map[bool]mock.Fault{true: mock.Aborted, false: mock.NoFault}[n == 5] }
			}
			servers := start(t, config, config)
			m := mocked(t, c.scenario, func(s *loadgen.Settings, m *manifest.Manifest) {
				if c.accuracy {
					s.Mode, m.TestMode = loadgen.AccuracyOnly, "accuracy"
				}
			})
			o := Options{LoadgenPython: python, Limits: Limits{LateLimit: time.Hour}}
			for _, s := range servers {
				o.Engine.External = append(o.Engine.External, s.URL())
			}
			p, err := NewPlan(t.Context(), m, o)
			if err != nil {
				t.Fatal(err)
			}
			if p.OfficialLoadGen == "" || p.LoadgenPython != python {
				t.Errorf("planned with %q of %q", p.OfficialLoadGen, p.LoadgenPython)
			}
			dir := filepath.Join(t.TempDir(), "run")
			var log strings.Builder
			sum, err := Run(t.Context(), p, Output{Dir: dir, Log: &Log{W: &log}, Program: loadgen.Program{Name: "mlrun", Version: "test"}})
			if err != nil {
				t.Fatal(err)
			}
			// What is done stands in the log as in any run.
			if line := fmt.Sprintf("%d of %d samples", sum.Samples, p.Samples); !strings.Contains(log.String(), line) {
				t.Errorf("the log lacks %q:\n%s", line, log.String())
			}
			if sum.Valid == c.fault || sum.OfficialLoadGen != p.OfficialLoadGen {
				t.Errorf("valid %t, %q, by %q", sum.Valid, sum.Reasons, sum.OfficialLoadGen)
			}
			loaded, err := report.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			visits := 0
			since, records := loaded.State.MeasuringSince, loaded.Records.Rows()
			for i, s := range servers {
				seen := s.Truth()
				visits += len(seen)
				for _, v := range seen {
					// Times are counted from when LoadGen began, on the machine's clock.
					if !slices.ContainsFunc(records, func(r record.Record) bool {
						const set = int64(5 * time.Millisecond)
						at := func(d time.Duration) int64 { return since.Add(d).UnixNano() }
						return since != nil && int(r.Replica) == i && int(r.Sample)+1 == v.Prompt && at(r.Sent) <= v.Arrival+set && at(r.Done) >= v.Last-set
					}) {
						t.Errorf("no record from %v on is of %+v", since, v)
					}
				}
			}
			want := 48
			if c.scenario == loadgen.Offline {
				want = truthSamples
			}
			if len(records) != want || visits != want {
				t.Fatalf("%d records of %d requests, want %d", len(records), visits, want)
			}
			text, err := os.ReadFile(filepath.Join(dir, loadgen.SummaryName))
			if err != nil {
				t.Fatal(err)
			}
			// The first query is counted from where LoadGen's schedule has it.
			phases, err := p.effective.Phases(loadgen.Generator{})
			if err != nil {
				t.Fatal(err)
			}
			if cursor := phases[0].Cursor(); !cursor.Next() || records[0].Scheduled != cursor.Query.Scheduled {
				t.Errorf("the first is scheduled at %v, by LoadGen at %v", records[0].Scheduled, cursor.Query.Scheduled)
			}
			failed := 0
			var last time.Duration
			for i, r := range records {
				if int(r.Sample) != 7*i%truthSamples || r.Seq != uint64(i) || c.scenario == loadgen.Server && r.Query != uint64(i) || c.scenario == loadgen.Offline && r.Query != 0 {
					t.Errorf("record %d is %+v", i, r)
				}
				told := fmt.Sprintf(" %d=%d ", 1000+i, r.OutputTokens)
				if c.accuracy {
					told = fmt.Sprintf(" %d=%d in %d bytes ", 1000+i, r.OutputTokens, 4*r.OutputTokens)
				}
				if !r.OK() {
					failed++
					told = fmt.Sprintf(" %d=0 ", 1000+i)
				}
				if line := strings.NewReplacer("by id:", " ", ",", " ").Replace(string(text)); !strings.Contains(line, told) {
					t.Errorf("LoadGen was not told%s: %s", told, text)
				}
				if r.Scheduled < last || r.Sent < r.Scheduled || r.Done <= r.Sent || r.Issued < 0 || r.Scheduled < 0 {
					t.Errorf("record %d: %+v after %v", i, r, last)
				}
				last = r.Scheduled
				if c.scenario == loadgen.Offline && (r.Scheduled != records[0].Scheduled || r.Issued != r.Scheduled) {
					t.Errorf("record %d of the one query: %+v", i, r)
				}
			}
			if (failed == len(servers)) != c.fault || !c.fault && failed > 0 { // one of each
				t.Errorf("%d failed", failed)
			}
			firsts := map[bool]string{true: fmt.Sprintf("first tokens: %d", want), false: "first tokens: 0"}[c.scenario == loadgen.Server]
			mode := map[bool]string{true: "mode AccuracyOnly", false: "mode PerformanceOnly"}[c.accuracy]
			if !c.fault && !strings.Contains(string(text), firsts) || !strings.Contains(string(text), mode) || strings.Contains(string(text), "SIMULATED") {
				t.Errorf("want %s and %s:\n%s", mode, firsts, text)
			}
			if _, err := os.Stat(filepath.Join(dir, record.LoadgenLog)); err != nil {
				t.Error(err)
			}
		})
	}
}

// What the official LoadGen cannot be driven with, or does wrong, is an error.
func TestOfficialRefused(t *testing.T) {
	python := withStandIn(t, "sample")
	servers := start(t, mock.Config{PerEvent: truthPerCall})
	plan := func(change func(*loadgen.Settings, *manifest.Manifest), python string) (*Plan, error) {
		o := external(servers[0].URL())
		o.LoadgenPython = python
		return NewPlan(t.Context(), mocked(t, loadgen.Server, change), o)
	}
	for want, change := range map[string]func(*loadgen.Settings, *manifest.Manifest){
		"this manifest asks for both in one run": func(s *loadgen.Settings, m *manifest.Manifest) {
			s.Mode, m.TestMode = loadgen.SubmissionRun, "submission"
		},
		"server_num_issue_query_threads is set": func(s *loadgen.Settings, _ *manifest.Manifest) { s.ServerNumIssueQueryThreads = 2 },
	} {
		if _, err := plan(change, python); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := plan(nil, filepath.Join(t.TempDir(), "none")); !errors.Is(err, official.ErrMissing) {
		t.Error(err)
	}
	p, err := plan(nil, python)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), p, Output{Dir: filepath.Join(t.TempDir(), "run"), Program: loadgen.Program{Name: "mlrun", Version: "test"}})
	if err == nil || !strings.Contains(err.Error(), "the official LoadGen issues sample 24 of a data set of 24") {
		t.Error(err)
	}
}

// What LoadGen is told of answers: their tokens where it logs them.
func TestOfficialBytes(t *testing.T) {
	q := &officialQueries{}
	if b := q.bytes([]int32{1}); b != nil {
		t.Errorf("% x", b)
	}
	q.data = true
	if b := q.bytes([]int32{1, 0x01020304}); fmt.Sprintf("%x", b) != "0100000004030201" {
		t.Errorf("% x", b)
	}
	r := client.Result{Record: record.Record{Scheduled: 10, Issued: 20, Sent: 30, FirstToken: record.NotReached, Done: 40}}
	shift(&r.Record, false, 5, 4)
	if want := (record.Record{Scheduled: 6, Issued: 16, Sent: 26, FirstToken: record.NotReached, Done: 36}); r.Record != want {
		t.Errorf("%+v, want %+v", r.Record, want)
	}
}

// An official LoadGen that fails, or asks for what is not planned, ends the run with its
// own words, and there is no valid result.
func TestOfficialFails(t *testing.T) {
	for name, c := range map[string]struct {
		broken   string
		scenario loadgen.Scenario
		change   func(*loadgen.Settings, *manifest.Manifest)
		want     string
	}{
		"two samples in a query": {"two", loadgen.Server, nil, "the official LoadGen issues a query of 2 samples"},
		"it ends":                {"ends", loadgen.Server, nil, "the official LoadGen ended before its test did: no more of this"},
		"a part of the data set": {"", loadgen.Offline, func(s *loadgen.Settings, m *manifest.Manifest) {
			s.Mode, m.TestMode, s.PerformanceSampleCountOverride = loadgen.AccuracyOnly, "accuracy", 5
		}, "offline, the official LoadGen is run with the whole data set loaded at once; here it would issue 5 queries"},
		"it ends, and a server hangs": {"ends", loadgen.Server, nil, "the official LoadGen ended before its test did: no more of this"},
		"a server hangs":              {"", loadgen.Server, nil, "hangs: nothing came from it for "},
		"no room for its log":         {"", loadgen.Server, nil, "making the log of the official LoadGen: "},
	} {
		t.Run(name, func(t *testing.T) {
			python := withStandIn(t, c.broken)
			dir := filepath.Join(t.TempDir(), "run")
			server := start(t, mock.Config{})[0]
			if strings.Contains(name, "hangs") {
				server = hanging(t)
			}
			o := external(server.URL())
			o.LoadgenPython, o.Limits.LateLimit, o.Limits.Grace = python, time.Hour, time.Millisecond
			if c.broken == "" {
				o.Limits.StallTimeout = 300 * time.Millisecond
			}
			if name == "no room for its log" {
				o.PowerScript = shell(t, "mkdir "+filepath.Join(dir, record.LoadgenLog))
			}
			p, err := NewPlan(t.Context(), mocked(t, c.scenario, c.change), o)
			if err != nil {
				if c.change == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %s", err, c.want)
				}
				return
			}
			sum, err := Run(t.Context(), p, Output{Dir: dir, Program: loadgen.Program{Name: "mlrun", Version: "test"}})
			if err == nil || !strings.Contains(err.Error(), c.want) || sum != nil && sum.Valid {
				t.Errorf("%v, want %s; %+v", err, c.want, sum)
			}
		})
	}
}

// A client that is late is noticed whoever issues, and a simulated engine is called so
// in LoadGen's own summary, whenever it is found out.
func TestOfficialVerdict(t *testing.T) {
	python := withStandIn(t, "")
	server := start(t, mock.Config{})[0]
	real := page{`{"data":[{"id":"m"}]}`, false}
	for name, c := range map[string]struct {
		models func(n int) page
		limit  time.Duration
		want   string
	}{
		"late":                     {func(int) page { return real }, time.Nanosecond, "the client did not keep up: "},
		"simulated from the start": {func(int) page { return page{real.body, true} }, time.Hour, "simulated"},
		"simulated after the run":  {func(n int) page { return page{real.body, n > 0} }, time.Hour, "simulated"},
	} {
		t.Run(name, func(t *testing.T) {
			o := external(front(t, server.URL(), c.models))
			o.LoadgenPython, o.Limits.LateLimit = python, c.limit
			p, err := NewPlan(t.Context(), mocked(t, loadgen.Server, nil), o)
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "run")
			sum, err := Run(t.Context(), p, Output{Dir: dir, Program: loadgen.Program{Name: "mlrun", Version: "test"}})
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(dir, loadgen.SummaryName))
			if err != nil {
				t.Fatal(err)
			}
			simulated := c.want == "simulated"
			if sum.Simulated != simulated || strings.Count(string(text), record.SimulatedMark) != map[bool]int{true: 1}[simulated] {
				t.Errorf("simulated %t; LoadGen's summary:\n%s", sum.Simulated, text)
			}
			if late := strings.Contains(strings.Join(sum.Reasons, "\n"), "one request in a hundred left"); late == simulated || late && sum.Valid {
				t.Errorf("valid %t: %q", sum.Valid, sum.Reasons)
			}
		})
	}
}
