package layout

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"mlcfg/internal/source"
	"mlcfg/tools/sharedata"
)

// order is that of the sections, as a caller would give it.
var order = []string{"benchmark_name", "scenario", "test_mode", "env_config", "vllm_env_config", "vllm_engine_config", "sglang_engine_config", "vllm_sampling_config", "harness_config"}

func corpus(t testing.TB) (files []string) {
	for _, pattern := range []string{"config.yaml", "models/*/*.yaml", "hydra_era/*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(sharedata.Corpus(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

// TestCorpus formats every real file: its values and comments stay, which Format
// itself checks, and formatting twice changes nothing more.
func TestCorpus(t *testing.T) {
	for _, path := range corpus(t) {
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			twice(t, path, data)
		})
	}
}

// twice formats and formats again.
func twice(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	out, found, err := Format(name, data, order, source.OmegaConf23)
	if err != nil || out == nil {
		t.Fatalf("%v %v\n%s", err, found, data)
	}
	again, _, err := Format(name, out, order, source.OmegaConf23)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !bytes.Equal(out, again) {
		t.Errorf("formatting twice changes:\n%s\nto\n%s", out, again)
	}
	return out
}
