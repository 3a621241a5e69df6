package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mlcfg/internal/tokenizer/onig"
	"mlcfg/internal/tokenizer/runeset"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// piece is a part of the text that is tokenized by itself; first reports whether it
// begins the text.
type piece struct {
	text  string
	first bool
}

// preTokenizer splits pieces into smaller ones.
type preTokenizer interface {
	split([]piece) ([]piece, error)
}

type preFile struct {
	Type           string           `json:"type"`
	PreTokenizers  []jsontext.Value `json:"pretokenizers"`
	Pattern        pattern          `json:"pattern"`
	Behavior       string           `json:"behavior"`
	Invert         bool             `json:"invert"`
	AddPrefixSpace *bool            `json:"add_prefix_space"`
	UseRegex       *bool            `json:"use_regex"`
	Replacement    string           `json:"replacement"`
	PrependScheme  string           `json:"prepend_scheme"`
	Split          *bool            `json:"split"`
	Individual     bool             `json:"individual_digits"`
	Delimiter      string           `json:"delimiter"`
	Length         int              `json:"length"`
}

// gpt2 is the split that a byte-level pre-tokenizer makes unless told otherwise.
const gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

func parsePreTokenizer(raw jsontext.Value, depth int) (preTokenizer, error) {
	if absent(raw) {
		return nil, nil
	}
	if depth > maxNesting {
		return nil, errNesting
	}
	var f preFile
	if err := json.Unmarshal(raw, &f, lenient); err != nil {
		return nil, err
	}
	behavior := cmp.Or(f.Behavior, "Isolated")
	switch f.Type {
	case "Sequence":
		var all sequence
		for _, r := range f.PreTokenizers {
			p, err := parsePreTokenizer(r, depth+1)
			if err != nil {
				return nil, err
			}
			if p != nil {
				all = append(all, p)
			}
		}
		return all, nil
	case "ByteLevel":
		b := byteLevel{prefix: yes(f.AddPrefixSpace)}
		if yes(f.UseRegex) {
			e, err := onig.Compile(gpt2)
			if err != nil {
				return nil, err
			}
			b.words = &splitter{cut: e.Pieces, behavior: "Isolated"}
		}
		return b, nil
	case "Split":
		return parseSplit(f)
	case "Metaspace":
		m := metaspace{replacement: cmp.Or(f.Replacement, "▁"), scheme: f.PrependScheme}
		if yes(f.Split) {
			m.words = &splitter{cut: literal(m.replacement), behavior: "MergedWithNext"}
		}
		if m.scheme == "" {
			m.scheme = "always"
			if f.AddPrefixSpace != nil && !*f.AddPrefixSpace {
				m.scheme = "never"
			}
		}
		return m, nil
	case "Digits":
		behavior = "Contiguous"
		if f.Individual {
			behavior = "Isolated"
		}
		return &splitter{cut: single(runeset.Number), behavior: behavior}, nil
	case "WhitespaceSplit":
		return &splitter{cut: single(runeset.Space), behavior: "Removed"}, nil
	case "Whitespace":
		return &splitter{cut: words(), behavior: "Removed", invert: true}, nil
	case "Punctuation":
		s := &splitter{cut: single(runeset.Punctuation), behavior: behavior}
		return s, s.check()
	case "BertPreTokenizer":
		return sequence{
			&splitter{cut: single(runeset.Space), behavior: "Removed"},
			&splitter{cut: single(runeset.BertPunctuation), behavior: "Isolated"},
		}, nil
	case "CharDelimiterSplit":
		if utf8.RuneCountInString(f.Delimiter) != 1 {
			return nil, fmt.Errorf("a delimiter of %q, want one character", f.Delimiter)
		}
		return &splitter{cut: literal(f.Delimiter), behavior: "Removed"}, nil
	case "FixedLength":
		if f.Length < 1 {
			return nil, fmt.Errorf("a length of %d", f.Length)
		}
		return &splitter{cut: every(f.Length), behavior: "Isolated"}, nil
	case "UnicodeScripts":
		return scripts{runeset.Scripts()}, nil
	}
	return nil, fmt.Errorf("type %s is not read", f.Type)
}

func parseSplit(f preFile) (preTokenizer, error) {
	s := &splitter{behavior: f.Behavior, invert: f.Invert}
	switch {
	case f.Pattern.String != nil && *f.Pattern.String != "":
		s.cut = literal(*f.Pattern.String)
	case f.Pattern.Regex != nil:
		e, err := onig.Compile(*f.Pattern.Regex)
		if err != nil {
			return nil, err
		}
		s.cut = e.Pieces
	default:
		return nil, errors.New("a split without its pattern")
	}
	return s, s.check()
}

type sequence []preTokenizer

func (s sequence) split(in []piece) ([]piece, error) {
	var err error
	for _, p := range s {
		if in, err = p.split(in); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// cutter calls f for the stretches of a text in order: matches, and what lies between.
type cutter func(text string, f func(stretch string, match bool)) error

// splitter splits at matches.
type splitter struct {
	cut      cutter
	behavior string
	invert   bool
}

func (s *splitter) check() error {
	switch s.behavior {
	case "Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous":
		return nil
	}
	return fmt.Errorf("the behavior %q is not read", s.behavior)
}

// span is a stretch of text that matches or lies between matches.
type span struct {
	text  string
	match bool
}

func (s *splitter) split(in []piece) ([]piece, error) {
	var out []piece
	var spans []span
	for _, p := range in {
		spans = spans[:0]
		err := s.cut(p.text, func(stretch string, match bool) { spans = append(spans, span{stretch, match != s.invert}) })
		if err != nil {
			return nil, err
		}
		start := len(out)
		for _, text := range s.merge(spans) {
			if text != "" {
				out = append(out, piece{text: text})
			}
		}
		if len(out) > start {
			out[start].first = p.first && strings.HasPrefix(p.text, out[start].text)
		}
	}
	return out, nil
}

// merge joins or drops the stretches as the behavior says.
func (s *splitter) merge(spans []span) []string {
	var out []string
	switch s.behavior {
	case "MergedWithPrevious":
		before := false
		for _, x := range spans {
			if x.match && !before && len(out) > 0 {
				out[len(out)-1] += x.text
			} else {
				out = append(out, x.text)
			}
			before = x.match
		}
	case "MergedWithNext":
		have := false
		for i := len(spans) - 1; i >= 0; i-- { // from the end: a match joins what follows it
			x := spans[i]
			if x.match && have {
				out[len(out)-1] = x.text + out[len(out)-1]
				have = false
				continue
			}
			out = append(out, x.text)
			have = !x.match
		}
		slices.Reverse(out)
	case "Contiguous":
		for i, x := range spans {
			if i > 0 && spans[i-1].match == x.match {
				out[len(out)-1] += x.text
			} else {
				out = append(out, x.text)
			}
		}
	default:
		for _, x := range spans {
			if s.behavior != "Removed" || !x.match {
				out = append(out, x.text)
			}
		}
	}
	return out
}

// literal matches a text.
func literal(what string) cutter {
	return func(text string, f func(string, bool)) error {
		for {
			i := strings.Index(text, what)
			if i < 0 {
				break
			}
			if i > 0 {
				f(text[:i], false)
			}
			f(what, true)
			text = text[i+len(what):]
		}
		if text != "" {
			f(text, false)
		}
		return nil
	}
}

// single matches each character of a class by itself.
func single(class string) cutter {
	set := runeset.MustNamed(class)
	return func(text string, f func(string, bool)) error {
		done := 0
		for i, r := range text {
			if !set.Contains(r) {
				continue
			}
			if i > done {
				f(text[done:i], false)
			}
			done = i + utf8.RuneLen(r)
			f(text[i:done], true)
		}
		if done < len(text) {
			f(text[done:], false)
		}
		return nil
	}
}

// words matches runs of word characters, and runs of what is neither that nor a blank.
func words() cutter {
	word, space := runeset.MustNamed(runeset.Word), runeset.MustNamed(runeset.Space)
	kind := func(r rune) int {
		switch {
		case word.Contains(r):
			return 1
		case space.Contains(r):
			return 0
		}
		return 2
	}
	return func(text string, f func(string, bool)) error {
		start, last := 0, -1
		for i, r := range text {
			k := kind(r)
			if k != last && i > start {
				f(text[start:i], last != 0)
				start = i
			}
			last = k
		}
		if start < len(text) {
			f(text[start:], last != 0)
		}
		return nil
	}
}

// every matches so many characters at a time.
func every(length int) cutter {
	return func(text string, f func(string, bool)) error {
		start, n := 0, 0
		for i := range text {
			if n == length {
				f(text[start:i], true)
				start, n = i, 0
			}
			n++
		}
		if start < len(text) {
			f(text[start:], true)
		}
		return nil
	}
}

// metaspace writes blanks as a visible mark and splits before each.
type metaspace struct {
	replacement string
	scheme      string // always, first or never puts a mark before the text
	words       *splitter
}

func (m metaspace) split(in []piece) ([]piece, error) {
	var out []piece
	for _, p := range in {
		text := strings.ReplaceAll(p.text, " ", m.replacement)
		if (m.scheme == "always" || m.scheme == "first" && p.first) && !strings.HasPrefix(text, m.replacement) {
			text = m.replacement + text
		}
		out = append(out, piece{text, p.first})
	}
	if m.words != nil {
		return m.words.split(out)
	}
	return out, nil
}
