// Package tokenizer turns text into token ids and back, as the file
// tokenizer.json of a Hugging Face model says.
//
//	tok, err := tokenizer.Open("model/tokenizer.json")
//	ids, err := tok.Encode("hello", true)
//	text := tok.Decode(ids, true)
//
// Byte-pair encodings are read, byte-level ones (GPT-2, Llama 3, Qwen, DeepSeek,
// gpt-oss) and those made from SentencePiece (Llama 2, Mistral, Mixtral), and Unigram
// (XLM-R, T5), WordPiece (BERT) and WordLevel models, with their normalizers, splits,
// added tokens, templates and decoders. Regular expressions are Oniguruma's (package
// onig), classes of characters those of the library (package runeset). Not read, and
// refused by name when the file is opened: dropout, two templates one after the other,
// and the decoder CTC. Padding and truncation settings of the file are passed over. Chat
// templates are not applied.
//
// Of a tokenizer_config.json beside the file, what transformers 4.57 does with it is
// done: the tokens that begin and end a text where the class takes them from there,
// and blanks before punctuation.
//
// A Tokenizer may be used by several goroutines at once.
package tokenizer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"mlcfg/internal/plainfile"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Tokenizer encodes and decodes. Make one with [Open] or [Parse].
type Tokenizer struct {
	// CleanUp removes blanks before punctuation after decoding, as transformers
	// does where tokenizer_config.json sets clean_up_tokenization_spaces. Open
	// takes it from that file if it lies beside.
	CleanUp bool
	// Under5 says what AutoTokenizer of transformers 5 does otherwise with the folder that
	// Open read; empty where nothing is known to differ.
	Under5 string

	byteLevel  bool
	normalizer normalizer
	pre        preTokenizer
	model      model
	added      *added
	template   []templatePart
	decoder    decoder
	names      map[int32]string // id to token

	mu    sync.Mutex
	cache map[string][]int32
}

const (
	maxFile      = 256 << 20
	maxCache     = 1 << 16 // pieces remembered
	maxCacheText = 64      // longest piece remembered, in bytes
)

// Open reads the tokenizer at path: a tokenizer.json, or a folder that holds one.
func Open(path string) (*Tokenizer, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = filepath.Join(path, "tokenizer.json")
	}
	data, err := plainfile.Read(context.Background(), path, maxFile)
	if err != nil {
		return nil, err
	}
	t, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer %s: %w", path, err)
	}
	if err := t.configure(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return t, nil
}

// file is tokenizer.json.
type file struct {
	Added         []addedToken   `json:"added_tokens"`
	Normalizer    jsontext.Value `json:"normalizer"`
	PreTokenizer  jsontext.Value `json:"pre_tokenizer"`
	PostProcessor jsontext.Value `json:"post_processor"`
	Decoder       jsontext.Value `json:"decoder"`
	Model         jsontext.Value `json:"model"`
}

var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// Parse reads the content of a tokenizer.json.
func Parse(data []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(data, &f, lenient); err != nil {
		return nil, err
	}
	t := &Tokenizer{cache: map[string][]int32{}, byteLevel: hasByteLevel(&f)}
	var err error
	if t.model, err = parseModel(f.Model); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if t.normalizer, err = parseNormalizer(f.Normalizer, 0, &growth{}); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	if t.pre, err = parsePreTokenizer(f.PreTokenizer, 0); err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	if t.template, err = parsePostProcessor(f.PostProcessor, 0); err != nil {
		return nil, fmt.Errorf("post_processor: %w", err)
	}
	if t.decoder, err = parseDecoder(f.Decoder, 0, &growth{}); err != nil {
		return nil, fmt.Errorf("decoder: %w", err)
	}
	t.names = map[int32]string{}
	for s, id := range t.model.all() {
		t.names[id] = s
	}
	for _, a := range f.Added {
		t.names[a.ID] = a.Content
	}
	if t.added, err = newAdded(f.Added, t.normalizer); err != nil {
		return nil, fmt.Errorf("added_tokens: %w", err)
	}
	return t, nil
}

// Size is one more than the largest token id.
func (t *Tokenizer) Size() int {
	top := int32(-1)
	for id := range t.names {
		top = max(top, id)
	}
	return int(top) + 1
}

// Encode returns the token ids of text. special adds what the file's template
// adds, such as the token that begins a text.
func (t *Tokenizer) Encode(text string, special bool) ([]int32, error) {
	ids := []int32{}
	parts, err := t.added.split(text, t.normalize)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if part.id >= 0 {
			ids = append(ids, part.id)
			continue
		}
		pieces := []piece{{text: part.text, first: part.first}}
		if t.pre != nil {
			if pieces, err = t.pre.split(pieces); err != nil {
				return nil, err
			}
		}
		for _, p := range pieces {
			if ids, err = t.encodePiece(ids, p.text); err != nil {
				return nil, err
			}
		}
	}
	if special && t.template != nil {
		ids = applyTemplate(t.template, ids)
	}
	return ids, nil
}

func (t *Tokenizer) normalize(s string) (string, error) {
	if t.normalizer == nil {
		return s, nil
	}
	return t.normalizer(s)
}

// encodePiece appends the ids of one piece, which no token crosses the ends of.
func (t *Tokenizer) encodePiece(ids []int32, text string) ([]int32, error) {
	if text == "" {
		return ids, nil
	}
	short := len(text) <= maxCacheText
	if short {
		t.mu.Lock()
		known, ok := t.cache[text]
		t.mu.Unlock()
		if ok {
			return append(ids, known...), nil
		}
	}
	start := len(ids)
	ids, err := t.model.encode(ids, text)
	if err != nil {
		return nil, err
	}
	if short {
		t.mu.Lock()
		if len(t.cache) < maxCache {
			t.cache[text] = append([]int32(nil), ids[start:]...)
		}
		t.mu.Unlock()
	}
	return ids, nil
}

// Decode returns the text of token ids; ids that the file does not know are passed
// over. skipSpecial leaves special tokens out.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		name, ok := t.names[id]
		if !ok || skipSpecial && t.added.special[id] {
			continue
		}
		tokens = append(tokens, name)
	}
	text := t.decode(tokens)
	if t.CleanUp {
		text = cleanUp(text)
	}
	return text
}
