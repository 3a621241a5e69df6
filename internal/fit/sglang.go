package fit

import (
	"math"
)

const (
	sglangConfigurator = "sglang/srt/mem_cache/kv_cache_configurator.py"
	sglangPool         = "sglang/srt/model_executor/pool_configurator.py"
	sglangMemory       = "sglang/srt/arg_groups/memory_hook.py"
)

// sglang is what a start of SGLang comes to.
type sglang struct {
	*Request
	r          *Report
	tp, pp, dp int64
	// attention is the tensor parallel size of attention: data parallel attention divides it.
	attention int64
	maxLen    int64
	kvType    string
	page      int64
}

func sglangFit(q *Request, r *Report) {
	a := q.Args
	if a.beyond("tp_size", "tp", "pp_size", "pp", "dp_size", "dp") {
		r.cannot("memory under parallel sizes that no machine has")
		return
	}
	s := &sglang{
		Request: q, r: r, tp: a.size("tp_size", "tp", "tensor_parallel_size"), pp: a.size("pp_size", "pp", "pipeline_parallel_size"), dp: a.size("dp_size", "dp", "data_parallel_size"),
	}
	s.attention = s.tp
	if a.on("enable_dp_attention") {
		s.attention = max(1, s.tp/s.dp)
	}
	if s.maxLen = a.num(0, "context_length"); s.maxLen <= 0 {
		s.maxLen = q.Model.MaxLen
	}
	s.page = min(max(1, a.num(1, "page_size")), 1<<16)
	switch s.kvType = a.text("kv_cache_dtype"); {
	case s.kvType != "" && s.kvType != "auto":
	case q.Model.Quant.KV != "":
		s.kvType = q.Model.Quant.KV
		r.say("kv-type", "sglang/srt/model_executor/model_runner.py, configure_kv_cache_dtype", "the checkpoint asks for a KV cache of %s", s.kvType)
	default:
		if s.kvType = a.text("dtype"); s.kvType == "" || s.kvType == "auto" {
			if s.kvType = q.Model.DType; s.kvType == "" || s.kvType == "float32" {
				s.kvType = "bfloat16"
			}
		}
	}
	compatible(&checked{Request: q, tp: s.attention, pp: s.pp, dp: s.dp, cp: 1, maxLen: a.num(0, "context_length"), kv: s.kvType}, r)
	s.memory()
	s.cache()
}

func (s *sglang) memory() {
	r, n := s.r, int64(len(s.Model.Layers))
	experts := s.tp
	weigh(s.Request, r, spread{
		tp: s.attention, experts: experts, kvHeads: s.Model.KVHeads, first: true, last: s.pp == 1,
		layers: float64(ceilDiv(n, s.pp)) / float64(max(1, n)), draft: s.Args["speculative_algorithm"] != nil,
	}, "split by tensor and pipeline parallel as sglang/srt/layers does; KV heads at least one a rank")
	if s.KVGiB != nil {
		r.KV = s.KVGiB
		r.say("kv-memory", "told", "%.2f GiB for the KV cache", *s.KVGiB)
		return
	}
	if s.GPU == nil {
		r.cannot("the KV memory: no GPU is named")
		return
	}
	free := s.GPU.GiB - s.context()
	r.Margin = 0.5
	if !s.GPU.Exact {
		r.Margin += 0.05 * s.GPU.GiB
	}
	r.cannot("what is free before weights are loaded: %.1f GiB of %.1f assumed; published starts show 0.5 to 0.8 GiB for the context, and 1.25 and 2.0 for the communication of 8 ranks with a link", free, s.GPU.GiB)
	share, ok := s.Args.float("mem_fraction_static")
	if ok {
		r.say("static-memory", sglangConfigurator+", _profile_available_bytes", "mem_fraction_static %g of %.2f GiB for weights and KV cache", share, free)
	} else {
		share = s.share()
		r.Margin += 2
	}
	left := free * (1 - share)
	r.Activation, r.Graph = ptr(math.Round(left*1000)/1000), ptr(0.0)
	r.say("left-for-work", sglangMemory, "activations and graphs have what is left: %.2f GiB", left)
	if r.Weights == nil {
		r.cannot("the KV memory")
		return
	}
	kv := free - *r.Weights - left
	r.say("kv-memory", sglangConfigurator+", _profile_available_bytes", "%.2f GiB free after loading - %.2f GiB left for work = %.2f GiB", free-*r.Weights, left, kv)
	if kv = s.states(kv); kv <= 0 {
		r.refuse("no-kv-memory", sglangConfigurator+", _profile_available_bytes", "the weights leave no memory for the KV cache: mem_fraction_static would have to be above %.4f", *r.Weights/free)
	}
	r.KV = ptr(math.Round(kv*1000) / 1000)
}

// states takes the states of Mamba and linear layers off: they share the memory with the KV cache
// in a ratio, 0.9 by default (sglang/srt/server_args.py, mamba_full_memory_ratio).
func (s *sglang) states(kv float64) float64 {
	has := false
	for i := range s.Model.Layers {
		has = has || s.Model.Layers[i].Kind == State
	}
	if !has {
		return kv
	}
	ratio := 0.9
	if told, ok := s.Args.float("mamba_full_memory_ratio"); ok && told > 0 {
		ratio = told
	}
	rest := kv / (1 + ratio)
	s.r.say("states", sglangConfigurator+", _handle_max_mamba_cache", "states take %g of %.2f GiB for every 1 of the KV cache, which has %.2f GiB", ratio, kv, rest)
	return rest
}

// cache computes tokens and lengths out of the KV memory.
func (s *sglang) cache() {
	r := s.r
	if len(s.Model.Unknown) > 0 {
		return
	}
	layers := s.Model.Layers[:ceilDiv(int64(len(s.Model.Layers)), s.pp)]
	var full, sliding float64
	window := false
	for i := range layers {
		l := &layers[i]
		var each int64
		ok := true
		switch l.Kind {
		case Full, Sliding, Chunked:
			each, ok = cell(s.kvType, l.KeyDim, l.ValueDim)
			each = each*max(1, l.KVHeads/s.attention) + l.Index*indexBytes(s.kvType)
		case Latent:
			each, ok = cell(s.kvType, l.Width, 0)
			if l.Index > 0 { // 8 bits and a scale of 4 bytes for 128; fp8 keeps the rotated part in 16 bits
				if bytesOf(s.kvType) == 1 {
					rope := int64(s.Model.config.number("qk_rope_head_dim"))
					each = l.Width - rope + (l.Width-rope)/128*4 + 2*rope
				}
				each += l.Index + l.Index/128*4
			}
		}
		if !ok {
			r.cannot("the size of a KV cache of %s", s.kvType)
			return
		}
		if l.Kind == Sliding && !s.Args.on("disable_hybrid_swa_memory") {
			window = true
			sliding += float64(each)
		} else {
			full += float64(each)
		}
	}
	ratio := 0.8
	if told, ok := s.Args.float("swa_full_tokens_ratio"); ok {
		ratio = told
	}
	if full == 0 {
		ratio = 1
	}
	bytes := full + ratio*sliding
	if bytes <= 0 {
		r.cannot("a KV cache: no layer keeps anything")
		return
	}
	if algorithm := s.Args.text("speculative_algorithm"); algorithm == "EAGLE" || algorithm == "NEXTN" {
		drafts := max(1, s.Model.Drafts)
		bytes += bytes * float64(drafts) / float64(len(layers))
		r.say("draft-layers", sglangPool+", DefaultPoolConfigurator", "%d layers of the draft are counted as the model's own", drafts)
	}
	r.BytesPerToken = ptr(math.Round(bytes*1000) / 1000)
	r.say("kv-bytes-per-token", sglangPool, "%d layers: %.0f bytes a token on a GPU at %s", len(layers), bytes, s.kvType)
	if window {
		r.say("sliding-window", sglangPool+", HybridSWAPoolConfigurator", "layers with a window have %g of the tokens of the others", ratio)
	}
	if s.maxLen > 0 {
		r.Needed = ptr(gibs(bytes * float64(s.maxLen)))
		r.say("kv-needed", sglangPool, "one request of %d tokens takes %.2f GiB", s.maxLen, bytes*float64(s.maxLen)/gib)
	}
	if r.KV == nil || *r.KV <= 0 {
		return
	}
	tokens := int64(*r.KV*gib/bytes) / s.page * s.page
	if told := s.Args.num(0, "max_total_tokens"); told > 0 {
		tokens = min(tokens, told)
	}
	r.Tokens = &tokens
	r.say("kv-tokens", sglangPool+", calculate_pool_sizes", "%.2f GiB / %.0f bytes = %d tokens", *r.KV, bytes, tokens)
	longest := tokens
	if s.Model.MaxLen > 0 {
		longest = min(longest, max(s.Model.MaxLen, s.maxLen))
	}
	r.MaxLen = &longest
	if s.maxLen > 0 {
		r.Concurrency = ptr(math.Round(float64(tokens)/float64(s.maxLen)*100) / 100)
		if tokens < s.maxLen {
			r.say("longer-than-cache", "sglang/srt/managers/scheduler.py", "requests of up to %d tokens are taken, %d would fit; longer ones are refused one by one, not at the start", s.maxLen, tokens)
		}
	}
}
