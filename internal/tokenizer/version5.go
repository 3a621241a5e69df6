package tokenizer

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/plainfile"

	"github.com/go-json-experiment/json"
)

// rebuilt are the classes of which transformers 5 makes the normalizer and the splits
// itself, whatever tokenizer.json holds. As of 5.24.0, tried with a file of each kind.
var rebuilt = []string{"CodeGen", "CodeLlama", "Cohere", "Gemma", "GPT2", "GPTNeoX", "Llama", "Qwen2"}

// asWritten are the model types of which it takes tokenizer.json as it stands, whatever
// class is named: TOKENIZER_MAPPING_NAMES of models/auto/tokenization_auto.py in 5.24.0.
const asWritten = " arctic chatlm ernie4_5 ernie4_5_moe flex_olmo fuyu glm glm4 glm4_moe glm4_moe_lite glm4v glm4v_moe gpt_bigcode granite granitemoe" +
	" granitemoehybrid granitemoeshared h2ovl_chat hyperclovax internlm2 internlm3 iquestcoder jamba kimi_k25 kimi_linear llava llava_next mimo_v2_flash" +
	" minicpm3 minicpmv minimax_m2 ministral ministral3 mistral mistral3 mistral_large4 mixtral modernbert molmo molmo2 nemotron nvfp4 olmo2 olmo3" +
	" olmo_hybrid opencua persimmon phi3 phi3_v phimoe pixtral stablelm step3_vl vipllava voxtral "

// under5 says what AutoTokenizer of transformers 5 does otherwise with the folder of a
// tokenizer whose configuration names a class; own reports whether what begins and ends
// a text is from there, and not what tokenizer.json says. Empty for nothing.
func under5(dir, class string, byteLevel, own bool) string {
	if class == "Llama" && byteLevel { // as DeepSeek-V3 has it
		if own {
			return "what begins and ends a text is that of tokenizer.json, add_bos_token and add_eos_token are passed over"
		}
		return ""
	}
	var config struct {
		Type string `json:"model_type"`
	}
	if data, err := plainfile.Read(context.Background(), filepath.Join(dir, "config.json"), maxFile); err == nil {
		_ = json.Unmarshal(data, &config, lenient) // one that cannot be read names no type
	}
	if !slices.Contains(rebuilt, class) || config.Type != "" && strings.Contains(asWritten, " "+config.Type+" ") {
		return ""
	}
	return "the normalizer and the splits are those of the class " + class + "Tokenizer, which may not be those of tokenizer.json"
}

// hasByteLevel reports whether a pre-tokenizer or decoder of tokenizer.json is byte-level.
func hasByteLevel(f *file) bool {
	return bytes.Contains(f.PreTokenizer, []byte(`"ByteLevel"`)) || bytes.Contains(f.Decoder, []byte(`"ByteLevel"`))
}
