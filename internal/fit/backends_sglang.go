package fit

import (
	"slices"
	"strings"
)

// sglangGPU is the compute capabilities, by their first figures, that SGLang starts a backend of attention on.
type sglangGPU struct {
	name        string
	first, last string // the releases that check; the last is not among them
	majors      []int
	// decode reports whether the check is of decode alone; prefill asks for more.
	decode bool
}

// sglangGPUs are the checks of sglang/srt/server_args.py and, of fa3, of
// sglang/srt/layers/attention/attention_registry.py, in the releases from 0.4.4.post2 to 0.5.23.
var sglangGPUs = []sglangGPU{
	{name: "fa3", first: "0.4.4.post2", last: "0.4.6.post2", majors: []int{9, 10, 12}},
	{name: "fa3", first: "0.4.6.post2", majors: []int{8, 9}},
	{name: "trtllm_mla", first: "0.4.10.post1", last: "0.5.9", majors: []int{10}},
	{name: "trtllm_mla", first: "0.5.9", majors: []int{10, 12}},
	{name: "trtllm_mha", first: "0.5.1", last: "0.5.10", majors: []int{10}},
	{name: "trtllm_mha", first: "0.5.10", majors: []int{9, 10, 12}, decode: true},
	{name: "cutedsl_mla", first: "0.5.13", majors: []int{10}},
	{name: "tokenspeed_mla", first: "0.5.12", last: "0.5.23", majors: []int{10, 12}},
}

// hybridGDN is what SGLang takes on Blackwell for models that mix attention with gated delta layers
// (attn_backend_wrapper of sglang/srt/layers/attention/attention_registry.py).
var hybridGDN = []struct {
	first, last string
	// datacenter and workstation are the backends for capability 10 and 12.
	datacenter, workstation []string
}{
	{"0.5.3", "0.5.3.post1", []string{"triton", "trtllm_mha"}, []string{"triton", "trtllm_mha"}},
	{"0.5.3.post1", "0.5.5.post2", []string{"triton"}, []string{"triton"}},
	{"0.5.5.post2", "0.5.10", []string{"triton", "trtllm_mha"}, []string{"triton", "trtllm_mha"}},
	{"0.5.10", "0.5.16", []string{"triton", "trtllm_mha", "fa4", "flashinfer"}, []string{"triton", "trtllm_mha", "fa4", "flashinfer"}},
	{"0.5.16", "0.5.21", []string{"triton", "trtllm_mha", "fa4"}, []string{"triton", "trtllm_mha", "flashinfer"}},
	{"0.5.21", "0.5.22", []string{"triton", "trtllm_mha", "fa4", "flashinfer"}, []string{"triton", "trtllm_mha", "flashinfer"}},
}

// sglangBackends holds the backends of attention that are named against the GPU and the model.
func sglangBackends(c *checked) string {
	if c.GPU == nil || c.GPU.Capability == 0 {
		return ""
	}
	both := c.Args.text("attention_backend")
	prefill, decode := c.Args.text("prefill_attention_backend"), c.Args.text("decode_attention_backend")
	if prefill == "" {
		prefill = both
	}
	if decode == "" {
		decode = both
	}
	major := c.GPU.Capability / 10
	for _, asked := range []struct {
		name   string
		decode bool
	}{{prefill, false}, {decode, true}} {
		for i := range sglangGPUs {
			g := &sglangGPUs[i]
			if g.name == asked.name && within(c.Release, g.first, g.last) && (asked.decode || !g.decode) && !slices.Contains(g.majors, major) {
				return text("attention backend %s does not run on compute capability %s of %s", asked.name, capability(c.GPU.Capability), c.GPU.Name)
			}
		}
		if fault := onBlackwell(c, asked.name); fault != "" {
			return fault
		}
	}
	return ""
}

// onBlackwell holds a backend against the layers of a hybrid model.
func onBlackwell(c *checked, asked string) string {
	hybrid := strings.HasPrefix(c.Model.Type, "qwen3_next") || strings.HasPrefix(c.Model.Type, "qwen3_5")
	if !hybrid || asked == "" || c.GPU.Capability < 100 {
		return ""
	}
	for _, h := range hybridGDN {
		if !within(c.Release, h.first, h.last) {
			continue
		}
		allowed := h.datacenter
		if c.GPU.Capability >= 120 {
			allowed = h.workstation
		}
		if !slices.Contains(allowed, asked) {
			return text("attention backend %s on %s with gated delta layers, where %s are taken", asked, c.GPU.Name, strings.Join(allowed, ", "))
		}
	}
	return ""
}
