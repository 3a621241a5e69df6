//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mlcfg/internal/engine/sim"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// TestBehindRouter measures the simulated engine behind a router that drops
// headers, and ever more of the names: the summary says simulated all the same,
// and so do the records and LoadGen's logs.
func TestBehindRouter(t *testing.T) {
	self, err := exec.LookPath("mlrun")
	if err != nil {
		t.Fatal(err)
	}
	mark := regexp.MustCompile(`simulated/|mlrun-sim \(simulated\)|"simulated"`)
	for _, tt := range []struct {
		name, backend string
		// hides reports whether the router takes the names out of an answer; asked
		// counts how often that path was asked for before.
		hides  func(path string, asked int) bool
		warmUp bool
	}{
		{"headers", "vllm", func(string, int) bool { return false }, false},
		{"headers", "sglang", func(string, int) bool { return false }, false},
		{"list of models", "vllm", func(path string, _ int) bool { return path == "/v1/models" }, false},
		{"models and release, warmed up", "vllm", func(path string, _ int) bool { return path != "/v1/completions" }, true},
		{"models and release", "vllm", func(path string, _ int) bool { return path != "/v1/completions" }, false},
		{"models and release", "sglang", func(path string, _ int) bool { return path != "/generate" }, false},
		{"until the run is over", "vllm", func(path string, asked int) bool { return path != "/v1/models" || asked == 0 }, false},
	} {
		t.Run(tt.name+" "+tt.backend, func(t *testing.T) {
			asked := map[string]int{}
			proxy := beforeSimulated(t, sim.Config{Model: "/models/llama", Protocol: tt.backend})
			proxy.ModifyResponse = func(res *http.Response) error {
				res.Header.Del("X-Simulated")
				res.Header.Del("Server")
				path := res.Request.URL.Path
				if path == "/v1/models" {
					asked[path]++
				}
				if !tt.hides(path, asked[path]-1) {
					return nil
				}
				body, err := io.ReadAll(res.Body)
				if err != nil {
					return err
				}
				body = mark.ReplaceAllFunc(body, func(found []byte) []byte {
					switch {
					case bytes.HasSuffix(found, []byte("/")):
						return []byte("/")
					case found[0] == '"':
						return []byte(`"0.9.2"`)
					}
					return []byte("us")
				})
				res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				res.Header.Del("Content-Length")
				return nil
			}
			router := httptest.NewServer(proxy)
			defer router.Close()
			dir := t.TempDir()
			testManifest(t, filepath.Join(dir, "m.yaml"), func(m *manifest.Manifest, s *loadgen.Settings) {
				if tt.backend == "sglang" {
					sglang(m, s)
				}
				m.HarnessConfig["device_count"], m.HarnessConfig["enable_warmup"] = int64(2), tt.warmUp
				m.SamplingConfig["min_tokens"], m.SamplingConfig["temperature"] = nil, 0.0
				s.MinDuration, s.MinQueryCount, s.ServerTargetQPS = 0, 20, 500
			})
			if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
				t.Fatal(err)
			}
			rows := strings.Repeat(`{"tok_input": [5, 6, 7, 8]}`+"\n", 64)
			if err := os.WriteFile(filepath.Join(dir, "data/prompts.jsonl"), []byte(rows), 0o644); err != nil {
				t.Fatal(err)
			}
			run := filepath.Join(dir, "run")
			cmd := exec.CommandContext(context.Background(), self, "run", "m.yaml", "--external", router.URL, "--map", "/data=data", "--no-resource-check", "--late-limit", "10s", "--format", "json", "--out", run)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			var sum struct {
				Simulated bool `json:"simulated"`
				Completed int  `json:"completed"`
			}
			text, readErr := os.ReadFile(filepath.Join(run, "summary.json"))
			if readErr != nil || json.Unmarshal(text, &sum) != nil || sum.Completed != 20 {
				t.Fatalf("%v, %v: %s\n%s", err, readErr, text, out)
			}
			if !sum.Simulated {
				t.Errorf("the summary does not say simulated:\n%s", out)
			}
			part, err := os.ReadFile(filepath.Join(run, "records.parquet", "part-00000.parquet"))
			if err != nil || !bytes.Contains(part, []byte("mlrun.simulated\x18\x04true")) {
				t.Errorf("the Parquet records do not say simulated: %v", err)
			}
			if log, err := os.ReadFile(filepath.Join(run, "mlperf_log_summary.txt")); err != nil || !bytes.Contains(log, []byte("SIMULATED")) && !bytes.Contains(log, []byte("imulated")) {
				t.Errorf("LoadGen's summary does not say simulated: %v\n%s", err, log)
			}
			if said, err := exec.Command(self, "verify", run).CombinedOutput(); err != nil {
				t.Errorf("verify: %v\n%s", err, said)
			}
		})
	}
}
