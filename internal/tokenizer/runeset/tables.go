package runeset

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed tables.txt
var tables string

// Names of classes that no regular expression can ask for, since they hold a dash:
// those of the parts of the library that are written in Rust.
const (
	Space           = "rust-space"
	Punctuation     = "rust-punctuation"
	BertPunctuation = "rust-bert-punctuation"
	Number          = "rust-number"
	Word            = "rust-word"
	Mark            = "rust-mark" // what StripAccents removes
	BertRemoved     = "bert-removed"
	BertSpace       = "bert-space"
	BertAccent      = "bert-accent"
	BertChinese     = "bert-chinese"
	NmtRemoved      = "nmt-removed"
	NmtSpace        = "nmt-space"
	GraphemeExtend  = "grapheme-extend"      // stays with the character before it
	GraphemePrepend = "grapheme-prepend"     // takes the next one along
	GraphemeControl = "grapheme-control"     // stands alone
	Normalizing     = "normalization-active" // what a normal form changes, moves or makes
)

// Named returns the class of a name, in whatever case and with whatever blanks,
// dashes and underscores in it, as Oniguruma has it. The constants of this package
// are names too, as they stand.
func Named(name string) (Set, bool) {
	if strings.Contains(name, "-") {
		if s, ok := lookUp(name); ok {
			return s, true
		}
	}
	return lookUp(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(name)))
}

// MustNamed returns one of the constants' classes.
func MustNamed(name string) Set {
	s, ok := Named(name)
	if !ok {
		panic("runeset: no class " + name)
	}
	return s
}

func lookUp(name string) (Set, bool) {
	for line := range strings.Lines(tables) {
		names, ranges, ok := strings.Cut(line, ":")
		if !ok || names[0] == '#' || !hasWord(names, name) {
			continue
		}
		return parse(ranges), true
	}
	return Set{}, false
}

func parse(ranges string) Set {
	var spans []span
	for r := range strings.FieldsSeq(ranges) {
		low, high, two := strings.Cut(r, "-")
		if !two {
			high = low
		}
		spans = append(spans, span{hex(low), hex(high)})
	}
	return newSet(spans)
}

// Scripts returns the sets of characters that the pre-tokenizer UnicodeScripts tells
// apart.
func Scripts() []Set {
	var sets []Set
	for line := range strings.Lines(tables) {
		if name, ranges, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(name, "script-") {
			sets = append(sets, parse(ranges))
		}
	}
	return sets
}

func hasWord(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}

func hex(s string) rune {
	n, _ := strconv.ParseUint(s, 16, 32) // the generator wrote it
	return rune(n)
}

// Lower returns what each character becomes in lower case, for those that change.
func Lower() map[rune]string {
	_, pairs, _ := strings.Cut(tables, "lower>")
	m := map[rune]string{}
	for p := range strings.FieldsSeq(pairs) {
		from, to, _ := strings.Cut(p, ">")
		var s []rune
		for c := range strings.SplitSeq(to, "+") {
			s = append(s, hex(c))
		}
		m[hex(from)] = string(s)
	}
	return m
}
