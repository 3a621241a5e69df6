package fit

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// Quantization is how a checkpoint's weights are stored, as its config.json says.
type Quantization struct {
	// Method is quant_method, empty for none; Algorithm is what a method of several says further.
	Method, Algorithm string
	// Bits are those of one quantized weight, scales included; 0 where they are not known.
	Bits float64
	// KV is the type that the checkpoint asks for the KV cache, empty for none.
	KV string
	// ignored are the patterns of modules that are left in the model's own type; regular
	// expressions begin with re:.
	ignored []string
	// experts reports whether experts alone are quantized.
	experts bool
}

// readQuantization reads quantization_config, at the top or in the language model's part.
func readQuantization(whole, c config) Quantization {
	q := whole.in("quantization_config")
	if q == nil {
		q = c.in("quantization_config")
	}
	if q == nil {
		q = c.in("compression_config")
	}
	if q == nil {
		return Quantization{}
	}
	inner := q
	if i := q.in("quantization"); i != nil { // the form of hf_quant_config.json
		inner = i
	}
	out := Quantization{Method: q.text("quant_method"), Algorithm: cmp.Or(inner.text("quant_algo"), q.text("format"), q.text("fmt"))}
	for _, from := range []config{q, inner} {
		for _, key := range []string{"ignore", "modules_to_not_convert", "ignored_layers", "exclude_modules"} {
			out.ignored = append(out.ignored, from.texts(key)...)
		}
	}
	if q["is_marlin_format"] == true || q.text("checkpoint_format") == "marlin" {
		out.Method = "marlin"
	}
	bits, _ := firstNumber(q, "bits", "w_bit")
	group, _ := firstNumber(q, "group_size", "q_group_size")
	switch method := strings.ToLower(out.Method); {
	case strings.HasPrefix(method, "modelopt") || method == "" && out.Algorithm != "":
		out.Bits = bitsOf(out.Algorithm)
	case method == "fp8" || method == "fbgemm_fp8" || method == "deepseek_v4_fp8":
		out.Bits = 8
		if block := q.numbers("weight_block_size"); len(block) == 2 && block[0] > 0 && block[1] > 0 {
			out.Bits += 32 / float64(block[0]*block[1])
		}
	case method == "mxfp4":
		out.Bits, out.experts = 4.25, true
	case method == "compressed-tensors":
		out.compressed(q)
	case (method == "gptq" || method == "awq" || method == "auto-round" || method == "auto_round" || method == "marlin" || strings.HasPrefix(method, "gptq") || strings.HasPrefix(method, "awq")) && bits > 0:
		if group <= 0 {
			group = 128
		}
		out.Bits = bits + (16+bits)/group // a scale of 16 bits and a zero point for each group
	}
	out.KV = cmp.Or(kvScheme(inner["kv_cache_scheme"]), kvScheme(q["kv_cache_scheme"]), strings.ToLower(inner.text("kv_cache_quant_algo")), strings.ToLower(q.text("kv_cache_quant_algo")))
	if out.KV == "none" {
		out.KV = ""
	}
	return out
}

func firstNumber(c config, keys ...string) (float64, bool) {
	for _, key := range keys {
		if n, ok := c[key].(float64); ok && n > 0 && n < limit {
			return n, true
		}
	}
	return 0, false
}

// bitsOf are those of an algorithm's weight with its scales: NVFP4 has one of 8 bits for 16
// weights, MXFP4 one for 32.
func bitsOf(algorithm string) float64 {
	switch a := strings.ToUpper(algorithm); {
	case strings.HasPrefix(a, "FP8"):
		return 8
	case strings.HasPrefix(a, "NVFP4"):
		return 4.5
	case strings.HasPrefix(a, "MXFP4"), strings.HasPrefix(a, "W4A8_MXFP4"):
		return 4.25
	case strings.HasPrefix(a, "MXFP8"):
		return 8.25
	}
	return 0
}

func kvScheme(v any) string {
	switch v := v.(type) {
	case string:
		return strings.ToLower(v)
	case map[string]any:
		switch bits, _ := v["num_bits"].(float64); bits {
		case 8:
			return "fp8"
		case 4:
			return "nvfp4"
		}
	}
	return ""
}

// compressed reads the groups of compressed-tensors; groups of several widths are not told apart.
func (q *Quantization) compressed(c config) {
	for _, group := range c.in("config_groups") {
		g, ok := group.(map[string]any)
		if !ok {
			continue
		}
		weights := config(g).in("weights")
		bits, _ := firstNumber(weights, "num_bits")
		size, grouped := firstNumber(weights, "group_size")
		switch {
		case bits == 0:
			continue
		case strings.HasPrefix(cmp.Or(config(g).text("format"), c.text("format")), "nvfp4"):
			bits = 4.5
		case strings.HasPrefix(cmp.Or(config(g).text("format"), c.text("format")), "mxfp4"):
			bits = 4.25
		case grouped:
			bits += 16 / size
		}
		if q.Bits != 0 && q.Bits != bits {
			q.Bits = 0
			return
		}
		q.Bits = bits
	}
}

var layerNumber = lazyregexp.New(`layers\.(\d+)`)

// unescaped takes the backslashes before dots out of a pattern.
var unescaped = strings.NewReplacer(`\\.`, ".", `\.`, ".")

// untouched are the modules of a part that are left in the model's own type: all of them, or those of
// the layers named.
type untouched struct {
	all    bool
	layers map[int]bool
}

// in reports whether the part is left so in a layer.
func (u *untouched) in(layer int) bool { return u.all || u.layers[layer] }

// left are the modules of a part that are left in the model's own type.
func (q *Quantization) left(part string) untouched {
	named := map[int]bool{}
	for _, pattern := range q.ignored {
		text := pattern
		if strings.Contains(pattern, `\`) {
			text = unescaped.Replace(pattern)
		}
		if !strings.Contains(text, part) && !covers(pattern, part) {
			if !strings.HasPrefix(pattern, "re:") || !matches(pattern[3:], part) {
				continue
			}
		}
		if m := layerNumber.FindStringSubmatch(text); m != nil && !strings.HasPrefix(pattern, "re:") {
			n, _ := strconv.Atoi(m[1])
			named[n] = true
			continue
		}
		return untouched{all: true}
	}
	return untouched{layers: named}
}

// covers reports whether a pattern that ends in a star names what a part is in: a layer as
// model.layers.0*, or a module as model.layers.3.self_attn* or *.mlp.*.
func covers(pattern, part string) bool {
	if !strings.HasSuffix(pattern, "*") || strings.HasPrefix(pattern, "re:") {
		return false
	}
	in := strings.TrimRight(strings.TrimPrefix(pattern, "*"), "*.")
	if m := layerNumber.FindStringSubmatch(in); m != nil {
		_, in, _ = strings.Cut(in, m[0])
	} else if in == "" || !strings.HasPrefix(pattern, "*") {
		return false
	}
	in = strings.TrimPrefix(in, ".")
	return in == "" || strings.HasPrefix(part, in)
}

// matches reports whether a pattern of modules takes a part of some layer; a pattern that is no
// expression takes none.
func matches(pattern, part string) bool {
	if len(pattern) > 512 {
		return false
	}
	re, err := regexp.Compile("^(?:" + pattern + ")")
	if err != nil {
		return false
	}
	return re.MatchString("model.layers.1." + part)
}
