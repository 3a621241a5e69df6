package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSplit builds mlcfg without CUE and beside it the whole program, and holds the one to
// what the other does.
func TestSplit(t *testing.T) {
	if testing.Short() {
		t.Skip("builds both programs")
	}
	bin := t.TempDir()
	build := func(name, version string, args ...string) string {
		path := filepath.Join(bin, name)
		args = append([]string{"build", "-ldflags", "-X main.version=" + version, "-o", path}, args...)
		if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return path
	}
	split := build("mlcfg", "v1", "-tags", "split,urfave_cli_no_docs")

	dir := t.TempDir()
	for name, text := range map[string]string{
		"mlcfg.cue":                    "base: \"config.yaml\"\noverlays: [\"models/*/*.yaml\"]\nengines: vllm: \"0.10.0\"\nround: \"v5.1\"\nsite: [\"site.cue\"]\n",
		"site.cue":                     "harness_config: {\n\ttarget_qps?: <=30\n}\n",
		"config.yaml":                  "benchmark_name: llama2-70b\nscenario: offline\ntest_mode: performance\nharness_config:\n  device_count: 8\n  dataset_path: d.jsonl\n  user_conf_path: user.conf\n  output_log_dir: logs\n",
		"user.conf":                    "llama2-70b.Offline.target_qps = 5\n",
		"models/llama2-70b/off_a.yaml": "harness_config:\n  target_qps: 50\nvllm_engine_config:\n  model: /m\n  max_num_seq: 8\n",
		"plain/config.yaml":            "scenario: offline\n",
		"empty/.keep":                  "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(program, in string, args ...string) (string, int) {
		cmd := exec.Command(program, args...)
		cmd.Dir = in
		cmd.Env = append(os.Environ(), "PATH=/nowhere")
		out, _ := cmd.CombinedOutput()
		return string(out), cmd.ProcessState.ExitCode()
	}
	// Alone, it says what it lacks; what needs no CUE works.
	out, status := run(split, dir, "lint")
	if status != exitTrouble || !strings.Contains(out, "mlcfg.cue takes mlcfg-cue, which cannot be started") || !strings.Contains(out, "hint: install mlcfg-cue beside mlcfg") {
		t.Errorf("without mlcfg-cue: status %d, %s", status, out)
	}
	if out, status = run(split, dir, "--version"); status != exitOK || !strings.Contains(out, "v1") {
		t.Errorf("--version: status %d, %s", status, out)
	}
	// Programs of two builds do not mix.
	build("mlcfg-cue", "v2")
	if out, status = run(split, dir, "lint"); status != exitTrouble || !strings.Contains(out, "mlcfg-cue is of build v2, mlcfg of v1") {
		t.Errorf("another build: status %d, %s", status, out)
	}
	whole := build("mlcfg-cue", "v1")
	overlay := filepath.Join("..", "models", "llama2-70b", "off_a.yaml")
	for _, c := range []struct {
		in   string
		args []string
	}{
		{".", []string{"lint"}},
		{".", []string{"lint", "--project", "none", "--base", "config.yaml", "--engine-version", "vllm=0.10.0", "models/llama2-70b/off_a.yaml"}},
		{"empty", []string{"lint", overlay}},
		{"empty", []string{"explain", "target_qps", overlay, "--backend", "vllm"}},
		{".", []string{"schema", "show", "vllm", "max_num_seqs", "--engine-version", "0.10.0"}},
		{".", []string{"schema", "import", "vllm==latest"}},
		{".", []string{"no-such-command"}},
		{".", []string{"help", "lint"}},
	} {
		in := filepath.Join(dir, c.in)
		got, gotStatus := run(split, in, c.args...)
		want, wantStatus := run(whole, in, c.args...)
		if got != want || gotStatus != wantStatus {
			t.Errorf("mlcfg %s: status %d, the whole program's is %d\n%s\nwant\n%s", strings.Join(c.args, " "), gotStatus, wantStatus, got, want)
		}
		if c.args[0] == "lint" && c.in == "." && len(c.args) == 1 && !strings.Contains(got, "the site wants <=30") {
			t.Errorf("the site's schema is not read: %s", got)
		}
	}
}
