// Package punkt splits text into sentences as NLTK's sent_tokenize does (Kiss
// and Strunk, "Unsupervised multilingual sentence boundary detection", 2006).
// MLPerf's accuracy scripts put each sentence on a line of its own before they
// score.
//
//	p, err := punkt.Open("nltk_data/tokenizers/punkt_tab/english")
//	sentences := p.Split(text)
//
// The rules are those of NLTK 3.6.6 to 3.9 unless [Splitter.With] asks for those of
// 3.10, which take curly quotes and guillemets for closing ones too. The model's data (known abbreviations and how words are
// written) belongs to NLTK and is read from where nltk.download put it; [Find]
// looks in the usual places. The zero Splitter knows no words.
package punkt

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"mlcfg/internal/plainfile"
)

// Splitter splits text into sentences. It may be used by several goroutines.
type Splitter struct {
	abbreviations map[string]bool
	collocations  map[[2]string]bool
	starters      map[string]bool
	orthography   map[string]int
	rules         Rules
}

// Rules are the versions of NLTK that split alike.
type Rules string

// The rules: MLPerf's scripts pin NLTK 3.8.1.
const (
	NLTK38  Rules = "nltk-3.8"
	NLTK310 Rules = "nltk-3.10"
)

// With returns a Splitter of the same model that follows other rules.
func (s *Splitter) With(r Rules) *Splitter {
	other := *s
	other.rules = r
	return &other
}

// Rules returns the rules that s follows.
func (s *Splitter) Rules() Rules { return cmp.Or(s.rules, NLTK38) }

// quotes are the marks that are closing ones, and not part of words, from NLTK 3.10 on.
const quotes = "\u2018\u2019\u201c\u201d\u00ab\u00bb"

// has reports whether r is one of marks, or a quote where the rules count those.
func (s *Splitter) has(marks string, r rune) bool {
	return strings.ContainsRune(marks, r) || s.rules == NLTK310 && strings.ContainsRune(quotes, r)
}

// How a word has been seen: at the beginning, in the middle or somewhere in
// sentences, with an upper or lower case first letter.
const (
	begUpper = 1 << (iota + 1)
	midUpper
	unkUpper
	begLower
	midLower
	unkLower

	anyUpper = begUpper | midUpper | unkUpper
	anyLower = begLower | midLower | unkLower
)

const maxModel = 64 << 20 // bytes of one file of the model

// Find returns the folder of the English model: under $NLTK_DATA, the home folder
// or the system's data folders. It is empty if there is none.
func Find() string {
	roots := filepath.SplitList(os.Getenv("NLTK_DATA"))
	if home, err := os.UserHomeDir(); err == nil {
		roots = append(roots, filepath.Join(home, "nltk_data"))
	}
	roots = append(roots, "/usr/share/nltk_data", "/usr/local/share/nltk_data", "/usr/lib/nltk_data", "/usr/local/lib/nltk_data")
	for _, root := range roots {
		dir := filepath.Join(root, "tokenizers", "punkt_tab", "english")
		if st, err := os.Stat(filepath.Join(dir, "ortho_context.tab")); err == nil && st.Mode().IsRegular() {
			return dir
		}
	}
	return ""
}

// Open reads a model: a folder of NLTK's punkt_tab, such as punkt_tab/english.
func Open(dir string) (*Splitter, error) {
	s := &Splitter{abbreviations: map[string]bool{}, collocations: map[[2]string]bool{}, starters: map[string]bool{}, orthography: map[string]int{}}
	files := []struct {
		name string
		add  func(line string) error
	}{
		{"abbrev_types.txt", func(l string) error { s.abbreviations[l] = true; return nil }},
		{"sent_starters.txt", func(l string) error { s.starters[l] = true; return nil }},
		{"collocations.tab", func(l string) error {
			a, b, ok := strings.Cut(l, "\t")
			if !ok {
				return fmt.Errorf("want two words with a tab between")
			}
			s.collocations[[2]string{a, b}] = true
			return nil
		}},
		{"ortho_context.tab", func(l string) error {
			word, flags, ok := strings.Cut(l, "\t")
			n, err := strconv.Atoi(flags)
			if !ok || err != nil {
				return fmt.Errorf("want a word, a tab and a number")
			}
			s.orthography[word] = n
			return nil
		}},
	}
	for _, f := range files {
		if err := readLines(filepath.Join(dir, f.name), f.add); err != nil {
			return nil, fmt.Errorf("sentence model %s: %w", dir, err)
		}
	}
	return s, nil
}

func readLines(path string, add func(string) error) error {
	f, err := plainfile.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sc := bufio.NewScanner(io.LimitReader(f, maxModel))
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSuffix(sc.Text(), "\r")
		if line == "" {
			continue
		}
		if err := add(line); err != nil {
			return fmt.Errorf("%s: line %d: %w", filepath.Base(path), n, err)
		}
	}
	return sc.Err()
}

// Split returns the sentences of text, without the blanks between them.
func (s *Splitter) Split(text string) []string {
	t := []rune(text)
	var out []string
	for _, b := range s.realign(t, s.bounds(t)) {
		out = append(out, string(b.of(t)))
	}
	return out
}

// bound is a stretch of the text, as Python's slices: empty where from >= to.
type bound struct{ from, to int }

func (b bound) of(t []rune) []rune {
	if b.from >= b.to || b.from >= len(t) {
		return nil
	}
	return t[b.from:min(b.to, len(t))]
}

// bounds finds the sentences before closing quotes are put where they belong.
func (s *Splitter) bounds(t []rune) []bound {
	var out []bound
	start := 0
	for _, c := range s.contexts(t) {
		if !s.ends(c.text) {
			continue
		}
		out = append(out, bound{start, c.end})
		if start = c.next; start < 0 {
			start = c.end
		}
	}
	end := len(t)
	for end > 0 && space(t[end-1]) {
		end--
	}
	return append(out, bound{start, end})
}

// context is a mark that may end a sentence, with the words around it.
type context struct {
	text []rune // the word before the mark, the mark, and what follows
	end  int    // place behind the mark
	next int    // where the next word begins, -1 if punctuation follows
}

// contexts finds the marks that may end sentences: . ? ! before punctuation or
// before blanks and a word. Of the marks of one word the last counts.
func (s *Splitter) contexts(t []rune) []context {
	var out []context
	var last context
	have := false
	prev := bound{} // the word before the last mark
	for i, r := range t {
		if r != '.' && r != '?' && r != '!' || i+1 >= len(t) {
			continue
		}
		after, next := i+1, -1
		if s.nonWord(t[after]) {
			after++
		} else {
			for after < len(t) && space(t[after]) {
				after++
			}
			if after == i+1 || after == len(t) {
				continue
			}
			next = after
			for after < len(t) && !space(t[after]) {
				after++
			}
		}
		word := bound{prev.from, i}
		for j := i - 1; j > prev.to; j-- { // a blank at prev.to itself does not count
			if asciiSpace(t[j]) {
				word.from = j + 1
				break
			}
		}
		if have && prev.to <= word.from {
			out = append(out, last)
		}
		last = context{text: t[word.from:after], end: i + 1, next: next}
		have, prev = true, word
	}
	if have {
		out = append(out, last)
	}
	return out
}

// realign moves quotes and brackets that close a sentence from the head of the
// next one to its end.
func (s *Splitter) realign(t []rune, in []bound) []bound {
	var out []bound
	moved := 0
	for i, b := range in {
		b.from += moved
		if i == len(in)-1 {
			if len(b.of(t)) > 0 {
				out = append(out, b)
			}
			break
		}
		next := in[i+1]
		closers, all := s.closing(next.of(t))
		if moved = all; all > 0 {
			b.to = next.from + closers
			out = append(out, b)
		} else if len(b.of(t)) > 0 {
			out = append(out, b)
		}
	}
	return out
}

// closing returns the length of the closing punctuation at the head of t, without
// and with the blanks behind it; 0 if something else follows it.
func (s *Splitter) closing(t []rune) (closers, all int) {
	for n := 0; n < len(t) && s.has(`"')]}`, t[n]); n++ {
		end := n + 1
		switch {
		case end == len(t):
			return end, end
		case space(t[end]):
			all = end
			for all < len(t) && space(t[all]) {
				all++
			}
			return end, all
		case end+1 < len(t) && t[end] == '-' && t[end+1] == '-':
			return end, end
		}
	}
	return 0, 0
}
