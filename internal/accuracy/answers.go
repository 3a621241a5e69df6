package accuracy

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mlcfg/internal/lazyregexp"
)

// The rules by which MLPerf's scripts find the answer in a text, each named by
// its script under language/ in mlcommons/inference.

const blanks = `[\s\v\x1c-\x1f\x{85}\p{Z}]`

var (
	uuid        = lazyregexp.New(`[\pL\pN_]{8}-[\pL\pN_]{4}-[\pL\pN_]{4}-[\pL\pN_]{4}-[\pL\pN_]{12}`)
	anyNumber   = lazyregexp.New(`-?[\p{Nd},]*\.?\p{Nd}+`)
	boxedDigits = lazyregexp.New(`\\boxed\{` + blanks + `*(\p{Nd}+)` + blanks + `*\}`)
	answerLabel = lazyregexp.New(`(?i)Answer:` + blanks + `*(\p{Nd}+)`)
	finalPart   = lazyregexp.New(`(?s)<\|channel\|>final[^<]*<\|message\|>(.*?)(?:<\|return\|>|\z)`)
	bold        = lazyregexp.New(`\*\*([^*]+)\*\*`)
)

// choice are the expressions for answers A to some last letter.
type choice struct{ labelled, lone, leading, short *lazyregexp.Regexp }

func newChoice(last string) choice {
	letter := `([A-` + last + `])`
	return choice{
		labelled: lazyregexp.New(`(?i)\b(?:ANSWER|FINAL` + blanks + `*ANSWER)\b` + blanks + `*[:=]?` + blanks + `*(?:\(?` + blanks + `*` + letter + blanks + `*\)?)(?:` + blanks + `*\z|[^A-Za-z])`),
		lone:     lazyregexp.New(`(?i)\b` + letter + `\b`),
		leading:  lazyregexp.New(`(?i)\A[^a-zA-Z]*` + letter + `(?:[^a-zA-Z]|\z)`),
		short:    lazyregexp.New(`(?i)\bAnswer` + blanks + `*[:.]?` + blanks + `*` + letter + `\b`),
	}
}

var (
	toD = newChoice("D")
	toJ = newChoice("J")
)

// strip is Python's str.strip.
func strip(s string) string { return strings.TrimFunc(s, pythonSpace) }

func pythonSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// niah scores the UUIDs of an answer by how many of each reference's characters
// the answer's has: 0 to 100, two decimals (llama3.1-405b, niah_em).
func niah(reference, prediction string) float64 {
	want, got := uuid.FindAllString(reference, -1), uuid.FindAllString(prediction, -1)
	if len(got) == 0 {
		return 0
	}
	sum := 0.0
	for i := range min(len(got), len(want)) {
		hits, in := 0, strings.ToLower(got[i])
		for _, r := range want[i] {
			if strings.Contains(in, strings.ToLower(string(r))) {
				hits++
			}
		}
		sum += float64(hits) / float64(utf8.RuneCountInString(want[i]))
	}
	return round(sum/float64(len(got))*100, 2)
}

// qa returns 100 if the answer holds one of the references that | parts, without
// regard to blanks and case (llama3.1-405b, qa_em).
func qa(reference, prediction string) float64 {
	if i := strings.LastIndex(prediction, "Answer: "); i >= 0 {
		prediction = prediction[i+len("Answer: "):]
	}
	if strings.Contains(reference, prediction) {
		return 100
	}
	squeeze := func(s string) string {
		return strings.ToLower(strings.Map(func(r rune) rune {
			if pythonSpace(r) {
				return -1
			}
			return r
		}, s))
	}
	in := squeeze(prediction)
	for one := range strings.SplitSeq(reference, "|") {
		if strings.Contains(in, squeeze(one)) {
			return 100
		}
	}
	return 0
}

// gsm8k reports whether the number in an answer is the reference's (mixtral-8x7b):
// the first after the last "The answer is", else the last of all.
func gsm8k(reference, prediction string) bool {
	prediction, _, _ = strings.Cut(prediction, "\nQ:")
	found := ""
	if i := strings.LastIndex(prediction, "The answer is"); i >= 0 {
		found = anyNumber.FindString(prediction[i+len("The answer is"):])
	}
	if found == "" {
		if all := anyNumber.FindAllString(prediction, -1); len(all) > 0 {
			found = all[len(all)-1]
		}
	}
	want, ok := number(reference)
	got, ok2 := number(strings.ReplaceAll(found, ",", ""))
	return ok && ok2 && want == got
}

// number is Python's float(text) for decimal numbers.
func number(s string) (float64, bool) {
	s = strings.Map(func(r rune) rune {
		if r > 127 && unicode.Is(unicode.Nd, r) { // digits of other scripts
			zero := r
			for unicode.Is(unicode.Nd, zero-1) && r-zero < 9 {
				zero--
			}
			return '0' + r - zero
		}
		return r
	}, strip(s))
	if strings.ContainsAny(s, "xXpP") { // Go reads hexadecimal too
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// letter finds a multiple-choice answer (deepseek-r1): the last labelled one, and
// where lone is set the last letter that stands alone. Empty if there is none.
func letter(c choice, text string, lone bool) string {
	text = strip(text)
	if (strings.HasPrefix(text, "['") || strings.HasPrefix(text, `["`)) && (strings.HasSuffix(text, "']") || strings.HasSuffix(text, `"]`)) && len(text) >= 4 {
		text = strip(text[2 : len(text)-2])
	}
	text = unescape(text)
	if found := lastGroup(c.labelled, text); found != "" {
		return strings.ToUpper(found)
	}
	if lone {
		return strings.ToUpper(lastGroup(c.lone, text))
	}
	return ""
}

// harmonyLetter finds a multiple-choice answer (gpt-oss-120b): in the final
// channel its first letter or a short label, else a label anywhere.
func harmonyLetter(c choice, text string, lone bool) string {
	text = strip(text)
	if text == "" {
		return ""
	}
	final := text
	if m := finalPart.FindStringSubmatch(text); m != nil {
		final = strip(m[1])
	}
	final = bold.ReplaceAllString(final, "$1")
	if (strings.HasPrefix(final, "['") || strings.HasPrefix(final, `["`)) && (strings.HasSuffix(final, "']") || strings.HasSuffix(final, `"]`)) && len(final) >= 4 {
		final = strip(final[2 : len(final)-2])
	}
	final = unescape(final)
	for _, m := range [][]string{c.leading.FindStringSubmatch(strip(final)), c.short.FindStringSubmatch(final)} {
		if m != nil {
			return strings.ToUpper(m[1])
		}
	}
	if found := lastGroup(c.labelled, unescape(text)); found != "" {
		return strings.ToUpper(found)
	}
	if lone {
		return strings.ToUpper(lastGroup(c.lone, final))
	}
	return ""
}

func unescape(s string) string { return strings.NewReplacer(`\n`, "\n", `\'`, "'").Replace(s) }

// lastGroup returns the first group of the last match, empty for none.
func lastGroup(re *lazyregexp.Regexp, s string) string {
	all := re.FindAllStringSubmatch(s, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1][1]
}

// aime reports whether the whole number of 0 to 999 in an answer is the
// reference's: the last boxed one, else the last labelled one that no point or
// letter follows (deepseek-r1, gpt-oss-120b).
func aime(reference, text string) bool {
	text = strip(text)
	found := lastGroup(boxedDigits, text)
	if found == "" {
		for _, m := range answerLabel.FindAllStringSubmatchIndex(text, -1) {
			next, n := utf8.DecodeRuneInString(text[m[3]:])
			if n == 0 || next != '.' && next != '_' && !unicode.IsLetter(next) && !unicode.IsNumber(next) {
				found = text[m[2]:m[3]]
			}
		}
	}
	got, ok := number(found)
	if !ok || got > 999 {
		return false
	}
	want, ok := wholeNumber(reference)
	return ok && float64(want) == got
}

// wholeNumber is Python's int of a cell: a text of a whole number, or a number,
// whose fraction is cut.
func wholeNumber(s string) (int64, bool) {
	s = strip(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && strings.HasSuffix(s, ".0") && math.Abs(f) < 1<<53 {
		return int64(f), true // a number column that pandas made floats of
	}
	return 0, false
}
