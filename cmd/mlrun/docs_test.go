package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/tools/goldenfile"
	"mlcfg/tools/sharedata"
)

// TestRunPages holds docs/run.md and docs/slurm.md to what mlrun says: in a block "console"
// each line "$ mlrun ..." is run, what follows being its output, both streams.
// -update writes the output.
func TestRunPages(t *testing.T) {
	for _, name := range []string{"run.md", "slurm.md"} {
		t.Run(name, func(t *testing.T) { runPage(t, name) })
	}
}

func runPage(t *testing.T, name string) {
	page := filepath.Join(sharedata.Root(t), "docs", name)
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	spread := func(m *manifest.Manifest, _ *loadgen.Settings) { m.EngineConfig["tensor_parallel_size"] = int64(4) }
	for name, change := range map[string]func(*manifest.Manifest, *loadgen.Settings){
		"server": func(m *manifest.Manifest, _ *loadgen.Settings) { m.EnvConfig["VLLM_TARGET_DEVICE"] = "cpu" },
		"vllm":   spread,
		"ray": func(m *manifest.Manifest, s *loadgen.Settings) {
			spread(m, s)
			m.Backend = "ray"
		},
	} {
		testManifest(t, filepath.Join(dir, name+".yaml"), change)
	}
	for name, text := range map[string]string{"data/prompts.jsonl": strings.Repeat(`{"tok_input": [5, 6, 7, 8]}`+"\n", 64), "models/llama/config.json": "{}", "models/llama/pytorch_model.bin": ""} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var got strings.Builder
	inBlock, skip := false, false
	for line := range strings.Lines(string(data)) {
		command, isCommand := strings.CutPrefix(strings.TrimSpace(line), "$ mlrun ")
		switch {
		case strings.HasPrefix(line, "```"):
			inBlock, skip = line == "```console\n", false
		case inBlock && isCommand:
			got.WriteString(line + say(t, dir, strings.Fields(command)))
			skip = true
			continue
		case inBlock && skip:
			continue
		}
		got.WriteString(line)
	}
	goldenfile.Check(t, page, got.String())
}

// say runs mlrun in an environment that is the same everywhere.
func say(t *testing.T, dir string, args []string) string {
	t.Helper()
	cmd := exec.Command("mlrun", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	out, err := cmd.CombinedOutput()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		t.Fatal(err)
	}
	self, err := exec.LookPath("mlrun")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), self, "/usr/local/bin/mlrun")
}
