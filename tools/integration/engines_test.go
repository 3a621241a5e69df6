package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// target is an engine that is installed.
type target struct {
	backend string
	release string
	// programs is the folder of its programs, env what it needs of mlrun's environment.
	programs string
	env      []string
	// model is the key of the model, worker the name of a process that does the
	// engine's work beside the one that serves.
	model, worker string
}

// installed are the engines in ENGINES. A test that cannot run says why.
func installed(t *testing.T) []target {
	t.Helper()
	root := os.Getenv("ENGINES")
	if root == "" {
		t.Skip("SKIPPED: ENGINES names no folder of real engines; make engines, then make integration")
	}
	var list []target
	for _, e := range []target{
		{backend: "vllm", model: "vllm_engine_config.model", worker: "VLLM::EngineCore"},
		{backend: "sglang", model: "sglang_engine_config.model_path", worker: "sglang::scheduler", env: []string{"LD_LIBRARY_PATH=" + filepath.Join(root, "stub")}},
	} {
		markers, err := filepath.Glob(filepath.Join(root, e.backend, "installed-*"))
		if err != nil || len(markers) == 0 {
			t.Logf("SKIPPED: %s is not installed in %s", e.backend, root)
			continue
		}
		_, e.release, _ = strings.Cut(filepath.Base(markers[len(markers)-1]), "-")
		e.programs = filepath.Join(root, e.backend, "bin")
		list = append(list, e)
	}
	if len(list) == 0 {
		t.Skipf("SKIPPED: no engine is installed in %s; make engines", root)
	}
	if free := availableMemory(t); free < neededMemory {
		t.Skipf("SKIPPED: an engine needs %d MB of memory, %d MB are available", neededMemory>>20, free>>20)
	}
	return list
}

// each runs a test on every installed engine.
func each(t *testing.T, test func(*testing.T, target)) {
	for _, e := range installed(t) {
		t.Run(e.backend, func(t *testing.T) { test(t, e) })
	}
}

// neededMemory is what one engine with the tiny model takes, and some air.
const neededMemory = 5 << 30

func availableMemory(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	t.Fatal("/proc/meminfo does not name the available memory")
	return 0
}

// compile makes a manifest of an overlay in testdata for an engine, with
// overrides, and gives its path.
func compile(t *testing.T, e target, overlay string, overrides ...string) string {
	t.Helper()
	engine := e.backend
	if engine == "ray" {
		engine = "vllm"
	}
	path := filepath.Join(t.TempDir(), "manifest.yaml")
	args := []string{
		"compile", filepath.Join("testdata/models/tiny", overlay+".yaml"), "--backend", e.backend,
		"--engine-version", engine + "=" + e.release, "--round", "v5.1", "--map", "/conf=testdata", "-o", path,
	}
	model := e.model + "=" + filepath.Join(os.Getenv("ENGINES"), "model")
	for _, o := range append([]string{model}, overrides...) {
		args = append(args, "--set", o)
	}
	if out, err := exec.Command(program("mlcfg"), args...).CombinedOutput(); err != nil {
		t.Fatalf("mlcfg %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return path
}

// sampleCount is the size of the data sets, as user.conf has it.
const sampleCount = 64

// outputTokens is how many tokens a sample asks for; the overlays ignore the
// end of the sentence, so that an engine makes exactly so many.
func outputTokens(sample int) int { return 8 + sample%9 }

// inputTokens is the length of a sample's prompt.
func inputTokens(sample int) int { return 5 + sample*7%90 }

// dataSet writes samples as token ids, which every vocabulary has, and gives
// its folder.
func dataSet(t *testing.T) string {
	return writeData(t, func(sample int) map[string]any {
		ids := make([]int, inputTokens(sample))
		for i := range ids {
			ids[i] = 300 + (sample*31+i*17)%700
		}
		return map[string]any{"tok_input": ids, "max_tokens": outputTokens(sample)}
	})
}

// chatSet writes samples as conversations.
func chatSet(t *testing.T) string {
	return writeData(t, func(sample int) map[string]any {
		turn := map[string]string{"role": "user", "content": fmt.Sprintf("what comes after %d?", sample)}
		return map[string]any{"messages": []any{turn}, "max_tokens": outputTokens(sample)}
	})
}

func writeData(t *testing.T, sample func(int) map[string]any) string {
	t.Helper()
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	for i := range sampleCount {
		if err := lines.Encode(sample(i)); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "prompts.jsonl"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
