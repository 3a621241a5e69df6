package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"

	"github.com/google/go-cmp/cmp"
)

// TestFamilies compares with what the tokenizers library makes of the same
// files: the committed ones, and where Python has the library, new ones with
// many random texts. Both are written by testdata/make_tokenizers.py.
func TestFamilies(t *testing.T) {
	compareFolder(t, "testdata")
}

func TestFamiliesLocal(t *testing.T) {
	python := sharedata.Python(t, "tokenizers")
	compareFolder(t, sharedata.Generate(t, python, "testdata/make_tokenizers.py", t.TempDir(), "2", "500"))
}

func compareFolder(t *testing.T, dir string) {
	paths, _ := filepath.Glob(filepath.Join(dir, "*.cases.json"))
	if len(paths) == 0 {
		t.Fatal("no cases")
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".cases.json")
		t.Run(name, func(t *testing.T) {
			tok, err := Open(filepath.Join(dir, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var cases []struct {
				Text        string
				IDs         []int32
				Special     []int32 `json:"special_ids"`
				Decoded     string
				DecodedAll  string `json:"decoded_all"`
				Tail        []int32
				TailDecoded string `json:"tail_decoded"`
			}
			if err := json.Unmarshal(raw, &cases); err != nil {
				t.Fatal(err)
			}
			failed := 0
			check := func(what, text string, want, got any) {
				if d := cmp.Diff(want, got); d != "" && failed < 5 {
					failed++
					t.Errorf("%s of %q: -want +got\n%s", what, text, d)
				}
			}
			for _, c := range cases {
				ids, err := tok.Encode(c.Text, false)
				if err != nil {
					t.Fatal(err)
				}
				check("ids", c.Text, c.IDs, ids)
				if ids, err = tok.Encode(c.Text, true); err != nil {
					t.Fatal(err)
				}
				check("ids with special tokens", c.Text, c.Special, ids)
				check("decoded", c.Text, c.Decoded, tok.Decode(c.Special, true))
				check("decoded with special tokens", c.Text, c.DecodedAll, tok.Decode(c.Special, false))
				check("decoded part", c.Text, c.TailDecoded, tok.Decode(c.Tail, false))
			}
		})
	}
}

// TestRefused holds that what is not read is refused by name.
func TestRefused(t *testing.T) {
	const model = `"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}`
	tests := []struct{ name, file, want string }{
		{"type", `{"model": {"type": "Trigram", "vocab": {}}}`, "model: type Trigram is not read, want BPE, Unigram, WordPiece or WordLevel"},
		{"unigram", `{"model": {"type": "Unigram", "vocab": [["a", 0.5], ["b"]]}}`, "is no pair of a token and its score"},
		{"unigram unknown", `{"model": {"type": "Unigram", "unk_id": 1, "vocab": [["a", 0.5]]}}`, "unk_id 1, want one of the 1 tokens"},
		{"no type", `{"model": {"vocab": {}}}`, "the type is not given"},
		{"no model", `{}`, "model: the file has none"},
		{"not json", `{"model": `, "unexpected EOF"},
		{"dropout", `{"model": {"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}}`, "dropout"},
		{"merge", `{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}`, `merge 0: "a" and "b" or what they make`},
		{"merge pair", `{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}}`, "is no pair"},
		{"unknown token", `{"model": {"type": "BPE", "unk_token": "x", "vocab": {"a": 0}, "merges": []}}`, `unk_token "x"`},
		{"precompiled", `{` + model + `, "normalizer": {"type": "Precompiled"}}`, "normalizer: precompiled_charsmap is damaged"},
		{"look-behind", `{` + model + `, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(?<=a+)b"}, "behavior": "Isolated"}}`, "look-behind without a bound"},
		{"reference", `{` + model + `, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(b)\\1"}, "behavior": "Isolated"}}`, "refers to a group"},
		{"behavior", `{` + model + `, "pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}, "behavior": "Odd"}}`, `behavior "Odd"`},
		{"post-processor", `{` + model + `, "post_processor": {"type": "BertProcessing", "sep": ["a"]}}`, "post_processor: cls is no pair"},
		{"template", `{` + model + `, "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}]}}`, `token "x" has no ids`},
		{"decoder", `{` + model + `, "decoder": {"type": "CTC"}}`, "decoder: type CTC is not read"},
		{"growth", `{` + model + `, "normalizer": {"type": "Sequence", "normalizers": [` + strings.Repeat(`{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaaaa"},`, 3) + `null]}}`, "64 times as long"},
		{"nesting", `{` + model + `, "decoder": ` + strings.Repeat(`{"type": "Sequence", "decoders": [`, 12) + `null` + strings.Repeat(`]}`, 12) + `}`, "nested too deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.file))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestConfig holds what the tokenizer_config.json beside a file changes: DeepSeek's asks
// for a token that begins a text where tokenizer.json has no template.
func TestConfig(t *testing.T) {
	raw, err := os.ReadFile("testdata/deepseek.json")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, config, want string }{
		{"no file", "", "[0 T 1]"},
		{"another class", `{"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": true, "bos_token": "a"}`, "[0 T 1]"},
		{"both", `{"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": true, "add_eos_token": true, "bos_token": {"content": "</s>"}, "eos_token": "<s>"}`, "[1 T 0]"},
		{"default", `{"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>"}`, "[0 T]"},
		{"none", `{"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "add_bos_token": false}`, "[T]"},
		{"default of gpt-neox", `{"tokenizer_class": "GPTNeoXTokenizerFast"}`, "[T]"},
		{"unknown token", `{"tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>"}`, `bos_token "<bos>" is no token`},
		{"no token", `{"tokenizer_class": "GemmaTokenizer", "bos_token": null}`, "bos_token is wanted and not given"},
		{"damaged", `{"tokenizer_class": `, "tokenizer_config.json: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"tokenizer.json": string(raw), "tokenizer_config.json": tt.config} {
				if text == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tok, err := Open(dir)
			got := fmt.Sprint(err)
			if err == nil {
				ids, err := tok.Encode("hi", true)
				if err != nil {
					t.Fatal(err)
				}
				plain, err := tok.Encode("hi", false)
				if err != nil {
					t.Fatal(err)
				}
				got = strings.Replace(fmt.Sprint(ids), strings.Trim(fmt.Sprint(plain), "[]"), "T", 1)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestUnder5 holds what is said of transformers 5: as AutoTokenizer of 5.24.0 does with
// such folders.
func TestUnder5(t *testing.T) {
	const begins, splits = "add_bos_token and add_eos_token are passed over", "the splits are those of the class "
	tests := []struct{ name, file, config, model, want string }{
		{"deepseek", "kimi", `{"tokenizer_class": "LlamaTokenizerFast", "bos_token": "<s>"}`, "deepseek_v3", begins},
		{"the same either way", "kimi", `{"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": false}`, "deepseek_v3", ""},
		{"llama", "llama2", `{"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>"}`, "llama", splits + "LlamaTokenizer"},
		{"mixtral", "llama2", `{"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>"}`, "mixtral", ""},
		{"gpt2", "gpt2", `{"tokenizer_class": "GPT2Tokenizer"}`, "starcoder2", splits + "GPT2Tokenizer"},
		{"bigcode", "gpt2", `{"tokenizer_class": "GPT2TokenizerFast"}`, "gpt_bigcode", ""},
		{"no model", "gpt2", `{"tokenizer_class": "GPT2TokenizerFast"}`, "", splits + "GPT2Tokenizer"},
		{"plain", "llama3", `{"tokenizer_class": "PreTrainedTokenizerFast"}`, "llama", ""},
		{"no class", "llama3", `{}`, "llama", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := os.ReadFile("testdata/" + tt.file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for name, text := range map[string]string{"tokenizer.json": string(raw), "tokenizer_config.json": tt.config, "config.json": `{"model_type": "` + tt.model + `"}`} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tok, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got := tok.Under5; (got == "") != (tt.want == "") || !strings.Contains(strings.ReplaceAll(got, "normalizer and the splits are", "splits are"), tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestCleanUp(t *testing.T) {
	dir := t.TempDir()
	raw, err := os.ReadFile("testdata/llama3.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"tokenizer.json": string(raw), "tokenizer_config.json": `{"clean_up_tokenization_spaces": true}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := tok.Encode("he did n't say it , or ?", false)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Decode(ids, true); got != "he didn't say it, or?" {
		t.Errorf("%q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"added_tokens": [{"id": 3, "content": "<s>", "special": true, "lstrip": true}],
		"normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "_"}, {"type": "Replace", "pattern": {"String": " "}, "content": "_"}]},
		"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"<s>": {"ids": [3]}}},
		"decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1}]},
		"model": {"type": "BPE", "byte_fallback": true, "unk_token": "b", "vocab": {"a": 0, "b": 1, "ab": 2, "<s>": 3, "<0x41>": 4}, "merges": ["a b"]}}`), "ab <s> A")
	f.Add([]byte(`{"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "\\s+(?!\\S)|\\s+|[^\\s\\d]+"}, "behavior": "MergedWithNext", "invert": true},
		{"type": "Metaspace", "replacement": "x", "prepend_scheme": "first"}, {"type": "ByteLevel"}]}, "decoder": {"type": "ByteLevel"},
		"model": {"type": "BPE", "ignore_merges": true, "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}}`), "  ab  ab\n")
	for _, name := range []string{"unigram", "wordpiece", "suffix"} {
		raw, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, "e\u0301 \ufb01 hello world")
	}
	f.Fuzz(func(t *testing.T, raw []byte, text string) {
		tok, err := Parse(raw)
		if err != nil {
			return
		}
		ids, err := tok.Encode(text, true)
		if err == nil {
			tok.Decode(ids, false)
			tok.Decode(ids, true)
		}
	})
}
