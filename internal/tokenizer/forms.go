package tokenizer

import (
	"strings"
	"unicode/utf8"

	"mlcfg/internal/tokenizer/runeset"

	"golang.org/x/text/unicode/norm"
)

// plainNormalizer returns the normalizer of a type that has no settings, nil for an
// unknown one.
func plainNormalizer(kind string) func(string) string {
	switch kind {
	case "NFC":
		return normalForm(norm.NFC)
	case "NFD":
		return normalForm(norm.NFD)
	case "NFKC":
		return normalForm(norm.NFKC)
	case "NFKD":
		return normalForm(norm.NFKD)
	case "Lowercase":
		return lowercase()
	case "StripAccents":
		return without(runeset.Mark)
	case "Nmt":
		return replaced(runeset.NmtRemoved, runeset.NmtSpace)
	}
	return nil
}

// normalForm is a normal form of the library's Unicode version: a character that it
// does not know, and the Go library does, stays and parts what is around it.
func normalForm(form norm.Form) func(string) string {
	known := runeset.MustNamed(runeset.Normalizing)
	foreign := func(r rune) bool {
		if r < 0x300 || known.Contains(r) {
			return false
		}
		p := norm.NFKD.PropertiesString(string(r))
		return p.CCC() != 0 || len(p.Decomposition()) > 0
	}
	return func(s string) string {
		if form.IsNormalString(s) {
			return s
		}
		i := strings.IndexFunc(s, foreign)
		if i < 0 {
			return form.String(s)
		}
		var out strings.Builder
		for ; i >= 0; i = strings.IndexFunc(s, foreign) {
			_, n := utf8.DecodeRuneInString(s[i:])
			out.WriteString(form.String(s[:i]))
			out.WriteString(s[i : i+n])
			s = s[i+n:]
		}
		out.WriteString(form.String(s))
		return out.String()
	}
}

// lowercase writes each character in lower case, whatever stands around it.
func lowercase() func(string) string {
	lower := runeset.Lower()
	return func(s string) string {
		var out strings.Builder
		for i, r := range s {
			if to, ok := lower[r]; ok {
				out.WriteString(to)
				continue
			}
			_, n := utf8.DecodeRuneInString(s[i:])
			out.WriteString(s[i : i+n])
		}
		return out.String()
	}
}

// without removes the characters of a class.
func without(class string) func(string) string {
	set := runeset.MustNamed(class)
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			if set.Contains(r) {
				return -1
			}
			return r
		}, s)
	}
}

// replaced removes the characters of one class and writes those of another as blanks.
func replaced(gone, spaces string) func(string) string {
	remove, space := runeset.MustNamed(gone), runeset.MustNamed(spaces)
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			switch {
			case remove.Contains(r):
				return -1
			case space.Contains(r):
				return ' '
			}
			return r
		}, s)
	}
}

// bertNormalizer cleans a text as BERT does; accents go with the capitals unless
// the file says otherwise.
func bertNormalizer(f normalizerFile) normalizer {
	var steps []func(string) string
	if yes(f.CleanText) {
		steps = append(steps, replaced(runeset.BertRemoved, runeset.BertSpace))
	}
	if yes(f.Chinese) {
		chinese := runeset.MustNamed(runeset.BertChinese)
		steps = append(steps, func(s string) string {
			var out strings.Builder
			for _, r := range s {
				if chinese.Contains(r) {
					out.WriteString(" " + string(r) + " ")
				} else {
					out.WriteRune(r)
				}
			}
			return out.String()
		})
	}
	if f.Accents != nil && *f.Accents || f.Accents == nil && yes(f.Lower) {
		steps = append(steps, normalForm(norm.NFD), without(runeset.BertAccent))
	}
	if yes(f.Lower) {
		steps = append(steps, lowercase())
	}
	return pure(func(s string) string {
		for _, step := range steps {
			s = step(s)
		}
		return s
	})
}
