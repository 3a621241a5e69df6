package fit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"
)

// kvCase is a real report of an engine with its configuration.
type kvCase struct {
	Address, Engine, Model string
	Release, GPU           *string
	Args                   map[string]any
	Reported               map[string]any
	Shape                  map[string]any
	Note                   *string
	// Config is the model's config.json where no card has it, HeldOut reports whether no formula and
	// no constant was chosen by the case.
	Config  map[string]any
	HeldOut bool `json:"held_out"`
}

func (c kvCase) text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func (c kvCase) number(key string) (float64, bool) {
	n, ok := c.Reported[key].(float64)
	return n, ok
}

// model is the case's: an embedded card's, else what its shape says.
func (c kvCase) model(t *testing.T) *Model {
	if c.Config != nil {
		data, err := json.Marshal(c.Config)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ReadConfig(c.Model, data)
		if err != nil {
			t.Fatal(err)
		}
		m.Name = c.Model
		return m
	}
	if m, err := FindModel(context.Background(), c.Model, ""); err == nil {
		return m
	}
	s := c.Shape
	if s == nil || s["kind"] != "gqa" {
		return nil
	}
	heads := s["kv_heads"].(float64)
	data, err := json.Marshal(map[string]any{
		"num_hidden_layers": s["layers"], "num_key_value_heads": heads, "num_attention_heads": heads * 4, "head_dim": s["head_dim"],
		"hidden_size": heads * 4 * s["head_dim"].(float64), "dtype": "bfloat16",
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadConfig(c.Model, data)
	if err != nil {
		t.Fatal(err)
	}
	m.Name = c.Model
	return m
}

// request is the case as it would be asked for.
func (c kvCase) request(m *Model) Request {
	q := Request{Model: m, Engine: c.Engine, Args: Args{}, Env: map[string]string{}}
	for key, v := range c.Args {
		if key == "env" {
			for name, value := range v.(map[string]any) {
				q.Env[name] = fmt.Sprint(value)
			}
			continue
		}
		q.Args[key] = v
	}
	for _, word := range strings.FieldsFunc(c.text(c.Release), func(r rune) bool { return r == ' ' || r == '/' }) {
		if strings.HasPrefix(word, "0.") {
			q.Release = word
			break
		}
	}
	if q.Release == "" {
		q.Release = releases[c.Address]
	}
	for key, v := range unposted[c.Address+" "+c.Model] {
		q.Args[key] = v
	}
	if b, ok := c.Shape["kv_bytes"].(float64); ok && b == 1 && q.Args["kv_cache_dtype"] == nil {
		q.Args["kv_cache_dtype"] = "fp8"
	}
	if b, ok := c.Shape["block"].(float64); ok && q.Args["block_size"] == nil && c.Engine == "vllm" {
		q.Args["block_size"] = b
	}
	if refused, ok := c.Reported["refused"].(float64); ok && q.Args["max_model_len"] == nil {
		q.Args["max_model_len"] = refused
	}
	name := c.text(c.GPU)
	if told := restated[c.Address].gpu; told != "" {
		name = told
	}
	if g, err := FindGPU(name); err == nil {
		q.GPU = &g
	} else if g, err := FindGPU(strings.Split(c.text(c.GPU), ",")[0]); err == nil {
		q.GPU = &g
	}
	return q
}

// TestCases holds the computation to what engines reported: tokens within 0.5 % where the KV memory
// is told, what a request needs within 0.5 %, and a refusal wherever the engine refused.
// Known are the cases that cannot come out, with the reason.
func TestCases(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sharedata.Fit(t), "kv_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Cases []kvCase }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	table := []string{""}
	var nothing fromNothing
	for i, c := range all.Cases {
		t.Run(fmt.Sprintf("%d %s", i, c.Model), func(t *testing.T) {
			table = append(table, fmt.Sprintf("%2d %-6s %-40.40s %s", i, c.Engine, c.Model, c.check(t, &nothing)))
		})
	}
	t.Log(strings.Join(table, "\n"))
	t.Logf("KV memory from nothing: %d of %d within 0.5 GiB", nothing.within, nothing.of)
	if nothing.within < 12 && nothing.of > 0 {
		t.Errorf("KV memory from nothing: %d of %d within 0.5 GiB, want at least 12", nothing.within, nothing.of)
	}
}

// outside are the cases that cannot come out, by address and model, with the reason.
var outside = map[string]string{
	"vllm-project/vllm/issues/21348 Qwen/Qwen3-235B-A22B-FP8":                 "the memory printed is the first rank's, the tokens are the smallest's",
	"vllm-project/vllm/issues/13061 deepseek-ai/DeepSeek-R1-Distill-Qwen-14B": "the memory printed is one worker's, the tokens are the other's",
	"noonghunna/club-3090/issues/1084 Qwen3.8-27B AutoRound int4":             "posted without its speculative_config",
}

var mtp3 = map[string]any{"method": "mtp", "num_speculative_tokens": 3.0}

// unposted are arguments that a case leaves out and that its own figures show: the concurrency of the
// hybrids is that of states at block boundaries, and of a draft of three tokens; what M3 needs has one
// more layer than the model.
var unposted = map[string]Args{
	"noonghunna/club-3090/issues/612 Qwen3.6-35B-A3B NVFP4":       {"enable_prefix_caching": true},
	"noonghunna/club-3090/issues/652 Qwen3.6-35B-A3B NVFP4":       {"enable_prefix_caching": true},
	"noonghunna/club-3090/issues/642 Qwen3.6-27B AutoRound int4":  {"enable_prefix_caching": true, "speculative_config": mtp3},
	"SemiAnalysisAI/InferenceX/pull/2511 nvidia/MiniMax-M3-NVFP4": {"speculative_config": map[string]any{"method": "mtp", "num_speculative_tokens": 1.0}},
}

// releases are those that a case's address tells elsewhere on its page.
var releases = map[string]string{
	"llm-d-incubation/llm-d-planner/blob/main/docs/empirical-vllm-memory-results.md": "0.11.0",

	// The newest on its date.
	"vllm-project/vllm/issues/21348": "0.9.2",
}

// restated are further figures of a case's own page: the GPU's memory, which two reports of different
// utilization tell, and the KV memory that the engine computed before the page's patch took from it.
var restated = map[string]struct {
	gpu string
	kv  float64
}{
	"vllm-project/recipes/pull/12":  {gpu: "H20 (139.8 GiB)"}, // 0.90 leaves 48.66 GiB, 0.95 leaves 55.65
	"sgl-project/sglang/pull/18263": {kv: 204.63},
}

// fromNothing is how far KV memory that is computed is off, over the cases whose GPU is known.
type fromNothing struct{ within, of int }

func (f *fromNothing) add(want, got float64) {
	if f.of++; math.Abs(got-want) <= 0.5 {
		f.within++
	}
}

// check computes a case and holds it to what was reported; it returns the case's row of the table.
func (c kvCase) check(t *testing.T, nothing *fromNothing) string {
	m := c.model(t)
	if m == nil {
		return "no shapes"
	}
	reason := outside[c.Address+" "+c.Model]
	q := c.request(m)
	var row []string
	hold := func(what string, want, got, tolerance float64) {
		row = append(row, fmt.Sprintf("%s %.7g/%.7g", what, want, got))
		if math.Abs(got-want) > tolerance && reason == "" {
			t.Errorf("%s is %v, reported %v", what, got, want)
		}
	}
	refusal := func(r *Report) {
		if c.Reported["refused"] == nil {
			return
		}
		row = append(row, fmt.Sprintf("refused %v", r.refused() != nil))
		if r.refused() == nil && reason == "" {
			t.Errorf("the engine refused this, and no reason was found")
		}
	}
	kv, told := c.number("kv_gib")
	if k, ok := c.number("k_gib"); ok {
		v, _ := c.number("v_gib")
		kv, told = k+v, true
	}
	if told && kv > 0 {
		q := q
		q.KVGiB = &kv
		r := Compute(q)
		if want, ok := c.number("kv_tokens"); ok && r.Tokens != nil {
			hold("tokens", want, float64(*r.Tokens), want*0.005)
		}
		if pair, ok := c.Reported["concurrency"].([]any); ok && r.Concurrency != nil && pair[1] != nil {
			want := pair[1].(float64)
			hold("concurrency", want, *r.Concurrency, want*0.005+0.005)
		}
		if need, ok := c.Reported["needed_gib"].([]any); ok && r.Needed != nil {
			want := need[1].(float64)
			hold("needed", want, *r.Needed, want*0.005)
		}
		if want, ok := c.number("max_len"); ok && r.MaxLen != nil {
			hold("length", want, float64(*r.MaxLen), want*0.005)
		}
		refusal(r)
	}
	r := Compute(q)
	for name, got := range map[string]*float64{"weights_gib": r.Weights, "activation_gib": r.Activation, "kv_gib": r.KV} {
		if want, ok := c.number(name); ok && got != nil {
			row = append(row, fmt.Sprintf("%s %.2f/%.2f", name, want, *got))
		}
	}
	if told && r.KV != nil && q.GPU != nil {
		if other := restated[c.Address].kv; other > 0 {
			kv = other
		}
		nothing.add(kv, *r.KV)
		row = append(row, fmt.Sprintf("from nothing %.2f/%.2f ± %.2f", kv, *r.KV, r.Margin))
	}
	if r.KV != nil && !told {
		refusal(r)
	}
	if reason != "" {
		row = append(row, "("+reason+")")
	}
	slices.Sort(row)
	return strings.Join(row, ", ")
}
