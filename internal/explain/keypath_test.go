package explain

import "testing"

func TestMatch(t *testing.T) {
	const path = "vllm_engine_config.max_num_seqs"
	for pattern, want := range map[string]bool{
		path: true, "vllm_engine_config": true, "max_num_seqs": true, "max_*": true, "*": true, "*.max_num_*": true,
		"vllm*seqs": true, "vllm_engine_config.*": true, "*qs": true, "max_num_seq?": true, "**": true,
		"": false, "max_num_seq": false, "vllm_engine": false, "sglang_*": false, "*.min_*": false, "engine_config.max_num_seqs": false,
		"vllm_engine_config.max": false, "seqs": false, "*x": false, "max_num_seqs?": false,
	} {
		if got := Match(pattern, path); got != want {
			t.Errorf("Match(%q, %q) = %v", pattern, path, got)
		}
	}
	if !Match("harness_config.sorting", "harness_config.sorting.strategy") || !Match("sorting", "harness_config.sorting.strategy") {
		t.Error("a pattern has to mean what is below what it names")
	}
	if Any(nil, path) || !Any([]string{"x", "max_*"}, path) {
		t.Error("Any")
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("*.max_*", "a.max_b")
	f.Add("**?*", "")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		Match(pattern, path)
		if !Match("*", path) {
			t.Errorf("* does not mean %q", path)
		}
		if !IsPattern(path) && !Match(path, path) {
			t.Errorf("%q does not mean itself", path)
		}
	})
}
