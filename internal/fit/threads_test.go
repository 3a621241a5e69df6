package fit

import (
	"fmt"
	"slices"
	"testing"
)

// ofHeads is a model of so many query heads, as a thread tells them.
func ofHeads(t *testing.T, n int) *Model {
	t.Helper()
	m, err := ReadConfig("config.json", fmt.Appendf(nil, `{"num_hidden_layers": 40, "num_attention_heads": %d, "hidden_size": %d, "vocab_size": 32000, "dtype": "float16"}`, n, 128*n))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestThreads: what people posted of starts that failed for their model, GPU and arguments is refused with the
// same reason.
func TestThreads(t *testing.T) {
	card := func(name string) *Model {
		m := FindCard(name)
		if m == nil {
			t.Fatalf("no card of %s", name)
		}
		return m
	}
	for address, c := range map[string]struct {
		model   *Model
		gpu     string
		release string
		args    Args
		env     map[string]string
		rule    string
	}{
		"vllm-project/vllm/issues/2652":        {ofHeads(t, 52), "", "0.3.0", Args{"tensor_parallel_size": 8}, nil, "heads-by-tensor"},
		"vllm-project/vllm/issues/414":         {ofHeads(t, 52), "V100-32GB", "0.1.2", Args{"tensor_parallel_size": 3}, nil, "heads-by-tensor"},
		"vllm-project/vllm/issues/596":         {ofHeads(t, 40), "RTX 3090", "0.1.2", Args{"tensor_parallel_size": 3}, nil, "heads-by-tensor"},
		"vllm-project/vllm/issues/4232":        {ofHeads(t, 40), "T4", "0.4.1", Args{"tensor_parallel_size": 6}, nil, "heads-by-tensor"},
		"gpustack/gpustack/issues/2259":        {ofHeads(t, 32), "", "0.8.5.post1", Args{"tensor_parallel_size": 3, "max_model_len": 8192}, nil, "heads-by-tensor"},
		"vllm-project/vllm/issues/19050":       {card("deepseek-ai/DeepSeek-R1"), "", "0.9.0", Args{"quantization": "gguf"}, nil, "quantization-of-checkpoint"},
		"vllm-project/vllm/issues/26431":       {card("Qwen/Qwen3-8B"), "RTX 3090", "0.11.0", Args{"kv_cache_dtype": "fp8"}, nil, "kv-type-on-gpu"},
		"vllm-project/vllm/issues/7714":        {card("meta-llama/Meta-Llama-3.1-8B"), "A100", "0.5.4", Args{"kv_cache_dtype": "fp8", "enable_chunked_prefill": true}, nil, "kv-type-on-gpu"},
		"vllm-project/vllm/issues/40153":       {card("openai/gpt-oss-20b"), "RTX PRO 6000", "0.19.0", Args{"attention_backend": "FLASHINFER", "max_model_len": 8192}, nil, "attention-backend"},
		"vllm-project/vllm/issues/40677":       {card("google/gemma-4-26b-a4b"), "RTX PRO 6000", "0.19.1", Args{"attention_backend": "FLASHINFER"}, nil, "attention-backend"},
		"vllm-project/vllm/issues/57932":       {card("zai-org/GLM-5.2"), "RTX PRO 6000", "0.30.0", Args{"attention_backend": "FLASHINFER"}, nil, "attention-backend"}, // of the same attention
		"vllm-project/vllm/issues/8189":        {ofHeads(t, 40), "T4", "0.7.2", Args{"dtype": "half"}, map[string]string{"VLLM_ATTENTION_BACKEND": "FLASHINFER"}, "attention-backend"},
		"vllm-project/vllm/issues/7716":        {card("meta-llama/Meta-Llama-3.1-8B"), "", "0.5.4", Args{"tensor_parallel_size": 3}, nil, "heads-by-tensor"},
		"vllm-project/vllm/issues/11147":       {card("meta-llama/Meta-Llama-3.1-70B"), "RTX A6000", "0.6.4", Args{"tensor_parallel_size": 6}, nil, "heads-by-tensor"},
		"vllm-project/vllm/issues/25292":       {card("Qwen/Qwen3-30B-A3B-FP8"), "H100", "0.10.2", Args{"tensor_parallel_size": 4}, nil, "block-quantization"},
		"vllm-project/vllm/issues/17569":       {card("Qwen/Qwen3-235B-A22B-FP8"), "", "0.8.5", Args{"tensor_parallel_size": 8}, nil, "block-quantization"},
		"a tool parser of another family":      {card("Qwen/Qwen3-8B"), "", "0.19.1", Args{"tool_call_parser": "kimi_k2"}, nil, "tool-parser"},
		"a reasoning parser of another family": {card("openai/gpt-oss-20b"), "", "0.19.1", Args{"reasoning_parser": "glm45"}, nil, "reasoning-parser"},
	} {
		q := Request{Model: c.model, Engine: "vllm", Release: c.release, Args: c.args, Env: c.env}
		if c.gpu != "" {
			g, err := FindGPU(c.gpu)
			if err != nil {
				t.Fatal(err)
			}
			q.GPU = &g
		}
		r := Compute(q)
		if !slices.ContainsFunc(r.Reasons, func(reason Reason) bool { return reason.Rule == c.rule && (reason.Refuses || reason.Doubts) }) {
			t.Errorf("%s: no refusal %s in %+v", address, c.rule, r.Reasons)
		}
	}
	// The same models with what goes together are not refused.
	for _, q := range []Request{
		{Model: card("openai/gpt-oss-20b"), Args: Args{"attention_backend": "TRITON_ATTN", "tool_call_parser": "openai", "reasoning_parser": "openai_gptoss"}},
		{Model: card("nvidia/Kimi-K2.5-NVFP4"), Args: Args{"tensor_parallel_size": 8, "tool_call_parser": "kimi_k2", "reasoning_parser": "kimi_k2"}},
		{Model: card("Qwen/Qwen3-30B-A3B-FP8"), Args: Args{"tensor_parallel_size": 2, "tool_call_parser": "hermes", "reasoning_parser": "deepseek_r1"}},
	} {
		q.Engine, q.Release = "vllm", "0.19.1"
		for _, reason := range Compute(q).Reasons {
			if reason.Refuses || reason.Doubts {
				t.Errorf("%s: %+v", q.Model.Name, reason)
			}
		}
	}
}
