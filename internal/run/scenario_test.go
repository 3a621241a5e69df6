package run

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/client/balance"
	"mlcfg/internal/dataset"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// issuing is a scenario of so many queries over 8 samples; sample i has i+1 tokens.
func issuing(t *testing.T, kind loadgen.Scenario, mode loadgen.Mode, queries uint64, harness map[string]any) *scenario {
	t.Helper()
	s := loadgen.DefaultSettings()
	s.Scenario, s.Mode, s.MinDuration, s.MinQueryCount, s.ServerTargetQPS = kind, mode, 0, queries, 100
	e, err := s.Effective(loadgen.Library{TotalSampleCount: 8, PerformanceSampleCount: 8})
	if err != nil {
		t.Fatal(err)
	}
	phases, err := e.Phases(loadgen.Generator{})
	if err != nil {
		t.Fatal(err)
	}
	set := &dataset.Set{Samples: make([]dataset.Sample, 8)}
	for i := range set.Samples {
		set.Samples[i].Tokens = make([]int32, i+1)
	}
	p, err := newPrompts(set, 8)
	if err != nil {
		t.Fatal(err)
	}
	return &scenario{
		phase: phases[0], effective: &e, samples: p, manifest: &manifest.Manifest{HarnessConfig: harness}, replicas: 2,
		concurrency: 6, limits: Limits{RequestTimeout: time.Minute, StallTimeout: 2 * time.Minute, Grace: 3 * time.Minute, LateLimit: 4 * time.Second},
		abort: make(chan struct{}), started: func(time.Time) {}, progress: client.NewProgress(2),
	}
}

// The plan of each scenario: how fast requests leave, and where they go.
func TestScenarioPlan(t *testing.T) {
	for _, c := range []struct {
		scenario    loadgen.Scenario
		harness     map[string]any
		pace        client.Pace
		concurrency int
		balanced    bool
		fault       string
	}{
		{scenario: loadgen.Offline, pace: client.AtOnce, concurrency: 6},
		{scenario: loadgen.Server, pace: client.OnSchedule, balanced: true},
		{scenario: loadgen.Server, harness: map[string]any{"schedule_algo": "round_robin"}, pace: client.OnSchedule, balanced: true},
		{scenario: loadgen.SingleStream, pace: client.OnCompletion, concurrency: 1},
		{scenario: loadgen.Server, harness: map[string]any{"schedule_algo": "dice"}, fault: "dice"},
		{scenario: loadgen.Offline, harness: map[string]any{"sorting": map[string]any{"strategy": "dice"}}, fault: "dice"},
		{scenario: loadgen.Offline, harness: map[string]any{"sorting": map[string]any{"strategy": "buckets", "buckets": []any{"half"}}}, fault: "an entry that is no number: half"},
		{scenario: loadgen.Offline, harness: map[string]any{"sorting": map[string]any{"strategy": "buckets", "capacities": []any{1.0, "half"}}}, fault: "harness_config.sorting.capacities has an entry that is no number: half"},
		{scenario: loadgen.SingleStream, harness: map[string]any{"concurrency": int64(4)}, pace: client.OnCompletion, concurrency: 4},
		{scenario: loadgen.SingleStream, harness: map[string]any{"concurrency": int64(0)}, pace: client.OnCompletion, concurrency: 1},
		{scenario: loadgen.MultiStream, fault: "not executed"},
	} {
		s := issuing(t, c.scenario, loadgen.PerformanceOnly, 24, c.harness)
		p, source, err := s.plan()
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%v %v: %v, want %q", c.scenario, c.harness, err, c.fault)
			}
			continue
		}
		if err != nil || source == nil {
			t.Errorf("%v: %v", c.scenario, err)
			continue
		}
		if p.Pace != c.pace || p.Concurrency != c.concurrency || (p.Balancer != nil) != c.balanced {
			t.Errorf("%v: %+v", c.scenario, p)
		}
		if p.Timeout != s.limits.RequestTimeout || p.StallLimit != s.limits.StallTimeout || p.Grace != s.limits.Grace || p.LateLimit != s.limits.LateLimit || p.Abort != s.abort || p.Started == nil || p.Progress != s.progress {
			t.Errorf("%v: a limit or a channel is not passed on: %+v", c.scenario, p)
		}
	}
}

// Server requests are shared out as harness_config says, by the harness's own defaults
// where it is silent.
func TestBalancer(t *testing.T) {
	for name, c := range map[string]struct {
		harness map[string]any
		want    balance.Config
	}{
		"defaults": {nil, balance.Config{Algorithm: balance.ShortestQueue, PrefillWeight: 4}},
		"all": {
			map[string]any{"schedule_algo": "shortest_queue_with_tokens", "load_balance_token_weight": 0.5, "load_balance_window_size": int64(3), "prefill_backlog_weight": 2.5},
			balance.Config{Algorithm: balance.ShortestQueueWithTokens, TokenWeight: 0.5, Window: 3, PrefillWeight: 2.5},
		},
	} {
		got, err := issuing(t, loadgen.Server, loadgen.PerformanceOnly, 24, c.harness).balancer()
		if err != nil {
			t.Fatal(err)
		}
		c.want.Replicas = 2
		if want, err := balance.New(c.want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v, %v", name, got, want, err)
		}
	}
}

// The official LoadGen's queries leave in the same ways; it does the waiting.
func TestOfficialPlan(t *testing.T) {
	for _, c := range []struct {
		scenario    loadgen.Scenario
		pace        client.Pace
		concurrency int
		balanced    bool
	}{
		{loadgen.Offline, client.AtOnce, 6, false},
		{loadgen.Server, client.OnSchedule, 0, true},
		{loadgen.SingleStream, client.OnSchedule, 0, true},
	} {
		s := issuing(t, c.scenario, loadgen.PerformanceOnly, 24, nil)
		abort := make(chan struct{})
		q := &officialQueries{scenario: s, offline: c.scenario == loadgen.Offline, abort: abort}
		p, err := q.plan(&runner{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Pace != c.pace || p.Concurrency != c.concurrency || (p.Balancer != nil) != c.balanced || p.FirstToken == nil || p.Completed == nil || p.Started == nil {
			t.Errorf("%v: %+v", c.scenario, p)
		}
		if p.Timeout != s.limits.RequestTimeout || p.StallLimit != s.limits.StallTimeout || p.Grace != s.limits.Grace || p.LateLimit != s.limits.LateLimit || p.Abort == nil {
			t.Errorf("%v: a limit or a channel is not passed on: %+v", c.scenario, p)
		}
	}
}

// drain takes all requests that a source has for the replicas, in turns.
func drain(source client.Source, replicas int, done func(sent int) int) (out []client.Request) {
	left := make([]bool, replicas)
	for ended := 0; ended < replicas; {
		ended = 0
		for r := range replicas {
			if !left[r] {
				var req client.Request
				req.Replica = -1
				if left[r] = !source.Next(client.Ask{Replica: r, Sent: len(out), Done: done(len(out))}, &req); !left[r] {
					out = append(out, req)
				}
			}
			if left[r] {
				ended++
			}
		}
	}
	return out
}

func all(sent int) int { return sent }

// Offline, every sample of the one query goes to one replica, once, with the
// prompt and the number that it has in the query; a replica gets what is its share.
func TestOfflineDeal(t *testing.T) {
	for _, c := range []struct {
		name    string
		harness map[string]any
		want    []int // samples of each replica
	}{
		{"as they come", nil, []int{12, 12}},
		{"by shares", map[string]any{"sorting": map[string]any{"strategy": "buckets", "buckets": []any{75.0, 25.0}}}, []int{18, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := issuing(t, loadgen.Offline, loadgen.PerformanceOnly, 24, c.harness)
			var order []int
			for q := range s.phase.Queries() {
				order = append(order, q.Samples...)
			}
			source, err := s.offline()
			if err != nil {
				t.Fatal(err)
			}
			requests := drain(source, 2, all)
			if len(requests) != len(order) {
				t.Fatalf("%d requests of %d samples", len(requests), len(order))
			}
			seen := map[uint64]bool{}
			got := make([][]int, 2)
			for _, r := range requests {
				at := r.ID - s.phase.FirstSample
				if seen[r.ID] || at >= uint64(len(order)) || order[at] != r.Sample || len(r.Tokens) != r.Sample+1 {
					t.Errorf("request %+v is not the sample that the query has there", r)
				}
				seen[r.ID] = true
				got[r.Replica] = append(got[r.Replica], r.Sample)
			}
			sorting, err := sortingOf(s.manifest)
			if err != nil {
				t.Fatal(err)
			}
			dealt, err := balance.Sort(sorting, 2, order, s.samples.Tokens)
			if err != nil {
				t.Fatal(err)
			}
			for r := range got {
				if want := dealt.Of(r); !slices.Equal(got[r], want) || c.want != nil && len(want) != c.want[r] {
					t.Errorf("replica %d gets %v, its share is %v", r, got[r], want)
				}
			}
		})
	}
}

// How samples are dealt out is harness_config's and the engine's word, and from v6.0 on of one
// benchmark the harness's own.
func TestSortingOf(t *testing.T) {
	for name, c := range map[string]struct {
		benchmark, round string
		sorting, engine  map[string]any
		want             balance.Sorting
	}{
		"nothing is said": {"made-up", "v6.1", nil, nil, balance.Sorting{}},
		"all": {
			"made-up", "v6.1",
			map[string]any{"strategy": "buckets", "buckets": []any{1.5, int64(2)}, "capacities": []any{int64(3)}},
			map[string]any{"max_num_batched_tokens": int64(8192)},
			balance.Sorting{Strategy: balance.Buckets, Buckets: []float64{1.5, 2}, Capacities: []float64{3}, MaxNumBatchedTokens: 8192},
		},
		"interleaved": {interleaved, "v6.0", nil, nil, balance.Sorting{Interleave: true}},
		"before v6.0": {interleaved, "v5.1", nil, nil, balance.Sorting{}},
	} {
		got, err := sortingOf(&manifest.Manifest{BenchmarkName: c.benchmark, Harness: c.round, HarnessConfig: map[string]any{"sorting": c.sorting}, EngineConfig: c.engine})
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

// In order, requests are the schedule's, and end where LoadGen ends them:
// accuracy mode never before all are issued.
func TestInOrder(t *testing.T) {
	s := issuing(t, loadgen.Server, loadgen.PerformanceOnly, 24, nil)
	requests := drain(s.inOrder(), 1, all)
	at := 0
	for q := range s.phase.Queries() {
		if at == len(requests) {
			break
		}
		if r := requests[at]; r.ID != q.FirstSample || r.Sample != q.Samples[0] || r.At != q.Scheduled || r.Replica != -1 || len(r.Tokens) != r.Sample+1 {
			t.Errorf("request %+v, want sample %d as number %d at %v", r, q.Samples[0], q.FirstSample, q.Scheduled)
		}
		at++
	}
	if at != len(requests) || at < 24 {
		t.Errorf("%d requests, %d are in the schedule", len(requests), at)
	}
	// A limit of queries in flight ends a performance run, not an accuracy run.
	for mode, want := range map[loadgen.Mode]int{loadgen.PerformanceOnly: 4, loadgen.AccuracyOnly: 8} {
		s := issuing(t, loadgen.Server, mode, 24, nil)
		s.effective.MaxAsyncQueries, s.effective.Requested.ServerMaxAsyncQueries = 3, 3
		if got := len(drain(s.inOrder(), 1, func(int) int { return 0 })); got != want {
			t.Errorf("%v with none complete: %d requests, want %d", mode, got, want)
		}
	}
}

// What an engine batches is how many requests each replica gets at a time.
func TestBatchSize(t *testing.T) {
	for _, c := range []struct {
		backend string
		engine  map[string]any
		want    int
	}{
		{"vllm", nil, 256},
		{"vllm", map[string]any{"max_num_seqs": int64(12)}, 12},
		{"vllm", map[string]any{"max_num_seqs": int64(1)}, 1},
		{"vllm", map[string]any{"max_num_seqs": int64(0)}, 256},
		{"vllm", map[string]any{"max_num_seqs": int64(1 << 20)}, 4096},
		{"vllm", map[string]any{"max_running_requests": int64(7)}, 256},
		{"sglang", map[string]any{"max_running_requests": int64(7)}, 7},
	} {
		b, ok := backend.Of(c.backend)
		if !ok {
			t.Fatal(c.backend)
		}
		p := &Plan{Engine: &engine.Plan{Facts: b}, Manifest: &manifest.Manifest{EngineConfig: c.engine}}
		if got := p.batchSize(); got != c.want {
			t.Errorf("%s %v: %d, want %d", c.backend, c.engine, got, c.want)
		}
	}
}
