package engine

import (
	"strings"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
)

// The simulated engine has the limits of the one in whose place it runs: with others
// a rehearsal on it would pass what the real one refuses.
func TestSimArguments(t *testing.T) {
	const head = "sim --backend B --model m --host 127.0.0.1 --port {port}"
	for name, c := range map[string]struct {
		backend string
		engine  map[string]any
		asked   any
		want    string
	}{
		"no limits":                  {"vllm", map[string]any{"model": "m"}, nil, head},
		"no model":                   {"vllm", nil, nil, strings.Replace(head, "--model m", "--model bench", 1)},
		"an empty model":             {"vllm", map[string]any{"model": ""}, nil, strings.Replace(head, "--model m", "--model bench", 1)},
		"limits":                     {"vllm", map[string]any{"model": "m", "block_size": int64(1), "max_num_seqs": int64(0), "max_model_len": int64(2048)}, nil, head + " --block-size 1 --max-model-len 2048"},
		"as long as the cache":       {"vllm", map[string]any{"model": "m", "max_model_len": int64(400_000)}, nil, head + " --max-model-len 400000"},
		"longer than the cache":      {"vllm", map[string]any{"model": "m", "max_model_len": int64(400_001)}, nil, head + " --max-model-len 400001 --kv-cache-tokens 400001"},
		"a cache of its own":         {"sglang", map[string]any{"model_path": "m", "context_length": int64(500_000), "max_total_tokens": int64(9)}, nil, head + " --max-model-len 500000 --kv-cache-tokens 9"},
		"short answers":              {"vllm", map[string]any{"model": "m"}, int64(2047), head},
		"long answers":               {"vllm", map[string]any{"model": "m"}, int64(2048), head + " --max-model-len 133120"},
		"long answers within limits": {"vllm", map[string]any{"model": "m", "max_model_len": int64(9)}, int64(2048), head + " --max-model-len 9"},
		"longer than the usual":      {"vllm", map[string]any{"model": "m"}, int64(300_000), head + " --max-model-len 431072 --kv-cache-tokens 431072"},
		"the longest":                {"vllm", map[string]any{"model": "m"}, int64(1<<24 - 1), head + " --max-model-len 16908287 --kv-cache-tokens 16908287"},
		"without bound":              {"vllm", map[string]any{"model": "m"}, int64(1 << 24), head},
	} {
		b, _ := backend.Of(c.backend)
		m := &manifest.Manifest{BenchmarkName: "bench", EngineConfig: c.engine, SamplingConfig: map[string]any{"max_tokens": c.asked, "max_new_tokens": c.asked}}
		if got := strings.Join(simArguments(b, m, loopback), " "); got != strings.Replace(c.want, " B ", " "+c.backend+" ", 1) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}
