package fit

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// Kind is what a layer keeps of a request.
type Kind string

// The kinds. A layer without one keeps nothing.
const (
	Full    Kind = "full"    // keys and values of every token
	Sliding Kind = "sliding" // those of the last Window tokens
	Chunked Kind = "chunked" // those of the current chunk of Window tokens
	Latent  Kind = "latent"  // one compressed vector for each token (MLA), which is not split by tensor parallel
	State   Kind = "state"   // a state of fixed size (Mamba, linear attention)
	None    Kind = ""
)

// Layer is one layer of a model, as far as memory depends on it.
type Layer struct {
	Kind Kind
	// KVHeads, KeyDim and ValueDim are of attention, before tensor parallel.
	KVHeads, KeyDim, ValueDim int64
	// Width is a Latent's elements for each token: the compressed vector and the rotated part.
	Width int64
	// Index is the elements for each token that sparse attention keeps to choose by; 0 for none.
	Index int64
	// Window is a Sliding's and a Chunked's, in tokens.
	Window int64
	// Conv and Recurrent are the elements of a State: the short convolution's for each step that it
	// looks back, before tensor parallel, and the recurrent one's. Steps are the steps.
	Conv, Steps, Recurrent int64
	// RecurrentType is the type of a recurrent state where the model fixes one, empty: the model's own.
	RecurrentType string
	// MoE reports whether the layer has experts.
	MoE bool
}

// Model is the shapes of a model: what its config.json says, without its weights.
type Model struct {
	// Name is the model's, Source where the shapes are from.
	Name, Source string
	// Architecture is the class that engines load, Type the family.
	Architecture, Type string
	Layers             []Layer
	// Heads are the query heads.
	Heads, KVHeads, HeadDim, Hidden, Vocab int64
	// MaxLen is the longest context, in tokens, that the model was made for, 0 where it is not said.
	MaxLen int64
	// Rope is what the positions are scaled by, as config.json calls it; empty for nothing.
	Rope string
	// DType is the type that the model computes in: bfloat16, float16, float32.
	DType      string
	Experts    int64
	Multimodal bool
	// Sinks reports whether attention has learned sinks.
	Sinks bool
	// Drafts are the layers of the model's own draft (MTP).
	Drafts int64
	Quant  Quantization
	// Weights are told by an index, by headers or by a card; nil where they are to be computed.
	Weights *Weights
	// Note says what of the model is assumed, empty for nothing.
	Note string
	// Unknown says what of the shapes this program cannot read.
	Unknown []string

	config config
	// byShapes is [Model.parts] where it is known already; nil where it is to be computed.
	byShapes func() (parts []Part, unknown string)
}

// config is config.json, with the language model's own part on top.
type config map[string]any

// keys that hold the language model's part of a model of several kinds of input.
var textKeys = []string{"text_config", "llm_config", "language_config"}

// ReadConfig reads a config.json; source names it in errors and in the model.
func ReadConfig(source string, data []byte) (*Model, error) {
	var whole config
	if err := decode(source, data, &whole); err != nil {
		return nil, err
	}
	if whole == nil {
		return nil, fmt.Errorf("%s: holds null, want a model's config.json", source)
	}
	return newModel(source, whole)
}

// decode reads JSON and says where it is broken. Python writes NaN and Infinity into it, which
// count as null: no size is one of them.
func decode(source string, data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if err == nil {
		return nil
	}
	if named := numberless.ReplaceAll(data, []byte("${1}null")); len(named) != len(data) && json.Unmarshal(named, into) == nil {
		return nil
	}
	offset := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	if offset < 0 || offset > int64(len(data)) {
		return fmt.Errorf("%s: %w", source, err)
	}
	before := string(data[:max(0, offset-1)]) // the byte at fault is the last that was read
	line := strings.Count(before, "\n") + 1
	return fmt.Errorf("%s:%d:%d: %w", source, line, len(before)-strings.LastIndexByte(before, '\n'), err)
}

// numberless are Python's words for what is no number, where a value may stand.
var numberless = lazyregexp.New(`([:\[,]\s*)(?:NaN|-?Infinity)\b`)

func newModel(source string, whole config) (*Model, error) {
	c := flatten(whole)
	r := &reader{source: source, config: c}
	m := &Model{
		Source: source, config: c,
		Architecture: first(c.texts("architectures")), Type: c.text("model_type"),
		Heads:      r.size(true, "num_attention_heads", "n_head", "num_heads"),
		Hidden:     r.size(true, "hidden_size", "n_embd", "d_model"),
		Vocab:      r.size(false, "vocab_size"),
		MaxLen:     r.size(false, "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "model_max_length"),
		Experts:    r.size(false, "num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts"),
		DType:      dtype(c),
		Multimodal: whole["vision_config"] != nil || whole["audio_config"] != nil || whole["thinker_config"] != nil,
		Drafts:     r.size(false, "num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules"),
	}
	if len(c.texts("architectures")) == 0 {
		m.Architecture = first(whole.texts("architectures"))
	}
	if a := first(whole.texts("architectures")); a != "" {
		m.Architecture = a
	}
	if m.KVHeads = r.size(false, "num_key_value_heads", "multi_query_group_num", "n_head_kv", "num_kv_heads"); m.KVHeads == 0 {
		m.KVHeads = m.Heads
		if c["multi_query"] == true && c["new_decoder_architecture"] != true {
			m.KVHeads = 1
		}
	}
	if m.HeadDim = r.size(false, "head_dim", "attention_head_dim"); m.HeadDim == 0 && m.Heads > 0 {
		m.HeadDim = m.Hidden / m.Heads
	}
	m.Quant = readQuantization(whole, c)
	m.lengths(c)
	r.layers(m)
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// flatten puts the language model's part on top of the whole.
func flatten(whole config) config {
	c := whole
	if inner, ok := whole["thinker_config"].(map[string]any); ok {
		c = over(c, inner)
	}
	for _, key := range textKeys {
		if inner, ok := c[key].(map[string]any); ok {
			c = over(c, inner)
			break
		}
	}
	return c
}

func over(low, high config) config {
	c := config{}
	for k, v := range low {
		c[k] = v
	}
	for k, v := range high {
		if v != nil || c[k] == nil {
			c[k] = v
		}
	}
	return c
}

func dtype(c config) string {
	for _, key := range []string{"dtype", "torch_dtype"} {
		if t := strings.TrimPrefix(c.text(key), "torch."); t != "" {
			return t
		}
	}
	return ""
}

// lengths reads how far positions reach: a factor multiplies what the model was trained with,
// unless the longest context counts it already (vllm/config/model.py, _get_and_verify_max_len).
func (m *Model) lengths(c config) {
	for _, key := range []string{"rope_scaling", "rope_parameters"} {
		rope, ok := c[key].(map[string]any)
		if !ok {
			continue
		}
		scaling := config(rope)
		kind := scaling.text("rope_type")
		if kind == "" {
			kind = scaling.text("type")
		}
		if kind == "" || kind == "default" || kind == "mrope" {
			continue
		}
		m.Rope = kind
		factor, ok := rope["factor"].(float64)
		if !ok || factor <= 0 || kind == "su" || kind == "longrope" || kind == "llama3" {
			return
		}
		if kind == "yarn" {
			if original, ok := rope["original_max_position_embeddings"].(float64); ok && original > 0 {
				m.MaxLen = int64(math.Min(original*factor, limit))
				return
			}
		}
		if !strings.HasPrefix(m.Type, "gemma3") {
			m.MaxLen = int64(math.Min(float64(m.MaxLen)*factor, limit))
		}
		return
	}
}

func (c config) text(key string) string {
	s, _ := c[key].(string)
	return s
}

func (c config) texts(key string) []string {
	list, _ := c[key].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (c config) in(key string) config {
	inner, _ := c[key].(map[string]any)
	return inner
}

// numbers are a list's whole numbers, nil where the key is no list of numbers.
func (c config) numbers(key string) []int64 {
	list, ok := c[key].([]any)
	if !ok {
		return nil
	}
	out := make([]int64, 0, len(list))
	for _, v := range list {
		n, ok := v.(float64)
		if !ok || n != math.Trunc(n) || math.Abs(n) > limit {
			return nil
		}
		out = append(out, int64(n))
	}
	return out
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// limit bounds each size that is read, so that no product of them overflows.
const limit = 1 << 31

// reader reads sizes and keeps the first thing that is wrong.
type reader struct {
	source string
	config config
	err    error
}

func (r *reader) fail(key string, found any, want string) {
	if r.err == nil {
		text, _ := json.Marshal(found)
		if len(text) > 60 {
			text = append(text[:60], "..."...)
		}
		r.err = fmt.Errorf("%s: %s is %s, want %s", r.source, key, text, want)
	}
}

// size is the first of keys that is set, 0 where none is.
func (r *reader) size(needed bool, keys ...string) int64 {
	for _, key := range keys {
		value := r.config[key]
		if value == nil {
			continue
		}
		n, ok := value.(float64)
		if list, isList := value.([]any); isList && len(list) > 0 {
			n, ok = list[0].(float64) // one for each layer; those that differ are not told apart here
		}
		if !ok || n != math.Trunc(n) || n < 0 || needed && n == 0 || n >= limit {
			r.fail(key, value, "a whole number above 0")
			return 0
		}
		return int64(n)
	}
	if needed && r.err == nil {
		r.err = fmt.Errorf("%s: has no %s: it is no language model's config.json", r.source, keys[0])
	}
	return 0
}
