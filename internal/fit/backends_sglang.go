package fit

import (
	"cmp"
	"slices"
	"strings"

	"mlcfg/internal/backend"
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

// sglangKV are the types of the KV cache that a backend takes (sglang/srt/server_args.py and
// sglang/srt/arg_groups/overrides.py).
var sglangKV = []struct {
	name, first, last string
	types             []string
}{
	{"trtllm_mla", "0.5.1", "0.5.4.post3", []string{"fp8_e4m3", "auto"}},
	{"trtllm_mla", "0.5.4.post3", "0.5.7", []string{"fp8_e4m3", "fp4_e2m1", "auto"}},
	{"trtllm_mla", "0.5.7", "0.5.21", []string{"fp8_e4m3", "fp4_e2m1", "bf16", "auto"}},
	{"trtllm_mla", "0.5.21", "", []string{"fp8_e4m3", "bf16", "auto"}},
	{"cutedsl_mla", "0.5.13", "", []string{"fp8_e4m3", "bf16", "bfloat16", "auto"}},
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

// sglangBackends holds the backends of attention that are named against the KV type, the GPU, and the model.
func sglangBackends(c *checked) string {
	both := c.Args.text("attention_backend")
	prefill, decode := c.Args.text("prefill_attention_backend"), c.Args.text("decode_attention_backend")
	for _, asked := range []struct {
		name   string
		decode bool
	}{{cmp.Or(prefill, both), false}, {cmp.Or(decode, both), true}} {
		kv := c.Args.text("kv_cache_dtype")
		for _, k := range sglangKV {
			if k.name == asked.name && kv != "" && within(c.Release, k.first, k.last) && !slices.Contains(k.types, kv) {
				return text("attention backend %s with a KV cache of %s; it takes %s", k.name, kv, strings.Join(k.types, ", "))
			}
		}
		if c.GPU == nil || c.GPU.Capability == 0 {
			continue
		}
		for i := range sglangGPUs {
			g := &sglangGPUs[i]
			if g.name == asked.name && within(c.Release, g.first, g.last) && (asked.decode || !g.decode) && !slices.Contains(g.majors, c.GPU.Capability/10) {
				return text("attention backend %s does not run on compute capability %s of %s", asked.name, capability(c.GPU.Capability), c.GPU.Name)
			}
		}
		if fault := onBlackwell(c, asked.name); fault != "" {
			return fault
		}
	}
	return ""
}

// fallsBack doubts a backend of attention in whose place SGLang takes another with nothing but a warning.
func fallsBack(c *checked, r *Report) {
	if c.Engine == backend.SGLang && c.Args.text("attention_backend") == "fa3" && c.Args.text("kv_cache_dtype") == "fp8_e5m2" && since(c.Release, "0.5.4.post1") {
		r.doubt("attention-backend", "sglang/srt/server_args.py, _handle_attention_backend_compatibility", "attention backend fa3 takes fp8_e4m3 alone of 8 bits: with a KV cache of fp8_e5m2 triton takes its place")
	}
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
