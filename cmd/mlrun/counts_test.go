//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// countingEngine answers completions and counts the tokens of prompts: the ids that it
// is sent, or of a text its letters, and one more for each capital.
func countingEngine(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/v1/models", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"object":"list","data":[{"id":"m","object":"model","owned_by":"us"}]}`)
	})
	mux.HandleFunc("/v1/completions", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Prompt    any `json:"prompt"`
			MaxTokens int `json:"max_tokens"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		count := 0
		switch p := q.Prompt.(type) {
		case []any:
			count = len(p)
		case string:
			count = len(p)
			for _, c := range p {
				if c < 'a' {
					count++
				}
			}
		}
		fmt.Fprintf(w, `{"id":"c","object":"text_completion","model":"m","choices":[{"index":0,"text":"x","finish_reason":"length"}],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}`, count, q.MaxTokens, count+q.MaxTokens)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// TestEngineCountsOtherwise runs against an engine whose tokenizer makes other tokens of
// some texts: the first of them is named, and a run without such a text says so too.
func TestEngineCountsOtherwise(t *testing.T) {
	self, err := exec.LookPath("mlrun")
	if err != nil {
		t.Fatal(err)
	}
	engine := countingEngine(t)
	for name, c := range map[string]struct{ rows, want string }{
		"other": {`{"prompt": "abc"}{"prompt": "aBc"}{"prompt": "ABC"}`, `counts other numbers of tokens than tokenizer.json in 2 of 3 texts; first in sample 1, 4 against 3 here: "aBc"`},
		"equal": {`{"prompt": "abc"}{"prompt": "cab"}`, `counts as many tokens as tokenizer.json in each of 2 texts`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{
				"data/prompts.jsonl": strings.ReplaceAll(c.rows, "}{", "}\n{") + "\n",
				"tokenizer.json":     `{"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "", "max_input_chars_per_word": 100, "vocab": {"a": 0, "b": 1, "c": 2, "A": 3, "B": 4, "C": 5, "[UNK]": 6}}}`,
			} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			testManifest(t, filepath.Join(dir, "m.yaml"), func(m *manifest.Manifest, s *loadgen.Settings) {
				m.Scenario, m.Variant, m.HarnessConfig["enable_warmup"] = "offline", "offline", false
				m.Data.Samples = int64(strings.Count(c.rows, "{"))
				m.HarnessConfig["total_sample_count"] = m.Data.Samples
				m.SamplingConfig["min_tokens"], m.SamplingConfig["temperature"] = nil, 0.0
				s.Scenario, s.MinDuration, s.MinQueryCount, s.OfflineExpectedQPS = loadgen.Offline, 0, 1, 10
			})
			cmd := exec.CommandContext(t.Context(), self, "run", "m.yaml", "--external", engine.URL, "--map", "/data=data", "--tokenizer", "tokenizer.json", "--no-resource-check", "--out", "run")
			cmd.Dir = dir
			out, _ := cmd.CombinedOutput() // the short run is INVALID
			if !strings.Contains(string(out), c.want) {
				t.Errorf("want %s in\n%s", c.want, out)
			}
			if said, err := exec.CommandContext(t.Context(), self, "verify", filepath.Join(dir, "run")).CombinedOutput(); err != nil {
				t.Errorf("verify: %v\n%s", err, said)
			}
		})
	}
}
