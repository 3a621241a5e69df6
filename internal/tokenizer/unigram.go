package tokenizer

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// unigram writes a text as the tokens whose scores have the largest sum.
type unigram struct {
	pieces  []scored
	sorted  []int32    // ids in the order of their texts, the last of equals alone
	first   [257]int32 // where the texts that begin with a byte begin in sorted
	unknown int32      // -1 for none
	penalty float64    // the score of an unknown character
	bytes   *fallback  // nil for none
}

type scored struct {
	text  string
	score float64
}

func (s *scored) UnmarshalJSON(data []byte) error {
	var pair []jsontext.Value
	if err := json.Unmarshal(data, &pair, lenient); err != nil || len(pair) != 2 {
		return fmt.Errorf("%.40s is no pair of a token and its score", data)
	}
	if err := json.Unmarshal(pair[0], &s.text, lenient); err != nil {
		return err
	}
	return json.Unmarshal(pair[1], &s.score)
}

func parseUnigram(f *modelFile) (model, error) {
	m := &unigram{unknown: -1, penalty: math.Inf(1)}
	if err := json.Unmarshal(f.Vocab, &m.pieces, lenient); err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	if f.UnknownID != nil {
		if m.unknown = *f.UnknownID; m.unknown < 0 || int(m.unknown) >= len(m.pieces) {
			return nil, fmt.Errorf("unk_id %d, want one of the %d tokens", m.unknown, len(m.pieces))
		}
	}
	for i, p := range m.pieces {
		m.penalty = min(m.penalty, p.score)
		m.sorted = append(m.sorted, int32(i))
	}
	m.penalty -= 10
	slices.SortStableFunc(m.sorted, func(a, b int32) int { return strings.Compare(m.text(a), m.text(b)) })
	kept := m.sorted[:0]
	for i, id := range m.sorted {
		if t := m.text(id); t != "" && (i+1 == len(m.sorted) || m.text(m.sorted[i+1]) != t) {
			kept = append(kept, id)
		}
	}
	m.sorted = kept
	for b := range m.first {
		m.first[b] = int32(m.search(0, len(kept), 0, b))
	}
	if f.ByteFallback {
		m.bytes = newFallback(m.id)
	}
	return m, nil
}

func (m *unigram) text(id int32) string { return m.pieces[id].text }

// search returns the first of the sorted texts low to high that has b or more at a
// place, where all before that place is equal.
func (m *unigram) search(low, high, place, b int) int {
	n, _ := slices.BinarySearchFunc(m.sorted[low:high], b, func(id int32, b int) int {
		if t := m.text(id); len(t) > place {
			return int(t[place]) - b
		}
		return -1
	})
	return low + n
}

// prefixes returns the tokens that begin text, the shortest first.
func (m *unigram) prefixes(text string) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		low, high := 0, 0
		for i := range len(text) {
			b := int(text[i])
			if i == 0 {
				low, high = int(m.first[b]), int(m.first[b+1])
			} else {
				low = m.search(low, high, i, b)
				high = m.search(low, high, i, b+1)
			}
			if low == high {
				return
			}
			if id := m.sorted[low]; len(m.text(id)) == i+1 && !yield(id) {
				return
			}
		}
	}
}

func (m *unigram) id(token string) int32 {
	for id := range m.prefixes(token) {
		if len(m.text(id)) == len(token) {
			return id
		}
	}
	return -1
}

func (m *unigram) all() iter.Seq2[string, int32] {
	return func(yield func(string, int32) bool) {
		for i, p := range m.pieces {
			if !yield(p.text, int32(i)) {
				return
			}
		}
	}
}

// step is the best way to a place in the text: the token that ends there, and where
// it begins (-1 where no token ends).
type step struct {
	score float64
	from  int
	id    int32
}

func (m *unigram) encode(ids []int32, text string) ([]int32, error) {
	best := make([]step, len(text)+1)
	for i := range best {
		best[i].from = -1
	}
	for i := 0; i < len(text); {
		_, char := utf8.DecodeRuneInString(text[i:])
		offer := func(to int, id int32, score float64) {
			if score += best[i].score; best[to].from < 0 || score > best[to].score {
				best[to] = step{score, i, id}
			}
		}
		single := false
		for id := range m.prefixes(text[i:]) {
			n := len(m.text(id))
			single = single || n == char
			offer(i+n, id, m.pieces[id].score)
		}
		if !single {
			if m.unknown < 0 && best[i+char].from < 0 {
				return nil, errUnknown
			}
			offer(i+char, m.unknown, m.penalty)
		}
		i += char
	}
	return m.walk(ids, text, best), nil
}

// walk appends the ids of the best way through a text. Unknown characters beside one
// another are one, which may be a token after all.
func (m *unigram) walk(ids []int32, text string, best []step) []int32 {
	var ends []int // of tokens, the last first
	for end := len(text); end > 0; end = best[end].from {
		if n := len(ends); n > 0 && best[end].id == m.unknown && best[ends[n-1]].id == m.unknown {
			continue
		}
		ends = append(ends, end)
	}
	start := 0
	for _, end := range slices.Backward(ends) {
		piece := text[start:end]
		start = end
		id := m.id(piece)
		if id < 0 && m.bytes != nil {
			if all, ok := m.bytes.encode(ids, piece); ok {
				ids = all
				continue
			}
		}
		if id < 0 {
			id = m.unknown
		}
		ids = append(ids, id)
	}
	return ids
}
