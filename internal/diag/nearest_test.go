package diag

import "testing"

func TestName(t *testing.T) {
	names := []string{
		"max_num_seqs", "max_num_batched_tokens", "dtype", "seed", "data_parallel_size", "data_parallel_rank", "eplb_config", "ignore_patterns", "mamba_backend",
		"reasoning_parser", "int8_per_channel_weight_only", "gpu_memory_utilization", "prefill_context_parallel_size",
		"enable_prefix_caching",
	}
	for given, want := range map[string]string{
		"max_num_seq": "max_num_seqs", "max-num-seqs": "max_num_seqs", "max_batched_tokens": "max_num_batched_tokens",
		"dytpe": "dtype", "tensor_parallel_size": "", "": "",
		"maxnumseqs": "max_num_seqs", "gpu_mem_utilization": "gpu_memory_utilization", "gpu_memory_utilisation": "gpu_memory_utilization",
		"max_num_sequence": "max_num_seqs", "max_num_sequences": "max_num_seqs", "enable_prefix_cache": "enable_prefix_caching", "enable_prefetch": "",
		"prefill_context_parallel": "prefill_context_parallel_size", "data_parallel": "", // of two
		// Other names with some words of theirs.
		"cfg_parallel_size": "", "vae_parallel_mode": "", "deploy_config": "", "ignored_layers": "", "linear_backend": "", "int8": "", "max_num_total_batched_tokens": "", "dyn_reasoning_parser": "",
	} {
		if got := Name(names, given); got != want {
			t.Errorf("Name(%q) = %q, want %q", given, got, want)
		}
	}
}
