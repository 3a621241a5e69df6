package schema

import (
	"slices"
	"testing"
)

func TestDeclared(t *testing.T) {
	names := Shared().Section("config").Declared()
	if !slices.IsSortedFunc([]int{
		slices.Index(names, "benchmark_name"), slices.Index(names, "env_config"),
		slices.Index(names, "vllm_engine_config"), slices.Index(names, "harness_config"),
	}, func(a, b int) int { return a - b }) || names[0] != "benchmark_name" || len(names) != len(Shared().Section("config").Names()) {
		t.Errorf("declared order: %v", names)
	}
}
