package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

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
	split([]piece) []piece
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
	yes := func(b *bool) bool { return b == nil || *b }
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
			e, err := compile(gpt2)
			if err != nil {
				return nil, err
			}
			b.words = &splitter{find: e.find, behavior: "Isolated"}
		}
		return b, nil
	case "Split":
		return parseSplit(f)
	case "Metaspace":
		m := metaspace{replacement: f.Replacement, scheme: f.PrependScheme, split_: yes(f.Split)}
		if m.replacement == "" {
			m.replacement = "▁"
		}
		if m.scheme == "" {
			m.scheme = "always"
			if f.AddPrefixSpace != nil && !*f.AddPrefixSpace {
				m.scheme = "never"
			}
		}
		return m, nil
	case "Digits":
		expr := `\p{N}+`
		behavior := "Contiguous"
		if f.Individual {
			expr, behavior = `\p{N}`, "Isolated"
		}
		e, err := compile(expr)
		if err != nil {
			return nil, err
		}
		return &splitter{find: e.find, behavior: behavior}, nil
	case "WhitespaceSplit":
		return &splitter{find: runs(blank), behavior: "Removed"}, nil
	case "Whitespace":
		e, err := compile(`\w+|[^\p{L}\p{M}\p{N}\p{Pc}\t\n\v\f\r\x{85}\p{Z}]+`)
		if err != nil {
			return nil, err
		}
		return &splitter{find: e.find, behavior: "Removed", invert: true}, nil
	case "Punctuation":
		behavior := f.Behavior
		if behavior == "" {
			behavior = "Isolated"
		}
		s := &splitter{find: single(punctuation), behavior: behavior}
		return s, s.check()
	}
	return nil, fmt.Errorf("type %s is not read", f.Type)
}

func parseSplit(f preFile) (preTokenizer, error) {
	s := &splitter{behavior: f.Behavior, invert: f.Invert}
	switch {
	case f.Pattern.String != nil && *f.Pattern.String != "":
		what := *f.Pattern.String
		s.find = func(text string) (int, int) {
			if i := strings.Index(text, what); i >= 0 {
				return i, i + len(what)
			}
			return -1, -1
		}
	case f.Pattern.Regex != nil:
		e, err := compile(*f.Pattern.Regex)
		if err != nil {
			return nil, err
		}
		s.find = e.find
	default:
		return nil, errors.New("a split without its pattern")
	}
	return s, s.check()
}

type sequence []preTokenizer

func (s sequence) split(in []piece) []piece {
	for _, p := range s {
		in = p.split(in)
	}
	return in
}

// splitter splits at matches. find returns the bounds of the first match in a
// text, -1 for none.
type splitter struct {
	find     func(string) (from, to int)
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

func (s *splitter) spans(text string) []span {
	var out []span
	for text != "" {
		from, to := s.find(text)
		if from < 0 {
			break
		}
		if from == to { // an empty match splits nothing; step over a character
			_, n := utf8.DecodeRuneInString(text[from:])
			if n == 0 {
				break
			}
			out = appendSpan(out, span{text[:from+n], s.invert})
			text = text[from+n:]
			continue
		}
		if from > 0 {
			out = appendSpan(out, span{text[:from], s.invert})
		}
		out = append(out, span{text[from:to], !s.invert})
		text = text[to:]
	}
	if text != "" {
		out = appendSpan(out, span{text, s.invert})
	}
	return out
}

// appendSpan adds a stretch between matches, which joins one just before it.
func appendSpan(out []span, s span) []span { return append(out, s) }

func (s *splitter) split(in []piece) []piece {
	var out []piece
	for _, p := range in {
		start := len(out)
		joined := s.merge(s.spans(p.text))
		for _, text := range joined {
			out = append(out, piece{text: text})
		}
		if len(out) > start {
			out[start].first = p.first && strings.HasPrefix(p.text, out[start].text)
		}
	}
	return out
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
		held, have := "", false
		for i := len(spans) - 1; i >= 0; i-- { // from the end: a match joins what follows it
			x := spans[i]
			if x.match && have {
				out[len(out)-1] = x.text + held
				have = false
				continue
			}
			out = append(out, x.text)
			held, have = x.text, !x.match
		}
		for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
			out[i], out[j] = out[j], out[i]
		}
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

// find returns the bounds of the first match.
func (e *expression) find(text string) (from, to int) {
	m := e.FindStringSubmatchIndex(text)
	if m == nil {
		return -1, -1
	}
	from, to = m[0], m[1]
	if e.backOff > 0 && m[2*e.backOff] >= 0 && to < len(text) {
		_, n := utf8.DecodeLastRuneInString(text[from:to])
		if from+n < to {
			to -= n // the blank before a word belongs to the word
		}
	}
	return from, to
}

func runs(in func(rune) bool) func(string) (int, int) {
	return func(text string) (int, int) {
		from := strings.IndexFunc(text, in)
		if from < 0 {
			return -1, -1
		}
		n := strings.IndexFunc(text[from:], func(r rune) bool { return !in(r) })
		if n < 0 {
			return from, len(text)
		}
		return from, from + n
	}
}

func single(in func(rune) bool) func(string) (int, int) {
	return func(text string) (int, int) {
		from := strings.IndexFunc(text, in)
		if from < 0 {
			return -1, -1
		}
		_, n := utf8.DecodeRuneInString(text[from:])
		return from, from + n
	}
}

// punctuation is ASCII's and Unicode's.
func punctuation(r rune) bool {
	return r < 128 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) || unicode.IsPunct(r)
}

// byteLevel writes every byte as a printable character, after splitting words.
type byteLevel struct {
	prefix bool
	words  *splitter
}

func (b byteLevel) split(in []piece) []piece {
	pieces := make([]piece, len(in))
	for i, p := range in {
		if b.prefix && !strings.HasPrefix(p.text, " ") {
			p.text = " " + p.text
		}
		pieces[i] = p
	}
	if b.words != nil {
		pieces = b.words.split(pieces)
	}
	for i, p := range pieces {
		var s strings.Builder
		for j := range len(p.text) {
			s.WriteRune(byteChar(p.text[j]))
		}
		pieces[i].text = s.String()
	}
	return pieces
}

// byteChar is the character that GPT-2's encoder writes for a byte: printable
// ones of Latin-1 stand for themselves, the others follow from U+0100 on.
func byteChar(b byte) rune {
	switch {
	case b >= '!' && b <= '~', b >= 0xa1 && b <= 0xac, b >= 0xae:
		return rune(b)
	case b <= ' ':
		return 0x100 + rune(b)
	case b <= 0xa0:
		return 0x100 + 33 + rune(b-0x7f)
	}
	return 0x100 + 67 // 0xad
}

// metaspace writes blanks as a visible mark and splits before each.
type metaspace struct {
	replacement string
	scheme      string // always, first or never puts a mark before the text
	split_      bool
}

func (m metaspace) split(in []piece) []piece {
	var out []piece
	for _, p := range in {
		text := strings.ReplaceAll(p.text, " ", m.replacement)
		if (m.scheme == "always" || m.scheme == "first" && p.first) && !strings.HasPrefix(text, m.replacement) {
			text = m.replacement + text
		}
		if !m.split_ {
			out = append(out, piece{text, p.first})
			continue
		}
		s := splitter{behavior: "MergedWithNext", find: func(s string) (int, int) {
			if i := strings.Index(s, m.replacement); i >= 0 {
				return i, i + len(m.replacement)
			}
			return -1, -1
		}}
		out = append(out, s.split([]piece{{text, p.first}})...)
	}
	return out
}
