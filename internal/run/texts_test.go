package run

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/dataset"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
)

func TestDiffering(t *testing.T) {
	set := &dataset.Set{Samples: []dataset.Sample{
		{Tokens: []int32{1, 2}},
		{Prompt: "a text", Tokens: []int32{1, 2, 3}},
		{Prompt: strings.Repeat("long ", 40), Tokens: []int32{1, 2, 3, 4}},
		{Prompt: "without ids"},
		{Prompt: "beyond", Tokens: []int32{1}},
	}}
	counts := countsOfTexts(&prompts{set: set, size: 4}, 10)
	if len(counts) != 2 || counts[0].row != 1 || counts[0].here != 3 || counts[1].here != 4 {
		t.Fatalf("%+v", counts)
	}
	if n := len(countsOfTexts(&prompts{set: set, size: 4}, 1)); n != 1 {
		t.Errorf("%d texts, want 1", n)
	}
	for _, c := range []struct {
		engine [2]int64
		want   string
	}{
		{[2]int64{3, 4}, "the engine counts as many tokens as t.json in each of 2 texts"},
		{[2]int64{0, -1}, "the engine does not tell how many tokens"},
		{[2]int64{3, 5}, `the engine counts other numbers of tokens than t.json in 1 of 2 texts; first in sample 2, 5 against 4 here: "long long`},
		{[2]int64{2, 5}, `in 2 of 2 texts; first in sample 1, 2 against 3 here: "a text"`},
	} {
		counts[0].engine, counts[1].engine = c.engine[0], c.engine[1]
		if got := differing(counts, "t.json"); !strings.Contains(got, c.want) {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	for length, want := range map[int]string{shownText: strings.Repeat("ü", shownText) + `"`, shownText + 1: strings.Repeat("ü", shownText) + `" ...`} {
		counts[0].text, counts[0].engine = strings.Repeat("ü", length), 99
		if got := differing(counts, "t.json"); !strings.HasSuffix(got, want) {
			t.Errorf("%s, want %s at the end", got, want)
		}
	}
}

// Texts whose token ids were made here are sent once more as texts when the test is over, and
// the engine's counts of their tokens compared; where nothing can be learnt nothing is sent.
func TestCompareCounts(t *testing.T) {
	var asked atomic.Int64
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Prompt    string `json:"prompt"`
			MaxTokens int    `json:"max_tokens"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.MaxTokens != 1 {
			t.Errorf("%+v, %v", q, err)
		}
		asked.Add(1)
		fmt.Fprintf(w, `{"model":"m","choices":[{"text":"x","finish_reason":"length"}],"usage":{"prompt_tokens":%d,"completion_tokens":1}}`, len(strings.Fields(q.Prompt)))
	}))
	defer h.Close()
	b, _ := backend.Of("vllm")
	for name, c := range map[string]struct {
		change func(*runner)
		asked  int64
		want   string
	}{
		"compared":     {func(*runner) {}, 3, "note: the engine counts other numbers of tokens than t.json in 1 of 3 texts; first in sample 2, 4 against 3 here: \"a text of four\""},
		"simulated":    {func(r *runner) { r.state.Simulated = true }, 0, ""},
		"a chat":       {func(r *runner) { r.plan.Protocol = client.Chat }, 0, ""},
		"no tokenizer": {func(r *runner) { r.plan.Data.Tokenizer = "" }, 0, ""},
		"no samples":   {func(r *runner) { r.plan.samples = nil }, 0, ""},
		"ids alone":    {func(r *runner) { r.plan.samples.set.Samples = r.plan.samples.set.Samples[:1] }, 0, ""},
		"given up":     {func(*runner) {}, 0, "note: the engine's counts of tokens could not be compared with those of t.json: "},
	} {
		set := &dataset.Set{Samples: []dataset.Sample{
			{Tokens: []int32{1}}, {Prompt: "a text", Tokens: []int32{1, 2}}, {Prompt: "a text of four", Tokens: []int32{1, 2, 3}}, {Prompt: "another", Tokens: []int32{1}},
		}}
		samples, err := newPrompts(set, 4)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		p := &Plan{Engine: &engine.Plan{Facts: b}, Protocol: client.Completions, settings: loadgen.Settings{Scenario: loadgen.Offline}, samples: samples, Data: Data{Tokenizer: "t.json"}}
		p.Limits = Limits{}.orDefaults()
		connection, err := p.client([]engine.Endpoint{{URL: h.URL, Model: "m"}}, samples)
		if err != nil {
			t.Fatal(err)
		}
		r := &runner{plan: p, log: &Log{W: &log}}
		c.change(r)
		ctx, cancel := context.WithCancel(t.Context())
		if name == "given up" {
			cancel()
		}
		asked.Store(0)
		r.compareCounts(ctx, connection, nil)
		cancel()
		if n := asked.Load(); n != c.asked || c.want == "" && log.Len() > 0 || !strings.Contains(log.String(), c.want) {
			t.Errorf("%s: asked %d times, want %d; %q, want %q", name, n, c.asked, log.String(), c.want)
		}
	}
}
