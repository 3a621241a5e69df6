package fit

import "strings"

// Split is how a part of the weights is spread over GPUs.
type Split string

// The splits.
const (
	ByTensor Split = "tensor" // over the ranks of tensor parallel
	ByExpert Split = "expert" // over those that share the experts
	ByHeads  Split = "heads"  // over the KV heads: a rank has at least one
	Whole    Split = "whole"  // each rank has all of it
)

// Part is a part of a model's weights.
type Part struct {
	Name  string
	Bytes float64
	Split Split
	Where Where
}

// Where is where in the pipeline a part of the weights is.
type Where string

// The places.
const (
	InLayers Where = "layers" // spread over the layers
	AtFirst  Where = "first"  // before them
	AtLast   Where = "last"   // behind them
	InDraft  Where = "draft"  // in the model's own draft, which is loaded where it speculates
)

// parts are the weights as the shapes make them, and what of them cannot be computed. Biases and
// norms are left out: below one part in a thousand.
func (m *Model) parts() (parts []Part, unknown string) {
	c := m.config
	if m.Vocab == 0 {
		return nil, "the weights: config.json has no vocab_size"
	}
	own := bytesOf(m.DType)
	if own == 0 {
		own = 2
	}
	q := &m.Quant
	if strings.Contains(q.Method, " ") && q.Bits == 0 {
		return nil, "the weights: how they are stored is " + q.Method
	}
	if q.Method != "" && q.Bits == 0 {
		return nil, "the weights: how many bits " + q.Method + " takes here is not known"
	}
	if strings.HasPrefix(m.Architecture, "DeepseekV4") {
		return nil, "the weights of DeepSeek V4 once they are loaded"
	}
	if c["block_configs"] != nil {
		return nil, "the weights of layers that differ, as block_configs says"
	}
	at := 0
	left := map[string]untouched{}
	add := func(where Where, name string, params float64, split Split, module string) {
		bytes := params * own
		if q.Bits > 0 && module != "" && (!q.experts || split == ByExpert) {
			own, known := left[module]
			if !known {
				own = q.left(module)
				left[module] = own
			}
			if !own.in(at) {
				bytes = params * q.Bits / 8
			}
		}
		parts = join(parts, Part{Name: name, Bytes: bytes, Split: split, Where: where})
	}
	h := float64(m.Hidden)
	add(AtFirst, "embedding", float64(m.Vocab)*h, ByTensor, "")
	if c["tie_word_embeddings"] != true {
		add(AtLast, "head", float64(m.Vocab)*h, ByTensor, "")
	}
	r := &reader{config: c}
	for i := range m.Layers {
		at = i
		l := &m.Layers[i]
		switch l.Kind {
		case Full, Sliding, Chunked:
			m.attention(add, l, r)
		case Latent:
			m.latent(add, l, r)
		case State:
			if !m.state(add, l, r) {
				return nil, "the weights of the state layers of " + m.Type
			}
		}
		m.mlp(add, i, l, r)
	}
	if v := c.in("vision_config"); v != nil {
		vision := reader{config: v}
		wide, deep := float64(vision.size(false, "hidden_size", "embed_dim", "vt_hidden_size")), float64(vision.size(false, "depth", "num_hidden_layers", "vt_num_hidden_layers"))
		inner := float64(vision.size(false, "intermediate_size", "vt_intermediate_size"))
		if wide == 0 || deep == 0 {
			return nil, "the weights of the vision tower"
		}
		if inner == 0 {
			inner = 4 * wide
		}
		add(AtFirst, "vision", deep*(4*wide*wide+2*wide*inner), Whole, "")
	}
	return parts, ""
}

// join adds a part to those of its name and place.
func join(parts []Part, p Part) []Part {
	for i := range parts {
		if have := &parts[i]; have.Name == p.Name && have.Split == p.Split && have.Where == p.Where {
			have.Bytes += p.Bytes
			return parts
		}
	}
	return append(parts, p)
}

type adder func(where Where, name string, params float64, split Split, module string)

func (m *Model) attention(add adder, l *Layer, r *reader) {
	h, heads := float64(m.Hidden), float64(m.Heads)
	if l.Kind == Sliding {
		if own := r.dim("swa_num_attention_heads"); own > 0 {
			heads = float64(own)
		}
	}
	q := heads * float64(l.KeyDim)
	if r.config["attn_output_gate"] == true {
		q *= 2
	}
	add(InLayers, "attention", h*q+heads*float64(l.ValueDim)*h, ByTensor, "self_attn.q_proj")
	add(InLayers, "keys and values", h*float64(l.KVHeads)*float64(l.KeyDim+l.ValueDim), ByHeads, "self_attn.k_proj")
}

func (m *Model) latent(add adder, l *Layer, r *reader) {
	h, heads := float64(m.Hidden), float64(m.Heads)
	nope, rope, v := float64(r.dim("qk_nope_head_dim")), float64(r.dim("qk_rope_head_dim")), float64(r.dim("v_head_dim"))
	rank, qRank := float64(r.dim("kv_lora_rank")), float64(r.dim("q_lora_rank"))
	if qRank > 0 {
		add(InLayers, "queries, compressed", h*qRank, Whole, "self_attn.q_a_proj")
		add(InLayers, "queries", qRank*heads*(nope+rope), ByTensor, "self_attn.q_b_proj")
	} else {
		add(InLayers, "queries", h*heads*(nope+rope), ByTensor, "self_attn.q_proj")
	}
	add(InLayers, "keys and values, compressed", h*float64(l.Width), Whole, "self_attn.kv_a_proj_with_mqa")
	add(InLayers, "keys and values", rank*heads*(nope+v)+heads*v*h, ByTensor, "self_attn.kv_b_proj")
	if l.Index > 0 {
		ih := float64(r.size(false, "index_n_heads"))
		add(InLayers, "index", qRank*ih*float64(l.Index)+h*float64(l.Index)+h*ih, Whole, "self_attn.indexer")
	}
}

func (m *Model) state(add adder, l *Layer, r *reader) bool {
	h := float64(m.Hidden)
	switch {
	case r.dim("linear_num_value_heads") > 0:
		values := float64(r.dim("linear_num_value_heads"))
		out := values * float64(r.dim("linear_value_head_dim"))
		add(InLayers, "linear attention", h*(float64(l.Conv)+out)+h*2*values+out*h, ByTensor, "linear_attn.in_proj")
		add(InLayers, "convolution", float64(l.Conv*(l.Steps+1)), ByTensor, "")
	case r.config.in("linear_attn_config") != nil:
		kda := reader{config: r.config.in("linear_attn_config")}
		inner := float64(kda.dim("num_heads") * kda.dim("head_dim"))
		d := float64(kda.dim("head_dim"))
		add(InLayers, "linear attention", 4*h*inner+h*float64(kda.dim("num_heads"))+2*(h*d+d*inner), ByTensor, "self_attn.q_proj")
		add(InLayers, "convolution", float64(l.Conv*(l.Steps+1)), ByTensor, "")
	case r.dim("mamba_num_heads", "mamba_n_heads") > 0:
		heads := float64(r.dim("mamba_num_heads", "mamba_n_heads"))
		inner := heads * float64(r.dim("mamba_head_dim", "mamba_d_head"))
		add(InLayers, "mamba", h*(inner+float64(l.Conv)+heads)+inner*h, ByTensor, "mixer.in_proj")
		add(InLayers, "convolution", float64(l.Conv*(l.Steps+1)), ByTensor, "")
	default:
		return false
	}
	return true
}

// ungated are the families whose feed-forward layer has two matrices, not three.
var ungated = []string{"opt", "gpt2", "gpt_neox", "gptj", "falcon", "bloom", "mpt", "starcoder2", "nemotron", "phi", "gpt_bigcode"}

func (m *Model) mlp(add adder, i int, l *Layer, r *reader) {
	h := float64(m.Hidden)
	inner := float64(r.size(false, "intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size"))
	matrices := 3.0
	for _, family := range ungated {
		if m.Type == family || family == "nemotron" && strings.HasPrefix(m.Type, family) {
			matrices = 2
		}
	}
	if inner == 0 {
		inner = 4 * h
	}
	if pattern := layerPattern(r.config); pattern != "" && !l.MoE && (i >= len(pattern) || pattern[i] != '-') {
		return // layers of one kind each
	}
	if !l.MoE {
		if dense := r.size(false, "dense_intermediate_size", "intermediate_size_mlp"); dense > 0 {
			inner = float64(dense)
		}
		add(InLayers, "feed-forward", matrices*h*inner, ByTensor, "mlp.down_proj")
		return
	}
	wide := inner
	if own := r.size(false, "moe_intermediate_size", "expert_ffn_hidden_size", "moe_ffn_hidden_size"); own > 0 {
		wide = float64(own)
	}
	in := h
	if latent := r.size(false, "moe_latent_size", "routed_expert_hidden_size"); latent > 0 {
		in = float64(latent)
		add(InLayers, "latent of the experts", 2*h*in, Whole, "mlp.latent")
	}
	add(InLayers, "experts", float64(m.Experts)*matrices*in*wide, ByExpert, "mlp.experts")
	add(InLayers, "router", float64(m.Experts)*h, Whole, "")
	shared := float64(r.size(false, "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "shared_intermediate_size"))
	if count := r.size(false, "n_shared_experts", "num_shared_experts"); count > 0 && shared == 0 {
		shared = float64(count) * wide
	}
	if m.Type == "llama4_text" || m.Type == "llama4" {
		shared = wide
	}
	if shared > 0 {
		add(InLayers, "shared experts", matrices*h*shared, ByTensor, "mlp.shared_experts")
	}
}
