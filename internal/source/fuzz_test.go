package source

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mlcfg/internal/diag"
)

// FuzzParse holds what every text must: no panic, bounded depth, places inside
// of the text, no key twice, and the same result a second time.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/err/*.yaml")
	for _, path := range files {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	f.Add([]byte("a: &x {b: [1, 'q', \"d\", 0x1F, 1:30, .inf]}\nc: {<<: *x, d: |\n  t\n}\n"))
	f.Add([]byte("s:\n  - a: 1\n    b: >-\n      x\n  - ? k\n    : v\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<12 {
			t.Skip()
		}
		root, found := Parse("f", data)
		if root == nil && !found.HasErrors() {
			t.Error("not read, and no error")
		}
		text := newText("f", data)
		for _, d := range found {
			checkPlace(t, text, d.Pos)
			if d.Message == "" || d.Code == "" || d.Severity == 0 {
				t.Errorf("half a finding: %+v", d)
			}
		}
		if root == nil {
			return
		}
		if root.Kind != Map {
			t.Errorf("the root is a %s", root.Kind)
		}
		checkNode(t, text, root, 1)
		_ = root.PyStr()
		again, foundAgain := Parse("f", data)
		if again.PyStr() != root.PyStr() || len(found) != len(foundAgain) {
			t.Error("read differently the second time")
		}
	})
}

func checkPlace(t *testing.T, text *text, p diag.Pos) {
	t.Helper()
	if p.File != "f" || p.Line < 1 || p.Column < 1 || p.Line > len(text.lines())+1 {
		t.Errorf("place %+v in a text of %d lines", p, len(text.lines()))
		return
	}
	// Behind \/ columns may be too high by two each.
	if most := len([]rune(string(text.line(p.Line)))) + 2 + 2*len(text.data); p.Column > most {
		t.Errorf("place %+v in a line of %d characters", p, most)
	}
}

func checkNode(t *testing.T, text *text, n *Node, depth int) {
	checkPlace(t, text, n.Pos)
	if depth > maxDepth+1 {
		t.Fatal("too deep")
	}
	if n.Kind < Null || n.Kind > List || (n.Kind == Int) != (n.Int != nil) {
		t.Errorf("bad node %+v", n)
	}
	var keys []string
	for _, f := range n.Fields {
		checkPlace(t, text, f.KeyPos)
		keys = append(keys, f.Key)
		checkNode(t, text, f.Value, depth+1)
	}
	for _, item := range n.Items {
		checkNode(t, text, item, depth+1)
	}
	slices.Sort(keys)
	if len(slices.Compact(keys)) != len(n.Fields) {
		t.Errorf("a key twice in %v", keys)
	}
}

// FuzzOverride holds that an override sets one key or is refused.
func FuzzOverride(f *testing.F) {
	for _, s := range []string{"a.b=1", "a[0].b=[1, {x: y}]", "=1", "a", "[", "a==b", "..a=", "a=\"\\/\"", "a={x: 1, x: 2}", "a=\t1", "a=${b}", "a=- 1\n- 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1<<12 {
			t.Skip()
		}
		root, found := ParseOverride(1, s)
		if root == nil {
			if !found.HasErrors() {
				t.Error("not read, and no error")
			}
			return
		}
		if root.Kind != Map || len(root.Fields) != 1 {
			t.Errorf("%q sets %s", s, root.PyStr())
		}
	})
}
