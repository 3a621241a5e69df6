package sim

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/tokenizer"
)

const tokenizers = "../../tokenizer/testdata"

// TestTextsCount holds that the text of an answer becomes the tokens that it is said to
// have, with every kind of tokenizer that has words to make it of.
func TestTextsCount(t *testing.T) {
	for _, name := range []string{"gpt2", "llama2", "llama3", "mistral", "qwen2", "deepseek", "o200k", "kimi"} {
		tok, err := tokenizer.Open(filepath.Join(tokenizers, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := NewVocabulary(tok, 2)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Logf("%s: %d words, such as %q", name, len(v.words), v.words[0].text)
		for i := range uint64(50) {
			o := output{key: mix(i), n: 40, stop: i%2 == 0, words: v}
			var want []int32
			for j := range 40 {
				if !o.stop || j < 39 {
					want = append(want, int32(o.id(j)))
				}
			}
			// In pieces, as a stream gives it.
			text := string(o.appendText(o.appendText(o.appendText(nil, 0, 1), 1, 7), 7, 40))
			got, err := tok.Encode(text, false)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s: %q becomes %v, %v, not %v", name, text, got, err, want)
			}
			if o.stop && o.id(39) != 2 {
				t.Errorf("%s: the last token is %d", name, o.id(39))
			}
		}
	}
}

func TestTokenizer(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join(tokenizers, "llama3.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"tokenizer.json": string(data), "config.json": `{"eos_token_id": [11, 12]}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	v, err := LoadVocabulary(dir)
	if err != nil || v.end != 11 {
		t.Fatalf("%v, the end is %+v", err, v)
	}
	tok := v.tok
	prompt := "the quick brown fox, 12345"
	ids, err := tok.Encode(prompt, true)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := tok.Encode(prompt, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Model: "m", Vocabulary: v, Latency: Latency{Speed: 1000}, Lengths: Lengths{Median: 5, Sigma: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	post := func(path, body string) string {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		s.ServeHTTP(w, r)
		return w.Body.String()
	}
	list := func(ids []int32) string { return strings.ReplaceAll(fmt.Sprint(ids), " ", ",") }
	for _, c := range []struct{ path, body, want string }{
		{"/tokenize", `{"prompt":"` + prompt + `"}`, fmt.Sprintf(`{"count":%d,"max_model_len":4096,"token_strs":null,"tokens":%s}`, len(ids), list(ids))},
		{"/tokenize", `{"prompt":"` + prompt + `","add_special_tokens":false}`, `"tokens":` + list(bare) + `}`},
		{"/tokenize", `{"messages":[{"role":"user","content":"hi"}]}`, `"count":`},
		{"/tokenize", `{}`, "prompt or messages must be given"},
		{"/tokenize", `{"model":"other","prompt":"x"}`, "does not exist"},
		{"/tokenize", `{"prompt":"x","return_token_strs":true}`, "return_token_strs is not simulated"},
		{"/v1/completions", `{"prompt":"x","stop":["` + v.words[0].text[1:] + `"]}`, "a stop text that the simulated words have is not simulated"},
		{"/v1/completions", `{"prompt":"x","stop":["</s>"]}`, `"finish_reason":"stop"`},
		{"/detokenize", `{"tokens":` + list(bare) + `}`, `{"prompt":"` + prompt + `"}`},
		{"/v1/completions", `{"prompt":"` + prompt + `"}`, fmt.Sprintf(`"prompt_tokens":%d,`, len(ids))},
		{"/v1/completions", `{"prompt":"` + prompt + `","return_token_ids":true}`, `,11]`}, // ends of itself
	} {
		if got := post(c.path, c.body); !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %s, want %s", c.path, c.body, got, c.want)
		}
	}
}

// A tokenizer without words is refused: no answer could be made of them.
func TestNoWords(t *testing.T) {
	for vocab, want := range map[string]string{`{"B": 0}`: "no token for the letter a", `{"a": 0, "B": 1}`: "no token that is a word"} {
		tok, err := tokenizer.Parse([]byte(`{"model": {"type": "BPE", "vocab": ` + vocab + `, "merges": []}}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewVocabulary(tok, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", vocab, err, want)
		}
	}
	if _, err := LoadVocabulary(t.TempDir()); err == nil {
		t.Error("a folder without a tokenizer")
	}
}

// Without a tokenizer ids are made up, and have no text.
func TestMadeUp(t *testing.T) {
	s, err := New(Config{Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for path, want := range map[string]string{"/tokenize": `"count":4,`, "/detokenize": "without a tokenizer"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", path, strings.NewReader(`{"prompt":"twelve bytes","tokens":[5]}`))
		r.Header.Set("Content-Type", "application/json")
		s.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s, want %s", path, w.Body, want)
		}
	}
}
