package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDialects holds what OmegaConf 2.3.0 and 2.4.0 make of the same text.
// An error is the code of the first finding.
func TestDialects(t *testing.T) {
	for _, tt := range []struct {
		text      string
		old, next any
	}{
		{"k: !", map[string]any{"k": nil}, map[string]any{"k": ""}},
		{"k: !\u2028", map[string]any{"k": nil}, map[string]any{"k": ""}},
		{"k: ! 1", map[string]any{"k": int64(1)}, map[string]any{"k": int64(1)}},
		{"k: ! ''", map[string]any{"k": nil}, map[string]any{"k": nil}},
		{"k: # ! is none of a comment's\n  '1'", map[string]any{"k": "1"}, map[string]any{"k": "1"}},
		{"k: # ! ", map[string]any{"k": nil}, map[string]any{"k": nil}},
		{"! : 1", "bad-key", map[string]any{"": int64(1)}},
		{`k: \???`, map[string]any{"k": `\???`}, map[string]any{"k": "???"}},
		{`k: '\\???'`, map[string]any{"k": `\\???`}, map[string]any{"k": `\???`}},
		{`k: x\???`, map[string]any{"k": `x\???`}, map[string]any{"k": `x\???`}},
		{"k:\t1", "tab", map[string]any{"k": int64(1)}},
		{"k: x\ty", "tab", map[string]any{"k": "x\ty"}},
		{"k: 1\t# x", "tab", map[string]any{"k": int64(1)}},
		{"k:\n\t- 1", "tab", "tab"},
		{"%YAML 1.2\n---\nk: 1", map[string]any{"k": int64(1)}, map[string]any{"k": int64(1)}},
		{"%YAML 1.10\n---\nk: 1", map[string]any{"k": int64(1)}, "syntax"},
		{"%YAML 1.0\n---\nk: 1", map[string]any{"k": int64(1)}, "syntax"},
		{"k: |#x\n  b\n", "syntax", map[string]any{"k": "b\n"}},
		{"{k:}", map[string]any{"k": nil}, "bad-scalar"},
		{"a: &x [1]\n<<: *x", "bad-merge-key", "bad-merge-key"},
		{"1: x\n'1': y", "duplicate-key", "duplicate-key"},
		{many(4999), nil, nil},
		{many(5000), nil, "too-large"},
		{aliases(4), nil, "too-large"},
		{aliases(1), nil, nil},
	} {
		for dialect, want := range []any{tt.old, tt.next} {
			root, found := Dialect(dialect).Parse("x", []byte(tt.text))
			var got any
			switch {
			case found.HasErrors():
				got = found[0].Code
			case want != nil:
				got = root.Interface()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%.40q as %s (-OmegaConf +ours): %s", tt.text, Dialect(dialect), diff)
			}
		}
	}
}

// many is a file of n keys: twice as many nodes, and its own.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

// aliases is a small file that grows tenfold with each level.
func aliases(levels int) string {
	text := "a0: &a0 [1, 2, 3]\n"
	for i := range levels {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	return text
}

func TestDialectOverrides(t *testing.T) {
	for _, tt := range []struct {
		text      string
		old, next any
	}{
		{`a\.b=1`, map[string]any{`a\`: map[string]any{"b": int64(1)}}, map[string]any{"a.b": int64(1)}},
		{`a\=b=1`, map[string]any{`a\`: "b=1"}, map[string]any{"a=b": int64(1)}},
		{`a\[0\]=1`, map[string]any{`a\`: map[string]any{`0\`: int64(1)}}, map[string]any{"a[0]": int64(1)}},
		{`a[x\]y].c=1`, map[string]any{"a": map[string]any{`x\`: map[string]any{"c": int64(1)}}}, map[string]any{"a": map[string]any{"x]y": map[string]any{"c": int64(1)}}}},
		{`a\\.b=1`, map[string]any{`a\\`: map[string]any{"b": int64(1)}}, map[string]any{`a\.b`: int64(1)}},
		{`a\b=1`, map[string]any{`a\b`: int64(1)}, map[string]any{`a\b`: int64(1)}},
		{`c=x\=y`, map[string]any{"c": `x\=y`}, map[string]any{"c": `x\=y`}},
		{`c=\???`, map[string]any{"c": `\???`}, map[string]any{"c": `???`}},
		{`a.b[c]=1`, map[string]any{"a": map[string]any{"b": map[string]any{"c": int64(1)}}}, map[string]any{"a": map[string]any{"b": map[string]any{"c": int64(1)}}}},
	} {
		for dialect, want := range []any{tt.old, tt.next} {
			root, found := Dialect(dialect).ParseOverride(1, tt.text)
			if diff := cmp.Diff(want, root.Interface()); diff != "" || found.HasErrors() {
				t.Errorf("%s as %s (-OmegaConf +ours): %s %v", tt.text, Dialect(dialect), diff, found)
			}
		}
	}
}
