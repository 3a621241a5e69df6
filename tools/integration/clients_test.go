package integration

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	clientRequests = 40
	clientTokens   = 24
)

// TestClients lets benchmarks of others measure the simulated engine, which counts and
// answers by the tokenizer that they count with: all see as many tokens as it says.
func TestClients(t *testing.T) {
	root := os.Getenv("ENGINES")
	if root == "" {
		t.Skip("SKIPPED: ENGINES names no folder; make engines, then make integration")
	}
	model := filepath.Join(root, "model")
	if _, err := os.Stat(filepath.Join(model, "tokenizer.json")); err != nil {
		t.Skipf("SKIPPED: no model in %s; make engines", root)
	}
	for _, c := range []struct {
		name, program string
		args          func(url, dir string) []string
		// tokens are of all answers, as the client counts them.
		tokens func(t *testing.T, dir string, out []byte) (requests, tokens float64)
	}{
		{
			"vllm bench serve", "vllm/bin/vllm",
			func(url, dir string) []string {
				return []string{
					"bench", "serve", "--backend", "openai", "--base-url", url, "--model", "simulated" + model, "--tokenizer", model, "--dataset-name", "random", "--random-input-len", "64",
					"--random-output-len", "24", "--ignore-eos", "--num-prompts", "40", "--request-rate", "40", "--save-result", "--result-dir", dir, "--result-filename", "result.json",
				}
			},
			func(t *testing.T, dir string, _ []byte) (float64, float64) {
				var r struct {
					Completed float64 `json:"completed"`
					Tokens    float64 `json:"total_output_tokens"`
				}
				read(t, filepath.Join(dir, "result.json"), &r)
				return r.Completed, r.Tokens
			},
		},
		{
			"aiperf", "clients/bin/aiperf",
			func(url, dir string) []string {
				return []string{
					"profile", "-m", "simulated" + model, "--url", url, "--endpoint-type", "chat", "--streaming", "--tokenizer", "model", "--request-count", "40", "--concurrency", "8",
					"--synthetic-input-tokens-mean", "64", "--output-tokens-mean", "24", "--extra-inputs", "ignore_eos:true", "--extra-inputs", "max_tokens:24", "--ui", "none", "--output-artifact-dir", dir,
				}
			},
			func(t *testing.T, dir string, _ []byte) (float64, float64) {
				type figure struct {
					Average float64 `json:"avg"`
				}
				var r struct {
					Requests figure `json:"request_count"`
					Tokens   figure `json:"output_sequence_length"` // it tokenizes the text again
				}
				read(t, filepath.Join(dir, "profile_export_aiperf.json"), &r)
				return r.Requests.Average, r.Requests.Average * r.Tokens.Average
			},
		},
		{
			"openai", "clients/bin/python",
			func(url, _ string) []string { return []string{"testdata/openai_client.py", url, model} },
			func(t *testing.T, _ string, out []byte) (float64, float64) {
				var r struct{ Requests, Tokens float64 }
				if err := json.Unmarshal(out, &r); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				return r.Requests, r.Tokens
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			program := filepath.Join(root, c.program)
			if _, err := os.Stat(program); err != nil {
				t.Skipf("SKIPPED: %s is not installed; scripts/engines.sh vllm clients", c.program)
			}
			url, dir := simulated(t, model), t.TempDir()
			cmd := exec.CommandContext(t.Context(), program, c.args(url, dir)...)
			cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1")
			if c.name == "aiperf" { // offline it takes no folder for a tokenizer, online one by its bare name
				cmd.Dir, cmd.Env = root, os.Environ()
			}
			var complaint strings.Builder
			cmd.Stderr = &complaint
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s\n%s", err, out, complaint.String())
			}
			if requests, tokens := c.tokens(t, dir, out); requests != clientRequests || tokens != clientRequests*clientTokens {
				t.Errorf("%g requests and %g tokens, want %d and %d\n%s", requests, tokens, clientRequests, clientRequests*clientTokens, out)
			}
		})
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// simulated starts the simulated engine with a model's tokenizer and returns its URL.
func simulated(t *testing.T, model string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program("mlrun"), "sim", "--model", model)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url := lines.Text(); strings.HasPrefix(url, "http://") {
			return url
		}
	}
	t.Fatalf("the simulated engine names no URL: %v", lines.Err())
	return ""
}
