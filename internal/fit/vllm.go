package fit

import (
	"math"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
)

// What vLLM's releases do differently, by the first release that does.
const (
	vllmV1            = "0.8.0"  // the second engine, which profiles with a sampler's full batch
	vllmOwnTriton     = "0.12.0" // triton_kernels come with it, which Hopper takes for MXFP4
	vllmGroupRatio    = "0.12.0" // groups of unequal layers are padded to the largest (1.25)
	vllmGlobalCheck   = "0.14.0" // the check of one request counts the layers of all stages, until the next
	vllmStageCheck    = "0.17.0"
	vllmKVOfModel     = "0.14.0" // kv_cache_dtype auto asks a modelopt checkpoint
	vllmWiderRatio    = "0.18.0" // 1.5 in place of 1.25
	vllmGraphs        = "0.20.0" // the estimate of graphs is taken off, and 0.92 is the default
	vllmTokensOfLen   = "0.20.1" // the tokens reported are concurrency x max_model_len
	vllmPaddedPages   = "0.24.0" // pages that are no divisor of the largest are padded
	vllmInFlight      = "0.26.0" // windows count every batch in flight; hybrids cache prefixes
	vllmLargeDefaults = "0.28.0" // from 160 GiB 16,384 batched tokens
	vllmNullBlock     = "0.29.0" // one block is held back before lengths are checked
)

const (
	vllmWorker = "vllm/v1/worker/gpu_worker.py, determine_available_memory"
	vllmUtils  = "vllm/v1/core/kv_cache_utils.py"
	vllmSpecs  = "vllm/v1/kv_cache_interface.py"
	vllmArgs   = "vllm/engine/arg_utils.py"
)

// vllm is what a start of vLLM comes to.
type vllm struct {
	*Request
	r          *Report
	tp, pp, dp int64
	dcp        int64
	maxLen     int64
	kvType     string
	batched    int64
	seqs       int64
	block      int64
	drafts     int64
	align      bool // states are kept at block boundaries too
}

func vllmFit(q *Request, r *Report) {
	if q.Args.beyond("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "decode_context_parallel_size") {
		r.cannot("memory under parallel sizes that no machine has")
		return
	}
	v := &vllm{
		Request: q, r: r,
		tp: q.Args.size("tensor_parallel_size"), pp: q.Args.size("pipeline_parallel_size"), dp: q.Args.size("data_parallel_size"),
		dcp: q.Args.size("decode_context_parallel_size"),
	}
	v.defaults()
	compatible(&checked{
		Request: q, tp: v.tp, pp: v.pp, dp: v.dp, cp: v.dcp, maxLen: q.Args.num(0, "max_model_len"), kv: v.kvType,
	}, r)
	v.memory()
	v.cache()
}

// defaults are the values that a start leaves open.
func (v *vllm) defaults() {
	v.maxLen = v.Args.num(0, "max_model_len")
	if v.maxLen <= 0 {
		v.maxLen = v.Model.MaxLen
	}
	v.kvType = v.Args.text("kv_cache_dtype")
	switch {
	case v.kvType != "" && v.kvType != "auto":
	case v.Model.Quant.KV != "" && since(v.Release, vllmKVOfModel) && strings.HasPrefix(v.Model.Quant.Method, "modelopt"):
		v.kvType = v.Model.Quant.KV
		v.r.say("kv-type", "vllm/utils/torch_utils.py, resolve_kv_cache_dtype_string", "the checkpoint asks for a KV cache of %s", v.kvType)
	default:
		v.kvType = v.dtype()
	}
	v.seqs, v.batched = 256, 2048
	if v.GPU != nil {
		switch {
		case v.GPU.GiB >= 160 && since(v.Release, vllmLargeDefaults):
			v.seqs, v.batched = 1024, 16384
		case v.GPU.GiB >= 70 && !strings.HasPrefix(v.GPU.Name, "A100"):
			v.seqs, v.batched = 1024, 8192
		}
		if v.Args["max_num_seqs"] == nil || v.Args["max_num_batched_tokens"] == nil {
			v.r.say("batch-defaults", vllmArgs+", get_batch_defaults", "%s stands for max_num_seqs %d and max_num_batched_tokens %d where they are not set", v.GPU.Name, v.seqs, v.batched)
		}
	}
	v.seqs = v.Args.num(v.seqs, "max_num_seqs")
	v.batched = v.Args.num(v.batched, "max_num_batched_tokens")
	if v.block = v.Args.num(16, "block_size"); v.block <= 0 || v.block > 1<<16 {
		v.block = 16
	}
	if v.onCPU() && v.Args["block_size"] == nil {
		v.block = 128 // vllm/platforms/cpu.py
	} else if v.Args["block_size"] == nil {
		for i := range v.Model.Layers {
			if v.Model.Layers[i].Kind == Latent {
				v.block = 64
			}
		}
	}
	if s := v.Args.in("speculative_config"); s != nil {
		v.drafts = max(0, min(s.num(0, "num_speculative_tokens"), 64))
	}
	prefix := v.Args["enable_prefix_caching"]
	v.align = prefix == true || prefix == nil && since(v.Release, vllmInFlight)
	if !since(v.Release, "0.15.0") {
		v.align = false
	}
	if mode := v.Args.text("mamba_cache_mode"); mode == "align" {
		v.align = true
	}
}

// onCPU reports whether the engine is one for the CPU.
func (v *vllm) onCPU() bool {
	b, ok := backend.Of(v.Engine)
	return ok && b.WhyCPU(v.Args, v.Env) != ""
}

// dtype is the type that the model computes in.
func (v *vllm) dtype() string {
	if d := v.Args.text("dtype"); d != "" && d != "auto" {
		return d
	}
	if v.Model.DType == "" || v.Model.DType == "float32" {
		return "bfloat16" // float32 is loaded as float16 or bfloat16 (vllm/config/model.py, _get_and_verify_dtype)
	}
	return v.Model.DType
}

// memory computes what is left for the KV cache.
func (v *vllm) memory() {
	r := v.r
	first, last := v.stage()
	s := spread{
		tp: v.tp, experts: v.tp * v.dp, kvHeads: v.Model.KVHeads, first: true, last: true,
		layers: float64(last-first) / float64(max(1, len(v.Model.Layers))), draft: v.Args["speculative_config"] != nil, pad: v.padding(),
	}
	if v.pp > 1 {
		s.last = false
	}
	weigh(v.Request, r, s, "split by tensor, pipeline and expert parallel as vllm/model_executor/layers does; KV heads at least one a rank")
	if space, err := strconv.ParseFloat(v.Env["VLLM_CPU_KVCACHE_SPACE"], 64); v.KVGiB == nil && err == nil && space > 0 && space < 1e6 {
		r.KV = &space
		r.say("kv-memory", "vllm/platforms/cpu.py", "VLLM_CPU_KVCACHE_SPACE gives the KV cache %g GiB", space)
		return
	}
	if v.KVGiB != nil {
		r.KV = v.KVGiB
		r.say("kv-memory", "told", "%.2f GiB for the KV cache", *v.KVGiB)
		return
	}
	if bytes := v.Args.num(0, "kv_cache_memory_bytes"); bytes > 0 {
		r.KV = ptr(gibs(float64(bytes)))
		r.say("kv-memory", vllmWorker, "kv_cache_memory_bytes stands for gpu_memory_utilization: %.2f GiB", float64(bytes)/gib)
		return
	}
	if v.GPU == nil {
		r.cannot("the KV memory: no GPU is named")
		return
	}
	share := 0.9
	if since(v.Release, vllmGraphs) {
		share = 0.92
	}
	if told, ok := v.Args.float("gpu_memory_utilization"); ok {
		share = told
	}
	requested := v.GPU.GiB * share
	r.say("requested-memory", "vllm/config/cache.py and vllm/v1/worker/utils.py, request_memory", "%.2f GiB x gpu_memory_utilization %g = %.2f GiB", v.GPU.GiB, share, requested)
	if !v.GPU.Exact {
		r.Margin += 0.05 * v.GPU.GiB
		r.cannot("the exact memory of %s: %g GiB is %s", v.GPU.Name, v.GPU.GiB, v.GPU.Source)
	}
	v.working()
	if r.Weights == nil || r.Activation == nil || r.Graph == nil {
		r.cannot("the KV memory")
		return
	}
	outside := v.outside()
	kv := requested - *r.Weights - *r.Activation - *r.Graph - outside
	r.KV = ptr(math.Round(kv*1000) / 1000)
	r.say("kv-memory", vllmWorker, "%.2f GiB requested - weights %.2f - activation %.2f - graphs %.2f - non-torch %.2f = %.2f GiB for the KV cache", requested, *r.Weights, *r.Activation, *r.Graph, outside, kv)
	if kv <= 0 {
		r.refuse("no-kv-memory", vllmUtils+", _check_enough_kv_cache_memory", "nothing is left for the KV cache: %.2f GiB", kv)
	}
}

// padding is by how much experts of MXFP4 grow (vllm/model_executor/layers/quantization/mxfp4.py,
// create_weights): Marlin, which is taken before Hopper, and on Hopper without triton_kernels, pads the inner size
// to 128 and the hidden one to 256; the others as measured, the inner size to 256.
func (v *vllm) padding() float64 {
	if v.Model.Quant.Method != "mxfp4" {
		return 1
	}
	wide := v.Model.config.number("moe_intermediate_size", "intermediate_size")
	if wide <= 0 {
		return 1
	}
	each, hidden := wide/float64(v.tp), float64(v.Model.Hidden)
	if v.GPU != nil && hidden > 0 {
		if c := v.GPU.Capability; c > 0 && c < 90 || c == 90 && !since(v.Release, vllmOwnTriton) {
			return math.Ceil(each/128) * 128 / each * math.Ceil(hidden/256) * 256 / hidden
		}
	}
	return math.Ceil(each/256) * 256 / each
}

func (c config) number(keys ...string) float64 {
	n, _ := firstNumber(c, keys...)
	return n
}

// stage are the first layer of the fullest stage and the one behind its last
// (vllm/distributed/utils.py, get_pp_indices).
func (v *vllm) stage() (first, last int) {
	stages := v.stages()
	for i := 1; i < len(stages); i++ {
		if stages[i]-stages[i-1] > last-first {
			first, last = stages[i-1], stages[i]
		}
	}
	return first, last
}

// stages are where the stages begin, and where the last ends.
func (v *vllm) stages() []int {
	n := len(v.Model.Layers)
	if text := v.Env["VLLM_PP_LAYER_PARTITION"]; text != "" && v.pp > 1 {
		bounds := []int{0}
		for part := range strings.SplitSeq(text, ",") {
			k, err := strconv.Atoi(strings.TrimSpace(part))
			if err != nil || k < 0 || k > n {
				break
			}
			bounds = append(bounds, bounds[len(bounds)-1]+k)
		}
		if len(bounds) == int(v.pp)+1 && bounds[len(bounds)-1] == n {
			return bounds
		}
		v.r.refuse("pipeline-partition", "vllm/distributed/utils.py, get_pp_indices", "VLLM_PP_LAYER_PARTITION %s makes no %d stages of %d layers", text, v.pp, n)
	}
	// The rest goes to the stages before the last, one each.
	each, rest := n/int(v.pp), n%int(v.pp)
	bounds := []int{0}
	for i := range int(v.pp) {
		size := each
		if back := int(v.pp) - i; rest > 0 && back >= 2 && back <= rest+1 {
			size++
		}
		bounds = append(bounds, bounds[i]+size)
	}
	if end := len(bounds) - 1; bounds[end] != n {
		bounds[end] = n
	}
	return bounds
}
