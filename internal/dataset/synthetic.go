package dataset

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Spec says what a synthetic data set looks like. The zero value is prompts of
// about 250 token ids (lognormal, at most 1024) of a vocabulary of 32000.
type Spec struct {
	// Input is the distribution of prompt lengths in tokens.
	Input Lengths
	// Output, where set, is the distribution of MaxTokens.
	Output Lengths
	// Vocabulary is the number of token ids; 0 means 32000. The first three are
	// left out, because they are special in most tokenizers.
	Vocabulary int
	// Text makes prompts of that many words instead of token ids.
	Text bool
}

const (
	specialTokens     = 3
	defaultVocabulary = 32_000
	defaultInput      = "lognormal:250,200,8,1024"
	maxSynthetic      = 1 << 30 // token ids in one synthetic set
)

// Synthetic makes up count samples. The same arguments give the same set on
// every machine and in every later version.
func Synthetic(count int, spec Spec, seed uint64) (*Set, error) {
	if count < 1 || count > MaxSamples {
		return nil, fmt.Errorf("synthetic data set: %d samples, want 1 to %d", count, MaxSamples)
	}
	if spec.Vocabulary == 0 {
		spec.Vocabulary = defaultVocabulary
	}
	if spec.Vocabulary <= specialTokens || spec.Vocabulary > 1<<31-1 {
		return nil, fmt.Errorf("synthetic data set: a vocabulary of %d, want more than %d", spec.Vocabulary, specialTokens)
	}
	if spec.Input.kind == "" {
		spec.Input, _ = ParseLengths(defaultInput)
	}
	// Lengths and contents have streams of their own, so that a change of one
	// leaves the other as it was.
	lengths, contents := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
	outputs := rand.New(rand.NewPCG(seed, 3))
	set := &Set{Format: "synthetic", Samples: make([]Sample, count)}
	total := 0
	for i := range set.Samples {
		s := &set.Samples[i]
		n := spec.Input.draw(lengths)
		if total += n; total > maxSynthetic {
			return nil, errors.New("synthetic data set: more than 2^30 token ids")
		}
		if spec.Text {
			s.Prompt = words(contents, n)
		} else {
			s.Tokens = make([]int32, n)
			for j := range s.Tokens {
				s.Tokens[j] = specialTokens + contents.Int32N(int32(spec.Vocabulary-specialTokens))
			}
		}
		if spec.Output.kind != "" {
			s.MaxTokens = spec.Output.draw(outputs)
		}
	}
	role := RoleTokens
	name, typ := "tok_input", "list of int32"
	if spec.Text {
		role, name, typ = RolePrompt, "input", "text"
	}
	set.Columns = []Column{{name, typ, role}}
	if spec.Output.kind != "" {
		set.Columns = append(set.Columns, Column{"max_tokens", "int64", RoleMaxTokens})
	}
	set.Notes = []string{fmt.Sprintf("synthetic: %d samples, input %s, seed %d", count, spec.Input, seed)}
	return set, nil
}

// words makes a text of n made-up words.
func words(r *rand.Rand, n int) string {
	const consonants, vowels = "bcdfghjklmnprstvz", "aeiou"
	var s strings.Builder
	for i := range n {
		if i > 0 {
			s.WriteByte(' ')
		}
		for range 1 + r.IntN(3) {
			s.WriteByte(consonants[r.IntN(len(consonants))])
			s.WriteByte(vowels[r.IntN(len(vowels))])
		}
	}
	return s.String()
}
