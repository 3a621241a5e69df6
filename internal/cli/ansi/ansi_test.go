package ansi

import (
	"slices"
	"testing"
)

func TestText(t *testing.T) {
	for want, got := range map[string]string{
		"x": Style{}.Red("x"), "\x1b[31mx\x1b[0m": Style{On: true}.Red("x"), "": Style{On: true}.Bold(""),
		"é  ": Pad("é", 3), "  é": PadLeft("é", 3), "abc": Pad("abc", 2), "ab…": Cut("abcd", 3), "abcd": Cut("abcd", 4),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Wrap(" a bb\nccc ddddddd ", 6); !slices.Equal(got, []string{"a bb", "ccc", "ddddddd"}) {
		t.Errorf("Wrap: %q", got)
	}
	if got := Wrap(" \n", 6); got != nil {
		t.Errorf("Wrap of blanks: %q", got)
	}
}
