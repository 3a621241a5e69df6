package engine

import (
	"fmt"
	"strconv"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
)

// simArguments are the arguments of this program's simulated engine in the place
// of a backend's, under the engine's own limits.
func simArguments(b *backend.Backend, m *manifest.Manifest) []string {
	model, ok := manifest.Text(m.EngineConfig, b.Model)
	if !ok || model == "" {
		model = m.BenchmarkName
	}
	argv := []string{"sim", "--backend", b.Engine, "--model", model, "--host", loopback, "--port", portMark}
	longest := int64(0)
	for _, limit := range b.SimLimits {
		n, ok := manifest.Int(m.EngineConfig, limit.Key)
		if !ok || n < 1 {
			continue
		}
		argv = append(argv, limit.Flag, strconv.FormatInt(n, 10))
		if limit.Flag == "--max-model-len" {
			longest = n
		}
		if limit.Flag == "--kv-cache-tokens" {
			longest = 0
		}
	}
	// A simulated cache is never too small for one request.
	const usual = 400_000
	if longest > usual {
		argv = append(argv, "--kv-cache-tokens", fmt.Sprint(longest))
	}
	return argv
}
