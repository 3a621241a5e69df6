package run

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/client"
	"mlcfg/internal/dataset"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

func external(urls ...string) Options {
	return Options{Engine: engine.Options{External: urls}}
}

// What a plan makes of manifest and options; each limit has its default.
func TestNewPlan(t *testing.T) {
	made := func(change func(*loadgen.Settings, *manifest.Manifest), o Options) (*Plan, error) {
		o.Engine.External = []string{"http://127.0.0.1:1"}
		return NewPlan(t.Context(), mocked(t, loadgen.Server, change), o)
	}
	p, err := made(nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	type limits struct{ request, ready, grace, stall, late, power time.Duration }
	of := func(p *Plan) limits {
		return limits{p.RequestTimeout, p.ReadyTimeout, p.Grace, p.StallTimeout, p.LateLimit, p.PowerTimeout}
	}
	if want := (limits{30 * time.Minute, time.Hour, 5 * time.Minute, 10 * time.Minute, 10 * time.Millisecond, 5 * time.Minute}); of(p) != want {
		t.Errorf("%+v, want %+v", of(p), want)
	}
	if p.Queries < 48 || p.Samples != p.Queries || p.ScheduledSeconds <= 0 || p.Concurrency != 5 || p.Protocol != client.Completions || p.WarmUp || p.Data.Samples != truthSamples || p.Worker() {
		t.Errorf("%+v", p)
	}
	if diff := cmp.Diff(map[string]any{"max_tokens": int64(truthTokens)}, p.Parameters); diff != "" {
		t.Error(diff)
	}
	o := Options{Limits: Limits{RequestTimeout: 1, ReadyTimeout: 2, Grace: 3, StallTimeout: 4, LateLimit: 5, PowerTimeout: 6}, Concurrency: 9}
	if p, err = made(nil, o); err != nil || of(p) != (limits{1, 2, 3, 4, 5, 6}) || p.Concurrency != 9 {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = made(nil, Options{Limits: Limits{StallTimeout: -1}}); err != nil || p.StallTimeout != 0 {
		t.Errorf("never a stall: %v, %v", p.StallTimeout, err)
	}
	warm := func(_ *loadgen.Settings, m *manifest.Manifest) { m.HarnessConfig["enable_warmup"] = true }
	for without, want := range map[bool]bool{false: true, true: false} {
		if p, err = made(warm, Options{NoWarmUp: without}); err != nil || p.WarmUp != want {
			t.Errorf("warm-up %t, %v", p.WarmUp, err)
		}
	}
	p, err = made(func(_ *loadgen.Settings, m *manifest.Manifest) {
		m.SamplingConfig = map[string]any{"max_tokens": int64(8), "n": int64(1), "detokenize": false, "stop": nil}
		m.SamplingTypes = map[string]string{"max_tokens": "int", "n": "int", "detokenize": "bool", "stop": "text | null"}
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"max_tokens": int64(8)}, p.Parameters); diff != "" || !strings.Contains(strings.Join(p.Notes, "\n"), "sampling_config.detokenize is not sent") {
		t.Errorf("%s%q", diff, p.Notes)
	}
	for name, c := range map[string]struct {
		change func(*loadgen.Settings, *manifest.Manifest)
		want   string
	}{
		"two responses a sample": {func(_ *loadgen.Settings, m *manifest.Manifest) {
			m.SamplingConfig["n"], m.SamplingTypes["n"] = int64(2), "int"
		}, "sampling_config.n is 2"},
		"no data set": {func(_ *loadgen.Settings, m *manifest.Manifest) { m.HarnessConfig = nil }, "dataset_path is not set"},
		"multistream": {func(s *loadgen.Settings, m *manifest.Manifest) {
			s.Scenario, m.Scenario = loadgen.MultiStream, "multistream"
		}, "not executed"},
		"the name of another scenario": {func(_ *loadgen.Settings, m *manifest.Manifest) { m.Scenario = "offline" }, "the manifest's scenario is offline, LoadGen's in it is Server"},
		"the name of another mode":     {func(_ *loadgen.Settings, m *manifest.Manifest) { m.TestMode = "accuracy" }, "the manifest's test_mode is accuracy, LoadGen's in it is PerformanceOnly"},
		"another size":                 {func(_ *loadgen.Settings, m *manifest.Manifest) { m.Data.Samples-- }, "samples, LoadGen's in it has"},
		"no mode":                      {func(_ *loadgen.Settings, m *manifest.Manifest) { m.TestMode = "" }, "the manifest's test_mode"},
		"too many queries":             {func(s *loadgen.Settings, _ *manifest.Manifest) { s.MinQueryCount = 1<<32 - 1 }, "this program can issue"},
		"an empty data set":            {func(_ *loadgen.Settings, m *manifest.Manifest) { m.HarnessConfig["dataset_path"] = "" }, "dataset_path is not set"},
		"coalesced queries":            {func(s *loadgen.Settings, _ *manifest.Manifest) { s.ServerCoalesceQueries = true }, "server_coalesce_queries is not executed"},
		"nothing to issue": {func(s *loadgen.Settings, _ *manifest.Manifest) {
			s.PerformanceIssueSame, s.PerformanceIssueSameIndex = true, truthSamples
		}, "laying out the test: performance_issue_same_index is 24"},
		"too many samples": {func(s *loadgen.Settings, m *manifest.Manifest) {
			s.Scenario, m.Scenario, s.MinQueryCount = loadgen.Offline, "offline", 1<<32
		}, "samples; this program can issue"},
		"an unknown backend": {func(_ *loadgen.Settings, m *manifest.Manifest) { m.Backend = "abacus" }, "abacus"},
	} {
		if _, err := made(c.change, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// That a benchmark's model and data set are not compared is told, and an accuracy run issues
// its samples whatever the rate.
func TestPlanOfABenchmark(t *testing.T) {
	const note = "asked for: model and data set are not compared with those of llama2-70b"
	for _, c := range []struct {
		benchmark string
		without   bool
		noted     bool
	}{{"llama2-70b", true, true}, {"llama2-70b", false, false}, {"made-up", true, false}} {
		o := external("http://127.0.0.1:1")
		o.NoResourceCheck = c.without
		p, err := NewPlan(t.Context(), mocked(t, loadgen.Server, func(_ *loadgen.Settings, m *manifest.Manifest) { m.BenchmarkName = c.benchmark }), o)
		if err != nil || slices.Contains(p.Notes, note) != c.noted || len(p.JudgedBy) == 0 {
			t.Errorf("%s, %t: %+v, %v", c.benchmark, c.without, p, err)
		}
	}
	m := mocked(t, loadgen.Server, func(s *loadgen.Settings, m *manifest.Manifest) {
		s.Mode, m.TestMode, s.MinQueryCount = loadgen.AccuracyOnly, "accuracy", 1<<32-1
	})
	if p, err := NewPlan(t.Context(), m, external("http://127.0.0.1:1")); err != nil || p.Queries != truthSamples {
		t.Errorf("%+v, %v", p, err)
	}
}

// What a run will take, as far as that is known before it.
func TestExpected(t *testing.T) {
	for _, c := range []struct {
		plan Plan
		want string
	}{
		{Plan{ScheduledSeconds: 12.4, settings: loadgen.Settings{Scenario: loadgen.Server}}, "12s of issuing, and what the last responses take"},
		{Plan{Samples: 100, settings: loadgen.Settings{Scenario: loadgen.Offline, OfflineExpectedQPS: 4}}, "25s at the expected 4 samples/s"},
		{Plan{settings: loadgen.Settings{Scenario: loadgen.SingleStream, MinDuration: time.Minute}}, "at least 1m0s"},
	} {
		if got := c.plan.Expected(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// Texts are sent as they are, unless the prompts' tokens decide what is sent where.
func TestSendText(t *testing.T) {
	for _, c := range []struct {
		scenario loadgen.Scenario
		harness  map[string]any
		refused  string
	}{
		{loadgen.Offline, nil, ""},
		{loadgen.Offline, map[string]any{"sorting": map[string]any{"strategy": "ignore"}}, ""},
		{loadgen.Offline, map[string]any{"sorting": map[string]any{"strategy": "buckets"}}, ""},
		{loadgen.Offline, map[string]any{"sorting": map[string]any{"strategy": "ascending"}}, "harness_config.sorting.strategy ascending"},
		{loadgen.Server, map[string]any{"sorting": map[string]any{"strategy": "ascending"}}, ""},
		{loadgen.Server, map[string]any{"schedule_algo": "shortest_queue"}, ""},
		{loadgen.Server, map[string]any{"schedule_algo": "shortest_queue_with_tokens"}, "harness_config.schedule_algo shortest_queue_with_tokens"},
		{loadgen.SingleStream, map[string]any{"schedule_algo": "shortest_queue_with_tokens"}, ""},
	} {
		p := &Plan{Manifest: &manifest.Manifest{HarnessConfig: c.harness}, settings: loadgen.Settings{Scenario: c.scenario}, samples: &prompts{texts: 3}}
		err := p.sendText("no tokenizer")
		if (err != nil) != (c.refused != "") || err != nil && !strings.HasPrefix(err.Error(), c.refused) {
			t.Errorf("%v %v: %v, want %q", c.scenario, c.harness, err, c.refused)
		}
		if (len(p.Notes) == 1) != (err == nil) {
			t.Errorf("%q", p.Notes)
		}
	}
	// Chats have no texts of their own; their answers are told of alone.
	p := &Plan{Manifest: &manifest.Manifest{HarnessConfig: map[string]any{"sorting": map[string]any{"strategy": "ascending"}}}, settings: loadgen.Settings{Scenario: loadgen.Offline}, samples: &prompts{answers: 2}}
	if err := p.sendText("no tokenizer"); err != nil || !slices.Equal(p.Notes, []string{"the recorded answers of 2 samples do not bound their outputs, since their tokens cannot be counted: no tokenizer"}) {
		t.Errorf("%v, %q", err, p.Notes)
	}
}

// The recorded answer of a chat is not sent, and bounds the output.
func TestAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.json")
	const chats = `[{"conversations": [{"from": "human", "value": "hello"}, {"from": "gpt", "value": "hello hello"}]}, {"conversations": [{"from": "human", "value": "x"}]}]`
	if err := os.WriteFile(path, []byte(chats), 0o600); err != nil {
		t.Fatal(err)
	}
	for tokenizer, want := range map[string]struct {
		tokens int
		note   string
	}{"../tokenizer/testdata/llama2.json": {9, "1 samples ask for as many tokens as their recorded answers have"}, "": {0, "the recorded answers of 1 samples do not bound their outputs"}} {
		p := &Plan{Manifest: &manifest.Manifest{}, Data: Data{File: path, Samples: 2}}
		var err error
		if p.samples, err = p.Data.open(t.Context(), []string{"messages", "prompt", "max-tokens"}); err != nil {
			t.Fatal(err)
		}
		if err := p.tokenize(t.Context(), Options{Tokenizer: tokenizer}); err != nil {
			t.Fatal(err)
		}
		var r client.Request
		p.samples.Fill(0, &r)
		if string(r.Messages) != `[{"role":"user","content":"hello"}]` || r.MaxTokens != want.tokens {
			t.Errorf("%s, %d tokens, want %d", r.Messages, r.MaxTokens, want.tokens)
		}
		if len(p.Notes) != 1 || !strings.HasPrefix(p.Notes[0], want.note) {
			t.Errorf("notes %q, want %q", p.Notes, want.note)
		}
	}
}

// The power script gets the overlay's folder, as the reference harness hands it over.
func TestPowerModel(t *testing.T) {
	for _, c := range []struct{ overlay, machine, want string }{
		{"models/llama2-70b-99/offline_mi355x_mn.yaml", "mi355x_mn", "llama2-70b-99"},
		{"llama2-70b-99.9/offline_mi355x_mn.yml", "mi355x_mn", "llama2-70b-99.9"},
		{"offline_mi355x_mn.yaml", "mi355x_mn", "made-up"},
		{"../offline_mi355x_mn.yaml", "mi355x_mn", "made-up"},
		{"/offline_mi355x_mn.yaml", "mi355x_mn", "made-up"},
		{"models/llama2-70b-99/mine.yaml", "", "made-up"},
	} {
		m := &manifest.Manifest{
			BenchmarkName: "made-up", Variant: "offline", Machine: c.machine,
			Sources: []manifest.Source{{Path: "common/config.yaml"}, {Path: c.overlay}, {Path: "conf/user.conf"}},
		}
		if c.machine == "" {
			m.Variant = ""
		}
		if got := (&Plan{Manifest: m}).PowerModel(); got != c.want {
			t.Errorf("%s: %s, want %s", c.overlay, got, c.want)
		}
	}
}

// An answer ends where the model's length does, as it does in an engine that is called as a
// library; a server would refuse a request that asks for more.
func TestModelLength(t *testing.T) {
	set := &dataset.Set{Samples: []dataset.Sample{{Tokens: make([]int32, 10)}, {Tokens: make([]int32, 60)}, {Tokens: make([]int32, 60), MaxTokens: 4}, {Prompt: "text"}, {Tokens: make([]int32, 100)}}}
	p, err := newPrompts(set, 5)
	if err != nil {
		t.Fatal(err)
	}
	if over := p.bound(50, 100); over != 1 {
		t.Errorf("%d samples ask for more", over)
	}
	for i, want := range []int{0, 40, 4, 0, 0} {
		var r client.Request
		if p.Fill(i, &r); r.MaxTokens != want {
			t.Errorf("sample %d asks for %d tokens, want %d", i, r.MaxTokens, want)
		}
	}
	if p.bound(50, 0) != 0 {
		t.Error("there is no length to end at")
	}
}

// Warm-up prompts differ, and are of ids that every vocabulary has.
func TestWarmUpPrompts(t *testing.T) {
	p := &Plan{}
	seen := map[int32]bool{}
	for i := range warmUpRequests {
		var r client.Request
		p.fillWarmUp(&r, i)
		if len(r.Tokens) != warmUpLength || r.MaxTokens != warmUpTokens || seen[r.Tokens[0]] {
			t.Errorf("%+v", r)
		}
		seen[r.Tokens[0]] = true
		for _, id := range r.Tokens {
			if id < 100 || id >= 1000 {
				t.Errorf("id %d", id)
			}
		}
	}
	// They are the same in every build: caches of an engine and figures are compared over them.
	var fixed client.Request
	if p.fillWarmUp(&fixed, 20); fixed.Tokens[0] != 100+380 || fixed.Tokens[1] != 100+387 || fixed.Tokens[63] != 100+821 {
		t.Errorf("%v", fixed.Tokens)
	}
	made, err := newPrompts(synthetic(1), 1)
	if err != nil {
		t.Fatal(err)
	}
	var same client.Request
	if (&Plan{samples: made}).fillWarmUp(&same, 20); !slices.Equal(same.Tokens, fixed.Tokens) || same.Text != "" {
		t.Errorf("%+v", same)
	}
	text := &Plan{samples: issuingTexts(t)}
	var r client.Request
	if text.fillWarmUp(&r, 3); r.Tokens != nil || !strings.Contains(r.Text, "number 3") || r.MaxTokens != warmUpTokens {
		t.Errorf("%+v", r)
	}
}

func issuingTexts(t *testing.T) *prompts {
	t.Helper()
	p, err := newPrompts(&dataset.Set{Samples: []dataset.Sample{{Prompt: "a"}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
