package mlcfg_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLanguageClient drives mlcfg lsp with pygls, a client that others wrote.
func TestLanguageClient(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	python := pythonTool(t, "pygls", "1.3.1")
	bin, dir := t.TempDir(), t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, "./cmd/mlcfg").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for name, text := range map[string]string{
		"mlcfg.cue":   "engines: vllm: \"0.9.2\"\nround: \"v5.1\"\n",
		"config.yaml": "benchmark_name: llama2-70b\ntest_mode: performance\nharness_config: {device_count: 1, dataset_path: d, user_conf_path: user.conf, output_log_dir: l}\nvllm_engine_config:\n  max_num_seqs: 128\n",
		"user.conf":   "llama2-70b.Offline.target_qps = 5\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, filepath.Join("testdata", "lsp", "client.py"), filepath.Join(bin, "mlcfg"), dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
	want := `{"hover": true, "name": "mlcfg"}
{"version": 1, "codes": ["unknown-key", "wrong-type"]}
{"completion": ["auto", "half", "float16", "bfloat16"]}
{"hover": "vllm_engine_config.max_num_seqs: 64"}
{"definition": ["config.yaml", 4]}
{"version": 2, "codes": []}
`
	if diff := cmp.Diff(want, stdout.String()); diff != "" {
		t.Errorf("(-want +got)\n%s%s", diff, stderr.String())
	}
}
