package python

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLiteral(t *testing.T) {
	tests := []struct {
		text string
		want any
	}{
		{`[{'role': 'user', 'content': "it's \n\x41\u00e9\U0001f600"}]`, []any{map[string]any{"role": "user", "content": "it's \nAé😀"}}},
		{`(1, -2, 2.5, 1e3, None, True, False,)`, []any{int64(1), int64(-2), 2.5, 1000.0, nil, true, false}},
		{`[np.int64(5), np.float64(0.5)]`, []any{int64(5), 0.5}},
		{` {} `, map[string]any{}},
	}
	for _, tt := range tests {
		got, err := Literal(tt.text)
		if err != nil {
			t.Fatalf("%s: %v", tt.text, err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: %s", tt.text, d)
		}
	}
	for text, want := range map[string]string{
		`['a'`: "want , or ]", `{'a' 1}`: "want a text and a colon", `os.system()`: "want a value", `'a`: "not closed", `'\q'`: `escape \q`, `'\ud800'`: "is no character",
		`1 2`: "character 3: more than one value", strings.Repeat("[", 50): "nested too deep", "": "want a value", `np.int64(5`: "want )",
	} {
		if _, err := Literal(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", text, err, want)
		}
	}
}

func FuzzLiteral(f *testing.F) {
	f.Add(`[{'role': "user", 'n': np.int64(5)}, None]`)
	f.Fuzz(func(_ *testing.T, s string) { _, _ = Literal(s) })
}
