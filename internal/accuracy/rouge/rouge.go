// Package rouge computes ROUGE scores as the Python package rouge_score does,
// with its Porter stemmer: the figures that MLPerf's accuracy scripts compare.
//
//	var r rouge.Scorer
//	scores, err := r.Score(reference, prediction)
//	scores.Rouge1 // an F-measure, 0 to 1
package rouge

import (
	"fmt"
	"math/bits"
	"strings"
	"unicode"
)

// Scores are F-measures from 0 to 1. Lsum takes each line of a text as a
// sentence.
type Scores struct {
	Rouge1, Rouge2, L, Lsum float64
}

// Scorer computes scores; it remembers words between calls. The zero value is
// ready. A Scorer is for one goroutine.
type Scorer struct {
	words map[string]int32 // word to the number of its stem
	stems map[string]int32
}

// maxCells bounds the table of one pair of sentences in Lsum.
const maxCells = 64 << 20

// Score compares a prediction with its reference. It fails only on a pair of
// sentences whose table would not fit in memory.
func (s *Scorer) Score(reference, prediction string) (Scores, error) {
	ref, pred := s.tokens(reference), s.tokens(prediction)
	lsum, err := s.lsum(reference, prediction)
	return Scores{
		Rouge1: ngrams(ref, pred, 1),
		Rouge2: ngrams(ref, pred, 2),
		L:      lcsScore(ref, pred),
		Lsum:   lsum,
	}, err
}

// L computes the score of the longest common subsequence alone.
func (s *Scorer) L(reference, prediction string) float64 {
	return lcsScore(s.tokens(reference), s.tokens(prediction))
}

// tokens returns the stems of a text's words as numbers: runs of a-z and 0-9 in
// lower case, stemmed if longer than three.
func (s *Scorer) tokens(text string) []int32 {
	if s.words == nil {
		s.words, s.stems = map[string]int32{}, map[string]int32{}
	}
	var out []int32
	var word []byte
	flush := func() {
		if len(word) > 0 {
			out = append(out, s.number(word))
			word = word[:0]
		}
	}
	for _, r := range text {
		if r >= 128 {
			if r == 'İ' { // Python's lower case is i and a combining dot
				word = append(word, 'i')
				flush()
				continue
			}
			r = unicode.ToLower(r)
		}
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			word = append(word, byte(r))
		case r >= 'A' && r <= 'Z':
			word = append(word, byte(r)+'a'-'A')
		default:
			flush()
		}
	}
	flush()
	return out
}

const maxWords = 1 << 20 // words remembered

func (s *Scorer) number(word []byte) int32 {
	if n, ok := s.words[string(word)]; ok {
		return n
	}
	w := string(word)
	st := w
	if len(w) > 3 {
		st = stem(w)
	}
	n, ok := s.stems[st]
	if !ok {
		n = int32(len(s.stems))
		s.stems[st] = n
	}
	if len(s.words) < maxWords {
		s.words[w] = n
	}
	return n
}

// fmeasure is the harmonic mean of hits/pred and hits/ref.
func fmeasure(hits, pred, ref int) float64 {
	precision, recall := float64(hits)/float64(max(pred, 1)), float64(hits)/float64(max(ref, 1))
	if precision+recall > 0 {
		return 2 * precision * recall / (precision + recall)
	}
	return 0
}

func ngrams(ref, pred []int32, n int) float64 {
	count := map[[2]int32]int{}
	each := func(t []int32, use func([2]int32)) int {
		for i := 0; i+n <= len(t); i++ {
			g := [2]int32{t[i], -1}
			if n == 2 {
				g[1] = t[i+1]
			}
			use(g)
		}
		return max(0, len(t)-n+1)
	}
	refs := each(ref, func(g [2]int32) { count[g]++ })
	hits := 0
	preds := each(pred, func(g [2]int32) {
		if count[g] > 0 {
			count[g]--
			hits++
		}
	})
	return fmeasure(hits, preds, refs)
}

// lcsScore scores the length of the longest common subsequence, which Hyyrö's
// bit-parallel method counts 64 columns at a time.
func lcsScore(ref, pred []int32) float64 {
	if len(ref) == 0 || len(pred) == 0 {
		return 0
	}
	n := (len(ref) + 63) / 64
	places := map[int32][]int32{}
	for i, t := range ref {
		places[t] = append(places[t], int32(i))
	}
	m := make([]uint64, n)
	v := make([]uint64, n)
	for i := range v {
		v[i] = ^uint64(0)
	}
	for _, t := range pred {
		at := places[t]
		if at == nil {
			continue
		}
		for _, i := range at {
			m[i/64] |= 1 << (i % 64)
		}
		var carry uint64
		for i := range v {
			u := v[i] & m[i]
			var sum uint64
			sum, carry = bits.Add64(v[i], u, carry)
			v[i] = sum | (v[i] - u)
		}
		for _, i := range at {
			m[i/64] = 0
		}
	}
	length := 0
	for i, x := range v {
		free := ^x
		if i == n-1 && len(ref)%64 != 0 {
			free &= 1<<(len(ref)%64) - 1
		}
		length += bits.OnesCount64(free)
	}
	return fmeasure(length, len(pred), len(ref))
}

// lsum scores the union of common subsequences of sentences (section 3.2 of the
// ROUGE paper), each word counted as often as both texts have it.
func (s *Scorer) lsum(reference, prediction string) (float64, error) {
	refs, preds := s.sentences(reference), s.sentences(prediction)
	inRef, inPred := map[int32]int{}, map[int32]int{}
	m, n := 0, 0
	for _, r := range refs {
		m += len(r)
		for _, t := range r {
			inRef[t]++
		}
	}
	for _, p := range preds {
		n += len(p)
		for _, t := range p {
			inPred[t]++
		}
	}
	if m == 0 || n == 0 {
		return 0, nil
	}
	hits := 0
	var table []int32
	for _, r := range refs {
		union := make([]bool, len(r))
		for _, p := range preds {
			if (len(r)+1)*(len(p)+1) > maxCells {
				return 0, fmt.Errorf("rougeLsum: a pair of sentences of %d and %d words is too long", len(r), len(p))
			}
			table = markLCS(union, r, p, table)
		}
		for i, in := range union {
			if t := r[i]; in && inPred[t] > 0 && inRef[t] > 0 {
				hits++
				inPred[t]--
				inRef[t]--
			}
		}
	}
	return fmeasure(hits, n, m), nil
}

// sentences returns the words of each line that is not empty.
func (s *Scorer) sentences(text string) [][]int32 {
	var out [][]int32
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" {
			out = append(out, s.tokens(line))
		}
	}
	return out
}

// markLCS marks in union the places of ref that are in one longest common
// subsequence with pred: the one that rouge_score reads out. The table's memory
// is handed back for the next call.
func markLCS(union []bool, ref, pred []int32, table []int32) []int32 {
	w := len(pred) + 1
	if need := (len(ref) + 1) * w; cap(table) < need {
		table = make([]int32, need)
	} else {
		table = table[:need]
	}
	clear(table[:w])
	for i := range ref {
		above, row := table[i*w:(i+1)*w], table[(i+1)*w:(i+2)*w]
		row[0] = 0
		for j := range pred {
			if ref[i] == pred[j] {
				row[j+1] = above[j] + 1
			} else {
				row[j+1] = max(above[j+1], row[j])
			}
		}
	}
	for i, j := len(ref), len(pred); i > 0 && j > 0; {
		switch {
		case ref[i-1] == pred[j-1]:
			union[i-1] = true
			i--
			j--
		case table[i*w+j-1] > table[(i-1)*w+j]:
			j--
		default:
			i--
		}
	}
	return table
}
