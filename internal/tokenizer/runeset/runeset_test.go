package runeset

import (
	"testing"
	"unicode"
)

func TestSets(t *testing.T) {
	a, b := Of('a', 'f', 'x', 'z', 0x1F600, 0x1F64F), Of('d', 'h', 0x1F64F, 0x1F650)
	tests := []struct {
		name string
		set  Set
		size int
		in   string
		out  string
	}{
		{"of", a, 9 + 80, "afxz😀", "gw\x00"},
		{"joined", Of('a', 'b', 'c', 'd', 'b', 'c'), 4, "abcd", "e"},
		{"union", Union(a, b), 11 + 81, "agh🙏🙐", "i"},
		{"intersection", Intersection(a, b), 4, "def🙏", "agx😀🙐"},
		{"not", Not(a), 0x110000 - 89, "g\x00\U0010ffff", "a😀"},
		{"nothing", Intersection(a, Not(a)), 0, "", "a😀"},
		{"everything", Not(Set{}), 0x110000, "a\x00\U0010ffff", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.set.Len() != tt.size || tt.set.Empty() != (tt.size == 0) {
				t.Errorf("%d characters, want %d", tt.set.Len(), tt.size)
			}
			for _, r := range tt.in {
				if !tt.set.Contains(r) {
					t.Errorf("%q is missing", r)
				}
			}
			for _, r := range tt.out {
				if tt.set.Contains(r) {
					t.Errorf("%q is in it", r)
				}
			}
		})
	}
}

// TestNamed holds the tables to Go's own, which are older: what Go knows is there,
// and what is there beyond is not assigned in Go.
func TestNamed(t *testing.T) {
	for name, table := range map[string]*unicode.RangeTable{"L": unicode.L, "n": unicode.N, "P": unicode.P, "Han": unicode.Han, "Lowercase_Letter": unicode.Ll, "White Space": unicode.White_Space, Space: unicode.White_Space} {
		s, ok := Named(name)
		if !ok {
			t.Fatalf("no class %s", name)
		}
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if s.Contains(r) != unicode.Is(table, r) && assigned(r) {
				t.Errorf("%s: %U is there: %v, in Go %v", name, r, s.Contains(r), !s.Contains(r))
				break
			}
		}
	}
	if _, ok := Named("Nothing"); ok {
		t.Error("a class of no name")
	}
	symbols := MustNamed("S")
	if !symbols.Contains('\U0001FAE9') { // a face of Unicode 16
		t.Error("the tables are as old as Go's")
	}
	if l := Lower(); l['A'] != "a" || l['İ'] != "i̇" || l['a'] != "" {
		t.Errorf("lower case: %q %q", l['A'], l['İ'])
	}
}

func assigned(r rune) bool { return !unicode.Is(unicode.Cn, r) }
