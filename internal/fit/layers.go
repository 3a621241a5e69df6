package fit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What a model may have at most, so that nothing overflows and nothing takes long.
const (
	maxLayers = 4096
	maxHeads  = 1 << 12
	maxDim    = 1 << 14
)

// layers reads what each layer keeps. The families differ in how they say it.
func (r *reader) layers(m *Model) {
	c := r.config
	n := r.size(false, "num_hidden_layers", "n_layer", "num_layers", "n_layers")
	pattern := layerPattern(c)
	if n == 0 {
		n = int64(len(pattern))
	}
	switch {
	case r.err != nil:
		return
	case n == 0:
		r.size(true, "num_hidden_layers")
		return
	case n > maxLayers:
		r.fail("num_hidden_layers", n, fmt.Sprintf("at most %d", maxLayers))
		return
	case m.Heads > maxHeads || m.KVHeads > maxHeads || m.HeadDim > maxDim:
		r.fail("num_attention_heads and head_dim", []int64{m.Heads, m.KVHeads, m.HeadDim}, fmt.Sprintf("at most %d heads of %d", maxHeads, maxDim))
		return
	case m.HeadDim == 0 || m.KVHeads == 0:
		r.fail("num_attention_heads", m.Heads, "a divisor of hidden_size, or a head_dim")
		return
	}
	m.Layers = make([]Layer, n)
	kinds := r.kinds(m, int(n))
	for i := range m.Layers {
		l := r.layer(m, kinds[i])
		l.MoE = m.Experts > 0 && r.hasExperts(i, pattern)
		m.Layers[i] = l
	}
	r.families(m)
}

// layerPattern is Nemotron's letter for each layer: M mamba, * attention, E experts, - feed-forward.
func layerPattern(c config) string {
	if pattern := c.text("hybrid_override_pattern"); pattern != "" {
		return pattern
	}
	var b strings.Builder
	for _, kind := range c.texts("layers_block_type") {
		letter, ok := map[string]string{"mamba": "M", "attention": "*", "moe": "E", "mlp": "-"}[kind]
		if !ok || c.text("model_type") != "nemotron_h" {
			return ""
		}
		b.WriteString(letter)
	}
	return b.String()
}

// kinds names what each layer is, as layer_types does, whichever key a family uses.
func (r *reader) kinds(m *Model, n int) []string {
	c := r.config
	kinds := make([]string, n)
	for i := range kinds {
		kinds[i] = "full_attention"
	}
	set := func(i int, kind string) {
		if 0 <= i && i < n {
			kinds[i] = kind
		}
	}
	window := r.size(false, "sliding_window", "sliding_window_size")
	if c["use_sliding_window"] == false {
		window = 0
	}
	linear := c.in("linear_attn_config")
	switch types := c.texts("layer_types"); {
	case layerPattern(c) != "":
		for i, letter := range layerPattern(c) {
			set(i, map[rune]string{'M': "mamba2", '*': "full_attention"}[letter])
		}
	case len(types) > 0:
		for i, kind := range types {
			set(i, kind)
		}
	case len(linear.numbers("kda_layers")) > 0:
		for _, at := range linear.numbers("kda_layers") {
			set(int(at)-1, "kda")
		}
	case len(c.numbers("hybrid_layer_pattern")) > 0:
		for i, sliding := range c.numbers("hybrid_layer_pattern") {
			if sliding == 1 {
				set(i, "sliding_attention")
			}
		}
	case r.size(false, "full_attention_interval") > 0:
		every := int(r.size(false, "full_attention_interval"))
		for i := range kinds {
			if (i+1)%every != 0 {
				kinds[i] = "linear_attention"
			}
		}
	case r.size(false, "attn_layer_period") > 0:
		period, offset := int(r.size(false, "attn_layer_period")), int(r.size(false, "attn_layer_offset"))
		for i := range kinds {
			if i%period != offset {
				kinds[i] = "mamba1"
			}
		}
	case window > 0 && (r.size(false, "sliding_window_pattern") > 1 || strings.HasPrefix(m.Type, "gemma")):
		every := int(r.size(false, "sliding_window_pattern"))
		if every == 0 {
			every = map[bool]int{true: 6, false: 2}[strings.HasPrefix(m.Type, "gemma3")]
		}
		for i := range kinds {
			if (i+1)%every != 0 {
				kinds[i] = "sliding_attention"
			}
		}
	case len(c.numbers("no_rope_layers")) == n && r.size(false, "attention_chunk_size") > 0:
		for i, rope := range c.numbers("no_rope_layers") {
			if rope == 1 {
				kinds[i] = "chunked_attention"
			}
		}
	case m.Type == "llama4_text" && r.size(false, "attention_chunk_size") > 0:
		for i := range kinds { // every fourth layer sees everything
			if (i+1)%4 != 0 {
				kinds[i] = "chunked_attention"
			}
		}
	case window > 0 && !strings.HasPrefix(m.Type, "qwen2"):
		for i := range kinds {
			kinds[i] = "sliding_attention"
		}
	}
	if window == 0 {
		for i := range kinds {
			if kinds[i] == "sliding_attention" {
				kinds[i] = "full_attention"
			}
		}
	}
	return kinds
}

// layer is one layer of a kind.
func (r *reader) layer(m *Model, kind string) Layer {
	c := r.config
	attention := Layer{Kind: Full, KVHeads: m.KVHeads, KeyDim: m.HeadDim, ValueDim: m.HeadDim}
	if v := r.dim("v_head_dim"); v > 0 {
		attention.ValueDim = v
	}
	rank := r.dim("kv_lora_rank")
	switch kind {
	case "full_attention", "attention", "deepseek_sparse_attention":
		if g := r.dim("global_head_dim"); g > 0 && strings.HasPrefix(m.Type, "gemma4") {
			attention.KeyDim, attention.ValueDim = g, g
			if heads := r.dim("num_global_key_value_heads"); heads > 0 {
				attention.KVHeads = heads
			}
		}
		if rank > 0 {
			return Layer{Kind: Latent, Width: rank + r.dim("qk_rope_head_dim"), Index: r.dim("index_head_dim")}
		}
		return attention
	case "sliding_attention":
		attention.Kind, attention.Window = Sliding, r.size(false, "sliding_window", "sliding_window_size")
		if heads := r.dim("swa_num_key_value_heads"); heads > 0 {
			attention.KVHeads = heads
		}
		if d := r.dim("swa_head_dim"); d > 0 {
			attention.KeyDim, attention.ValueDim = d, d
		}
		if d := r.dim("swa_v_head_dim"); d > 0 {
			attention.ValueDim = d
		}
		return attention
	case "chunked_attention":
		attention.Kind, attention.Window = Chunked, r.size(false, "attention_chunk_size")
		return attention
	case "linear_attention":
		keys, values := r.dim("linear_num_key_heads"), r.dim("linear_num_value_heads")
		kd, vd := r.dim("linear_key_head_dim"), r.dim("linear_value_head_dim")
		if keys > 0 && values > 0 && kd > 0 && vd > 0 {
			return Layer{Kind: State, Conv: 2*keys*kd + values*vd, Steps: r.dim("linear_conv_kernel_dim") - 1, Recurrent: values * kd * vd, RecurrentType: c.text("mamba_ssm_dtype")}
		}
	case "kda":
		linear := reader{source: r.source, config: c.in("linear_attn_config")}
		heads, d, steps := linear.dim("num_heads"), linear.dim("head_dim"), linear.dim("short_conv_kernel_size")
		if r.err = cmpErr(r.err, linear.err); heads > 0 && d > 0 && steps > 0 {
			return Layer{Kind: State, Conv: 3 * heads * d, Steps: steps - 1, Recurrent: heads * d * d, RecurrentType: "float32"}
		}
	case "mamba2", "mamba":
		heads, d, state := r.dim("mamba_num_heads", "mamba_n_heads"), r.dim("mamba_head_dim", "mamba_d_head"), r.dim("ssm_state_size", "mamba_d_state")
		groups, steps := r.dim("n_groups", "mamba_n_groups"), r.dim("conv_kernel", "mamba_d_conv")
		if heads > 0 && d > 0 && state > 0 && groups > 0 && steps > 0 {
			kept := c.text("mamba_ssm_cache_dtype")
			if kept == "" && strings.HasPrefix(m.Type, "nemotron_h") {
				kept = "float32"
			}
			return Layer{Kind: State, Conv: heads*d + 2*groups*state, Steps: steps - 1, Recurrent: heads * d * state, RecurrentType: kept}
		}
	case "mamba1":
		wide, state, steps := r.dim("mamba_expand")*m.Hidden, r.dim("mamba_d_state"), r.dim("mamba_d_conv")
		if wide > 0 && state > 0 && steps > 0 {
			return Layer{Kind: State, Conv: wide, Steps: steps - 1, Recurrent: wide * state}
		}
	case "":
		return Layer{Kind: None}
	}
	m.cannot("layers of kind " + kind)
	return Layer{Kind: None}
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// dim is a size of one head or the like, which no model has beyond some thousands.
func (r *reader) dim(keys ...string) int64 {
	n := r.size(false, keys...)
	if n > maxDim {
		r.fail(keys[0], n, fmt.Sprintf("at most %d", maxDim))
		return 0
	}
	return n
}

// hasExperts reports whether the i-th layer has experts.
func (r *reader) hasExperts(i int, pattern string) bool {
	c := r.config
	if pattern != "" {
		return i < len(pattern) && pattern[i] == 'E'
	}
	if every := c.numbers("moe_layer_freq"); every != nil {
		return i < len(every) && every[i] == 1
	}
	if slices.Contains(c.numbers("mlp_only_layers"), int64(i)) || int64(i) < r.size(false, "first_k_dense_replace") {
		return false
	}
	if types := c.texts("mlp_layer_types"); len(types) > 0 {
		return i < len(types) && types[i] == "sparse"
	}
	if moe := c.numbers("moe_layers"); len(moe) > 0 {
		return slices.Contains(moe, int64(i))
	}
	if step := r.size(false, "interleave_moe_layer_step", "decoder_sparse_step"); step > 1 {
		return int64(i+1)%step == 0
	}
	return true
}

func (m *Model) cannot(what string) {
	if !slices.Contains(m.Unknown, what) {
		m.Unknown = append(m.Unknown, what)
	}
}

// compressed says what the layers of DeepSeek V4 keep: all the last tokens, and most of them one vector for a number
// of tokens as well, those for few tokens with an index to choose by (vllm/models/deepseek_v4/attention.py).
func (r *reader) compressed() string {
	said := "the compressed attention of DeepSeek V4"
	ratios := r.config.numbers("compress_ratios")
	if n := r.size(false, "num_hidden_layers"); n > 0 && int64(len(ratios)) >= n {
		ratios = ratios[:n]
	}
	count := map[int64]int{}
	for _, ratio := range ratios {
		count[ratio]++
	}
	var of []string
	for _, ratio := range slices.Sorted(maps.Keys(count)) {
		if ratio > 1 {
			of = append(of, text("%d layers keep a vector for %d tokens", count[ratio], ratio))
		}
	}
	if of == nil {
		return said
	}
	return text("%s, of which %s, and all the last %d", said, strings.Join(of, ", "), r.size(false, "sliding_window"))
}

// families says what of a family's cache this program cannot compute.
func (r *reader) families(m *Model) {
	m.Sinks = m.Type == "gpt_oss" || r.config["add_swa_attention_sink_bias"] == true
	switch {
	case r.config["block_configs"] != nil:
		m.cannot("layers that differ, as block_configs says")
	case strings.HasPrefix(m.Architecture, "DeepseekV4"):
		m.cannot(r.compressed() + ", and how large its weights are once loaded")
	case strings.HasPrefix(m.Type, "falcon_h1"):
		m.cannot("attention and state in one layer of " + m.Type)
	case r.config.in("sparse_attention_config") != nil:
		sparse := reader{source: r.source, config: r.config.in("sparse_attention_config")}
		for i, on := range sparse.config.numbers("sparse_attention_freq") {
			if on == 1 && i < len(m.Layers) && m.Layers[i].Kind == Full {
				m.Layers[i].Index = sparse.dim("sparse_index_dim")
			}
		}
		r.err = cmpErr(r.err, sparse.err)
	case r.size(false, "num_kv_shared_layers") > 0:
		shared := int(r.size(false, "num_kv_shared_layers"))
		for i := max(0, len(m.Layers)-shared); i < len(m.Layers); i++ {
			m.Layers[i] = Layer{MoE: m.Layers[i].MoE} // these read the cache of others
		}
	case r.config["is_encoder_decoder"] == true:
		m.cannot("the cross attention of an encoder and a decoder")
	}
}
