package run

import (
	"context"
	"fmt"

	"mlcfg/internal/client"
)

// comparedTexts is how many texts are sent after a test to compare counts of tokens.
const comparedTexts = 100

// compareCounts sends the first texts of a data set whose token ids were made here once
// more, as texts, when the test is over, and notes whether the engine counts other
// tokens in them: its tokenizer may be another version's. Requests of the test
// itself hold ids, of which every engine counts as many as were sent.
func (r *runner) compareCounts(ctx context.Context, c *client.Client, abort <-chan struct{}) {
	p := r.plan.samples
	if r.plan.Data.Tokenizer == "" || r.state.Simulated || p == nil || r.plan.Protocol == client.Chat {
		return
	}
	counts := countsOfTexts(p, comparedTexts)
	if len(counts) == 0 {
		return
	}
	next := 0
	source := client.SourceFunc(func(_ client.Ask, q *client.Request) bool {
		if next == len(counts) {
			return false
		}
		q.ID, q.Sample, q.Replica = uint64(next), next, 0
		q.Text, q.MaxTokens = counts[next].text, 1
		next++
		return true
	})
	sink := client.SinkFunc(func(batch []client.Result) error {
		for i := range batch {
			if b := &batch[i]; b.OK() && int(b.Sample) < len(counts) {
				counts[b.Sample].engine = b.InputTokens
			}
		}
		return nil
	})
	_, err := c.Run(ctx, client.Plan{Pace: client.AtOnce, Concurrency: 8, Timeout: r.plan.RequestTimeout, StallLimit: r.plan.StallTimeout, Abort: abort}, source, sink)
	if err != nil {
		r.log.Note(fmt.Sprintf("the engine's counts of tokens could not be compared with those of %s: %v", r.plan.Data.Tokenizer, err))
		return
	}
	r.log.Note(differing(counts, r.plan.Data.Tokenizer))
}

// textCount is a text with the number of its tokens here and in the engine, 0 where
// that did not tell.
type textCount struct {
	row          int
	text         string
	here, engine int64
}

// countsOfTexts returns the first texts whose token ids were made here.
func countsOfTexts(p *prompts, most int) []textCount {
	var out []textCount
	for i := range p.set.Samples[:min(p.size, p.set.Len())] {
		if s := &p.set.Samples[i]; s.Prompt != "" && len(s.Tokens) > 0 && len(out) < most {
			out = append(out, textCount{row: i, text: s.Prompt, here: int64(len(s.Tokens))})
		}
	}
	return out
}

// differing says how many texts have another number of tokens in the engine.
func differing(counts []textCount, tokenizer string) string {
	told, other := 0, 0
	var first *textCount
	for i := range counts {
		c := &counts[i]
		if c.engine <= 0 {
			continue
		}
		told++
		if c.engine != c.here {
			if other++; first == nil {
				first = c
			}
		}
	}
	switch {
	case told == 0:
		return "the engine does not tell how many tokens it counts in a text: they are not compared"
	case other == 0:
		return fmt.Sprintf("the engine counts as many tokens as %s in each of %d texts", tokenizer, told)
	}
	text := []rune(first.text)
	cut := ""
	if len(text) > shownText {
		text, cut = text[:shownText], " ..."
	}
	return fmt.Sprintf("the engine counts other numbers of tokens than %s in %d of %d texts; first in sample %d, %d against %d here: %q%s",
		tokenizer, other, told, first.row, first.engine, first.here, string(text), cut)
}

// shownText is how much of a text is shown, in characters.
const shownText = 80
