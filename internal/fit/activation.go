package fit

import (
	"slices"
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

// peak is the peak of the profiling run in bytes: forward is that of the layers, logits are the numbers
// that the sampler's dummy run has, of so many rows.
func (v *vllm) peak(forward, logits float64, rows int64) float64 {
	r, m := v.r, v.Model
	// The second runner samples without top-k and top-p: logits in 16 bits and in 32.
	if v.second() {
		const each = 6
		peak := forward + each*logits
		r.say("activation", "vllm/v1/worker/gpu/model_runner.py, profile_run", "the peak of the profiling run: %d tokens through the layers, and %d rows of %d logits at %d bytes = %.2f GiB", v.batched, rows, m.Vocab, each, peak/gib)
		r.cannot("the exact activation peak, which the engine measures: of three published starts with this model runner two are within 0.1 GiB, one has 1 GiB more")
		return peak
	}
	const each = 39 // bytes, of sorting: seven published starts lie between 38.4 and 39.6
	sampler := each * logits
	if forward > sampler {
		r.say("activation", "vllm/v1/worker/gpu_model_runner.py, profile_run", "the peak of the profiling run: %d tokens of hidden size %d and of the feed-forward layer = %.2f GiB", v.batched, m.Hidden, forward/gib)
	} else {
		r.say("activation", "vllm/v1/worker/gpu_model_runner.py, _dummy_sampler_run", "the peak of the profiling run: %d rows of %d logits at %d bytes = %.2f GiB", rows, m.Vocab, each, sampler/gib)
	}
	peak := max(sampler, forward)
	margin := "within 3 % for seven of eight published starts"
	if m.Multimodal {
		margin = "for a model with other inputs between half of it and all"
	}
	r.cannot("the exact activation peak, which the engine measures: %.2f GiB is %s", peak/gib, margin)
	return peak
}
