package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// wordPiece writes a word as the longest token that begins it, then the longest that
// continues it, and so on; a word that this does not write whole is unknown.
type wordPiece struct {
	vocabulary
	unknown int32 // -1 for none
	prefix  string
	longest int // bytes of the longest token
	limit   int // characters of the longest word that is looked at
}

func parseWordPiece(f *modelFile, v vocabulary) (model, error) {
	m := &wordPiece{vocabulary: v, unknown: v.unknown(f, "[UNK]"), prefix: "##", limit: 100}
	if f.Prefix != nil {
		m.prefix = *f.Prefix
	}
	if f.MaxCharacters != nil {
		m.limit = *f.MaxCharacters
	}
	for token := range v {
		m.longest = max(m.longest, len(token))
	}
	return m, nil
}

func (m *wordPiece) encode(ids []int32, text string) ([]int32, error) {
	start := len(ids)
	rest := text
	if utf8.RuneCountInString(text) > m.limit {
		return m.none(ids)
	}
	for rest != "" {
		id, n := m.begins(rest, rest != text)
		if id < 0 {
			return m.none(ids[:start])
		}
		ids, rest = append(ids, id), rest[n:]
	}
	return ids, nil
}

// begins returns the longest token that begins text and how many bytes it takes.
func (m *wordPiece) begins(text string, continued bool) (id int32, n int) {
	prefix := ""
	if continued {
		prefix = m.prefix
	}
	word := prefix + text[:min(len(text), m.longest)]
	for n = len(word) - len(prefix); n > 0; n-- {
		if id, ok := m.vocabulary[word[:len(prefix)+n]]; ok {
			return id, n
		}
	}
	return -1, 0
}

func (m *wordPiece) none(ids []int32) ([]int32, error) {
	if m.unknown < 0 {
		return nil, errUnknown
	}
	return append(ids, m.unknown), nil
}

// wordLevel knows whole words alone.
type wordLevel struct {
	vocabulary
	unknown int32
}

func (m wordLevel) encode(ids []int32, text string) ([]int32, error) {
	id, ok := m.vocabulary[text]
	if !ok {
		id = m.unknown
	}
	if id < 0 {
		return nil, errUnknown
	}
	return append(ids, id), nil
}

// decodeWordPiece joins what continues a word to it and puts blanks between words.
func decodeWordPiece(prefix string, clean bool) decoder {
	return func(tokens []string) []string {
		for i, t := range tokens {
			if i > 0 {
				if rest, ok := strings.CutPrefix(t, prefix); ok {
					t = rest
				} else {
					t = " " + t
				}
			}
			if clean {
				t = replaceEach(t, " .", ".", " ?", "?", " !", "!", " ,", ",", " ' ", "'", " n't", "n't", " 'm", "'m", " do not", " don't", " 's", "'s", " 've", "'ve", " 're", "'re")
			}
			tokens[i] = t
		}
		return tokens
	}
}
