package tokenizer

import (
	"errors"
	"fmt"
	"iter"
	"maps"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// model turns one piece of text, which no token crosses the ends of, into ids.
type model interface {
	// encode appends the ids of a piece.
	encode(ids []int32, text string) ([]int32, error)
	// id returns the id of a token, -1 for none.
	id(token string) int32
	// all returns every token with its id.
	all() iter.Seq2[string, int32]
}

type modelFile struct {
	Type          string           `json:"type"`
	Dropout       *float64         `json:"dropout"`
	Unknown       *string          `json:"unk_token"`
	UnknownID     *int32           `json:"unk_id"`
	Prefix        *string          `json:"continuing_subword_prefix"`
	Suffix        *string          `json:"end_of_word_suffix"`
	FuseUnknown   bool             `json:"fuse_unk"`
	ByteFallback  bool             `json:"byte_fallback"`
	IgnoreMerges  bool             `json:"ignore_merges"`
	MaxCharacters *int             `json:"max_input_chars_per_word"`
	Vocab         jsontext.Value   `json:"vocab"`
	Merges        []jsontext.Value `json:"merges"`
}

// kind is the type of the model. Files older than the field are told apart by what
// they hold, as the library does.
func (f *modelFile) kind() (string, error) {
	switch {
	case f.Type != "":
		return f.Type, nil
	case f.Merges != nil:
		return "BPE", nil
	case f.MaxCharacters != nil:
		return "WordPiece", nil
	case f.Vocab.Kind() == '[':
		return "Unigram", nil
	}
	return "", errors.New("the type is not given")
}

func parseModel(raw jsontext.Value) (model, error) {
	if len(raw) == 0 {
		return nil, errors.New("the file has none")
	}
	var f modelFile
	if err := json.Unmarshal(raw, &f, lenient); err != nil {
		return nil, err
	}
	kind, err := f.kind()
	if err != nil {
		return nil, err
	}
	if kind == "Unigram" && !absent(f.Vocab) {
		return parseUnigram(&f)
	}
	var v vocabulary
	if absent(f.Vocab) {
		return nil, errors.New("it has no vocab")
	}
	if err := json.Unmarshal(f.Vocab, &v, lenient); err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	switch kind {
	case "BPE":
		return parseBPE(&f, v)
	case "WordPiece":
		return parseWordPiece(&f, v)
	case "WordLevel":
		return wordLevel{vocabulary: v, unknown: v.unknown(&f, "<unk>")}, nil
	}
	return nil, fmt.Errorf("type %s is not read, want BPE, Unigram, WordPiece or WordLevel", kind)
}

// vocabulary holds the ids of tokens.
type vocabulary map[string]int32

func (v vocabulary) id(token string) int32 {
	if id, ok := v[token]; ok {
		return id
	}
	return -1
}

func (v vocabulary) all() iter.Seq2[string, int32] { return maps.All(v) }

// unknown returns the id of what the file writes for text that it does not know.
func (v vocabulary) unknown(f *modelFile, otherwise string) int32 {
	if f.Unknown != nil {
		otherwise = *f.Unknown
	}
	return v.id(otherwise)
}

// fallback holds the ids of the tokens <0x00> to <0xFF>, -1 for none.
type fallback [256]int32

func newFallback(id func(string) int32) *fallback {
	var b fallback
	for i := range b {
		b[i] = id(fmt.Sprintf("<0x%02X>", i))
	}
	return &b
}

// encode appends the ids of the bytes of s, or reports false where one has none.
func (b *fallback) encode(ids []int32, s string) ([]int32, bool) {
	start := len(ids)
	for i := range len(s) {
		if b[s[i]] < 0 {
			return ids[:start], false
		}
		ids = append(ids, b[s[i]])
	}
	return ids, true
}

var errUnknown = errors.New("the text holds what the tokenizer does not know, and the model's token for that is not in its vocabulary")
