package run

import (
	"strings"
	"testing"

	"mlcfg/internal/dataset"
)

func TestDiffering(t *testing.T) {
	set := &dataset.Set{Samples: []dataset.Sample{
		{Tokens: []int32{1, 2}},
		{Prompt: "a text", Tokens: []int32{1, 2, 3}},
		{Prompt: strings.Repeat("long ", 40), Tokens: []int32{1, 2, 3, 4}},
		{Prompt: "without ids"},
		{Prompt: "beyond", Tokens: []int32{1}},
	}}
	counts := countsOfTexts(&prompts{set: set, size: 4}, 10)
	if len(counts) != 2 || counts[0].row != 1 || counts[0].here != 3 || counts[1].here != 4 {
		t.Fatalf("%+v", counts)
	}
	if n := len(countsOfTexts(&prompts{set: set, size: 4}, 1)); n != 1 {
		t.Errorf("%d texts, want 1", n)
	}
	for _, c := range []struct {
		engine [2]int64
		want   string
	}{
		{[2]int64{3, 4}, "the engine counts as many tokens as t.json in each of 2 texts"},
		{[2]int64{0, -1}, "the engine does not tell how many tokens"},
		{[2]int64{3, 5}, `the engine counts other numbers of tokens than t.json in 1 of 2 texts; first in sample 2, 5 against 4 here: "long long`},
		{[2]int64{2, 5}, `in 2 of 2 texts; first in sample 1, 2 against 3 here: "a text"`},
	} {
		counts[0].engine, counts[1].engine = c.engine[0], c.engine[1]
		if got := differing(counts, "t.json"); !strings.Contains(got, c.want) {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
