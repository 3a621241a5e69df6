package check

import "testing"

// TestTRTLLMRefuses: values that break each rule, in the order of trtllmRules, and
// values that do not. Its source is not at hand, so that Python is not asked.
func TestTRTLLMRefuses(t *testing.T) {
	cases := []struct{ broken, fine string }{
		{"cuda_graph_config: {max_batch_size: 64, batch_sizes: [1, 32]}", "cuda_graph_config: {max_batch_size: 32, batch_sizes: [1, 32]}"},
		{"speculative_config: {decoding_type: MTP, max_concurrency: 8, draft_len_schedule: {4: 3}}", "speculative_config: {decoding_type: MTP, max_concurrency: 8}"},
		{"speculative_config: {decoding_type: Eagle3, max_draft_len: 3}", "speculative_config: {decoding_type: Eagle3, max_draft_len: 3, speculative_model_dir: /m}"},
		{"speculative_config: {decoding_type: NGram}", "speculative_config: {decoding_type: MTP}"},
		{"kv_cache_config: {disk_cache_size: 1}", "kv_cache_config: {disk_cache_size: 1, disk_cache_path: /d}"},
		{"kv_cache_config: {pool_ratio: [0.5, 0.25]}", "kv_cache_config: {pool_ratio: [0.5, 0.5]}"},
		{"prefill_cuda_graph_backend: breakable, torch_compile_config: {}", "prefill_cuda_graph_backend: piecewise, torch_compile_config: {}"},
		{"enable_mla_skip_correction: true, attn_backend: FLASHINFER", "enable_mla_skip_correction: true"},
		{"num_serve_frontends: 2, orchestrator_type: ray", "num_serve_frontends: 1, orchestrator_type: ray"},
	}
	if len(cases) != len(trtllmRules) {
		t.Fatalf("%d rules and %d cases", len(trtllmRules), len(cases))
	}
	for i, c := range cases {
		for text, want := range map[string]bool{c.broken: true, c.fine: false} {
			if got := refused(t, "trtllm", "1.4.0rc0", text, trtllmRules[i].message); got != want {
				t.Errorf("%s: found %v, want %v", text, got, want)
			}
		}
	}
}
