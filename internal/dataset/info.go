package dataset

import (
	"slices"

	"mlcfg/internal/record/percentile"
)

// Info is what is worth knowing about a set before a run.
type Info struct {
	Path    string   `json:"path,omitempty"`
	Format  string   `json:"format"`
	Samples int      `json:"samples"`
	Columns []Column `json:"columns"`
	// InputTokens, ReferenceTokens and MaxTokens are in tokens, PromptBytes and
	// ReferenceBytes in bytes of UTF-8; each nil where no sample has one.
	InputTokens     *Counts `json:"input_tokens,omitempty"`
	ReferenceTokens *Counts `json:"reference_tokens,omitempty"`
	MaxTokens       *Counts `json:"max_tokens,omitempty"`
	PromptBytes     *Counts `json:"prompt_bytes,omitempty"`
	ReferenceBytes  *Counts `json:"reference_bytes,omitempty"`
	// LargestToken is the largest token id of any prompt, -1 without token ids.
	LargestToken int32 `json:"largest_token"`
	// Chats is the number of samples with messages.
	Chats int `json:"chats"`
	// Sources counts the samples of each collection.
	Sources map[string]int `json:"sources,omitempty"`
	Notes   []string       `json:"notes,omitempty"`
}

// Counts sums up whole numbers, one a sample that has one. Percentiles are
// LoadGen's, as everywhere.
type Counts struct {
	Samples int     `json:"samples"`
	Total   int64   `json:"total"`
	Mean    float64 `json:"mean"`
	Min     int     `json:"min"`
	P50     int     `json:"p50"`
	P90     int     `json:"p90"`
	P99     int     `json:"p99"`
	Max     int     `json:"max"`
}

// Info sums the set up.
func (s *Set) Info() Info {
	info := Info{Path: s.Path, Format: s.Format, Samples: len(s.Samples), Columns: s.Columns, Notes: s.Notes, LargestToken: -1}
	var input, ref, limit, prompt, output []int
	for i := range s.Samples {
		x := &s.Samples[i]
		if x.Tokens != nil {
			input = append(input, len(x.Tokens))
		}
		for _, t := range x.Tokens {
			info.LargestToken = max(info.LargestToken, t)
		}
		if x.ReferenceTokens != nil {
			ref = append(ref, len(x.ReferenceTokens))
		}
		if x.MaxTokens > 0 {
			limit = append(limit, x.MaxTokens)
		}
		if x.Prompt != "" {
			prompt = append(prompt, len(x.Prompt))
		}
		if x.Reference != "" {
			output = append(output, len(x.Reference))
		}
		if len(x.Messages) > 0 {
			info.Chats++
		}
		if x.Source != "" {
			if info.Sources == nil {
				info.Sources = map[string]int{}
			}
			if _, known := info.Sources[x.Source]; known || len(info.Sources) < maxSources {
				info.Sources[x.Source]++
			}
		}
	}
	info.InputTokens, info.ReferenceTokens, info.MaxTokens = countsOf(input), countsOf(ref), countsOf(limit)
	info.PromptBytes, info.ReferenceBytes = countsOf(prompt), countsOf(output)
	return info
}

const maxSources = 1000

// countsOf sums up v, which it sorts; nil for no values.
func countsOf(v []int) *Counts {
	if len(v) == 0 {
		return nil
	}
	slices.Sort(v)
	c := &Counts{Samples: len(v), Min: v[0], Max: v[len(v)-1]}
	for _, n := range v {
		c.Total += int64(n)
	}
	c.Mean = float64(c.Total) / float64(len(v))
	c.P50, c.P90, c.P99 = percentile.Of(v, 0.5), percentile.Of(v, 0.9), percentile.Of(v, 0.99)
	return c
}
