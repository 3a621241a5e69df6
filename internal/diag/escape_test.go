package diag

import "testing"

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"a b":           "a b",
		"é 界 😀":         "é 界 😀",
		"\x1b[31mred":   `\u001b[31mred`,
		"é\n":           `é\u000a`,
		"\t\u009b31m":   `\u0009\u009b31m`,
		"\u202eabc":     `\u202eabc`,
		"\u2028\u2029":  `\u2028\u2029`,
		"\U000e0001":    `\U000e0001`,
		"a\x9b31m\xffb": "a\uFFFD31m\uFFFDb",
	} {
		if got := Escape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Text from outside has no markup's meaning in Markdown, and no control characters.
func TestMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"plain text 1.5":      "plain text 1.5",
		"a|b":                 `a\|b`,
		`a\|b`:                `a\\\|b`,
		"<script>x</script>":  "&lt;script&gt;x&lt;/script&gt;",
		"&lt;b&gt;":           "&amp;lt;b&amp;gt;",
		"[a](http://x) `c`":   "\\[a\\](http://x) \\`c\\`",
		"*bold* _it_":         `\*bold\* \_it\_`,
		"# no heading":        `\# no heading`,
		"line\nbreak\x1b[31m": `line\\u000abreak\\u001b\[31m`,
	} {
		if got := Markdown(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
