package fit

import (
	"math"
	"slices"
)

const (
	vllmTopKTriton   = "0.17.0" // top-k and top-p of eight rows and more without sorting
	vllmSmallChunk   = "0.12.0" // experts take 16,384 tokens at once, before 32,768
	vllmNoChunks     = "0.18.0" // experts take all tokens at once
	vllmConsumed     = "0.27.0" // what the runner keeps counts as consumed too
	sorting          = 39       // bytes of a logit where the sampler sorts: seven published starts lie between 38.4 and 39.6
	unsorted         = 14       // logits in 16 bits, in 32, their probabilities and the random numbers they are divided by
	secondRunner     = 6        // logits in 16 bits and in 32
	graphSizes       = 0.016    // GiB that an engine's estimate of graphs has for each size that is captured
	hopperStates     = 0.85     // GiB that kernels of states keep on Hopper (4 H100, vLLM 0.10.2)
	otherStates      = 0.25     // GiB that they keep elsewhere (RTX PRO 6000, RTX 3090)
	linkedDoubling   = 0.42     // GiB for each doubling of ranks with a link
	communicatorPCIe = 0.17     // GiB of ranks without one
)

// runner is a set of models that start with the second model runner of vLLM where nothing says
// otherwise (vllm/config/vllm.py, use_v2_model_runner), from a release on.
type runner struct {
	first string
	// architectures are those that do; dense reports whether every model without experts does, all
	// whether every model does; plain leaves quantized ones and those with experts out.
	architectures     []string
	dense, all, plain bool
}

var runners = []runner{
	{first: "0.30.0", all: true},
	{first: "0.28.0", dense: true, architectures: []string{"DeepseekV2ForCausalLM", "DeepseekV4ForCausalLM", "GraniteMoeForCausalLM", "KimiK3ForConditionalGeneration", "Qwen2MoeForCausalLM"}},
	{first: "0.26.0", dense: true, architectures: []string{"DeepseekV2ForCausalLM", "GraniteMoeForCausalLM", "Qwen2MoeForCausalLM"}},
	{first: "0.24.0", architectures: []string{"Qwen3ForCausalLM", "DeepseekV2ForCausalLM", "Qwen2MoeForCausalLM", "GraniteMoeForCausalLM", "LlamaForCausalLM", "MistralForCausalLM"}},
	{first: "0.23.0", plain: true, architectures: []string{"LlamaForCausalLM", "MistralForCausalLM", "Qwen3ForCausalLM"}},
}

// second reports whether the second model runner starts.
func (v *vllm) second() bool {
	switch v.Env["VLLM_USE_V2_MODEL_RUNNER"] {
	case "1":
		return true
	case "0":
		return false
	}
	for _, r := range runners {
		if !since(v.Release, r.first) {
			continue
		}
		m := v.Model
		if r.plain && (m.Experts > 0 || m.Quant.Method != "") {
			return false
		}
		return r.all || r.dense && m.Experts == 0 || slices.Contains(r.architectures, m.Architecture)
	}
	return false
}

// working computes activations and graphs: their peaks are measured by the engine, so these are
// estimates with a margin.
func (v *vllm) working() {
	r := v.r
	if !since(v.Release, vllmV1) {
		r.cannot("the activation peak of engines before vLLM %s", vllmV1)
		return
	}
	rows, forward := min(v.seqs, v.batched), v.forward()
	peak := v.peak(forward, float64(rows)*float64(v.Model.Vocab), rows)
	r.Activation = ptr(gibs(peak))
	if r.Margin += 0.5 + 0.05*peak/gib; v.Model.Multimodal {
		r.Margin += 0.5 * peak / gib
	}
	if v.batched > 16<<10 {
		r.Margin += forward / gib // published starts of such chunks have up to twice as much
	}
	if slices.ContainsFunc(v.Model.Layers, func(l Layer) bool { return l.Index > 0 }) {
		r.Margin += 4.5
		r.cannot("what sparse attention and its index work in: a published start of GLM-5.2 has 4.2 GiB more than the sampler")
	}
	if since(v.Release, vllmConsumed) {
		r.Margin += 0.5
	}
	r.Graph = ptr(0.0)
	if v.Args.on("enforce_eager") || v.Env["VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS"] == "0" ||
		!since(v.Release, vllmGraphs) && v.Env["VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS"] != "1" {
		return
	}
	sizes := v.captured()
	graphs := 0.08 + graphSizes*float64(sizes)
	r.Graph = ptr(math.Round(graphs*1000) / 1000)
	if r.Margin += 0.1 + 0.01*float64(sizes); v.Model.Experts > 0 {
		r.Margin += 0.08 * float64(sizes)
	}
	r.say("graphs", vllmWorker, "an estimate of the graphs is taken off, by default since vLLM %s: %d sizes are captured", vllmGraphs, sizes)
	r.cannot("the estimate of graphs, which the engine measures: %.2f GiB assumed; published starts of 3 to 19 sizes show 0.13 to 0.39 GiB, of 51 sizes 0.8 to 1.3, with large experts up to 5", graphs)
}

// captured is how many sizes of batches graphs are captured for (vllm/config/vllm.py,
// _set_cudagraph_sizes).
func (v *vllm) captured() int64 {
	if list, ok := v.Args.in("compilation_config")["cudagraph_capture_sizes"].([]any); ok {
		return int64(len(list))
	}
	most := v.Args.num(min(2*v.seqs*(1+v.drafts), 512), "max_cudagraph_capture_size")
	sizes := int64(0)
	for _, n := range []int64{1, 2, 4} {
		if n <= most {
			sizes++
		}
	}
	return sizes + max(0, min(most, 255)/8) + max(0, (most-256)/16+1)
}

// forward is the peak of the layers in bytes: the residual, its norm, and what the widest layer works in.
func (v *vllm) forward() float64 {
	m, tokens := v.Model, float64(v.batched)
	hidden := float64(m.Hidden)
	wide := m.config.number("intermediate_size", "ffn_dim", "moe_intermediate_size") / float64(v.tp)
	peak := 0.0
	for i := range m.Layers {
		if m.Experts == 0 || !m.Layers[i].MoE {
			peak = tokens * 2 * (4*hidden + 3*wide)
			break
		}
	}
	if m.Experts == 0 {
		return peak
	}
	// The experts' two buffers, of which the larger holds what goes in and what comes out of them
	// (vllm/model_executor/layers/fused_moe/fused_moe.py, fused_experts_impl).
	inner := m.config.number("moe_intermediate_size", "expert_ffn_hidden_size", "intermediate_size")
	if !v.Args.on("enable_expert_parallel") {
		inner /= float64(v.tp)
	} else {
		tokens *= float64(v.dp) // those of all ranks are gathered
	}
	chosen := max(1, m.config.number("num_experts_per_tok", "experts_per_token", "num_experts_per_token"))
	chunk := tokens
	switch {
	case m.Quant.Bits > 0 && m.Quant.Bits < 8 || since(v.Release, vllmNoChunks):
	case since(v.Release, vllmSmallChunk):
		chunk = min(chunk, 16<<10)
	default:
		chunk = min(chunk, 32<<10)
	}
	experts := 2 * (tokens*4*hidden + chunk*chosen*(max(2*inner, hidden)+inner))
	if m.Quant.Bits == 8 { // what goes in is quantized too, with a scale for 128 (moe_kernel_quantize_input)
		experts += chunk * (hidden + chosen*inner) * (1 + 4.0/128)
	}
	return max(peak, experts)
}

// peak is the peak of the profiling run in bytes: forward is that of the layers, logits are the numbers
// that the sampler's dummy run has, of so many rows.
func (v *vllm) peak(forward, logits float64, rows int64) float64 {
	r, m := v.r, v.Model
	// The second runner samples without top-k and top-p.
	if v.second() {
		peak := forward + secondRunner*logits
		r.say("activation", "vllm/v1/worker/gpu/model_runner.py, profile_run", "the peak of the profiling run: %d tokens through the layers, and %d rows of %d logits at %d bytes = %.2f GiB", v.batched, rows, m.Vocab, secondRunner, peak/gib)
		r.cannot("the exact activation peak, which the engine measures: of three published starts with this model runner two are within 0.1 GiB, one has 1 GiB more")
		return peak
	}
	each := float64(sorting)
	if rows >= 8 && since(v.Release, vllmTopKTriton) {
		each = unsorted
	}
	sampler := each * logits
	if forward > sampler {
		r.say("activation", "vllm/v1/worker/gpu_model_runner.py, profile_run", "the peak of the profiling run: %d tokens of hidden size %d and of the feed-forward layer = %.2f GiB", v.batched, m.Hidden, forward/gib)
	} else {
		r.say("activation", "vllm/v1/worker/gpu_model_runner.py, _dummy_sampler_run, and vllm/v1/sample/ops/topk_topp_sampler.py", "the peak of the profiling run: %d rows of %d logits at %g bytes = %.2f GiB", rows, m.Vocab, each, sampler/gib)
	}
	peak := max(sampler, forward)
	margin := "within 3 % for seven of eight published starts"
	switch {
	case m.Multimodal:
		margin = "for a model with other inputs between half of it and all"
	case each == sorting && !since(v.Release, "0.11.1"):
		margin += "; where FlashInfer is installed it samples without sorting, at 14 bytes"
	}
	r.cannot("the exact activation peak, which the engine measures: %.2f GiB is %s", peak/gib, margin)
	return peak
}

// outside is what is neither weights nor the framework's, in GiB: contexts, kernels, buffers of
// communication. The engine measures it.
func (v *vllm) outside() float64 {
	ranks := float64(v.tp)
	if v.Args.on("enable_expert_parallel") {
		ranks *= float64(v.dp)
	}
	outside := 0.04
	switch {
	case v.GPU.linked():
		outside = 0.13 + linkedDoubling*math.Log2(ranks)
		v.r.Margin += 0.1 * math.Log2(ranks)
	case ranks > 1:
		outside += communicatorPCIe
		v.r.Margin += 0.1
	}
	if slices.ContainsFunc(v.Model.Layers, func(l Layer) bool { return l.Kind == State }) {
		states := otherStates
		if v.GPU.Capability == 90 {
			states = hopperStates
		}
		outside += states
		v.r.Margin += states / 2
	}
	v.r.cannot("non-torch memory: %.2f GiB assumed; published starts show 0.02 to 0.14 on one GPU, 0.54 on 2, 0.95 on 4 and 1.7 on 8 with a link, 0.2 without one; states of linear attention take 0.85 more on Hopper, 0.2 to 0.4 elsewhere", outside)
	return outside
}
