package check

import (
	"math"
	"slices"
)

// trtllmRules are checks of TensorRT-LLM over several keys of its file, which its
// settings classes make (llmapi/llm_args.py) before the model is loaded.
var trtllmRules = []engineRule{
	{
		keys: []string{"cuda_graph_config"},
		broken: func(v args) bool {
			most, sizes := v.inner("cuda_graph_config", "max_batch_size"), v.list("cuda_graph_config", "batch_sizes")
			return most > 0 && len(sizes) > 0 && most != slices.Max(sizes)
		},
		message: "cuda_graph_config.max_batch_size is not the largest of batch_sizes",
		source:  engineSource{function: "DecodeCudaGraphConfig"},
	},
	{
		keys: []string{"speculative_config"},
		broken: func(v args) bool {
			return v.in("speculative_config", "max_concurrency") != nil && v.in("speculative_config", "draft_len_schedule") != nil
		},
		message: "speculative_config.max_concurrency and draft_len_schedule exclude each other",
		source:  engineSource{function: "DecodingBaseConfig"},
	},
	{
		keys: []string{"speculative_config"},
		broken: func(v args) bool {
			model := v.in("speculative_config", "speculative_model") != nil || v.in("speculative_config", "speculative_model_dir") != nil
			return v.guesses("Eagle", "Eagle3", "Draft_Target") && !model
		},
		message: "this speculative_config.decoding_type needs speculative_model",
		source:  engineSource{function: "Eagle3DecodingConfig, DraftTargetDecodingConfig"},
	},
	{
		keys: []string{"speculative_config"},
		broken: func(v args) bool {
			return v.guesses("Eagle", "Eagle3", "Draft_Target", "NGram", "SA") && v.inner("speculative_config", "max_draft_len") <= 0
		},
		message: "this speculative_config.decoding_type needs max_draft_len above 0",
		source:  engineSource{function: "Eagle3DecodingConfig, DraftTargetDecodingConfig, NGramDecodingConfig, SADecodingConfig"},
	},
	{
		keys: []string{"kv_cache_config"},
		broken: func(v args) bool {
			return v.in("kv_cache_config", "disk_cache_size") != nil && v.in("kv_cache_config", "disk_cache_path") == nil
		},
		message: "kv_cache_config.disk_cache_size needs disk_cache_path",
		source:  engineSource{function: "KvCacheConfig"},
	},
	{
		keys: []string{"kv_cache_config"},
		broken: func(v args) bool {
			shares, sum := v.list("kv_cache_config", "pool_ratio"), 0.0
			for _, share := range shares {
				sum += share
			}
			return len(shares) > 0 && math.Abs(sum-1) > 1e-3
		},
		message: "kv_cache_config.pool_ratio does not sum to 1",
		source:  engineSource{function: "KvCacheConfig"},
	},
	{
		keys: []string{"prefill_cuda_graph_backend", "torch_compile_config"},
		broken: func(v args) bool {
			return v.text("prefill_cuda_graph_backend") == "breakable" && v.has("torch_compile_config")
		},
		message: "prefill_cuda_graph_backend breakable excludes torch_compile_config",
		source:  engineSource{function: "TorchLlmArgs"},
	},
	{
		keys:    []string{"enable_mla_skip_correction", "attn_backend"},
		broken:  func(v args) bool { return v.on("enable_mla_skip_correction") && v.text("attn_backend") != "TRTLLM" },
		message: "enable_mla_skip_correction needs attn_backend TRTLLM",
		source:  engineSource{function: "TorchLlmArgs"},
	},
	{
		keys:    []string{"num_serve_frontends", "orchestrator_type"},
		broken:  func(v args) bool { return v.num("num_serve_frontends") > 1 && v.has("orchestrator_type") },
		message: "num_serve_frontends above 1 excludes orchestrator_type",
		source:  engineSource{function: "serve"},
	},
}

// inner is a number in a nested map, 0 where there is none.
func (a args) inner(name, key string) float64 { return args{key: a.in(name, key)}.num(key) }

// list are the numbers of a list in a nested map, none where there is no list.
func (a args) list(name, key string) []float64 {
	values, _ := a.in(name, key).([]any)
	numbers := make([]float64, len(values))
	for i, value := range values {
		numbers[i] = args{"": value}.num("")
	}
	return numbers
}

// guesses reports whether tokens are guessed in one of these ways.
func (a args) guesses(ways ...string) bool {
	way, _ := a.in("speculative_config", "decoding_type").(string)
	return slices.Contains(ways, way)
}
