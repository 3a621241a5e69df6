package merge

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/source"
)

// TestDialects holds what OmegaConf 2.3.0 and 2.4.0 make of interpolations; an error is "".
func TestDialects(t *testing.T) {
	for _, tt := range []struct{ text, old, next string }{
		{"x: '${b[-1]}'\nb: [5, 6]", "", "6"},
		{"x: '${b.1_0}'\nb: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, z]", "z", "z"},
		{"x: '${b.1}'\nb: {1: z}", "", "z"},
		{"x: '${b.${i}}'\nb: [5, 6]\ni: 1", "", "6"},
		{"x: '${b.${i}}'\nb: [5, 6]\ni: '1'", "6", "6"},
		{"x: '${b.p\\.q}'\nb: {p.q: z}", "", "z"},
		{"x: '${b.True}'\nb: {true: z}", "", ""},
		{"x: 'p ${b}'\nb: ['${c}', 1]\nc: 2", "p ['${c}', 1]", "p ['${c}', 1]"},
		{"x: 'p ${b}'\nb: {1: '${c}', k: ['${c}']}\nc: 2", "p {1: '${c}', 'k': ['${c}']}", "p {1: '${c}', 'k': ['${c}']}"},
		{"x: 'p ${b}'\nb: '${l}'\nl: ['${c}', 1]\nc: 2", "p ['${c}', 1]", "p ['${c}', 1]"},
		{"x: 'p ${b.0}'\nb: ['${c}', 1]\nc: 2", "p 2", "p 2"},
		{"x: 'p ${b}'\nb: ['${x}', 1]", "p ['${x}', 1]", "p ['${x}', 1]"},
		{"x: '${m.y}'\nm: {y: 'p ${m}'}", "", ""},
		{"x: '${y}'\ny: '${x}'", "", ""},
		{"x: 'p ${y}'\ny: '${x}'", "", ""},
	} {
		for dialect, want := range []string{tt.old, tt.next} {
			tr := tree(t, tt.text)
			layer, found := Resolve(tr, source.Dialect(dialect))
			got := ""
			if !found.HasErrors() {
				got = layer.Root.Field("x").Value.PyStr()
			}
			if got != want {
				t.Errorf("%q as %s: got %q, OmegaConf %q (%v)", tt.text, source.Dialect(dialect), got, want, found)
			}
		}
	}
}

// TestEscapedIsText merges over a text whose interpolation is escaped, which is none.
func TestEscapedIsText(t *testing.T) {
	for _, base := range []string{`a: '\${b}'`, `a: 'x ${b}'`} {
		tr := tree(t, base+"\nb: {x: 1}", "a: {c: 1}")
		if _, found := Resolve(tr, source.OmegaConf23); found.HasErrors() {
			t.Errorf("%s: %v", base, found)
		}
		if diff := cmp.Diff(map[string]any{"c": int64(1)}, tr.Lookup("a").Interface()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestMixedKeys(t *testing.T) {
	mixed := tree(t, "a: {1: x}", "a: {'1': y}")
	if found := Mixed(mixed, source.OmegaConf24); len(found) != 1 || found[0].Key != "a.1" {
		t.Errorf("2.4: %v", found)
	}
	if found := Mixed(mixed, source.OmegaConf23); found != nil {
		t.Errorf("2.3: %v", found)
	}
	if found := Mixed(tree(t, "a: {1: x}", "a: {1: y}"), source.OmegaConf24); found != nil {
		t.Errorf("one kind: %v", found)
	}
}
