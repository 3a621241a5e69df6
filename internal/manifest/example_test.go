package manifest_test

import (
	"fmt"
	"log"

	"mlcfg/internal/manifest"
)

func Example() {
	m, err := manifest.ReadFile("testdata/manifest.yaml", nil)
	if err != nil {
		log.Fatal(err) // a *manifest.Error with file, line and hint
	}
	share, ok := manifest.Float(m.EngineConfig, "gpu_memory_utilization")
	fmt.Println(m.Backend, m.Scenario, share, ok)

	again, err := m.YAML() // canonical: the same manifest has the same bytes
	fmt.Println(err == nil && len(again) > 0)
	// Output:
	// vllm offline 0.98 true
	// true
}
