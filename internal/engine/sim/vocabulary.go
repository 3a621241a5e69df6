package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/tokenizer"
)

// Vocabulary is how text becomes token ids and ids become text by a real tokenizer. A nil
// one is made up, with four bytes of text a token.
type Vocabulary struct {
	tok *tokenizer.Tokenizer
	end int // the token that ends an output
	// words are tokens that are a word with a blank before it, so that any of them one after
	// another become the same tokens again. first is for each what a text begins with that
	// becomes this one token.
	words []word
	said  []string // the words alone
}

type word struct {
	id          int
	text, first string
}

// mostWords is how many words are looked for. It is small on purpose: nobody shall take
// the text for a model's.
const mostWords = 256

// NewVocabulary is that of a tokenizer; end is the id that ends an output. It is an error if no
// words are found whose tokens stay the same in any order: then no answer can be made of them.
func NewVocabulary(tok *tokenizer.Tokenizer, end int) (*Vocabulary, error) {
	v := &Vocabulary{tok: tok, end: end}
	becomes := func(text string, ids ...int32) bool {
		got, err := tok.Encode(text, false)
		return err == nil && slices.Equal(got, ids)
	}
	// What a text begins with loses its blank in some tokenizers, so another token is before.
	size := tok.Size()
	before, err := tok.Encode("a", false)
	if err != nil {
		return nil, err
	}
	if len(before) == 0 {
		return nil, errors.New("the tokenizer has no token for the letter a")
	}
	told := tok.Decode(before, false)
	for i := range size {
		// A stride that shares no factor with a power of two or ten looks everywhere.
		id := int32(i * 7919 % size)
		text, ok := strings.CutPrefix(tok.Decode(append(slices.Clone(before), id), false), told+" ")
		if !ok || text == "" || len(text) > 12 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") != "" || int(id) == end {
			continue
		}
		w := word{id: int(id), text: " " + text, first: " " + text}
		if !becomes(w.first, id) {
			w.first = text
		}
		// Some merge across words: no two that stand together may.
		fits := becomes(w.first+w.text+w.text, id, id, id)
		for k := 0; k < len(v.words) && fits; k += 1 + len(v.words)/32 {
			u := v.words[k]
			fits = becomes(w.first+u.text+w.text+u.text, id, int32(u.id), id, int32(u.id)) && becomes(u.first+w.text, int32(u.id), id)
		}
		if !fits {
			continue
		}
		v.said = append(v.said, text)
		if v.words = append(v.words, w); len(v.words) == mostWords {
			break
		}
	}
	if len(v.words) == 0 {
		return nil, errors.New("the tokenizer has no token that is a word of the letters a to z")
	}
	return v, nil
}

// encode returns the ids of a prompt's text. special adds what the tokenizer begins a text
// with.
func (v *Vocabulary) encode(text string, special bool) ([]int, error) {
	if v == nil {
		return tokenize(text), nil
	}
	list, err := v.tok.Encode(text, special)
	if err != nil {
		return nil, err
	}
	ids := make([]int, len(list))
	for i, id := range list {
		ids[i] = int(id)
	}
	return ids, nil
}

// decode returns the text of ids; false where ids have none.
func (v *Vocabulary) decode(ids []int) (string, bool) {
	if v == nil {
		return "", false
	}
	list := make([]int32, len(ids))
	for i, id := range ids {
		list[i] = int32(min(max(id, 0), 1<<31-1))
	}
	return v.tok.Decode(list, false), true
}

// texts are the words that answers are made of.
func (v *Vocabulary) texts() []string {
	if v == nil {
		return words[:]
	}
	return v.said
}

// word is the output's token number i, counted from 0.
func (v *Vocabulary) word(o output, i int) word {
	return v.words[mix(o.key+uint64(i))%uint64(len(v.words))]
}

// LoadVocabulary reads the tokenizer of a model's folder, or a tokenizer.json, and with it the
// id of the token that ends an output, as generation_config.json or config.json beside it say.
func LoadVocabulary(path string) (*Vocabulary, error) {
	tok, err := tokenizer.Open(path)
	if err != nil {
		return nil, err
	}
	if filepath.Ext(path) == ".json" {
		path = filepath.Dir(path)
	}
	v, err := NewVocabulary(tok, endOf(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// endOf is the id of the token that ends an output of the model in a folder.
func endOf(dir string) int {
	for _, name := range []string{"generation_config.json", "config.json"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		var one struct {
			End int `json:"eos_token_id"`
		}
		var several struct {
			End []int `json:"eos_token_id"`
		}
		switch {
		case err != nil:
		case json.Unmarshal(data, &one) == nil && one.End > 0:
			return one.End
		case json.Unmarshal(data, &several) == nil && len(several.End) > 0:
			return several.End[0]
		}
	}
	return endOfText
}
