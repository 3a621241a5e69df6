package mlcfg_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// optunaRelease is the one that the example is tested with.
const optunaRelease = "5.0.0"

// TestOptunaStudy runs the example with the real Optuna, which asks and tells, on the simulated
// engine, breaks off after a trial and goes on.
func TestOptunaStudy(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	python := filepath.Join(filepath.Dir(pythonTool(t, "optuna", optunaRelease)), "python")
	dir := t.TempDir()
	for _, program := range []string{"mlcfg", "mlrun"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, program), "./cmd/"+program).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	type line struct {
		Trial     int
		Overrides []string
		State     string
		Simulated bool
		Values    []float64
		Best      []struct{ Trial int }
	}
	study := func(trials string) (lines []line) {
		cmd := exec.Command(
			python, "examples/optuna_study.py", "examples/models/llama2-70b/server_alpha.yaml", "--backend", "vllm", "--out", filepath.Join(dir, "study"),
			"--trials", trials, "--seed", "1", "--int", "vllm_engine_config.max_num_seqs=8:64:8", "--choice", "vllm_engine_config.block_size=16,32",
			"--mlcfg", filepath.Join(dir, "mlcfg"), "--mlrun", filepath.Join(dir, "mlrun"),
			"--compile", "--engine-version vllm=0.10.1 --round v5.1 --map /conf=examples/conf --map /data=examples/data harness_config.total_sample_count=20 harness_config.target_qps=50",
			"--run", "--simulate --map /data=examples/data --quiet",
		)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, &said)
		}
		for text := range bytes.Lines(out) {
			var l line
			if err := json.Unmarshal(text, &l); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			lines = append(lines, l)
		}
		return lines
	}
	for i, trials := range []string{"1", "2"} {
		got := study(trials)
		if len(got) != 2 { // one trial, and the best of all
			t.Fatalf("%d lines: %+v", len(got), got)
		}
		l := got[0]
		if l.Trial != i || l.State != "complete" || !l.Simulated || len(l.Overrides) != 2 || len(l.Values) != 3 || l.Values[0] <= 0 || len(got[1].Best) == 0 {
			t.Errorf("%+v", got)
		}
	}
}
