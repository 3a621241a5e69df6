package diag

import (
	"fmt"
	"strings"
	"unicode"

	"mlcfg/internal/diag/secret"
)

// Clean makes text from a user's file safe to print on one line of a terminal,
// and in a message that others will read: credentials that show by their form
// are taken out, the rest is as [Escape] returns it.
func Clean(s string) string { return Escape(secret.Hide(s)) }

// Escape makes text from outside safe to print on one line of a terminal: control
// characters, line separators and what turns the direction of text are
// shown as \u001b or \U000e0001, bytes that are not UTF-8 as U+FFFD.
func Escape(s string) string {
	if isPrintableASCII(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, unsafeRune) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !unsafeRune(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, "\\U%08x", r)
		default:
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	return b.String()
}

// isPrintableASCII tells what nearly every text is, and needs no look at Unicode's tables.
func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func unsafeRune(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// markdownMeaning is what Markdown, or HTML in it, gives a meaning.
var markdownMeaning = strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "#", `\#`, "<", "&lt;", ">", "&gt;", "&", "&amp;")

// Markdown keeps text from outside from being taken for markup, and escapes it as [Escape] does.
func Markdown(s string) string { return markdownMeaning.Replace(Escape(s)) }
