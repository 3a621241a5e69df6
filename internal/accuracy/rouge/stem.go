package rouge

import "strings"

// stem returns the stem of a word in lower case, by Porter's algorithm ("An
// algorithm for suffix stripping", 1980) with the changes that NLTK makes in its
// default mode: rouge_score stems so.
func stem(word string) string {
	if s, ok := irregular[word]; ok {
		return s
	}
	if len(word) <= 2 {
		return word
	}
	for _, step := range []func(string) string{step1a, step1b, step1c, step2, step3, step4, step5a, step5b} {
		word = step(word)
	}
	return word
}

var irregular = map[string]string{
	"sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "news": "news",
	"innings": "inning", "inning": "inning", "outings": "outing", "outing": "outing",
	"cannings": "canning", "canning": "canning", "howe": "howe",
	"proceed": "proceed", "exceed": "exceed", "succeed": "succeed",
}

func vowel(c byte) bool { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' }

// consonant reports whether the letter at i is one; y is one unless it follows one.
func consonant(w string, i int) bool {
	negate := false
	for i > 0 && w[i] == 'y' {
		negate = !negate
		i--
	}
	return !vowel(w[i]) != negate
}

// measure counts the vowels runs of w that consonants follow: m in the paper.
func measure(w string) int {
	m := 0
	before := true // the letter before is a consonant
	for i := range len(w) {
		c := !vowel(w[i])
		if w[i] == 'y' {
			c = i == 0 || !before
		}
		if i > 0 && c && !before {
			m++
		}
		before = c
	}
	return m
}

func hasVowel(w string) bool {
	for i := range len(w) {
		if !consonant(w, i) {
			return true
		}
	}
	return false
}

func doubleConsonant(w string) bool {
	n := len(w)
	return n >= 2 && w[n-1] == w[n-2] && consonant(w, n-1)
}

// endsCVC is condition *o of the paper, and NLTK's addition for two letters.
func endsCVC(w string) bool {
	n := len(w)
	if n == 2 {
		return !consonant(w, 0) && consonant(w, 1)
	}
	return n >= 3 && consonant(w, n-3) && !consonant(w, n-2) && consonant(w, n-1) && strings.IndexByte("wxy", w[n-1]) < 0
}

// rule replaces a suffix where its stem passes the test; the first rule whose
// suffix is there decides, whether the test is passed or not.
type rule struct {
	suffix, with string
}

func apply(w string, rules []rule, test func(stem string, r rule) bool) string {
	for _, r := range rules {
		if s, ok := strings.CutSuffix(w, r.suffix); ok {
			if test == nil || test(s, r) {
				return s + r.with
			}
			return w
		}
	}
	return w
}

func positive(stem string, _ rule) bool { return measure(stem) > 0 }

func step1a(w string) string {
	if len(w) == 4 && strings.HasSuffix(w, "ies") {
		return w[:3]
	}
	return apply(w, []rule{{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}}, nil)
}

func step1b(w string) string {
	if s, ok := strings.CutSuffix(w, "ied"); ok {
		if len(w) == 4 {
			return s + "ie"
		}
		return s + "i"
	}
	if s, ok := strings.CutSuffix(w, "eed"); ok {
		if measure(s) > 0 {
			return s + "ee"
		}
		return w
	}
	s, ok := strings.CutSuffix(w, "ed")
	if !ok || !hasVowel(s) {
		if s, ok = strings.CutSuffix(w, "ing"); !ok || !hasVowel(s) {
			return w
		}
	}
	for _, r := range []rule{{"at", "ate"}, {"bl", "ble"}, {"iz", "ize"}} {
		if t, ok := strings.CutSuffix(s, r.suffix); ok {
			return t + r.with
		}
	}
	if doubleConsonant(s) {
		if strings.IndexByte("lsz", s[len(s)-1]) < 0 {
			return s[:len(s)-1]
		}
		return s
	}
	if measure(s) == 1 && endsCVC(s) {
		return s + "e"
	}
	return s
}

func step1c(w string) string {
	return apply(w, []rule{{"y", "i"}}, func(s string, _ rule) bool { return len(s) > 1 && consonant(s, len(s)-1) })
}

func step2(w string) string {
	if s, ok := strings.CutSuffix(w, "alli"); ok && measure(s) > 0 {
		return step2(s + "al")
	}
	return apply(w, []rule{
		{"ational", "ate"},
		{"tional", "tion"},
		{"enci", "ence"},
		{"anci", "ance"},
		{"izer", "ize"},
		{"bli", "ble"},
		{"alli", "al"},
		{"entli", "ent"},
		{"eli", "e"},
		{"ousli", "ous"},
		{"ization", "ize"},
		{"ation", "ate"},
		{"ator", "ate"},
		{"alism", "al"},
		{"iveness", "ive"},
		{"fulness", "ful"},
		{"ousness", "ous"},
		{"aliti", "al"},
		{"iviti", "ive"},
		{"biliti", "ble"},
		{"fulli", "ful"},
		{"logi", "log"},
	}, func(s string, r rule) bool {
		if r.suffix == "logi" { // the l counts to the stem
			s += "l"
		}
		return measure(s) > 0
	})
}

func step3(w string) string {
	return apply(w, []rule{{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""}}, positive)
}

func step4(w string) string {
	return apply(w, []rule{
		{"al", ""},
		{"ance", ""},
		{"ence", ""},
		{"er", ""},
		{"ic", ""},
		{"able", ""},
		{"ible", ""},
		{"ant", ""},
		{"ement", ""},
		{"ment", ""},
		{"ent", ""},
		{"ion", ""},
		{"ou", ""},
		{"ism", ""},
		{"ate", ""},
		{"iti", ""},
		{"ous", ""},
		{"ive", ""},
		{"ize", ""},
	}, func(s string, r rule) bool {
		return measure(s) > 1 && (r.suffix != "ion" || strings.IndexByte("st", s[len(s)-1]) >= 0)
	})
}

func step5a(w string) string {
	if s, ok := strings.CutSuffix(w, "e"); ok {
		if m := measure(s); m > 1 || m == 1 && !endsCVC(s) {
			return s
		}
	}
	return w
}

func step5b(w string) string {
	if strings.HasSuffix(w, "ll") && measure(w[:len(w)-1]) > 1 {
		return w[:len(w)-1]
	}
	return w
}
