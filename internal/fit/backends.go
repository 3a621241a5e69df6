package fit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

func text(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// capability is a compute capability as it is written: 8.9.
func capability(n int) string { return fmt.Sprintf("%d.%d", n/10, n%10) }

// attention is what a backend of attention says to the questions of validate_configuration.
type attention struct {
	name string
	// first and last are the releases whose answers these are; the last is not among them.
	first, last string
	// low and high bound the compute capability times ten; 0 is no bound.
	low, high int
	// sizes are the sizes of a head, nil for any; kv the types of the KV cache that are none of the
	// model's own, nil for none.
	sizes []int64
	kv    []string
	// kvFrom and sinksFrom are the least compute capability for those types and for sinks, sinksTo the
	// highest for sinks; 0 is no bound.
	kvFrom, sinksFrom, sinksTo int
	// mla and sparse are of latent attention and of sparse attention; sinks reports whether learned sinks are taken.
	mla, sparse, sinks bool
}

var (
	fp8s  = []string{"fp8", "fp8_e4m3"}
	allF8 = []string{"fp8", "fp8_e4m3", "fp8_e5m2"}
)

// attentions are vLLM's backends on CUDA (vllm/v1/attention/backends, before 0.14 vllm/attention), as
// the releases from 0.11.2 to 0.32.0 answer. The first release that asks is 0.11.1.
var attentions = []attention{
	{name: "FLASH_ATTN", first: "0.11.1", low: 80, kv: fp8s, kvFrom: 90, sinks: true, sinksFrom: 90},
	// Until V1 its profiling run went through FlashAttention 2.
	{name: "FLASHINFER", first: "0.5.0", last: "0.8.0", low: 80, kv: allF8, sinks: true},
	// Sinks are TRT-LLM's kernels' alone.
	{name: "FLASHINFER", first: "0.11.1", last: "0.21.0", low: 75, high: 121, sizes: []int64{64, 128, 256}, kv: allF8, sinks: true, sinksFrom: 100, sinksTo: 109},
	{name: "FLASHINFER", first: "0.21.0", last: "0.24.0", low: 75, high: 121, sizes: []int64{64, 128, 256, 512}, kv: with(allF8, "nvfp4"), sinks: true, sinksFrom: 100, sinksTo: 109},
	{name: "FLASHINFER", first: "0.24.0", last: "0.28.0", low: 80, high: 121, sizes: []int64{64, 128, 256, 512}, kv: with(allF8, "nvfp4", "nvfp4_4over6"), sinks: true, sinksFrom: 100, sinksTo: 109},
	{name: "FLASHINFER", first: "0.28.0", last: "0.30.0", low: 80, high: 121, sizes: []int64{64, 128, 256, 512}, kv: with(allF8, "nvfp4", "nvfp4_4over6"), sinks: true, sinksFrom: 100},
	{name: "FLASHINFER", first: "0.30.0", low: 80, high: 121, sizes: []int64{64, 128, 256, 512}, kv: with(allF8, "nvfp4", "nvfp4_4over6"), sinks: true, sinksFrom: 90},
	{name: "TRITON_ATTN", first: "0.11.1", last: "0.20.0", kv: allF8, sinks: true},
	{name: "TRITON_ATTN", first: "0.20.0", kv: with(allF8, "int4_per_token_head", "int8_per_token_head", "fp8_per_token_head"), sinks: true},
	{name: "FLEX_ATTENTION", first: "0.11.1"},
	{name: "FLASHMLA", first: "0.11.1", low: 90, high: 109, kv: fp8s, mla: true},
	{name: "CUTLASS_MLA", first: "0.11.1", low: 100, high: 109, kv: fp8s, mla: true},
	{name: "FLASHINFER_MLA", first: "0.11.1", low: 100, high: 109, kv: fp8s, mla: true},
	{name: "FLASH_ATTN_MLA", first: "0.11.1", low: 90, high: 99, mla: true},
	{name: "TRITON_MLA", first: "0.11.1", last: "0.18.0", mla: true},
	{name: "TRITON_MLA", first: "0.18.0", kv: fp8s, mla: true},
	{name: "FLASHMLA_SPARSE", first: "0.11.1", low: 90, high: 109, kv: []string{"fp8", "fp8_e4m3", "fp8_ds_mla", "nvfp4_ds_mla"}, mla: true, sparse: true},
}

func with(types []string, more ...string) []string { return append(slices.Clone(types), more...) }

// AttentionAsked is the backend of attention that arguments or variables name, empty for none.
func AttentionAsked(a Args, env map[string]string) string {
	name := cmp.Or(a.text("attention_backend"), a.in("attention_config").text("backend"), env["VLLM_ATTENTION_BACKEND"])
	return strings.TrimSuffix(strings.ToUpper(name), "_VLLM_V1")
}

// backendTakes asks the backend of attention that is named; where none is, the engine chooses one
// that takes the model.
func backendTakes(c *checked) string {
	name := AttentionAsked(c.Args, c.Env)
	for i := range attentions {
		a := &attentions[i]
		if a.name == name && since(c.Release, a.first) && (a.last == "" || !since(c.Release, a.last)) {
			return a.refuses(c)
		}
	}
	return ""
}

func (a *attention) refuses(c *checked) string {
	var why []string
	mla, sparse := false, false
	for i := range c.Model.Layers {
		l := &c.Model.Layers[i]
		if l.Kind == Latent {
			mla, sparse = true, sparse || l.Index > 0
		}
		if l.Kind == Full && a.sizes != nil && !slices.Contains(a.sizes, l.KeyDim) && !a.mla {
			why = append(why, text("heads of %d", l.KeyDim))
		}
	}
	if a.mla != mla {
		why = append(why, map[bool]string{true: "latent attention (MLA)", false: "attention that is not latent"}[mla])
	}
	if mla && a.mla && a.sparse != sparse {
		why = append(why, map[bool]string{true: "sparse attention", false: "attention that is not sparse"}[sparse])
	}
	known, have := c.GPU != nil && c.GPU.Capability > 0, 0
	if known {
		have = c.GPU.Capability
	}
	if c.Model.Sinks && (!a.sinks || known && (have < a.sinksFrom || a.sinksTo > 0 && have > a.sinksTo)) {
		why = append(why, "attention sinks")
	}
	if asked := c.Args.text("kv_cache_dtype"); asked != "" && bytesOf(asked) != 2 && asked != "auto" && (!slices.Contains(a.kv, asked) || known && have < a.kvFrom) {
		why = append(why, "a KV cache of "+asked)
	}
	if known && (have < a.low || a.high > 0 && have > a.high) {
		why = append(why, "compute capability "+capability(have))
	}
	if len(why) == 0 {
		return ""
	}
	return text("attention backend %s does not take %s", a.name, strings.Join(slices.Compact(why), ", "))
}
