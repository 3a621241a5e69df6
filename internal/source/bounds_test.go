package source

import (
	"fmt"
	"strings"
	"testing"
)

// TestBounds reads texts that would cost any amount of time, memory or stack
// without bounds.
func TestBounds(t *testing.T) {
	repeat := func(s string, size int) string { return strings.Repeat(s, size/len(s)) }
	var stairs, bomb, emptyBomb strings.Builder
	for i := 0; stairs.Len() < 10<<20; i++ {
		stairs.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	bomb.WriteString("a0: &a0 [x]\n")
	emptyBomb.WriteString("a0: &a0 {}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9))
		fmt.Fprintf(&emptyBomb, "a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i-1, i-1)
	}
	for _, c := range []struct{ name, text, want string }{
		{"10 MB of brackets", repeat("[", 10<<20), "1:101: error: nested deeper than 100 levels [too-deep]"},
		{"10 MB of braces", repeat("{a: ", 10<<20), "1:401: error: nested deeper than 100 levels [too-deep]"},
		{"10 MB of dashes", repeat("- ", 10<<20), "1:201: error: nested deeper than 100 levels [too-deep]"},
		{"10 MB of indentation", stairs.String(), "101:101: error: nested deeper than 100 levels [too-deep]"},
		{"1 MB of indentation", stairs.String()[:maxSize-1000], "101:101: error: nested deeper than 100 levels [too-deep]"},
		{"1 MB of brackets", "x: 1\na: " + repeat("[", maxSize-100), "2:103: error: nested deeper than 100 levels [too-deep]"},
		{"200 brackets, closed", "a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "1:103: error: nested deeper than 100 levels [too-deep]"},
		{"10 MB of text", "a: " + repeat("x", 10<<20), "1:1: error: 10485763 bytes; a configuration has at most 1048576 [too-large]"},
		{"YAML bomb", bomb.String(), "6:18: error: aliases bring in more than 100000 values [alias-bomb]"},
		{"YAML bomb of merge keys", emptyBomb.String(), "16:17: error: aliases bring in more than 100000 values [alias-bomb]"},
		{"long integer", "a: " + repeat("9", 100_000), "1:4: error: an integer of more than 4300 digits [bad-scalar]"},
		{"long sexagesimal", "a: 1" + repeat(":1", 100_000) + ".0", "1:4: error: a sexagesimal number too large for a float [bad-scalar]"},
		{"open interpolations", "a: " + repeat("${", 100_000), "1:4: error: an interpolation ${ is not closed [bad-interpolation]"},
		{"10,000 faults", repeat("a: b: c\n", 80_000), "1:5: error: a second colon in one line; what follows the first is a text [syntax]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, found := Parse("f", []byte(c.text))
			first, _, _ := strings.Cut(render(found), "\n")
			if first != c.want {
				t.Errorf("got  %s\nwant %s", first, c.want)
			}
			if len(found) > maxFindings {
				t.Errorf("%d findings", len(found))
			}
		})
	}
	// A hundred levels are fine.
	if _, found := Parse("f", []byte("a: "+strings.Repeat("[", 99)+strings.Repeat("]", 99))); len(found) > 0 {
		t.Error(found)
	}
	// Many aliases of a small value are fine too.
	if _, found := Parse("f", []byte("a: &x 1\nb: ["+strings.Repeat("*x, ", 1000)+"]\n")); len(found) > 0 {
		t.Error(found)
	}
}
