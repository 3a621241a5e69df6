package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// bpe is a byte-pair encoding: characters are joined pair by pair, the pair that
// was learnt first before all others, the leftmost of equals first.
type bpe struct {
	vocabulary
	merges       map[pair]merge
	bytes        *fallback // nil for none
	unknown      int32     // -1 for none
	fuseUnknown  bool
	ignoreMerges bool   // a piece that is a token is that token
	prefix       string // of what continues a word
	suffix       string // of what ends one
}

type pair struct{ left, right int32 }

type merge struct{ rank, id int32 }

func parseBPE(f *modelFile, v vocabulary) (model, error) {
	if f.Dropout != nil && *f.Dropout != 0 {
		return nil, errors.New("dropout makes it random")
	}
	m := &bpe{vocabulary: v, unknown: -1, fuseUnknown: f.FuseUnknown, ignoreMerges: f.IgnoreMerges}
	if f.ByteFallback {
		m.bytes = newFallback(v.id)
	}
	if f.Prefix != nil {
		m.prefix = *f.Prefix
	}
	if f.Suffix != nil {
		m.suffix = *f.Suffix
	}
	if f.Unknown != nil {
		if m.unknown = m.id(*f.Unknown); m.unknown < 0 {
			return nil, fmt.Errorf("unk_token %q is not in the vocabulary", *f.Unknown)
		}
	}
	m.merges = make(map[pair]merge, len(f.Merges))
	for i, raw := range f.Merges {
		left, right, err := mergeParts(raw)
		if err != nil {
			return nil, fmt.Errorf("merge %d: %w", i, err)
		}
		l, r, id := m.id(left), m.id(right), m.id(left+right[min(len(m.prefix), len(right)):])
		if l < 0 || r < 0 || id < 0 {
			return nil, fmt.Errorf("merge %d: %q and %q or what they make is not in the vocabulary", i, left, right)
		}
		m.merges[pair{l, r}] = merge{int32(i), id}
	}
	return m, nil
}

// mergeParts reads one merge: "a b", or ["a", "b"] since a part may hold a blank.
func mergeParts(raw jsontext.Value) (left, right string, err error) {
	if raw.Kind() == '[' {
		var parts []string
		if err := json.Unmarshal(raw, &parts, lenient); err != nil || len(parts) != 2 {
			return "", "", fmt.Errorf("%s is no pair", raw)
		}
		return parts[0], parts[1], nil
	}
	var s string
	if err := json.Unmarshal(raw, &s, lenient); err != nil {
		return "", "", err
	}
	left, right, ok := strings.Cut(s, " ")
	if !ok || strings.Contains(right, " ") {
		return "", "", fmt.Errorf("%q is no pair", s)
	}
	return left, right, nil
}

// encode appends the ids of a piece. An unknown character is written when the next
// known one or the end comes, after the bytes of what stands between, as the library does.
func (m *bpe) encode(ids []int32, text string) ([]int32, error) {
	if m.ignoreMerges {
		if id, ok := m.vocabulary[text]; ok {
			return append(ids, id), nil
		}
	}
	start := len(ids)
	held := false // an unknown character is not yet written
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		char := text[i : i+n]
		if i > 0 && m.prefix != "" {
			char = m.prefix + char
		}
		if i += n; i == len(text) && m.suffix != "" {
			char += m.suffix
		}
		if id, ok := m.vocabulary[char]; ok {
			if held {
				ids, held = append(ids, m.unknown), false
			}
			ids = append(ids, id)
			continue
		}
		if m.bytes != nil {
			if all, ok := m.bytes.encode(ids, char); ok {
				ids = all
				continue
			}
		}
		if held && !m.fuseUnknown {
			ids = append(ids, m.unknown)
		}
		held = m.unknown >= 0
	}
	if held {
		ids = append(ids, m.unknown)
	}
	return append(ids[:start], m.join(ids[start:])...), nil
}

// join merges the symbols of one piece in place and returns what is left.
func (m *bpe) join(symbols []int32) []int32 {
	const few = 24
	if len(symbols) > few {
		return m.joinLong(symbols)
	}
	for len(symbols) > 1 {
		best, at := merge{rank: -1}, 0
		for i := range len(symbols) - 1 {
			if g, ok := m.merges[pair{symbols[i], symbols[i+1]}]; ok && (best.rank < 0 || g.rank < best.rank) {
				best, at = g, i
			}
		}
		if best.rank < 0 {
			break
		}
		symbols[at] = best.id
		symbols = slices.Delete(symbols, at+1, at+2)
	}
	return symbols
}

// candidate is a merge that may be done: of the symbols at left and its successor.
type candidate struct {
	rank, left, right int32
	id                int32
}

func (a candidate) compare(b candidate) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.left, b.left))
}

// joinLong is join for long pieces: a heap of candidates over a linked list.
func (m *bpe) joinLong(symbols []int32) []int32 {
	n := int32(len(symbols))
	next, prev := make([]int32, n), make([]int32, n)
	for i := range n {
		next[i], prev[i] = i+1, i-1
	}
	h := make(heap, 0, n)
	offer := func(left int32) {
		if left < 0 {
			return
		}
		if right := next[left]; right < n {
			if g, ok := m.merges[pair{symbols[left], symbols[right]}]; ok {
				h.push(candidate{g.rank, left, right, g.id})
			}
		}
	}
	for i := range n - 1 {
		offer(i)
	}
	for len(h) > 0 {
		c := h.pop()
		if symbols[c.left] < 0 || symbols[c.right] < 0 || next[c.left] != c.right {
			continue // one of the two has been merged since
		}
		if g, ok := m.merges[pair{symbols[c.left], symbols[c.right]}]; !ok || g.id != c.id || g.rank != c.rank {
			continue
		}
		symbols[c.left], symbols[c.right] = c.id, -1
		next[c.left] = next[c.right]
		if after := next[c.left]; after < n {
			prev[after] = c.left
		}
		offer(prev[c.left])
		offer(c.left)
	}
	out := symbols[:0]
	for _, s := range symbols {
		if s >= 0 {
			out = append(out, s)
		}
	}
	return out
}

// heap is a binary heap of candidates, the smallest first.
type heap []candidate

func (h *heap) push(c candidate) {
	s := append(*h, c)
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[i].compare(s[up]) >= 0 {
			break
		}
		s[i], s[up] = s[up], s[i]
		i = up
	}
	*h = s
}

func (h *heap) pop() candidate {
	s := *h
	top := s[0]
	last := len(s) - 1
	s[0] = s[last]
	s = s[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			break
		}
		if down+1 < last && s[down+1].compare(s[down]) < 0 {
			down++
		}
		if s[i].compare(s[down]) <= 0 {
			break
		}
		s[i], s[down] = s[down], s[i]
		i = down
	}
	*h = s
	return top
}
