package run

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client/mock"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

const (
	truthSamples = 24
	truthTokens  = 8 // asked for of each request
	truthPerCall = 3 // tokens in an event, so that events are not tokens
)

// mocked is a manifest whose requests go to mock servers: each sample has
// another number of tokens, so that what a server saw tells which one it was.
func mocked(t *testing.T, scenario loadgen.Scenario, change func(*loadgen.Settings, *manifest.Manifest)) *manifest.Manifest {
	t.Helper()
	data := ""
	for i := range truthSamples {
		data += `{"tok_input":[7` + strings.Repeat(",8", i) + "]}\n"
	}
	path := filepath.Join(t.TempDir(), "data.jsonl")
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	s := loadgen.DefaultSettings()
	s.Scenario, s.Mode, s.MinDuration, s.MinQueryCount = scenario, loadgen.PerformanceOnly, 0, 48
	s.ServerTargetQPS, s.UseTokenLatencies, s.TTFTLatency, s.TPOTLatency = 100, true, 20*time.Second, 20*time.Second
	s.ServerTargetLatencyPercentile, s.SingleStreamTargetLatencyPercentile = 0.5, 0.5 // which few queries prove
	m := &manifest.Manifest{
		BenchmarkName: "made-up", Scenario: scenario.String(), TestMode: "performance", Machine: "alpha", Backend: "vllm",
		Engine: manifest.Engine{Name: "vllm", Version: "0.10.2"}, Schema: "sha256:00",
		EngineConfig:   map[string]any{"max_num_seqs": int64(5)},
		HarnessConfig:  map[string]any{"dataset_path": path, "schedule_algo": "round_robin"},
		SamplingConfig: map[string]any{"max_tokens": int64(truthTokens)},
		SamplingTypes:  map[string]string{"max_tokens": "int >=1"},
		Data:           manifest.Data{Samples: truthSamples, Columns: []string{"tokens"}},
		Roles: []manifest.Role{{
			Name: "serve", Program: []string{"vllm", "serve"}, Arguments: []manifest.Argument{{Key: "max_num_seqs", Words: []string{"--max-num-seqs", "5"}}},
			Replicas: 2, Devices: 1, TokenIDs: true,
		}},
	}
	if change != nil {
		change(&s, m)
	}
	m.Loadgen = loadgen.Section{
		Settings: s, Round: "v5.1", Frozen: true, Library: loadgen.Library{TotalSampleCount: truthSamples, PerformanceSampleCount: orElse(s.PerformanceSampleCountOverride, truthSamples)},
	}.Map()
	var err error
	if m.Roles[0].Spelled, err = m.EngineDigest(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.YAML(); err != nil {
		t.Fatal(err)
	}
	return m
}

// told is what a run says of itself, in each of its forms.
type told struct {
	plan    *Plan
	dir     string
	summary *report.Summary
	records []record.Record
	since   time.Time
	logs    string // LoadGen's summary and detail
}

// runOn runs a manifest on mock servers, one a replica.
func runOn(t *testing.T, m *manifest.Manifest, servers []*mock.Server, o Options) told {
	t.Helper()
	for _, s := range servers {
		o.Engine.External = append(o.Engine.External, s.URL())
	}
	p, err := NewPlan(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	got := told{plan: p, dir: filepath.Join(t.TempDir(), "run")}
	if got.summary, err = Run(t.Context(), p, Output{Dir: got.dir, Program: loadgen.Program{Name: "mlrun", Version: "test"}}); err != nil {
		t.Fatal(err)
	}
	loaded, err := report.Load(got.dir)
	if err != nil {
		t.Fatal(err)
	}
	got.records, got.since = loaded.Records.Rows(), *loaded.State.MeasuringSince
	for _, name := range []string{loadgen.SummaryName, loadgen.DetailName} {
		text, err := os.ReadFile(filepath.Join(got.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got.logs += string(text)
	}
	// Nothing that the run wrote speaks against itself.
	if found, err := report.Verify(got.dir, m); err != nil || len(found) > 0 {
		t.Errorf("verify: %v, %q", err, found)
	}
	return got
}

func start(t *testing.T, configs ...mock.Config) []*mock.Server {
	t.Helper()
	var out []*mock.Server
	for _, c := range configs {
		s, err := mock.Start("127.0.0.1:0", c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		out = append(out, s)
	}
	return out
}

// truth is what a server saw, by the number of tokens in the prompt, which is
// the sample's number and one.
func truth(servers []*mock.Server) []map[int][]mock.Visit {
	out := make([]map[int][]mock.Visit, len(servers))
	for i, s := range servers {
		out[i] = map[int][]mock.Visit{}
		for _, v := range s.Truth() {
			out[i][v.Prompt] = append(out[i][v.Prompt], v)
		}
	}
	return out
}

// causes are what faults of a server are called in the records.
var causes = map[mock.Fault]string{
	mock.Refused: `status: HTTP status 503: `, mock.Aborted: `engine: the engine gave the request up: its finish reason is "abort"`,
	mock.TooLong: "long: 9 output tokens came, 8 were asked for at most", mock.NoEnd: "unended: the answer has no finish reason", mock.Cut: "broken: the connection closed within the response",
}

// What servers saw is what a run says: in records, Parquet, summary and LoadGen's logs.
func TestTruth(t *testing.T) {
	faulty := func(every int) func(int) mock.Fault {
		faults := slices.Sorted(maps.Keys(causes))
		return func(n int) mock.Fault {
			if n%every == every-1 {
				return faults[n/every%len(faults)]
			}
			return mock.NoFault
		}
	}
	for _, c := range []struct {
		name     string
		scenario loadgen.Scenario
		fault    func(int) mock.Fault
		stream   bool
	}{
		{"server", loadgen.Server, nil, true},
		{"server with faults", loadgen.Server, faulty(4), true},
		{"offline", loadgen.Offline, nil, false},
		{"offline with faults", loadgen.Offline, faulty(4), false},
		{"single stream", loadgen.SingleStream, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := mock.Config{FirstToken: 20 * time.Millisecond, PerToken: 40 * time.Millisecond, PerEvent: truthPerCall, Fault: c.fault}
			servers := start(t, config, config)
			got := runOn(t, mocked(t, c.scenario, nil), servers, Options{Limits: Limits{LateLimit: time.Hour}})
			seen := truth(servers)
			failed := compare(t, &got, seen, c.stream)
			checkSummary(t, &got, seen, failed)
			checkLogs(t, &got, failed)
		})
	}
}

// compare holds each record against what its server saw, and counts failures.
func compare(t *testing.T, got *told, seen []map[int][]mock.Visit, stream bool) (failed int) {
	t.Helper()
	visits, early := 0, 0
	for _, s := range seen {
		for _, list := range s {
			visits += len(list)
		}
	}
	if len(got.records) != visits {
		t.Fatalf("%d records of %d requests", len(got.records), visits)
	}
	// Requests of one sample on one replica are told apart by their order.
	rows := slices.Clone(got.records)
	slices.SortFunc(rows, func(a, b record.Record) int { return int(a.Sent - b.Sent) })
	for _, r := range rows {
		list := seen[r.Replica][int(r.Sample)+1]
		if len(list) == 0 {
			t.Fatalf("no request of sample %d came to replica %d: %+v", r.Sample, r.Replica, r)
		}
		v := list[0]
		seen[r.Replica][int(r.Sample)+1] = append(list[1:], v) // to the end: summary and logs look again
		if v.Fault != mock.NoFault {
			failed++
			if r.Status != record.Failed || !strings.HasPrefix(r.Error, causes[v.Fault]) {
				t.Errorf("an answer that was %q: %+v", v.Fault, r)
			}
		} else if !r.OK() || r.Error != "" || r.Finish != "length" || r.OutputTokens != truthTokens {
			t.Errorf("a whole answer: %+v", r)
		}
		if r.InputTokens != int64(v.Prompt) || v.Fault != mock.Cut && r.OutputTokens != int64(v.Tokens) {
			t.Errorf("%d and %d tokens went over the wire: %+v", v.Prompt, v.Tokens, r)
		}
		at := func(d time.Duration) int64 { return got.since.Add(d).UnixNano() }
		// The two read the machine's clock at different times, and it may be set in between.
		const set = int64(5 * time.Millisecond)
		if r.Issued > r.Sent || at(r.Sent) > v.Arrival+set || r.Sent < r.Scheduled || at(r.Done) < v.Last-set {
			t.Errorf("the request came at %d and its last token went at %d: %+v, counted from %d", v.Arrival, v.Last, r, got.since.UnixNano())
		}
		if first := r.FirstToken != record.NotReached; first != (stream && v.Fault != mock.Refused) {
			t.Errorf("a first token's time is there: %t; %+v", first, r)
		} else if first && at(r.FirstToken) < v.First-set {
			t.Errorf("the first token came before it went, at %d: %+v", v.First, r)
		} else if first && v.Fault == mock.NoFault && r.Done-r.FirstToken > time.Duration(v.Last-v.First)/2 {
			early++
		}
	}
	// The last event went long after the first: that shows, unless this process
	// slept over both, which it does not do most of the time.
	if stream && early < (len(rows)-failed)/2 {
		t.Errorf("of %d answers, the first token's time stands apart from the last's in %d", len(rows)-failed, early)
	}
	n := 0
	if err := record.ReadParts(got.dir, func(r *record.Record) bool {
		at, there := slices.BinarySearchFunc(got.records, r.Seq, func(have record.Record, seq uint64) int { return int(have.Seq) - int(seq) })
		if !there || got.records[at] != *r {
			t.Errorf("Parquet has %+v", *r)
		}
		n++
		return true
	}); err != nil || n != len(got.records) {
		t.Errorf("Parquet has %d records: %v", n, err)
	}
	return failed
}

// checkSummary adds up what the servers saw.
func checkSummary(t *testing.T, got *told, seen []map[int][]mock.Visit, failed int) {
	t.Helper()
	s := got.summary
	var output, input int64
	for _, r := range got.records {
		output, input = output+r.OutputTokens, input+r.InputTokens
	}
	if s.Samples != uint64(len(got.records)) || s.Failed != uint64(failed) || s.Completed != s.Samples-uint64(failed) || s.OutputTokens != output || s.InputTokens != input {
		t.Errorf("%d failed, %d and %d tokens; the summary says %+v", failed, input, output, s)
	}
	if s.Valid != (failed == 0) || slices.Contains(s.Reasons, fmt.Sprintf("%d of %d requests failed", failed, s.Samples)) != (failed > 0) {
		t.Errorf("%d failed: valid %t, %q", failed, s.Valid, s.Reasons)
	}
	causes := 0
	for _, n := range s.Errors {
		causes += n
	}
	if causes != failed || failed > 0 && len(s.Errors) < 3 {
		t.Errorf("%d failed, by cause: %v", failed, s.Errors)
	}
	for i, visits := range seen {
		var want report.Replica
		for _, list := range visits {
			for _, v := range list {
				want.Requests++
				if v.Fault != mock.NoFault {
					want.Failed++
				}
			}
		}
		if want.Requests == 0 && got.plan.Scenario == loadgen.SingleStream.String() {
			continue // one at a time, on the replica that asks first
		}
		if r := s.Replicas[min(i, len(s.Replicas)-1)]; r.Index != i || r.Requests != want.Requests || r.Failed != want.Failed {
			t.Errorf("replica %d saw %d requests, %d of which failed; the summary says %+v", i, want.Requests, want.Failed, r)
		}
	}
}

// checkLogs compares LoadGen's logs with the records.
func checkLogs(t *testing.T, got *told, failed int) {
	t.Helper()
	result := "Result is : VALID"
	if failed > 0 {
		result = "Result is : INVALID"
	}
	incomplete := fmt.Sprintf("Encountered incomplete samples at the end of a series of queries. count: %d", failed)
	if !strings.Contains(got.logs, result) || strings.Contains(got.logs, incomplete) != (failed > 0) {
		t.Errorf("LoadGen's logs do not say %q, or do not count %d incomplete samples", result, failed)
	}
	// Why no more was issued: LoadGen says so, but where a server run had no more to issue.
	if ended := strings.Contains(got.logs, "Ending naturally"); ended == (got.plan.settings.Scenario == loadgen.Server) {
		t.Errorf("that the test ended by itself is logged: %t", ended)
	}
	if ended := got.plan.settings.Scenario != loadgen.Server; ended && !regexp.MustCompile(`"key": "generic_message", "value": "Ending naturally.*"is_error": false`).MatchString(got.logs) {
		t.Error("that the test ended by itself is an error")
	}
	// It begins with what is run, on what, and by which settings.
	for key, value := range map[string]string{"sut_name": `"vllm on alpha"`, "qsl_name": fmt.Sprintf("%q", got.plan.Data.Path), "requested_test_mode": `"PerformanceOnly"`} {
		if !strings.Contains(got.logs, fmt.Sprintf(`"key": %q, "value": %s`, key, value)) {
			t.Errorf("LoadGen's logs lack that %s is %s", key, value)
		}
	}
	// A power meter's interval is that of the requests, on the machine's clock.
	power := regexp.MustCompile(`"key": "power_(begin|end)", "value": "([^"]+)"`).FindAllStringSubmatch(got.logs, -1)
	const form = "01-02-2006 15:04:05.000"
	var last time.Duration
	for i := range got.records {
		last = max(last, got.records[i].Done)
	}
	began := got.since.UTC().Format(form)
	if len(power) != 2 || power[0][2] != began {
		t.Errorf("the power meter's interval is %q; requests were sent from %s on", power, began)
	} else if end, err := time.Parse(form, power[1][2]); err != nil || end.Before(got.since.Add(last).Truncate(time.Millisecond)) {
		t.Errorf("the power meter's interval ends at %v, %v; the last answer came after %v", end, err, last)
	}
	// Lines have the time since the log was opened.
	times := regexp.MustCompile(`"time_ms": ([0-9.]+)`).FindAllStringSubmatch(got.logs, -1)
	if len(times) == 0 || times[len(times)-1][1] == "0.000000" {
		t.Errorf("LoadGen's lines have no times: %q", times)
	}
	var shortest, longest time.Duration
	for i := range got.records {
		if d, ok := got.records[i].Latency(); ok {
			longest = max(longest, d)
			if shortest == 0 || d < shortest {
				shortest = d
			}
		}
	}
	for name, want := range map[string]time.Duration{"Min latency (ns)": shortest, "Max latency (ns)": longest} {
		m := regexp.MustCompile(regexp.QuoteMeta(name) + ` *: (\d+)`).FindStringSubmatch(got.logs)
		if m == nil || m[1] != strconv.FormatInt(int64(want), 10) {
			t.Errorf("%s is %d; LoadGen's summary says %q", name, want, m)
		}
	}
}

// A test that a limit ends early says so as LoadGen does, as an error, and is not VALID.
func TestEndsEarly(t *testing.T) {
	m := mocked(t, loadgen.Server, func(s *loadgen.Settings, _ *manifest.Manifest) { s.MaxQueryCount = 20 })
	got := runOn(t, m, start(t, mock.Config{}), Options{Limits: Limits{LateLimit: time.Hour}})
	if len(got.records) != 20 || got.summary.Valid || !regexp.MustCompile(`"key": "error_runtime", "value": "IssueQueryThread 0 Ending early: Max query count reached. query_count 20".*"is_error": true`).MatchString(got.logs) {
		t.Errorf("%d records, valid %t\n%s", len(got.records), got.summary.Valid, got.logs)
	}
}

// Offline, each replica has as many requests in flight as the plan says, which is
// what the engine works on at a time.
func TestOfflineConcurrency(t *testing.T) {
	config := mock.Config{FirstToken: 30 * time.Millisecond}
	for _, c := range []struct {
		name string
		o    Options
		want int
	}{
		{"what the engine batches", Options{}, 5},
		{"what is asked for", Options{Concurrency: 3}, 3},
	} {
		servers := start(t, config, config)
		got := runOn(t, mocked(t, loadgen.Offline, nil), servers, c.o)
		for i, s := range servers {
			if s.MostInFlight() != c.want {
				t.Errorf("%s: replica %d had %d requests in flight at most, want %d", c.name, i, s.MostInFlight(), c.want)
			}
		}
		if got.plan.Concurrency != c.want {
			t.Errorf("%s: the plan says %d", c.name, got.plan.Concurrency)
		}
	}
}

// A request that fails in the warm-up ends the run before the test.
func TestWarmUpFails(t *testing.T) {
	servers := start(t, mock.Config{Fault: func(n int) mock.Fault {
		if n == 3 {
			return mock.Aborted
		}
		return mock.NoFault
	}})
	m := mocked(t, loadgen.Server, func(_ *loadgen.Settings, m *manifest.Manifest) { m.HarnessConfig["enable_warmup"] = true })
	p, err := NewPlan(t.Context(), m, Options{Engine: engine.Options{External: []string{servers[0].URL()}}})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	_, err = Run(t.Context(), p, Output{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "warm-up request to replica 0 failed: engine: ") {
		t.Errorf("the run ends with %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, record.FileName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("requests were recorded: %v", err)
	}
	if n := len(servers[0].Truth()); n != warmUpRequests {
		t.Errorf("%d requests came, want the warm-up's %d", n, warmUpRequests)
	}
}

// As many prompts as the round's harness sends: ten, or what a server run of v6.1 asks for.
func TestWarmUpCount(t *testing.T) {
	for _, c := range []struct {
		round    string
		scenario loadgen.Scenario
		count    any
		want     int
	}{
		{"v6.1", loadgen.Server, int64(17), 17},
		{"v6.1", loadgen.Server, int64(0), 0},
		{"v6.1", loadgen.Server, nil, warmUpRequests},
		{"v6.1", loadgen.Offline, int64(17), warmUpRequests},
		{"v6.0", loadgen.Server, int64(17), warmUpRequests},
	} {
		servers := start(t, mock.Config{})
		m := mocked(t, c.scenario, func(s *loadgen.Settings, m *manifest.Manifest) {
			m.HarnessConfig["enable_warmup"], m.HarnessConfig["warm_up_sample_count_per_server"] = true, c.count
			m.Harness = c.round
		})
		p, err := NewPlan(t.Context(), m, Options{Engine: engine.Options{External: []string{servers[0].URL()}}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = Run(t.Context(), p, Output{Dir: filepath.Join(t.TempDir(), "run")})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(servers[0].Truth()) - int(p.Samples); n != c.want {
			t.Errorf("%s %v, count %v: %d warm-up requests, want %d", c.round, c.scenario, c.count, n, c.want)
		}
	}
}
