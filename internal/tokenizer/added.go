package tokenizer

import (
	"errors"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"mlcfg/internal/tokenizer/runeset"
)

// addedToken is a token that is found in the text before anything else is done
// with it.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// added finds added tokens: those not normalized in the text as it is, the
// others in the normalized text between.
type added struct {
	raw, normalized finder
	special         map[int32]bool
	ids             map[string]int32
}

func newAdded(tokens []addedToken, n normalizer) (*added, error) {
	a := &added{special: map[int32]bool{}, ids: map[string]int32{}}
	for _, t := range tokens {
		if t.Special {
			a.special[t.ID] = true
		}
		a.ids[t.Content] = t.ID
		if t.ID < 0 {
			return nil, errors.New("an id below 0")
		}
		if t.Content == "" {
			continue
		}
		if t.Normalized {
			if n != nil {
				var err error
				if t.Content, err = n(t.Content); err != nil {
					return nil, err
				}
			}
			a.normalized.add(t)
		} else {
			a.raw.add(t)
		}
	}
	a.raw.sort()
	a.normalized.sort()
	return a, nil
}

// part is a stretch of the text: an added token (id of 0 or more) or text.
type part struct {
	text  string
	id    int32
	first bool // begins the text
}

// split finds the added tokens of text and normalizes what is between them.
func (a *added) split(text string, normalize func(string) (string, error)) ([]part, error) {
	var out []part
	for i, p := range a.raw.split(text) {
		if p.id >= 0 {
			out = append(out, p)
			continue
		}
		text, err := normalize(p.text)
		if err != nil {
			return nil, err
		}
		for j, q := range a.normalized.split(text) {
			q.first = i == 0 && j == 0
			out = append(out, q)
		}
	}
	return out, nil
}

// finder finds the leftmost longest of a number of tokens.
type finder struct {
	byFirst [256][]addedToken
	any     bool
}

func (f *finder) add(t addedToken) {
	if t.Content == "" {
		return
	}
	f.byFirst[t.Content[0]] = append(f.byFirst[t.Content[0]], t)
	f.any = true
}

func (f *finder) sort() {
	for _, l := range f.byFirst {
		sort.SliceStable(l, func(i, j int) bool { return len(l[i].Content) > len(l[j].Content) })
	}
}

func (f *finder) split(text string) []part {
	if text == "" {
		return nil
	}
	if !f.any {
		return []part{{text: text, id: -1}}
	}
	var out []part
	start := 0 // of the text not yet given away
	for i := 0; i < len(text); {
		t := f.match(text, i)
		if t == nil {
			i++
			continue
		}
		from, to := i, i+len(t.Content)
		i = to
		if t.SingleWord && (wordBefore(text[:from]) || wordAfter(text[to:])) {
			continue
		}
		if t.LStrip {
			from = max(start, len(strings.TrimRightFunc(text[:from], unicode.IsSpace)))
		}
		if t.RStrip {
			to = len(text) - len(strings.TrimLeftFunc(text[to:], unicode.IsSpace))
			i = to
		}
		if from > start {
			out = append(out, part{text: text[start:from], id: -1})
		}
		out = append(out, part{text: text[from:to], id: t.ID})
		start = to
	}
	if start < len(text) {
		out = append(out, part{text: text[start:], id: -1})
	}
	return out
}

func (f *finder) match(text string, i int) *addedToken {
	list := f.byFirst[text[i]]
	for j := range list {
		if strings.HasPrefix(text[i:], list[j].Content) {
			return &list[j]
		}
	}
	return nil
}

func wordBefore(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && wordChar(r)
}

func wordAfter(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && wordChar(r)
}

func wordChar(r rune) bool { return wordSet().Contains(r) }

var wordSet = sync.OnceValue(func() *runeset.Set {
	s := runeset.MustNamed(runeset.Word)
	return &s
})
