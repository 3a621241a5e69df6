package fit

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/tools/goldenfile"
)

// small is a model of four layers, with keys over it.
func small(t *testing.T, keys map[string]any) *Model {
	t.Helper()
	c := map[string]any{
		"num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 64, "hidden_size": 512, "vocab_size": 1000,
		"max_position_embeddings": 8192, "dtype": "bfloat16", "intermediate_size": 1024,
	}
	maps.Copy(c, keys)
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadConfig("config.json", data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestKinds: the bytes of a token, the tokens and the requests in 1 GiB, for each kind of attention.
// The values are worked out by hand from the engines' formulas.
func TestKinds(t *testing.T) {
	window := map[string]any{"layer_types": []string{"full_attention", "sliding_attention", "sliding_attention", "sliding_attention"}, "sliding_window": 128}
	linear := map[string]any{
		"layer_types":          []string{"linear_attention", "linear_attention", "linear_attention", "full_attention"},
		"linear_num_key_heads": 4, "linear_num_value_heads": 8, "linear_key_head_dim": 32, "linear_value_head_dim": 32, "linear_conv_kernel_dim": 4, "mamba_ssm_dtype": "float32",
	}
	latent := map[string]any{"kv_lora_rank": 192, "qk_rope_head_dim": 64, "qk_nope_head_dim": 64, "v_head_dim": 64}
	for _, c := range []struct {
		name            string
		engine, release string
		keys            map[string]any
		args            Args
		bytes           float64
		tokens          int64
		concurrency     float64
		longest         int64
	}{
		// 4 layers x 4 heads x (64 + 64) x 2 bytes; 2^30 / 4096 = 262144 tokens; 16 blocks a request of 256.
		{name: "grouped query", engine: "vllm", release: "0.11.0", args: Args{"max_model_len": 256.0}, bytes: 4096, tokens: 262144, concurrency: 1024, longest: 8192},
		{name: "tensor parallel", engine: "vllm", release: "0.11.0", args: Args{"max_model_len": 256.0, "tensor_parallel_size": 2.0}, bytes: 2048, tokens: 524288, concurrency: 2048, longest: 8192},
		{name: "more ranks than KV heads", engine: "vllm", release: "0.11.0", args: Args{"max_model_len": 256.0, "tensor_parallel_size": 8.0}, bytes: 1024, tokens: 1048576, concurrency: 4096, longest: 8192},
		{name: "fp8", engine: "vllm", release: "0.11.0", args: Args{"max_model_len": 256.0, "kv_cache_dtype": "fp8"}, bytes: 2048, tokens: 524288, concurrency: 2048, longest: 8192},
		{name: "nvfp4", engine: "vllm", release: "0.28.0", args: Args{"max_model_len": 256.0, "kv_cache_dtype": "nvfp4"}, bytes: 1152, tokens: 932064, concurrency: 3640.88, longest: 8192},
		{name: "scales for each head", engine: "vllm", release: "0.28.0", args: Args{"max_model_len": 256.0, "kv_cache_dtype": "fp8_per_token_head"}, bytes: 2176, tokens: 493440, concurrency: 1927.5, longest: 8192},
		// Half of the layers a stage.
		{name: "pipeline", engine: "vllm", release: "0.11.0", args: Args{"max_model_len": 256.0, "pipeline_parallel_size": 2.0}, bytes: 2048, tokens: 524288, concurrency: 2048, longest: 8192},
		// Four ranks hold a quarter of the tokens each; the KV heads are one a rank.
		{name: "decode context parallel", engine: "vllm", release: "0.14.0", args: Args{"max_model_len": 256.0, "tensor_parallel_size": 8.0, "decode_context_parallel_size": 2.0}, bytes: 512, tokens: 2097152, concurrency: 8192, longest: 8192},
		// 4 layers x 256 x 2 bytes, whatever tensor parallel is.
		{name: "latent", engine: "vllm", release: "0.11.0", keys: latent, args: Args{"max_model_len": 256.0, "tensor_parallel_size": 8.0}, bytes: 2048, tokens: 524288, concurrency: 2048, longest: 8192},
		{name: "latent in SGLang", engine: "sglang", release: "0.5.9", keys: latent, args: Args{"tp_size": 8.0, "context_length": 256.0}, bytes: 2048, tokens: 524288, concurrency: 2048, longest: 8192},
		// One full layer and three with a window: four groups of one layer, 16384 bytes a block of 16 tokens. A request of
		// 4096 takes 256 blocks, and in each of the others (127 + 2048) / 16 + 1 = 137.
		{name: "window", engine: "vllm", release: "0.11.0", keys: window, args: Args{"max_model_len": 4096.0}, bytes: 1024, tokens: 262144, concurrency: 98.25, longest: 8192},
		{name: "window, reported by length", engine: "vllm", release: "0.21.0", keys: window, args: Args{"max_model_len": 4096.0}, bytes: 1024, tokens: 402451, concurrency: 98.25, longest: 8192},
		{name: "window, all batches in flight", engine: "vllm", release: "0.26.0", keys: window, args: Args{"max_model_len": 8192.0}, bytes: 1024, tokens: 410765, concurrency: 50.14, longest: 8192},
		{name: "window without groups", engine: "vllm", release: "0.21.0", keys: window, args: Args{"max_model_len": 4096.0, "disable_hybrid_kv_cache_manager": true}, bytes: 4096, tokens: 262144, concurrency: 64, longest: 8192},
		// Full 1024 bytes, and 0.8 x 3 x 1024 for the others.
		{name: "window in SGLang", engine: "sglang", release: "0.5.9", keys: window, args: Args{"context_length": 4096.0}, bytes: 3481.6, tokens: 308404, concurrency: 75.29, longest: 8192},
		// A state: (2 x 4 x 32 + 8 x 32) x 3 x 2 + 8 x 32 x 32 x 4 = 35840 bytes, a token 1024: 35 tokens, 48 in blocks of 16.
		// Four groups of one layer, 49152 bytes a block: 21845 blocks. A request of 4096 takes 86 + 3.
		{name: "states", engine: "vllm", release: "0.11.0", keys: linear, args: Args{"max_model_len": 4096.0}, bytes: 1024, tokens: 262128, concurrency: 245.45, longest: 8192},
		// Two states for each, at block boundaries.
		{name: "states at boundaries", engine: "vllm", release: "0.26.0", keys: linear, args: Args{"max_model_len": 4096.0}, bytes: 1024, tokens: 972577, concurrency: 237.45, longest: 8192},
		{name: "states in SGLang", engine: "sglang", release: "0.5.9", keys: linear, args: Args{"context_length": 4096.0}, bytes: 1024, tokens: 1048576, concurrency: 256, longest: 8192},
	} {
		t.Run(c.name, func(t *testing.T) {
			told := 1.0
			r := Compute(Request{Model: small(t, c.keys), Engine: c.engine, Release: c.release, Args: c.args, KVGiB: &told})
			if r.BytesPerToken == nil || r.Tokens == nil || r.Concurrency == nil || r.MaxLen == nil || r.Fits == nil {
				t.Fatalf("not computed: %+v", r)
			}
			if *r.BytesPerToken != c.bytes || *r.Tokens != c.tokens || *r.Concurrency != c.concurrency || *r.MaxLen != c.longest || !*r.Fits {
				t.Errorf("bytes %v, tokens %v, concurrency %v, longest %v, fits %v\nwant %v, %v, %v, %v, true\n%v",
					*r.BytesPerToken, *r.Tokens, *r.Concurrency, *r.MaxLen, *r.Fits, c.bytes, c.tokens, c.concurrency, c.longest, r.Reasons)
			}
		})
	}
}

// TestRules: each check of a start has values that break it and values that do not.
func TestRules(t *testing.T) {
	gpu := func(name string) *GPU {
		g, err := FindGPU(name)
		if err != nil {
			t.Fatal(err)
		}
		return &g
	}
	model := func(name string) *Model {
		m, err := FindModel(context.Background(), name, "")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, c := range []struct {
		rule, model, gpu, engine, release string
		broken, fine                      Args
	}{
		{rule: "heads-by-tensor", model: "Llama-3.1-8B", engine: "vllm", broken: Args{"tensor_parallel_size": 3.0}, fine: Args{"tensor_parallel_size": 4.0}},
		{rule: "heads-by-tensor", model: "Llama-3.1-8B", engine: "sglang", broken: Args{"tp_size": 3.0}, fine: Args{"tp_size": 8.0}},
		{rule: "kv-heads-by-tensor", model: "Llama-4-Scout-17B-16E", engine: "vllm", broken: Args{"tensor_parallel_size": 20.0}, fine: Args{"tensor_parallel_size": 8.0}},
		{rule: "kv-heads-by-tensor", model: "Qwen3.5-27B", engine: "vllm", broken: Args{"tensor_parallel_size": 3.0}, fine: Args{"tensor_parallel_size": 4.0}},
		{rule: "experts-for-expert-parallel", model: "Llama-3.1-8B", engine: "vllm", broken: Args{"enable_expert_parallel": true}, fine: Args{"enable_expert_parallel": false}},
		{rule: "context-parallel", model: "Llama-3.1-8B", engine: "vllm", broken: Args{"tensor_parallel_size": 8.0, "decode_context_parallel_size": 2.0}, fine: Args{"tensor_parallel_size": 16.0, "decode_context_parallel_size": 2.0}},
		{rule: "context-parallel", model: "DeepSeek-R1", engine: "vllm", broken: Args{"tensor_parallel_size": 8.0, "decode_context_parallel_size": 3.0}, fine: Args{"tensor_parallel_size": 8.0, "decode_context_parallel_size": 8.0}},
		{rule: "length", model: "Qwen3-32B", engine: "vllm", broken: Args{"max_model_len": 131072.0}, fine: Args{"max_model_len": 40960.0}},
		{rule: "length", model: "Qwen3-32B", engine: "vllm", broken: Args{"max_model_len": 131072.0}, fine: Args{"max_model_len": 131072.0, "hf_overrides": map[string]any{"rope_parameters": map[string]any{}}}},
		{rule: "length", model: "Qwen3-32B", engine: "sglang", broken: Args{"context_length": 131072.0}, fine: Args{"context_length": 131072.0, "json_model_override_args": "{}"}},
		{rule: "quantization-of-checkpoint", model: "gpt-oss-120b", engine: "vllm", release: "0.19.1", broken: Args{"quantization": "awq"}, fine: Args{"quantization": "mxfp4"}},
		{rule: "quantization-of-checkpoint", model: "nvidia/Llama-3.1-70B-Instruct-FP8", engine: "vllm", release: "0.9.2", broken: Args{"quantization": "gptq"}, fine: Args{"quantization": "modelopt"}},
		{rule: "quantization-of-checkpoint", model: "Qwen3-32B-FP8", engine: "vllm", broken: Args{"quantization": "awq"}, fine: Args{"quantization": "humming"}},
		{rule: "quantization-of-checkpoint", model: "Qwen3-32B-FP8", engine: "vllm", release: "0.19.1", broken: Args{"quantization": "gguf"}, fine: Args{"quantization": "fp8"}},
		{rule: "quantization-of-checkpoint", model: "DeepSeek-R1", engine: "sglang", release: "0.5.17", broken: Args{"quantization": "modelopt_fp4"}, fine: Args{"quantization": "fp8"}},
		{rule: "quantization-of-checkpoint", model: "nvidia/Llama-3.1-70B-Instruct-FP8", engine: "sglang", broken: Args{"quantization": "fp8"}, fine: Args{"quantization": "modelopt_fp8"}},
		{rule: "experts-by-expert-parallel", model: "DeepSeek-V4-Flash-0731", engine: "vllm", broken: Args{"tensor_parallel_size": 3.0, "enable_expert_parallel": true, "moe_backend": "deep_gemm_mega_moe"}, fine: Args{"tensor_parallel_size": 4.0, "enable_expert_parallel": true, "moe_backend": "deep_gemm_mega_moe"}},
		{rule: "attention-backend", model: "Qwen3.5-27B", gpu: "B300", engine: "sglang", release: "0.5.17", broken: Args{"attention_backend": "flashinfer"}, fine: Args{"attention_backend": "trtllm_mha"}},
		{rule: "attention-backend", model: "Qwen3.5-27B", gpu: "RTX PRO 6000", engine: "sglang", release: "0.5.17", broken: Args{"attention_backend": "fa4"}, fine: Args{"attention_backend": "flashinfer"}},
		{rule: "attention-backend", model: "Qwen3-8B", gpu: "B200", engine: "sglang", broken: Args{"prefill_attention_backend": "fa3"}, fine: Args{"attention_backend": "trtllm_mha"}},
		{rule: "attention-backend", model: "Qwen3-8B", gpu: "H100", engine: "sglang", release: "0.5.9", broken: Args{"attention_backend": "trtllm_mha"}, fine: Args{"attention_backend": "fa3"}},
		{rule: "attention-backend", model: "Qwen3-8B", gpu: "H100", engine: "sglang", release: "0.5.10", broken: Args{"attention_backend": "trtllm_mla"}, fine: Args{"decode_attention_backend": "trtllm_mha"}},
		{rule: "attention-backend", model: "DeepSeek-V3.2", gpu: "A100", engine: "vllm", broken: Args{}, fine: nil},
		{rule: "attention-backend", model: "DeepSeek-R1", engine: "sglang", release: "0.5.20", broken: Args{"attention_backend": "trtllm_mla", "kv_cache_dtype": "fp8_e5m2"}, fine: Args{"attention_backend": "trtllm_mla", "kv_cache_dtype": "fp4_e2m1"}},
		{rule: "attention-backend", model: "DeepSeek-R1", engine: "sglang", release: "0.5.21", broken: Args{"decode_attention_backend": "trtllm_mla", "kv_cache_dtype": "fp4_e2m1"}, fine: Args{"decode_attention_backend": "trtllm_mla", "kv_cache_dtype": "bf16"}},
		{rule: "attention-backend", model: "DeepSeek-R1", gpu: "B200", engine: "vllm", release: "0.20.0", broken: Args{"attention_backend": "CUTLASS_MLA", "block_size": 64.0}, fine: Args{"attention_backend": "CUTLASS_MLA", "block_size": 128.0}},
		{rule: "attention-backend", model: "gemma-4-26b-a4b", gpu: "B200", engine: "vllm", release: "0.19.1", broken: Args{"attention_backend": "FLASH_ATTN"}, fine: Args{"attention_backend": "TRITON_ATTN"}},
		{rule: "attention-backend", model: "DeepSeek-V4-Flash", gpu: "H100", engine: "vllm", broken: Args{"attention_backend": "FLASHINFER_MLA_SPARSE_DSV4"}, fine: Args{"attention_backend": "FLASHMLA_SPARSE_DSV4"}},
		{rule: "own-draft", model: "Llama-3.1-8B", engine: "vllm", broken: Args{"speculative_config": map[string]any{"method": "mtp", "num_speculative_tokens": 1.0}}, fine: Args{"speculative_config": map[string]any{"method": "eagle3", "model": "x", "num_speculative_tokens": 3.0}}},
		{rule: "quantization-on-gpu", model: "Qwen3-30B-A3B-FP8", gpu: "T4", engine: "vllm", release: "0.11.0", broken: Args{}, fine: nil},
		{rule: "block-quantization", model: "Qwen3-235B-A22B-FP8", engine: "sglang", broken: Args{"tp_size": 8.0}, fine: Args{"tp_size": 8.0, "ep_size": 2.0}},
		{rule: "block-quantization", model: "Qwen3-235B-A22B-FP8", engine: "sglang", broken: Args{"tp_size": 8.0, "moe_a2a_backend": "none"}, fine: Args{"tp_size": 8.0, "moe_a2a_backend": "deepep"}},
		{rule: "block-quantization", model: "Qwen3-32B-FP8", engine: "vllm", broken: Args{"tensor_parallel_size": 16.0}, fine: Args{"tensor_parallel_size": 8.0}},
		{rule: "block-quantization", model: "Qwen3-235B-A22B-FP8", engine: "vllm", release: "0.28.0", broken: Args{"tensor_parallel_size": 8.0}, fine: Args{"tensor_parallel_size": 8.0, "enable_expert_parallel": true}},
		{rule: "block-quantization", model: "Qwen3-235B-A22B-FP8", engine: "sglang", broken: Args{"tp_size": 8.0}, fine: Args{"tp_size": 4.0}},
		{rule: "type-on-gpu", model: "Llama-3.1-8B", gpu: "V100", engine: "vllm", broken: Args{"dtype": "bfloat16"}, fine: Args{"dtype": "float16"}},
		{rule: "kv-type-on-gpu", model: "Llama-3.1-8B", gpu: "A100", engine: "vllm", broken: Args{"kv_cache_dtype": "fp8", "attention_backend": "TRITON_ATTN"}, fine: Args{"kv_cache_dtype": "fp8_e5m2", "attention_backend": "TRITON_ATTN"}},
		{rule: "attention-backend", model: "DeepSeek-R1", engine: "vllm", broken: Args{"attention_backend": "FLASH_ATTN"}, fine: Args{"attention_backend": "FLASHMLA"}},
		{rule: "attention-backend", model: "DeepSeek-R1", gpu: "H100", engine: "vllm", broken: Args{"attention_backend": "CUTLASS_MLA"}, fine: Args{"attention_backend": "FLASH_ATTN_MLA"}},
		{rule: "attention-backend", model: "gpt-oss-20b", gpu: "A100", engine: "vllm", broken: Args{"attention_backend": "FLASH_ATTN"}, fine: Args{"attention_backend": "TRITON_ATTN"}},
		{rule: "attention-backend", model: "Llama-3.1-8B", gpu: "L40S", engine: "vllm", broken: Args{"attention_backend": "FLASH_ATTN", "kv_cache_dtype": "fp8"}, fine: Args{"attention_backend": "FLASHINFER", "kv_cache_dtype": "fp8"}},
		{rule: "attention-backend", model: "gpt-j-6b", engine: "vllm", release: "0.32.0", broken: Args{"attention_backend": "FLEX_ATTENTION", "kv_cache_dtype": "fp8"}, fine: Args{"attention_backend": "TRITON_ATTN", "kv_cache_dtype": "fp8"}},
	} {
		q := Request{Model: model(c.model), Engine: c.engine, Release: c.release}
		if c.gpu != "" {
			q.GPU = gpu(c.gpu)
		}
		has := func(args Args) bool {
			q.Args = args
			return slices.ContainsFunc(Compute(q).Reasons, func(r Reason) bool { return r.Rule == c.rule && r.Refuses })
		}
		if !has(c.broken) {
			t.Errorf("%s: %s %v is not refused", c.rule, c.model, c.broken)
		}
		if c.fine != nil && has(c.fine) {
			t.Errorf("%s: %s %v is refused", c.rule, c.model, c.fine)
		}
	}
	q := Request{Model: model("Llama-3.1-8B"), Engine: "vllm", GPUs: 4, Args: Args{"tensor_parallel_size": 8.0}}
	if r := Compute(q); r.refused() == nil || r.refused().Rule != "gpus" {
		t.Errorf("8 ranks on 4 GPUs: %v", r.Reasons)
	}
	if q.GPUs = 8; Compute(q).refused() != nil {
		t.Errorf("8 ranks on 8 GPUs are refused")
	}
}

// TestCardNames holds the list of names to the cards; -update writes it.
func TestCardNames(t *testing.T) {
	files, err := filepath.Glob("cards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c Card
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		lines.WriteString(strings.TrimSuffix(filepath.Base(file), ".json") + "\t" + strings.Join(append([]string{c.Name}, c.Also...), "\t") + "\n")
	}
	if want := goldenfile.Check(t, "cards/names.txt", lines.String()); want != lines.String() {
		t.Errorf("cards/names.txt is not of these cards: go test ./internal/fit -run TestCardNames -update")
	}
}

// TestCards: every embedded card can be read, says where it is from, and is found by each of its names.
func TestCards(t *testing.T) {
	names := Cards()
	if len(names) < 60 {
		t.Errorf("%d cards", len(names))
	}
	for _, c := range cards() {
		m, err := c.model()
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if m.Source == "" || m.Name == "" || len(m.Layers) == 0 {
			t.Errorf("%s: source %q, %d layers", m.Name, m.Source, len(m.Layers))
		}
		for _, name := range c.names {
			if found := embedded(strings.ToLower(name)); found == nil || found.Name != c.names[0] {
				t.Errorf("%s is not found by %s", c.names[0], name)
			}
		}
	}
	// Weights as published: the sum of the tensors of the checkpoints, in GiB.
	for name, want := range map[string]float64{"Llama-3.1-8B": 14.957, "Qwen3-32B": 61.02, "Meta-Llama-3.1-405B": 755.96, "Mixtral-8x7B-v0.1": 86.99} {
		parts, unknown := embedded(name).parts()
		if got := total(parts) / gib; unknown != "" || got < want*0.998 || got > want*1.002 {
			t.Errorf("%s: %.3f GiB %s, want %.3f", name, got, unknown, want)
		}
	}
}

// TestFindGPU: names as drivers and recipes write them.
func TestFindGPU(t *testing.T) {
	for name, want := range map[string]string{
		"H100": "H100", "NVIDIA H100 80GB HBM3": "H100", "8x H200": "H200", "2x RTX 3090": "RTX 3090", "NVIDIA-A100-SXM4-80GB": "A100-80GB", "AMD Instinct MI300X": "MI300X",
		"DGX Spark GB10": "GB10", "rtx pro 6000": "RTX PRO 6000", "GB200-NVL72": "GB200",
	} {
		if g, err := FindGPU(name); err != nil || g.Name != want {
			t.Errorf("%s: %s, %v", name, g.Name, err)
		}
	}
	if g, err := FindGPU("H100 (79.19 GiB)"); err != nil || g.GiB != 79.19 || !g.Exact {
		t.Errorf("%+v, %v", g, err)
	}
	// One that is not in the table is made of its memory and what runs on it.
	if g, err := FindGPU("Lab X1 (96 GiB, 9.0)"); err != nil || g.Name != "Lab X1" || g.GiB != 96 || g.Capability != 90 || !g.Exact {
		t.Errorf("%+v, %v", g, err)
	}
	if g, err := FindGPU("X2 (288 GiB, gfx950)"); err != nil || g.Name != "X2" || g.Architecture != "gfx950" || g.Capability != 0 {
		t.Errorf("%+v, %v", g, err)
	}
	if g, err := FindGPU("H100 (79.19 GiB, 9.0)"); err != nil || g.Name != "H100" || g.Architecture != "Hopper" || g.GiB != 79.19 {
		t.Errorf("%+v, %v", g, err)
	}
	for _, name := range []string{"H1000", "X1 (96 GiB)", "X1 (9.0)", "(96 GiB, 9.0)", "X1 (96 GiB, sm90)"} {
		if g, err := FindGPU(name); err == nil {
			t.Errorf("%s is known: %+v", name, g)
		}
	}
}

func TestSince(t *testing.T) {
	for _, c := range []struct {
		release, first string
		want           bool
	}{
		{"0.11.0", "0.11.0", true},
		{"0.11", "0.11.0", true},
		{"0.11.x", "0.11.0", true},
		{"0.9.2", "0.11.0", false},
		{"0.26.1rc1.dev608", "0.26.0", true},
		{"", "0.26.0", true},
		{"1", "0.26.0", true},
		{"0.20.0", "0.20.1", false},
		{"v0.20.1", "0.20.1", true},
		{"0.4.9.post1", "0.4.9", true},
	} {
		if got := since(c.release, c.first); got != c.want {
			t.Errorf("since(%q, %q) is %v", c.release, c.first, got)
		}
	}
}

// BenchmarkFit is one computation with its card read from the start.
func BenchmarkFit(b *testing.B) {
	gpu := gpus[13]
	for b.Loop() {
		m, err := FindModel(context.Background(), "Qwen3.5-397B-A17B", "")
		if err != nil {
			b.Fatal(err)
		}
		Compute(Request{Model: m, GPU: &gpu, Engine: "vllm", Args: Args{"tensor_parallel_size": 8.0}})
	}
}

// TestFraction: SGLang's default of mem_fraction_static by release, worked out by hand.
func TestFraction(t *testing.T) {
	for _, c := range []struct {
		release, gpu string
		args         Args
		want         float64
	}{
		{"0.4.6.post5", "H100", Args{"tp_size": 8.0}, 0.81},
		{"0.4.6.post5", "H200", Args{"tp_size": 8.0}, 0.88},
		{"0.5.2", "H100", Args{"tp_size": 8.0}, 0.831},  // 81559 MiB by nvidia-smi, 13.5 GiB of them left, as a published start of it says
		{"0.5.2", "MI300X", Args{}, 0.833},              // (191.98 - 32) / 191.98
		{"0.5.9", "H100", Args{"tp_size": 8.0}, 0.818},  // 512 + 12288 + 1024 + 1024 = 14848 MiB of 81559
		{"0.5.23", "H100", Args{"tp_size": 8.0}, 0.812}, // and 8 for each of 58 sizes of the prefill
		{"0.5.23", "H100", Args{}, 0.83},                // 512 + 12288 + 128 + 512 + 464 = 13904
		{"0.5.23", "H100", Args{"disable_cuda_graph": true}, 0.841},
	} {
		g, err := FindGPU(c.gpu)
		if err != nil {
			t.Fatal(err)
		}
		s := &sglang{Request: &Request{Model: &Model{}, GPU: &g, Args: c.args, Release: c.release}, r: &Report{}, tp: c.args.size("tp_size"), pp: 1, dp: 1}
		if got := s.share(); got != c.want {
			t.Errorf("%s on %s %v: %v, want %v", c.release, c.gpu, c.args, got, c.want)
		}
	}
}
