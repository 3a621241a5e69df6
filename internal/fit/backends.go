package fit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/backend"
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
	// sizes are the sizes of a head, nil for any; most is the largest, 0 for any. nopes are those of latent
	// attention's part that is not rotated.
	sizes, nopes []int64
	most         int64
	// kv are the types of the KV cache that are none of the model's own, nil for none.
	kv []string
	// kvFrom and kvTo bound the compute capability for those types, sinksFrom and sinksTo for sinks; 0 is
	// no bound.
	kvFrom, kvTo, sinksFrom, sinksTo int
	// block is what a block size that is set has to be a multiple of.
	block int64
	// mla and sparse are of latent attention and of sparse attention, v4 is of DeepSeek V4's; sinks reports
	// whether learned sinks are taken.
	mla, sparse, v4, sinks bool
}

var (
	fp8s      = []string{"fp8", "fp8_e4m3"}
	allF8     = []string{"fp8", "fp8_e4m3", "fp8_e5m2"}
	ofHead    = []string{"fp8", "fp8_e4m3", "fp8_e5m2", "int8_per_token_head", "fp8_per_token_head"}
	powers    = []int64{64, 128, 256}
	powers512 = []int64{64, 128, 256, 512}
)

// attentions are vLLM's backends on CUDA (get_supported_head_sizes, supports_head_size,
// supported_kv_cache_dtypes, supports_compute_capability, supports_sink, supports_combination and
// get_supported_kernel_block_sizes in vllm/v1/attention/backends, before 0.14 vllm/attention), as the
// releases from 0.11.1 to 0.33.0 answer. The first release that asks is 0.11.1.
var attentions = []attention{
	{name: "FLASH_ATTN", first: "0.11.1", last: "0.20.0", low: 80, most: 256, kv: fp8s, kvFrom: 90, kvTo: 99, block: 16, sinks: true, sinksFrom: 90},
	{name: "FLASH_ATTN", first: "0.20.0", last: "0.27.0", low: 80, most: 512, kv: fp8s, kvFrom: 90, kvTo: 99, block: 16, sinks: true, sinksFrom: 90},
	{name: "FLASH_ATTN", first: "0.27.0", low: 80, most: 512, kv: fp8s, kvFrom: 90, block: 16, sinks: true, sinksFrom: 90},
	// Until V1 its profiling run went through FlashAttention 2.
	{name: "FLASHINFER", first: "0.5.0", last: "0.8.0", low: 80, kv: allF8, sinks: true},
	// Sinks are TRT-LLM's kernels' alone.
	{name: "FLASHINFER", first: "0.11.1", last: "0.21.0", low: 75, high: 121, sizes: powers, kv: allF8, block: 16, sinks: true, sinksFrom: 100, sinksTo: 109},
	{name: "FLASHINFER", first: "0.21.0", last: "0.22.0", low: 75, high: 121, sizes: powers, kv: with(allF8, "nvfp4"), block: 16, sinks: true, sinksFrom: 100, sinksTo: 109},
	{name: "FLASHINFER", first: "0.22.0", last: "0.24.0", low: 75, high: 121, sizes: powers512, kv: with(allF8, "nvfp4"), block: 16, sinks: true, sinksFrom: 100, sinksTo: 109},
	{name: "FLASHINFER", first: "0.24.0", last: "0.28.0", low: 80, high: 121, sizes: powers512, kv: with(allF8, "nvfp4"), block: 16, sinks: true, sinksFrom: 100, sinksTo: 109},
	{name: "FLASHINFER", first: "0.28.0", last: "0.30.0", low: 80, high: 121, sizes: powers512, kv: with(allF8, "nvfp4", "nvfp4_4over6"), block: 16, sinks: true, sinksFrom: 100},
	{name: "FLASHINFER", first: "0.30.0", low: 80, high: 121, sizes: powers512, kv: with(allF8, "nvfp4", "nvfp4_4over6"), block: 16, sinks: true, sinksFrom: 90},
	{name: "TRITON_ATTN", first: "0.11.1", last: "0.20.0", kv: allF8, block: 16, sinks: true},
	{name: "TRITON_ATTN", first: "0.20.0", last: "0.25.0", kv: ofHead, block: 16, sinks: true},
	{name: "TRITON_ATTN", first: "0.25.0", kv: with(ofHead, "int4_per_token_head"), block: 16, sinks: true},
	{name: "FLEX_ATTENTION", first: "0.11.1", block: 16},
	{name: "B12X", first: "0.30.0", low: 120, high: 121, sizes: []int64{64, 128, 192, 256}, kv: fp8s, sinks: true},
	{name: "FLASHMLA", first: "0.11.1", low: 90, high: 109, kv: fp8s, block: 64, mla: true},
	{name: "CUTLASS_MLA", first: "0.11.1", low: 100, high: 109, kv: fp8s, block: 128, mla: true},
	{name: "FLASHINFER_MLA", first: "0.11.1", last: "0.15.0", low: 100, high: 109, kv: fp8s, mla: true},
	{name: "FLASHINFER_MLA", first: "0.15.0", last: "0.18.0", low: 100, high: 109, nopes: []int64{128}, kv: fp8s, mla: true},
	{name: "FLASHINFER_MLA", first: "0.18.0", last: "0.19.0", low: 100, high: 109, nopes: []int64{64, 128}, kv: fp8s, mla: true},
	{name: "FLASHINFER_MLA", first: "0.19.0", low: 100, high: 109, nopes: []int64{64, 128, 192}, kv: fp8s, block: 32, mla: true},
	{name: "FLASH_ATTN_MLA", first: "0.11.1", low: 90, high: 99, block: 16, mla: true},
	{name: "TOKENSPEED_MLA", first: "0.21.0", low: 100, high: 109, kv: fp8s, block: 32, mla: true},
	{name: "TRITON_MLA", first: "0.11.1", last: "0.18.0", mla: true},
	{name: "TRITON_MLA", first: "0.18.0", kv: fp8s, block: 16, mla: true},
	{name: "FLASHMLA_SPARSE", first: "0.11.1", last: "0.30.0", low: 90, high: 109, kv: with(fp8s, "fp8_ds_mla"), block: 64, mla: true, sparse: true},
	{name: "FLASHMLA_SPARSE", first: "0.30.0", low: 90, high: 109, kv: with(fp8s, "fp8_ds_mla", "nvfp4_ds_mla"), block: 64, mla: true, sparse: true},
	{name: "FLASHINFER_MLA_SPARSE", first: "0.17.0", last: "0.19.0", low: 100, high: 109, nopes: []int64{128}, kv: fp8s, mla: true, sparse: true},
	{name: "FLASHINFER_MLA_SPARSE", first: "0.19.0", last: "0.24.0", low: 100, high: 109, nopes: []int64{128, 192}, kv: fp8s, block: 32, mla: true, sparse: true},
	{name: "FLASHINFER_MLA_SPARSE_SM120", first: "0.24.0", low: 120, high: 129, kv: with(fp8s, "fp8_ds_mla"), block: 64, mla: true, sparse: true},
	{name: "FLASHINFER_MLA_SPARSE_SM90", first: "0.30.0", low: 90, high: 99, kv: fp8s, block: 64, mla: true, sparse: true},
	{name: "FLASH_ATTN_MLA_SPARSE", first: "0.25.0", low: 90, high: 99, mla: true, sparse: true},
	{name: "FLASHMLA_SPARSE_DSV4", first: "0.23.0", low: 90, high: 109, kv: []string{"fp8", "fp8_ds_mla"}, block: 256, v4: true, sinks: true},
	{name: "FLASHINFER_MLA_SPARSE_DSV4", first: "0.24.0", low: 100, high: 129, kv: with(fp8s, "fp8_ds_mla"), block: 256, v4: true, sinks: true},
}

func with(types []string, more ...string) []string { return append(slices.Clone(types), more...) }

// AttentionAsked is the backend of attention that arguments or variables name, empty for none.
func AttentionAsked(a Args, env map[string]string) string {
	name := cmp.Or(a.text("attention_backend"), a.in("attention_config").text("backend"), env["VLLM_ATTENTION_BACKEND"])
	return strings.TrimSuffix(strings.ToUpper(name), "_VLLM_V1")
}

// vllmAsksBlocks is the first release whose backends are asked about a block size that is set.
const vllmAsksBlocks = "0.20.0"

// backendTakes asks the backend of attention that is named; where none is, the engine chooses one
// that takes the model.
func backendTakes(c *checked) string {
	if c.Engine == backend.SGLang {
		return sglangBackends(c)
	}
	name := AttentionAsked(c.Args, c.Env)
	if name == "" {
		return sparseRuns(c)
	}
	for i := range attentions {
		a := &attentions[i]
		if a.name != name || !within(c.Release, a.first, a.last) {
			continue
		}
		v4 := strings.HasPrefix(c.Model.Type, "deepseek_v4")
		switch {
		case v4 && !a.v4:
			return "" // whether its own are asked for is not told by these
		case a.v4 && !v4:
			return text("attention backend %s is of DeepSeek V4 alone", a.name)
		}
		return a.refuses(c)
	}
	return ""
}

// sparseRuns holds sparse attention against the GPU where the engine chooses the backend: of the other kinds of
// attention there is one that runs on each.
func sparseRuns(c *checked) string {
	sparse := slices.ContainsFunc(c.Model.Layers, func(l Layer) bool { return l.Kind == Latent && l.Index > 0 })
	if !sparse || c.GPU == nil || c.GPU.Capability == 0 || !since(c.Release, attentions[0].first) {
		return ""
	}
	for i := range attentions {
		a := &attentions[i]
		if a.mla && a.sparse && within(c.Release, a.first, a.last) && c.GPU.Capability >= a.low && c.GPU.Capability <= a.high {
			return ""
		}
	}
	return text("no attention backend takes sparse latent attention on compute capability %s of %s", capability(c.GPU.Capability), c.GPU.Name)
}

func (a *attention) refuses(c *checked) string {
	why := a.refusesShapes(c.Model)
	known, have := c.GPU != nil && c.GPU.Capability > 0, 0
	if known {
		have = c.GPU.Capability
	}
	if c.Model.Sinks && (!a.sinks || known && (have < a.sinksFrom || a.sinksTo > 0 && have > a.sinksTo)) {
		why = append(why, "attention sinks")
	}
	if asked := c.Args.text("kv_cache_dtype"); asked != "" && bytesOf(asked) != 2 && asked != "auto" && (!slices.Contains(a.kv, asked) || known && (have < a.kvFrom || a.kvTo > 0 && have > a.kvTo)) {
		why = append(why, "a KV cache of "+asked)
	}
	if block := c.Args.num(0, "block_size"); a.block > 0 && block > 0 && block%a.block != 0 && since(c.Release, vllmAsksBlocks) {
		why = append(why, text("blocks of %d, which are no multiple of %d", block, a.block))
	}
	if known && (have < a.low || a.high > 0 && have > a.high) {
		why = append(why, "compute capability "+capability(have))
	}
	if len(why) == 0 {
		return ""
	}
	return text("attention backend %s does not take %s", a.name, strings.Join(slices.Compact(why), ", "))
}

// refusesShapes is what of a model's layers the backend does not take.
func (a *attention) refusesShapes(m *Model) (why []string) {
	if a.v4 {
		return nil
	}
	mla, sparse := false, false
	for i := range m.Layers {
		l := &m.Layers[i]
		switch {
		case l.Kind == Latent:
			mla, sparse = true, sparse || l.Index > 0
		case l.Kind == Full && !a.mla && (a.sizes != nil && !slices.Contains(a.sizes, l.KeyDim) || a.most > 0 && l.KeyDim > a.most):
			why = append(why, text("heads of %d", l.KeyDim))
		}
	}
	if a.mla != mla {
		why = append(why, map[bool]string{true: "latent attention (MLA)", false: "attention that is not latent"}[mla])
	}
	if mla && a.mla && a.sparse != sparse {
		why = append(why, map[bool]string{true: "sparse attention", false: "attention that is not sparse"}[sparse])
	}
	if nope := int64(m.config.number("qk_nope_head_dim")); mla && a.nopes != nil && nope > 0 && !slices.Contains(a.nopes, nope) {
		why = append(why, text("%d dimensions of a head that are not rotated", nope))
	}
	return why
}
