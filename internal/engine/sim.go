package engine

import (
	"fmt"
	"strconv"

	"mlcfg/internal/manifest"
)

// simLimits are the engine's own limits that the simulated engine keeps, by
// their key in either backend and the argument of mlrun sim.
var simLimits = map[Protocol][]struct{ key, flag string }{
	VLLM: {
		{"block_size", "--block-size"},
		{"max_model_len", "--max-model-len"},
		{"max_num_batched_tokens", "--max-num-batched-tokens"},
		{"max_num_seqs", "--max-num-seqs"},
	},
	SGLang: {
		{"context_length", "--max-model-len"},
		{"chunked_prefill_size", "--max-num-batched-tokens"},
		{"max_running_requests", "--max-num-seqs"},
		{"max_total_tokens", "--kv-cache-tokens"},
		{"page_size", "--block-size"},
	},
}

// simCommand is the command line of this program's simulated engine in the
// place of a backend's.
func simCommand(b backend, m *manifest.Manifest, self string, extra []string) []string {
	model, ok := manifest.Text(m.EngineConfig, b.modelKey)
	if !ok || model == "" {
		model = m.BenchmarkName
	}
	argv := []string{self, "sim", "--backend", string(b.protocol), "--model", model, "--host", loopback, "--port", portMark}
	longest := int64(0)
	for _, limit := range simLimits[b.protocol] {
		n, ok := manifest.Int(m.EngineConfig, limit.key)
		if !ok || n < 1 {
			continue
		}
		argv = append(argv, limit.flag, strconv.FormatInt(n, 10))
		if limit.flag == "--max-model-len" {
			longest = n
		}
		if limit.flag == "--kv-cache-tokens" {
			longest = 0
		}
	}
	// A simulated cache is never too small for one request.
	const usual = 400_000
	if longest > usual {
		argv = append(argv, "--kv-cache-tokens", fmt.Sprint(longest))
	}
	return append(argv, extra...)
}
