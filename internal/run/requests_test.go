package run

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/dataset"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// What requests carry is the manifest's sampling_config by the names that the server
// takes; what is not sent, and what the server fills in by itself, is told.
func TestRequests(t *testing.T) {
	for name, c := range map[string]struct {
		sampling map[string]any
		engine   map[string]any
		want     map[string]any
		note     string
	}{
		"extra arguments": {map[string]any{"extra_args": map[string]any{"a": int64(1)}}, nil, map[string]any{"vllm_xargs": map[string]any{"a": int64(1)}}, ""},
		"what is filled in": {
			map[string]any{"temperature": 1.0, "stop": nil},
			map[string]any{"generation_config": "auto"},
			map[string]any{"temperature": 1.0},
			"engine_config.generation_config is auto: the server fills in",
		},
		"SGLang's own":     {map[string]any{"extra_args": map[string]any{}}, nil, map[string]any{"extra_args": map[string]any{}}, ""},
		"nothing is":       {nil, map[string]any{"generation_config": "vllm"}, map[string]any{}, ""},
		"what is not sent": {map[string]any{"detokenize": true}, nil, map[string]any{}, "sampling_config.detokenize is not sent: "},
	} {
		b, _ := backend.Of("vllm")
		if name == "SGLang's own" {
			b, _ = backend.Of("sglang")
		}
		types := map[string]string{"temperature": "number", "stop": "text | null", "detokenize": "bool", "extra_args": "map"}
		for key := range types {
			if _, set := c.sampling[key]; !set {
				delete(types, key)
			}
		}
		p := &Plan{
			Engine: &engine.Plan{Facts: b},
			Manifest: &manifest.Manifest{
				SamplingConfig: c.sampling, SamplingTypes: types, EngineConfig: c.engine, Engine: manifest.Engine{Version: "0.10.2"},
				Roles: []manifest.Role{{Arguments: []manifest.Argument{{Key: "generation_config"}}}},
			},
			settings: loadgen.Settings{Mode: loadgen.PerformanceOnly},
		}
		if err := p.planRequests(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p.noteAdded()
		if diff := cmp.Diff(c.want, p.Parameters); diff != "" || (c.note == "") != (len(p.Notes) == 0) || c.note != "" && !strings.HasPrefix(p.Notes[0], c.note) {
			t.Errorf("%s: %s%q", name, diff, p.Notes)
		}
	}
}

// Requests that cannot be made alike for all replicas, or cannot be judged, are none.
func TestClientRefuses(t *testing.T) {
	chat, err := newPrompts(&dataset.Set{Samples: []dataset.Sample{{Messages: []dataset.Message{{Role: "user", Content: "x"}}}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	one := []engine.Endpoint{{URL: "http://127.0.0.1:1", Model: "m"}}
	for want, c := range map[string]struct {
		backend   string
		protocol  client.Protocol
		mode      loadgen.Mode
		samples   *prompts
		endpoints []engine.Endpoint
	}{
		"":                              {"vllm", client.Completions, loadgen.AccuracyOnly, issuingTexts(t), append(one, one...)},
		"no engine is there":            {"vllm", client.Completions, loadgen.PerformanceOnly, issuingTexts(t), nil},
		`different models: "m" and "n"`: {"vllm", client.Completions, loadgen.PerformanceOnly, issuingTexts(t), append(one[:1:1], engine.Endpoint{URL: "http://127.0.0.1:2", Model: "n"})},
		"accuracy mode needs the ids of generated tokens, which a chat of TensorRT-LLM": {"trtllm", client.Chat, loadgen.AccuracyOnly, chat, one},
		"chat samples cannot be sent to /generate":                                      {"sglang", client.Generate, loadgen.PerformanceOnly, chat, one},
	} {
		b, _ := backend.Of(c.backend)
		p := &Plan{Engine: &engine.Plan{Facts: b}, Protocol: c.protocol, settings: loadgen.Settings{Mode: c.mode, Scenario: loadgen.Offline}}
		if _, err := p.client(c.endpoints, c.samples); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	b, _ := backend.Of("trtllm")
	for mode, samples := range map[loadgen.Mode]*prompts{loadgen.PerformanceOnly: chat, loadgen.AccuracyOnly: issuingTexts(t)} {
		p := &Plan{Engine: &engine.Plan{Facts: b}, Protocol: client.Completions, settings: loadgen.Settings{Mode: mode}}
		if _, err := p.client(one, samples); err != nil {
			t.Errorf("%v: %v", mode, err)
		}
	}
}

// Texts become token ids by the tokenizer that is asked for, else by the model's; without
// one they are sent as they are, unless their length decides what is sent where.
func TestTokenize(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join("..", "tokenizer", "testdata", "llama2.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"good/tokenizer.json": string(text), "bad/tokenizer.json": "{"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good, bad := filepath.Join(dir, "good"), filepath.Join(dir, "bad")
	for name, c := range map[string]struct {
		model, asked string
		sorting      string
		made         bool
		note, fault  string
	}{
		"the model's":        {model: good, made: true, note: "token ids of 1 samples made from their texts with " + good},
		"asked for":          {model: bad, asked: filepath.Join(good, "tokenizer.json"), made: true, note: "token ids of 1 samples"},
		"none":               {model: dir, note: "1 samples are sent as text, for the engine's own tokenizer: no tokenizer.json is in the model's folder here"},
		"the model's is bad": {model: bad, note: "1 samples are sent as text, for the engine's own tokenizer: "},
		"asked for is bad":   {model: good, asked: filepath.Join(bad, "tokenizer.json"), fault: "reading the tokenizer: "},
		"none, and sorted":   {model: dir, sorting: "ascending", fault: "harness_config.sorting.strategy ascending goes by the prompts' tokens"},
		"bad, and sorted":    {model: bad, sorting: "ascending", fault: "harness_config.sorting.strategy ascending goes by the prompts' tokens"},
	} {
		p := &Plan{
			Manifest: &manifest.Manifest{
				Backend: "vllm", Engine: manifest.Engine{Name: "vllm"}, EngineConfig: map[string]any{"model": c.model},
				HarnessConfig: map[string]any{"sorting": map[string]any{"strategy": c.sorting}},
			},
			settings: loadgen.Settings{Scenario: loadgen.Offline}, samples: issuingTexts(t),
		}
		err := p.tokenize(t.Context(), Options{Tokenizer: c.asked})
		if (err == nil) != (c.fault == "") || err != nil && !strings.HasPrefix(err.Error(), c.fault) {
			t.Errorf("%s: %v, want %s", name, err, c.fault)
			continue
		}
		if made := len(p.samples.Tokens(0)) > 0; made != c.made || (p.Data.Tokenizer != "") != c.made || c.note != "" && (len(p.Notes) != 1 || !strings.HasPrefix(p.Notes[0], c.note)) {
			t.Errorf("%s: made %t, %q, %q", name, made, p.Data.Tokenizer, p.Notes)
		}
	}
	p := &Plan{Manifest: &manifest.Manifest{}, samples: &prompts{}}
	if err := p.tokenize(t.Context(), Options{Tokenizer: "/none"}); err != nil || len(p.Notes) > 0 {
		t.Errorf("samples without text: %v, %q", err, p.Notes)
	}
}

// A data set that is not there is made up for a simulated engine alone, and that is told.
func TestMadeUpData(t *testing.T) {
	missing := func(_ *loadgen.Settings, m *manifest.Manifest) { m.HarnessConfig["dataset_path"] = "/none/data.jsonl" }
	p, err := NewPlan(t.Context(), mocked(t, loadgen.Offline, missing), Options{Engine: engine.Options{Simulate: true, Self: "mlrun"}})
	if err != nil {
		t.Fatal(err)
	}
	const note = "the data set /none/data.jsonl is not there: 24 synthetic samples take its place"
	if !p.Data.Synthetic || !slices.Contains(p.Notes, note) || p.samples.Len() != truthSamples || p.engineName() != "the simulated engine instead of vllm 0.10.2" {
		t.Errorf("%+v, %q", p.Data, p.Notes)
	}
	p, err = NewPlan(t.Context(), mocked(t, loadgen.Offline, missing), external("http://127.0.0.1:1"))
	if err != nil || p.Data.Synthetic || p.samples != nil {
		t.Fatalf("%+v, %v", p, err)
	}
	if found := p.Check(t.Context()); len(found) != 1 || !found[0].Fatal || !strings.HasPrefix(found[0].Text, "the data set is not there: ") {
		t.Errorf("%+v", found)
	}
}

// What the engine lacks here is found before the run as all else is.
func TestCheckOfTheEngine(t *testing.T) {
	p, err := NewPlan(t.Context(), mocked(t, loadgen.Offline, func(_ *loadgen.Settings, m *manifest.Manifest) { m.Roles[0].Model = "/none/model" }), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if found := p.Check(t.Context()); len(found) != 1 || !found[0].Fatal || found[0].Invalid || !strings.Contains(found[0].Text, "no model at /none/model") {
		t.Errorf("%+v", found)
	}
	p.Force = true
	if found := p.Check(t.Context()); len(found) != 1 || found[0].Fatal || !found[0].Invalid {
		t.Errorf("forced: %+v", found)
	}
}
