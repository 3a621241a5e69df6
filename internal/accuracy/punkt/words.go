package punkt

import (
	"slices"
	"strings"
	"unicode"
)

// word is a token of a context with what is known of it.
type word struct {
	text     string
	typ      string // in lower case, numbers as ##number##
	breaks   bool   // ends a sentence
	abbrev   bool
	ellipsis bool
}

func newWord(text string) word {
	w := word{text: text, typ: strings.ToLower(text)}
	if number(w.typ) {
		w.typ = "##number##"
	}
	return w
}

// withoutPeriod is the type less a period at its end.
func (w *word) withoutPeriod() string {
	if len(w.typ) > 1 {
		return strings.TrimSuffix(w.typ, ".")
	}
	return w.typ
}

func (w *word) withoutSentencePeriod() string {
	if w.breaks {
		return w.withoutPeriod()
	}
	return w.typ
}

func (w *word) first() rune {
	for _, r := range w.text {
		return r
	}
	return 0
}

func upper(r rune) bool { return unicode.IsUpper(r) || unicode.Is(unicode.Other_Uppercase, r) }
func lower(r rune) bool { return unicode.IsLower(r) || unicode.Is(unicode.Other_Lowercase, r) }

// ends reports whether a sentence ends in a context before its last word.
func (s *Splitter) ends(context []rune) bool {
	words := s.tokenize(context)
	for i := range words {
		s.byType(&words[i])
	}
	for i := range len(words) - 1 {
		s.byNext(&words[i], &words[i+1])
		if words[i].breaks {
			return true
		}
	}
	return false
}

// byType decides by the word alone.
func (s *Splitter) byType(w *word) {
	switch {
	case w.text == "." || w.text == "?" || w.text == "!":
		w.breaks = true
	case len(w.text) > 1 && strings.Trim(w.text, ".") == "":
		w.ellipsis = true
	case strings.HasSuffix(w.text, ".") && !strings.HasSuffix(w.text, ".."):
		known := strings.ToLower(strings.TrimSuffix(w.text, "."))
		if s.abbreviations[known] || s.abbreviations[known[strings.LastIndexByte(known, '-')+1:]] {
			w.abbrev = true
		} else {
			w.breaks = true
		}
	}
}

// byNext decides anew about a word with a period, by the word that follows.
func (s *Splitter) byNext(w, next *word) {
	if !strings.HasSuffix(w.text, ".") {
		return
	}
	typ, nextTyp := w.withoutPeriod(), next.withoutSentencePeriod()
	if s.collocations[[2]string{typ, nextTyp}] {
		w.breaks, w.abbrev = false, true
		return
	}
	initial := initial(w.text)
	if (w.abbrev || w.ellipsis) && !initial {
		if s.starts(next) == yes || upper(next.first()) && s.starters[nextTyp] {
			w.breaks = true
			return
		}
	}
	if initial || typ == "##number##" {
		starts := s.starts(next)
		if starts == no || starts == unknown && initial && upper(next.first()) && s.orthography[nextTyp]&anyLower == 0 {
			w.breaks, w.abbrev = false, true
		}
	}
}

type answer int

const (
	unknown answer = iota
	yes
	no
)

// starts tells from how a word has been seen whether it starts a sentence here.
func (s *Splitter) starts(w *word) answer {
	if len(w.text) == 1 && strings.Contains(";:,.!?", w.text) {
		return no
	}
	seen := s.orthography[w.withoutSentencePeriod()]
	switch first := w.first(); {
	case upper(first) && seen&anyLower != 0 && seen&midUpper == 0:
		return yes
	case lower(first) && (seen&anyUpper != 0 || seen&begLower == 0):
		return no
	}
	return unknown
}

// number reports whether s is one: digits with points, commas and hyphens between,
// a hyphen, a point or comma before, a point behind.
func number(s string) bool {
	r := []rune(s)
	if len(r) > 0 && r[0] == '-' {
		r = r[1:]
	}
	if len(r) > 0 && (r[0] == '.' || r[0] == ',') {
		r = r[1:]
	}
	if len(r) == 0 || !unicode.Is(unicode.Nd, r[0]) {
		return false
	}
	return !slices.ContainsFunc(r, func(c rune) bool { return !unicode.Is(unicode.Nd, c) && c != ',' && c != '.' && c != '-' })
}

// initial reports whether s is one letter and a period.
func initial(s string) bool {
	r := []rune(s)
	return len(r) == 2 && r[1] == '.' && (r[0] == '_' || unicode.IsLetter(r[0]) || unicode.Is(unicode.No, r[0]) || unicode.Is(unicode.Nl, r[0]))
}

// tokenize takes a context apart, line by line: words, runs of dots or hyphens,
// and other marks one by one. A period stays with its word.
func (s *Splitter) tokenize(t []rune) []word {
	var out []word
	for i := 0; i < len(t); {
		if t[i] == '\n' || space(t[i]) {
			i++
			continue
		}
		end := slices.Index(t[i:], '\n')
		if end < 0 {
			end = len(t)
		} else {
			end += i
		}
		n := s.token(t[i:end])
		out = append(out, newWord(string(t[i:i+n])))
		i += n
	}
	return out
}

// token returns the length of the token that t begins with.
func (s *Splitter) token(t []rune) int {
	if n := multi(t); n > 0 {
		return n
	}
	if strings.ContainsRune("(\"`{[:;&#*@)}]-,", t[0]) {
		return 1
	}
	for n := 1; ; n++ {
		switch {
		case s.wordEnds(t[n:]):
			return n
		case t[n] == ',' && s.wordEnds(t[n+1:]):
			return n
		}
	}
}

// wordEnds reports whether a word ends before t.
func (s *Splitter) wordEnds(t []rune) bool {
	return len(t) == 0 || space(t[0]) || s.nonWord(t[0]) || multi(t) > 0
}

// multi returns the length of a run of two or more hyphens or dots, or of three or
// more dots with a blank after each, at the head of t; 0 for none.
func multi(t []rune) int {
	run := func(c rune) int {
		n := 0
		for n < len(t) && t[n] == c {
			n++
		}
		return n
	}
	if n := run('-'); n >= 2 {
		return n
	}
	if n := run('.'); n >= 2 {
		return n
	}
	n := 0
	for n+1 < len(t) && t[n] == '.' && space(t[n+1]) {
		n += 2
	}
	// As many pairs as leave a last dot behind them.
	for ; n >= 4; n -= 2 {
		if n < len(t) && t[n] == '.' {
			return n + 1
		}
	}
	return 0
}

// nonWord are the marks that no word holds.
func (s *Splitter) nonWord(r rune) bool { return s.has(`)";}]*:@'({[?!`, r) }

// space is Python's str.isspace.
func space(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// asciiSpace is Python's string.whitespace.
func asciiSpace(r rune) bool { return r == ' ' || r >= 9 && r <= 13 }
