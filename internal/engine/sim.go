package engine

import (
	"fmt"
	"strconv"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
	"mlcfg/internal/release"
)

// maxAsked bounds the tokens that requests may ask the simulated engine for.
const maxAsked = 1 << 24

// simArguments are the arguments of this program's simulated engine instead
// of a backend's, under the engine's own limits.
func simArguments(b *backend.Backend, m *manifest.Manifest, host string) []string {
	model, ok := manifest.Text(m.EngineConfig, b.Model)
	if !ok || model == "" {
		model = m.BenchmarkName
	}
	argv := []string{"sim", "--backend", b.Engine, "--model", model, "--host", host, "--port", portMark}
	if release.Is(m.Engine.Version) {
		argv = append(argv, "--release", m.Engine.Version)
	}
	longest, said := int64(0), false
	for _, limit := range b.SimLimits {
		n, ok := manifest.Int(m.EngineConfig, limit.Key)
		if !ok || n < 1 {
			continue
		}
		argv = append(argv, limit.Flag, strconv.FormatInt(n, 10))
		if limit.Flag == "--max-model-len" {
			longest, said = n, true
		}
		if limit.Flag == "--kv-cache-tokens" {
			longest = 0
		}
	}
	// Without a length in the manifest the model's own holds, which is not known here: it
	// is as long as requests are that ask for more than the simulated engine's usual one.
	const usualLength, longestPrompt = 4096, 131_072
	if asked, _ := manifest.Int(m.SamplingConfig, b.MaxTokens); !said && asked >= usualLength/2 && asked < maxAsked {
		argv = append(argv, "--max-model-len", strconv.FormatInt(asked+longestPrompt, 10))
		longest = asked + longestPrompt
	}
	// A simulated cache is never too small for one request.
	const usual = 400_000
	if longest > usual {
		argv = append(argv, "--kv-cache-tokens", fmt.Sprint(longest))
	}
	return argv
}
