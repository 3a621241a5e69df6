package fit

import (
	"slices"
	"strings"

	"mlcfg/internal/backend"
)

// checked is a configuration whose start checks are made.
type checked struct {
	*Request
	tp, pp, dp, cp int64
	// maxLen is the length asked for, 0 for the model's own.
	maxLen int64
	kv     string
}

// rule is a check that an engine makes of model, GPU and arguments when it starts.
type rule struct {
	// name is a stable word, source the engine's own check by engine; an engine without one does not check.
	name   string
	source map[string]string
	// broken says what is wrong, empty for nothing.
	broken func(c *checked) string
}

// The rules. Those that a release brought are in their conditions.
var rules = []rule{
	{"gpus", both("vllm/config/parallel.py, world_size", "sglang/srt/server_args.py, tp_size x pp_size"), needsGPUs},
	{"heads-by-tensor", both("vllm/config/model.py, verify_with_parallel_config", "sglang/srt/layers/attention: num_heads divided by attn_tp_size"), headsDivide},
	{"kv-heads-by-tensor", both("vllm/model_executor/layers/linear.py, QKVParallelLinear", "sglang/srt/layers/linear.py, QKVParallelLinear"), kvHeadsDivide},
	{"experts-for-expert-parallel", vllmOnly("vllm/config/model.py, _verify_with_expert_parallelism"), hasExperts},
	{"experts-by-expert-parallel", vllmOnly("vllm/models/deepseek_v4/nvidia/model.py, n_physical_experts % ep_size"), expertsDivide},
	{"context-parallel", vllmOnly("vllm/config/model.py, verify_with_parallel_config; vllm/config/parallel.py"), contextDivides},
	{"own-draft", vllmOnly("vllm/config/speculative.py, hf_config_override and __post_init__"), ownDraft},
	{"length", both("vllm/config/model.py, _get_and_verify_max_len", "sglang/srt/configs/model_config.py, context_length"), lengthOfModel},
	{"quantization-of-checkpoint", ofQuantization, sameQuantization},
	{"quantization-on-gpu", vllmOnly("vllm/model_executor/layers/quantization, get_min_capability"), quantizationOnGPU},
	{"block-quantization", both("vllm/model_executor/layers/quantization/fp8.py, create_weights", "sglang/srt/layers/quantization/fp8.py, create_weights"), blocksDivide},
	{"type-on-gpu", both("vllm/platforms/cuda.py, check_if_supports_dtype", "sglang/srt/model_executor/model_runner.py, on capability below 8.0"), typeOnGPU},
	{"kv-type-on-gpu", vllmOnly("vllm/v1/attention/backends: fp8e4nv of Triton and FlashAttention 3"), kvTypeOnGPU},
	{"attention-backend", both("vllm/v1/attention/backend.py, validate_configuration", "sglang/srt/layers/attention/attention_registry.py and sglang/srt/server_args.py"), backendTakes},
}

func both(vllm, sglang string) map[string]string {
	return map[string]string{backend.VLLM: vllm, backend.SGLang: sglang}
}

func vllmOnly(source string) map[string]string { return map[string]string{backend.VLLM: source} }

// compatible makes the checks.
func compatible(c *checked, r *Report) {
	for _, rule := range rules {
		source := rule.source[c.Engine]
		if source == "" {
			continue
		}
		if fault := rule.broken(c); fault != "" {
			r.refuse(rule.name, source, "%s", fault)
		}
	}
	parsersMatch(c, r)
	fallsBack(c, r)
	namesMatch(c, r)
}

func needsGPUs(c *checked) string {
	need := c.tp * c.pp * c.dp
	if c.Engine == backend.SGLang {
		need = c.Args.size("tp_size", "tp", "tensor_parallel_size") * c.pp
		if !c.Args.on("enable_dp_attention") {
			need *= c.dp
		}
	}
	if c.GPUs > 0 && need > int64(c.GPUs) && c.Args.num(1, "nnodes") == 1 {
		return text("the parallel sizes take %d GPUs, there are %d", need, c.GPUs)
	}
	return ""
}

func headsDivide(c *checked) string {
	if c.Model.Heads%c.tp != 0 {
		return text("%d attention heads are no multiple of tensor parallel %d", c.Model.Heads, c.tp)
	}
	return ""
}

func kvHeadsDivide(c *checked) string {
	kv := c.Model.KVHeads
	if c.Model.Heads%c.tp != 0 || !slices.ContainsFunc(c.Model.Layers, func(l Layer) bool { return l.Kind == Full || l.Kind == Sliding || l.Kind == Chunked }) {
		return ""
	}
	if kv >= c.tp && kv%c.tp != 0 || kv < c.tp && c.tp%kv != 0 {
		return text("%d KV heads and tensor parallel %d: one is to be a multiple of the other", kv, c.tp)
	}
	return ""
}

func hasExperts(c *checked) string {
	if c.Args.on("enable_expert_parallel") && c.Model.Experts == 0 {
		return "enable_expert_parallel, and the model has no experts"
	}
	return ""
}

// expertsDivide: the kernel of DeepSeek V4's experts over all ranks has as many of them on each.
func expertsDivide(c *checked) string {
	if !c.Args.on("enable_expert_parallel") || c.Args.text("moe_backend") != "deep_gemm_mega_moe" || c.Model.Type != "deepseek_v4" || !since(c.Release, "0.23.0") {
		return ""
	}
	ranks, spare := c.tp*c.dp, c.Args.in("eplb_config").num(0, "num_redundant_experts")
	if all := c.Model.Experts + spare; all%ranks != 0 {
		return text("%d experts are no multiple of the %d ranks of expert parallel", all, ranks)
	}
	return ""
}

func contextDivides(c *checked) string {
	if c.cp == 1 {
		return ""
	}
	if c.tp%c.cp != 0 {
		return text("tensor parallel %d is no multiple of decode context parallel %d", c.tp, c.cp)
	}
	if slices.ContainsFunc(c.Model.Layers, func(l Layer) bool { return l.Kind == Latent }) || !since(c.Release, "0.12.0") {
		return ""
	}
	kv := c.Model.KVHeads
	switch {
	case c.tp <= kv:
		return text("decode context parallel %d with %d KV heads needs tensor parallel above %d, found %d", c.cp, kv, kv, c.tp)
	case c.cp > c.tp/kv:
		return text("decode context parallel %d is above tensor parallel %d / %d KV heads", c.cp, c.tp, kv)
	case c.Model.Heads/kv%c.cp != 0:
		return text("%d query heads for each KV head are no multiple of decode context parallel %d", c.Model.Heads/kv, c.cp)
	}
	return ""
}

func lengthOfModel(c *checked) string {
	top := c.Model.MaxLen
	if top == 0 || c.maxLen <= top {
		return ""
	}
	asked := "max_model_len"
	if c.Engine == backend.SGLang {
		asked = "context_length"
		if !sglangHoldsLength(c) {
			return ""
		}
	} else if c.Args["hf_overrides"] != nil || c.Args["rope_scaling"] != nil || c.Env["VLLM_ALLOW_LONG_MAX_MODEL_LEN"] == "1" {
		return ""
	}
	return text("%s %d is above the %d that the model was made for", asked, c.maxLen, top)
}

// sglangHoldsLength reports whether SGLang refuses a longer context: from 0.4.4 to 0.5.1 it warned alone. It reads
// the scaling of some models otherwise than config.json's length says.
func sglangHoldsLength(c *checked) bool {
	may := strings.ToLower(c.Env["SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN"])
	otherwise := c.Model.Rope == "su" || c.Model.Rope == "longrope" || strings.HasPrefix(c.Model.Type, "gemma3")
	return may != "1" && may != "true" && !otherwise && c.Args["json_model_override_args"] == nil && !within(c.Release, "0.4.4", "0.5.1")
}

// vllmPadsExperts is the first release of vLLM that takes parts of experts of any size.
const vllmPadsExperts = "0.29.0"

// blocksDivide: weights that are quantized in blocks have to be cut between blocks.
func blocksDivide(c *checked) string {
	block := c.Model.config.in("quantization_config").numbers("weight_block_size")
	if len(block) != 2 || block[0] <= 0 || c.Model.Quant.Method != "fp8" {
		return ""
	}
	tp := c.tp * c.dp // experts are cut over data parallel too
	if c.Engine == backend.SGLang {
		tp = c.Args.size("tp_size", "tp", "tensor_parallel_size") / c.Args.size("ep_size", "ep", "expert_parallel_size")
		if a2a := c.Args.text("moe_a2a_backend"); a2a != "" && a2a != "none" || c.Args.on("enable_deepep_moe") || c.Args.on("enable_ep_moe") {
			tp = 1 // ep_size becomes tp_size (sglang/srt/server_args.py)
		}
	}
	pads := c.Args.on("enable_expert_parallel") || c.Engine == backend.VLLM && since(c.Release, vllmPadsExperts) || c.Env["SGLANG_USE_AITER"] == "1"
	if wide := int64(c.Model.config.number("moe_intermediate_size")); c.Model.Experts > 0 && wide > 0 && !pads && tp > 1 && (wide%tp != 0 || wide/tp%block[0] != 0) {
		return text("an expert of %d cut in %d has parts of %d, no multiple of the block of %d of its quantization; expert parallel leaves experts whole", wide, tp, wide/tp, block[0])
	}
	if wide := int64(c.Model.config.number("intermediate_size")); c.Model.Experts == 0 && wide > 0 && c.tp > 1 && wide/c.tp%block[0] != 0 {
		return text("a feed-forward layer of %d cut in %d has parts of %d, no multiple of the block of %d of its quantization", wide, c.tp, wide/c.tp, block[0])
	}
	return ""
}

func typeOnGPU(c *checked) string {
	if c.GPU == nil || c.GPU.Capability == 0 || c.GPU.Capability >= 80 {
		return ""
	}
	asked := c.Args.text("dtype")
	if c.Engine == backend.VLLM && asked == "bfloat16" {
		return text("bfloat16 needs compute capability 8.0, %s has %s; float16 is taken", c.GPU.Name, capability(c.GPU.Capability))
	}
	return ""
}

func kvTypeOnGPU(c *checked) string {
	if c.GPU == nil || c.GPU.Capability == 0 || c.GPU.Capability >= 89 {
		return ""
	}
	asked := c.Args.text("kv_cache_dtype")
	have := capability(c.GPU.Capability)
	// Chunks and cached prefixes went through a kernel of Triton (vllm/attention/ops/prefix_prefill.py).
	if (c.Args.on("enable_chunked_prefill") || c.Args.on("enable_prefix_caching")) && (asked == "fp8" || asked == "fp8_e4m3") && !since(c.Release, vllmV1) {
		return text("a KV cache of %s with chunked prefill or cached prefixes needs compute capability 8.9, %s has %s", asked, c.GPU.Name, have)
	}
	// FlashAttention is the default, which takes it on Hopper alone (vllm/platforms/cuda.py,
	// is_kv_cache_dtype_supported), and V0 was gone.
	if strings.HasPrefix(asked, "fp8") && AttentionAsked(c.Args, c.Env) == "" && since(c.Release, "0.11.0") && !since(c.Release, "0.11.1") {
		return text("a KV cache of %s needs another backend of attention than the default on compute capability %s; FLASHINFER takes it", asked, have)
	}
	if c.Args.text("attention_backend") == "TRITON_ATTN" || c.Env["VLLM_ATTENTION_BACKEND"] == "TRITON_ATTN" || c.Env["VLLM_ATTENTION_BACKEND"] == "TRITON_ATTN_VLLM_V1" {
		if asked == "fp8" || asked == "fp8_e4m3" {
			return text("a KV cache of %s under TRITON_ATTN needs compute capability 8.9, %s has %s", asked, c.GPU.Name, capability(c.GPU.Capability))
		}
	}
	return ""
}
