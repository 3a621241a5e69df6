package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/dataset"
	"mlcfg/internal/manifest"
)

// Each sample is sent in the form that it has; fewer than are asked for come round again.
func TestPromptForms(t *testing.T) {
	set := &dataset.Set{Samples: []dataset.Sample{
		{Tokens: []int32{1, 2}, Prompt: "both", MaxTokens: 5}, {Prompt: "text"}, {Messages: []dataset.Message{{Role: "user", Content: "hello"}}},
	}}
	p, err := newPrompts(set, 7)
	if err != nil {
		t.Fatal(err)
	}
	if p.Len() != 7 || p.texts != 1 || !p.chat() {
		t.Errorf("%d samples, %d texts, chat %t", p.Len(), p.texts, p.chat())
	}
	for i := range 7 {
		var r client.Request
		p.Fill(i, &r)
		tokens, text, chat := len(r.Tokens) == 2, r.Text == "text", strings.Contains(string(r.Messages), "hello")
		if tokens != (i%3 == 0) || text != (i%3 == 1) || chat != (i%3 == 2) || (r.MaxTokens == 5) != (i%3 == 0) || len(p.Tokens(i)) != len(r.Tokens) {
			t.Errorf("sample %d: %+v", i, r)
		}
	}
	if p, err := newPrompts(&dataset.Set{Samples: set.Samples[:2]}, 2); err != nil || p.chat() {
		t.Errorf("texts are a chat: %v", err)
	}
	for want, samples := range map[string][]dataset.Sample{"the data set has no samples": nil, "sample 1 of the data set has no prompt": {{Prompt: "x"}, {}}} {
		if _, err := newPrompts(&dataset.Set{Samples: samples}, 1); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	d := Data{Path: "/data/x", Samples: 3}
	if d.name() != "/data/x" {
		t.Error(d.name())
	}
	here := t.TempDir()
	d.locate(func(p string) string { return filepath.Join(here, p) }, false)
	if d.missing == nil || d.Synthetic || d.File != filepath.Join(here, "data/x") {
		t.Errorf("%+v", d)
	}
	d.locate(nil, true)
	if d.missing != nil || !d.Synthetic || d.File != "" || d.name() != "synthetic data instead of /data/x" {
		t.Errorf("%+v", d)
	}
	made, err := d.open(t.Context(), nil)
	if err != nil || made.Len() != 3 || len(made.Tokens(0)) < 8 {
		t.Errorf("%+v, %v", made, err)
	}
}

// The tokenizer is in the model's folder, or in the one that the engine is told.
func TestTokenizerOf(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"model", "other"} {
		path := filepath.Join(dir, name, "tokenizer.json")
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	here := func(path string) string { return strings.Replace(path, "/container", dir, 1) }
	for _, c := range []struct {
		backend   string
		engine    map[string]any
		translate func(string) string
		want      string
	}{
		{"vllm", map[string]any{"model": "/container/model"}, here, "model"},
		{"vllm", map[string]any{"model": "/container/model", "tokenizer": "/container/other"}, here, "other"},
		{"vllm", map[string]any{"model": "/container/model", "tokenizer": "/container/none"}, here, "model"},
		{"vllm", map[string]any{"model": "/container/model", "tokenizer": ""}, here, "model"},
		{"vllm", map[string]any{"model": filepath.Join(dir, "model")}, nil, "model"},
		{"vllm", map[string]any{"model": "/container/model"}, nil, ""},
		{"sglang", map[string]any{"model_path": "/container/model"}, here, "model"},
		{"abacus", map[string]any{"model": "/container/model"}, here, ""},
		{"vllm", nil, here, ""},
	} {
		want := ""
		if c.want != "" {
			want = filepath.Join(dir, c.want, "tokenizer.json")
		}
		if got := TokenizerOf(&manifest.Manifest{Backend: c.backend, EngineConfig: c.engine}, c.translate); got != want {
			t.Errorf("%s %v: %q, want %q", c.backend, c.engine, got, want)
		}
	}
}

// What a release's transformers would make of texts is noted where it may be version 5.
func TestOtherTransformers(t *testing.T) {
	for _, c := range []struct{ engine, version, under5, want string }{
		{"vllm", "0.32.0", "the splits are others", "vLLM 0.32.0 takes transformers 5 (as its releases do since 0.24.0); ids are made here as transformers 4 makes them, and with 5 the splits are others"},
		{"sglang", "0.5.9", "the splits are others", ""},
		{"vllm", "0.12.0", "the splits are others", ""},
		{"vllm", "0.32.0", "", ""},
	} {
		b, _ := backend.Of(c.engine)
		if got := otherTransformers(b, c.version, c.under5); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.engine, c.version, got, c.want)
		}
	}
}
