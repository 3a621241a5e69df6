package fit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/plainfile"
)

// Card is a small file of a model's shapes, without weights: what a config.json says of memory, and
// how large the weights are where that is known.
type Card struct {
	Kind   string `json:"kind"`
	Format int    `json:"format"`
	// Name is the model's, Also are others of the same shapes and the same type of weights.
	Name string   `json:"name"`
	Also []string `json:"also,omitempty"`
	// Source is where the shapes are from.
	Source string `json:"source"`
	// Config are the keys of config.json that memory depends on.
	Config  map[string]any `json:"config"`
	Weights *Weights       `json:"weights,omitempty"`
}

// CardKind is what a card says it is.
const CardKind = "mlcfg/model-card"

// maxConfig bounds a config.json, an index and a card.
const maxConfig = 64 << 20

// ReadCard reads a card.
func ReadCard(source string, data []byte) (*Model, error) {
	var c Card
	if err := decode(source, data, &c); err != nil {
		return nil, err
	}
	switch {
	case c.Kind != CardKind:
		return nil, fmt.Errorf("%s: kind is %q, want %q", source, c.Kind, CardKind)
	case c.Format != 1:
		return nil, fmt.Errorf("%s: format is %d, want 1", source, c.Format)
	case c.Config == nil:
		return nil, fmt.Errorf("%s: has no config", source)
	}
	return c.model(source)
}

func (c *Card) model(source string) (*Model, error) {
	m, err := newModel(source, c.Config)
	if err != nil {
		return nil, err
	}
	m.Name, m.Source = c.Name, c.Source
	if c.Weights != nil {
		for _, p := range c.Weights.Parts {
			if p.Bytes < 0 || p.Bytes > 1<<50 {
				return nil, fmt.Errorf("%s: weights.parts: %q has %v bytes", source, p.Name, p.Bytes)
			}
		}
		m.Weights = c.Weights
	}
	return m, nil
}

// FindModel finds a model: a folder with config.json, a card or a config.json, a name in the
// Hugging Face cache, or the name of an embedded card. hub is the cache's folder, empty for none.
func FindModel(ctx context.Context, name, hub string) (*Model, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return readFolder(ctx, name)
	case err == nil:
		return readFile(ctx, name)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if dir := cached(hub, name); dir != "" {
		m, err := readFolder(ctx, dir)
		if m != nil {
			m.Name = name
		}
		return m, err
	}
	if m := embedded(name); m != nil {
		return m, nil
	}
	return nil, &NoModelError{Name: name}
}

// NoModelError says that no model of a name was found.
type NoModelError struct{ Name string }

func (e *NoModelError) Error() string {
	return fmt.Sprintf("no model %q: no file or folder, not in the Hugging Face cache, and no card of it comes with this program", e.Name)
}

// cached is the folder of a model's snapshot in the Hugging Face cache, empty where it has none.
func cached(hub, name string) string {
	org, model, ok := strings.Cut(name, "/")
	if hub == "" || !ok || strings.ContainsAny(model, `/\`) || strings.Contains(name, "..") {
		return ""
	}
	dir := filepath.Join(hub, "models--"+org+"--"+model)
	revision, err := os.ReadFile(filepath.Join(dir, "refs", "main"))
	if err == nil && len(revision) < 100 && !strings.ContainsAny(string(revision), `/\`) {
		snapshot := filepath.Join(dir, "snapshots", strings.TrimSpace(string(revision)))
		if _, err := os.Stat(filepath.Join(snapshot, "config.json")); err == nil {
			return snapshot
		}
	}
	found, _ := filepath.Glob(filepath.Join(dir, "snapshots", "*", "config.json"))
	if len(found) == 1 {
		return filepath.Dir(found[0])
	}
	return ""
}

// readFile reads a card or a config.json.
func readFile(ctx context.Context, file string) (*Model, error) {
	data, err := plainfile.Read(ctx, file, maxConfig)
	if err != nil {
		return nil, err
	}
	var head struct {
		Kind string `json:"kind"`
	}
	if json.Unmarshal(data, &head) == nil && head.Kind == CardKind {
		return ReadCard(file, data)
	}
	if filepath.Base(file) == "config.json" {
		return readFolder(ctx, filepath.Dir(file))
	}
	m, err := ReadConfig(file, data)
	if err == nil {
		m.Name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	return m, err
}

// readFolder reads a model's folder: config.json, how the weights are quantized where another file
// says so, and the sizes of the weights.
func readFolder(ctx context.Context, dir string) (*Model, error) {
	whole, m, err := readWhole(ctx, dir)
	if err != nil {
		return nil, err
	}
	_ = whole
	m.Name = filepath.Base(dir)
	m.Weights, err = readWeights(ctx, dir, m)
	return m, err
}

// readWhole reads config.json with hf_quant_config.json in it.
func readWhole(ctx context.Context, dir string) (config, *Model, error) {
	file := filepath.Join(dir, "config.json")
	data, err := plainfile.Read(ctx, file, maxConfig)
	if err != nil {
		return nil, nil, err
	}
	var whole config
	if err := decode(file, data, &whole); err != nil {
		return nil, nil, err
	}
	if whole == nil {
		return nil, nil, fmt.Errorf("%s: holds null, want a model's config.json", file)
	}
	if whole["quantization_config"] == nil {
		extra := filepath.Join(dir, "hf_quant_config.json")
		switch data, err := plainfile.Read(ctx, extra, maxConfig); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, nil, err
		default:
			var quant map[string]any
			if err := decode(extra, data, &quant); err != nil {
				return nil, nil, err
			}
			if quant != nil {
				quant["quant_method"] = "modelopt"
				whole["quantization_config"] = quant
			}
		}
	}
	m, err := newModel(file, whole)
	return whole, m, err
}

// readWeights reads the sizes of a folder's weights: of the headers of its safetensors files, or of
// their index alone where the files are not there; nil for neither.
func readWeights(ctx context.Context, dir string, m *Model) (*Weights, error) {
	index := filepath.Join(dir, "model.safetensors.index.json")
	data, err := plainfile.Read(ctx, index, maxConfig)
	var ix Index
	switch {
	case errors.Is(err, fs.ErrNotExist):
		ix.Files = []string{"model.safetensors"}
	case err != nil:
		return nil, err
	default:
		if ix, err = ReadIndex(index, data); err != nil {
			return nil, err
		}
	}
	var parts []Part
	for _, name := range ix.Files {
		file := filepath.Join(dir, name)
		f, err := plainfile.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			parts = nil
			break
		}
		if err != nil {
			return nil, err
		}
		tensors, err := ReadHeader(file, f)
		f.Close()
		if err != nil {
			return nil, err
		}
		parts = sorted(parts, tensors, len(m.Layers))
	}
	if parts != nil {
		slices.SortFunc(parts, func(a, b Part) int { return strings.Compare(a.Name, b.Name) })
		return &Weights{Parts: parts, Source: "headers of the safetensors files in " + dir}, nil
	}
	if ix.Total == 0 {
		return nil, nil
	}
	shapes, unknown := m.parts()
	sum := total(shapes)
	if unknown != "" || sum <= 0 {
		return &Weights{Parts: []Part{{Name: "all", Bytes: ix.Total, Split: ByTensor, Where: InLayers}}, Source: index}, nil
	}
	for i := range shapes { // the shapes say how it is spread, the index how much it is
		shapes[i].Bytes *= ix.Total / sum
	}
	return &Weights{Parts: shapes, Source: index}, nil
}

// cardKeys are the keys of config.json that a card keeps.
var cardKeys = []string{
	"architectures", "model_type", "dtype", "torch_dtype", "tie_word_embeddings",
	"num_hidden_layers", "n_layer", "num_layers", "n_layers", "num_attention_heads", "n_head", "num_heads", "hidden_size", "n_embd", "d_model",
	"vocab_size", "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "model_max_length", "rope_scaling", "rope_parameters",
	"num_key_value_heads", "multi_query_group_num", "n_head_kv", "num_kv_heads", "multi_query", "new_decoder_architecture", "head_dim", "attention_head_dim", "v_head_dim",
	"intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size", "dense_intermediate_size", "intermediate_size_mlp",
	"num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts", "moe_intermediate_size", "expert_ffn_hidden_size", "moe_ffn_hidden_size",
	"moe_latent_size", "routed_expert_hidden_size", "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "shared_intermediate_size",
	"n_shared_experts", "num_shared_experts", "num_experts_per_tok", "experts_per_token", "num_experts_per_token",
	"moe_layer_freq", "mlp_only_layers", "first_k_dense_replace", "mlp_layer_types", "moe_layers", "interleave_moe_layer_step", "decoder_sparse_step",
	"layer_types", "sliding_window", "sliding_window_size", "use_sliding_window", "sliding_window_pattern", "hybrid_layer_pattern", "hybrid_override_pattern",
	"full_attention_interval", "attn_layer_period", "attn_layer_offset", "no_rope_layers", "attention_chunk_size", "linear_attn_config",
	"global_head_dim", "num_global_key_value_heads", "swa_num_key_value_heads", "swa_num_attention_heads", "swa_head_dim", "swa_v_head_dim", "add_swa_attention_sink_bias",
	"kv_lora_rank", "q_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "index_head_dim", "index_n_heads", "index_topk", "compress_ratios", "expert_dtype", "attn_output_gate", "num_kv_shared_layers", "is_encoder_decoder",
	"linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim", "linear_value_head_dim", "linear_conv_kernel_dim", "mamba_ssm_dtype", "mamba_ssm_cache_dtype",
	"mamba_num_heads", "mamba_n_heads", "mamba_head_dim", "mamba_d_head", "ssm_state_size", "mamba_d_state", "n_groups", "mamba_n_groups", "conv_kernel", "mamba_d_conv", "mamba_expand",
	"num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules",
	"sparse_attention_freq", "sparse_index_dim", "depth", "embed_dim", "vt_hidden_size", "vt_num_hidden_layers", "vt_intermediate_size", "layers_block_type", "block_configs",
}

// nested are the keys of config.json whose own keys are picked likewise.
var nested = append([]string{"sparse_attention_config", "vision_config", "audio_config", "thinker_config"}, textKeys...)

// pick keeps what a card holds.
func pick(c config) map[string]any {
	out := map[string]any{}
	for _, key := range cardKeys {
		if v, ok := c[key]; ok && v != nil {
			out[key] = v
		}
	}
	for _, key := range []string{"quantization_config", "compression_config"} {
		if q := c.in(key); q != nil {
			out[key] = pickQuantization(q)
		}
	}
	for _, key := range nested {
		if inner := c.in(key); inner != nil {
			out[key] = pick(inner)
		}
	}
	return out
}

// pickQuantization keeps how weights are quantized and which modules are not; what says how they
// were calibrated goes.
func pickQuantization(q config) map[string]any {
	out := map[string]any{}
	for _, key := range []string{
		"quant_method", "quant_algo", "format", "fmt", "bits", "w_bit", "group_size", "q_group_size", "weight_block_size",
		"ignore", "modules_to_not_convert", "ignored_layers", "exclude_modules", "kv_cache_scheme", "kv_cache_quant_algo",
	} {
		if v := q[key]; v != nil {
			out[key] = v
		}
	}
	if inner := q.in("quantization"); inner != nil {
		out["quantization"] = pickQuantization(inner)
	}
	groups := map[string]any{}
	for name, group := range q.in("config_groups") {
		if g, ok := group.(map[string]any); ok {
			kept := map[string]any{}
			for _, key := range []string{"format", "targets"} {
				if g[key] != nil {
					kept[key] = g[key]
				}
			}
			if weights := config(g).in("weights"); weights != nil {
				kept["weights"] = map[string]any{"num_bits": weights["num_bits"], "group_size": weights["group_size"], "type": weights["type"]}
			}
			groups[name] = kept
		}
	}
	if len(groups) > 0 {
		out["config_groups"] = groups
	}
	return out
}

// WriteCard makes the card of a model's folder; source says where the folder is from.
func WriteCard(ctx context.Context, dir, name, source string) ([]byte, error) {
	whole, m, err := readWhole(ctx, dir)
	if err != nil {
		return nil, err
	}
	c := Card{Kind: CardKind, Format: 1, Name: name, Source: source, Config: pick(whole)}
	if c.Weights, err = readWeights(ctx, dir, m); err != nil {
		return nil, err
	}
	if c.Weights != nil && strings.HasPrefix(c.Weights.Source, "headers") {
		c.Weights.Source = "headers of the safetensors files"
	} else if c.Weights != nil {
		c.Weights.Source = "model.safetensors.index.json"
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(c); err != nil {
		return nil, err
	}
	return shortLists(out.Bytes()), nil
}

var listed = lazyregexp.New(`\[\n[^\[\]{}]*\]`)

// shortLists puts a list of plain values on one line.
func shortLists(data []byte) []byte {
	return listed.ReplaceAllFunc(data, func(list []byte) []byte {
		fields := bytes.Split(list[1:len(list)-1], []byte("\n"))
		var out [][]byte
		for _, f := range fields {
			if f = bytes.TrimSpace(f); len(f) > 0 {
				out = append(out, f)
			}
		}
		return append(append([]byte("["), bytes.Join(out, []byte(" "))...), ']')
	})
}
