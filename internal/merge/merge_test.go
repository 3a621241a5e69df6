package merge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/source"
)

// layers parses texts into layers named base, overlay, override...
func layers(t testing.TB, texts ...string) []Layer {
	t.Helper()
	names := []string{"base", "overlay", "override"}
	var out []Layer
	for i, text := range texts {
		root, found := source.Parse(names[min(i, 2)]+".yaml", []byte(text))
		if found.HasErrors() {
			t.Fatal(found)
		}
		out = append(out, Layer{Name: names[min(i, 2)], Root: root})
	}
	return out
}

// pyStr writes a merged tree as Python would.
func pyStr(tree *Tree) string { return source.Of(tree.Interface()).PyStr() }

// TestMerge has the cases as OmegaConf 2.3 resolves them, but the last two,
// which it refuses.
func TestMerge(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts []string
		want  string
	}{
		{"one layer", []string{"a: 1"}, "{'a': 1}"},
		{"key by key", []string{"a: {x: 1, y: 2}\nb: 1", "a: {y: 3, z: 4}"}, "{'a': {'x': 1, 'y': 3, 'z': 4}, 'b': 1}"},
		{"lists are replaced", []string{"a: [1, 2, 3]", "a: [4]"}, "{'a': [4]}"},
		{"null over a map", []string{"a: {x: 1}", "a:"}, "{'a': None}"},
		{"map over null", []string{"a:", "a: {x: 1}"}, "{'a': {'x': 1}}"},
		{"null, then a map: the old content is gone", []string{"a: {x: 1}", "a:", "a: {y: 2}"}, "{'a': {'y': 2}}"},
		{"empty map over a map", []string{"a: {x: 1}", "a: {}"}, "{'a': {'x': 1}}"},
		{"empty map over null", []string{"a:", "a: {}"}, "{'a': {}}"},
		{"empty map over a scalar", []string{"a: 1", "a: {}"}, "{'a': {}}"},
		{"scalar over a map", []string{"a: {x: 1}", "a: 5"}, "{'a': 5}"},
		{"map over a scalar", []string{"a: 5", "a: {x: 1}"}, "{'a': {'x': 1}}"},
		{"list over a scalar", []string{"a: 5", "a: [1]"}, "{'a': [1]}"},
		{"null over a scalar", []string{"a: 5", "a: null"}, "{'a': None}"},
		{"type changes", []string{"a: 5", "a: '5'"}, "{'a': '5'}"},
		{"??? does not replace", []string{"a: 5\nb: {x: 1}\nc: [1]", "a: ???\nb: ???\nc: '???'\nd: ???"}, "{'a': 5, 'b': {'x': 1}, 'c': [1], 'd': '???'}"},
		{"??? is replaced", []string{"a: ???\nb: ???", "a: 5\nb: {x: 1}"}, "{'a': 5, 'b': {'x': 1}}"},
		{"MISSING is a text like any", []string{"a: 5", "a: MISSING"}, "{'a': 'MISSING'}"},
		{"odd keys", []string{"'': {'': 1}\na.b: 2", "'': {'': 3}\na: {b: 4}"}, "{'': {'': 3}, 'a': {'b': 4}, 'a.b': 2}"},
		{"map over a list", []string{"a: [1]", "a: {x: 1}"}, "{'a': {'x': 1}}"},
		{"list over a map", []string{"a: {x: 1}", "a: [1]"}, "{'a': [1]}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := pyStr(Merge(layers(t, c.texts...)...)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// chains writes the chain of every key.
func chains(tree *Tree) string {
	var b strings.Builder
	for f := range tree.All() {
		fmt.Fprintf(&b, "%s:", f.Path)
		for _, s := range f.Chain {
			fmt.Fprintf(&b, " %s@%s", s.Layer, s.KeyPos)
			if s.Node.Kind != source.Map {
				fmt.Fprintf(&b, "=%s", s.Node.PyStr())
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestChain(t *testing.T) {
	all := layers(t, "a: 1\ns:\n  x: 1\n  y: 2\nn: {k: 1}\nm: {k: 1}\n", "s:\n  z: 3\n  x: ???\n  y: 4\nn:\nm: {}\n")
	overrides, found := ParseArgs([]string{"s.y=5", "--set", "n.k=2"}, source.OmegaConf23)
	if len(found) > 0 {
		t.Fatal(found)
	}
	tree := Merge(append(all, Layers(overrides)...)...)
	want := `a: base@base.yaml:1:1=1
s: base@base.yaml:2:1 overlay@overlay.yaml:1:1 override@--set #1:1:1
s.x: base@base.yaml:3:3=1
s.y: base@base.yaml:4:3=2 overlay@overlay.yaml:4:3=4 override@--set #1:1:1=5
s.z: overlay@overlay.yaml:2:3=3
n: base@base.yaml:5:1 overlay@overlay.yaml:5:1=None override@--set #2:1:1
n.k: override@--set #2:1:1=2
m: base@base.yaml:6:1 overlay@overlay.yaml:6:1
m.k: base@base.yaml:6:5=1
`
	if diff := cmp.Diff(want, chains(tree)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var leaves []string
	for f := range tree.Leaves() {
		leaves = append(leaves, f.Path)
	}
	if diff := cmp.Diff([]string{"a", "s.x", "s.y", "s.z", "n.k", "m.k"}, leaves); diff != "" {
		t.Errorf("leaves (-want +got)\n%s", diff)
	}
	if v := tree.Lookup("s", "y"); v.Value().PyStr() != "5" || v.Winner().Layer != "override" || v.Key != "y" {
		t.Errorf("%+v", v)
	}
	var none *Tree
	if none.Lookup("a") != nil || tree.Lookup("a", "b", "c") != nil || tree.Lookup() != tree || none.Value() != nil || tree.Value() != nil || none.Interface() != nil {
		t.Error("Lookup or nil")
	}
	for f := range tree.All() { // stops where it is told to
		if f.Path != "a" {
			t.Error("went on")
		}
		break
	}
}

// TestNothing merges no layers and empty ones.
func TestNothing(t *testing.T) {
	for _, l := range [][]Layer{nil, {{Name: "base"}}, {{Name: "base", Root: &source.Node{Kind: source.Map}}}} {
		tree := Merge(l...)
		if diff := cmp.Diff(map[string]any{}, tree.Interface()); diff != "" || len(tree.Chain) > 0 {
			t.Error(diff)
		}
		for range tree.All() {
			t.Error("a key in nothing")
		}
	}
}

// randomMap makes a map of few keys and all kinds, so that layers collide.
func randomMap(r *rand.Rand, depth int) *source.Node {
	m := &source.Node{Kind: source.Map}
	keys := []string{"a", "b", "c", "d", ""}
	r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	for _, key := range keys[:r.IntN(len(keys)+1)] {
		var v *source.Node
		switch k := r.IntN(9); {
		case k < 4 && depth > 0:
			v = randomMap(r, depth-1)
		case k < 6:
			v = source.Of([]any{nil, true, "x", "???", 1.5}[r.IntN(5)])
		case k == 6:
			v = source.Of([]any{r.IntN(3)})
		default:
			v = source.Of(r.IntN(10))
		}
		m.Fields = append(m.Fields, source.Field{Key: key, Value: v})
	}
	return m
}

// overlay merges plain data the slow and obvious way.
func overlay(below, above any) any {
	a, ok := above.(map[string]any)
	if !ok {
		return above
	}
	b, ok := below.(map[string]any)
	if !ok {
		b = map[string]any{}
	}
	out := map[string]any{}
	for key, value := range b {
		out[key] = value
	}
	for key, value := range a {
		if old, known := out[key]; known && value == "???" {
			continue
		} else if known {
			value = overlay(old, value)
		} else {
			value = overlay(nil, value)
		}
		out[key] = value
	}
	return out
}

// TestProperties holds on random layers: the result is that of the obvious
// merge, an empty layer changes nothing, the last layer wins, layers below the
// chains' order stay in order, and nodes are shared unchanged.
func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		var all []Layer
		var want any = map[string]any{}
		for i := range 1 + r.IntN(4) {
			l := Layer{Name: fmt.Sprint(i), Root: randomMap(r, 3)}
			all = append(all, l)
			want = overlay(want, l.Root.Interface())
		}
		before := fmt.Sprint(all)
		tree := Merge(all...)
		if diff := cmp.Diff(want, tree.Interface()); diff != "" {
			t.Fatalf("(-obvious +ours)\n%s", diff)
		}
		at := r.IntN(len(all) + 1)
		padded := slices.Insert(slices.Clone(all), at, Layer{Name: "empty", Root: source.Of(map[string]any{})})
		if chains(Merge(padded...)) != chains(tree) {
			t.Fatal("an empty layer changes the result")
		}
		if again := Merge(all...); chains(again) != chains(tree) {
			t.Fatal("another result the second time")
		}
		if before != fmt.Sprint(all) {
			t.Fatal("Merge changed a layer")
		}
		for f := range tree.All() {
			if len(f.Chain) == 0 || f.Value() != f.Chain[len(f.Chain)-1].Node {
				t.Fatalf("%s: chain %v", f.Path, f.Chain)
			}
			if !slices.IsSortedFunc(f.Chain, func(a, b Setting) int { return strings.Compare(a.Layer, b.Layer) }) {
				t.Fatalf("%s: chain out of order: %v", f.Path, f.Chain)
			}
		}
	}
}

// TestManyKeys passes the bound from which fields are indexed.
func TestManyKeys(t *testing.T) {
	var base, over strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&base, "k%d: %d\n", i, i)
		fmt.Fprintf(&over, "k%d: x\n", 999-i)
	}
	tree := Merge(layers(t, base.String(), over.String())...)
	if len(tree.Fields) != 1000 || tree.Fields[0].Key != "k0" || tree.Fields[999].Key != "k999" || len(tree.Lookup("k500").Chain) != 2 {
		t.Error("fields lost, doubled or out of order")
	}
	tree = Merge(append(layers(t, "s: {"+strings.ReplaceAll(strings.TrimSpace(base.String()), "\n", ", ")+"}", "s:"), layers(t, "s: {k1: 1}")...)...)
	if got := pyStr(tree); got != "{'s': {'k1': 1}}" {
		t.Error(got)
	}
}

// A tree with more layers is what merging all at once makes, and the tree below stays as it was.
func TestWith(t *testing.T) {
	texts := []string{
		"a: {b: 1, c: {d: 2}}\nlist: [1]\nkeep: {x: 1}\n",
		"a: {c: {e: 3}, b: null}\nnew: 1\n",
		"a: null\nlist: {k: v}\n",
		"a: {f: '???', b: 5}\nlist: '???'\nkeep: {x: '???', y: {z: 1}}\n",
		"q: {a0: 0, a1: 1, a2: 2, a3: 3, a4: 4, a5: 5, a6: 6, a7: 7, a8: 8, a9: 9, b0: 0, b1: 1, b2: 2, b3: 3, b4: 4, b5: 5, b6: 6}\n",
		"q: {b7: 1, a0: 2, b8: {c: 1}}\n",
		"q: {c0: 0, c1: 1, c2: 2, c3: 3, c4: 4, c5: 5, c6: 6, c7: 7, c8: 8, c9: 9, d0: 0, d1: 1, d2: 2, d3: 3, d4: 4, d5: 5, d6: 6, b7: x}\n",
	}
	var layers []Layer
	for i, text := range texts {
		root, found := source.Parse("x", []byte(text))
		if found.HasErrors() {
			t.Fatal(found)
		}
		layers = append(layers, Layer{string(rune('0' + i)), root})
	}
	said := func(tree *Tree) string {
		var b strings.Builder
		for f := range tree.All() {
			fmt.Fprintf(&b, "%s %d", f.Path, len(f.Fields))
			for _, s := range f.Chain {
				fmt.Fprintf(&b, " %s:%v", s.Layer, s.Node.Interface())
			}
			if f != tree.Lookup(strings.Split(f.Path, ".")...) {
				b.WriteString(" is not found")
			}
			b.WriteByte('\n')
		}
		return b.String()
	}
	for i := range layers {
		below := Merge(layers[:i]...)
		before := said(below)
		for j := i; j <= len(layers); j++ {
			if diff := cmp.Diff(said(Merge(layers[:j]...)), said(below.With(layers[i:j]...))); diff != "" {
				t.Errorf("%d and then %d (-at once +one after the other)\n%s", i, j-i, diff)
			}
			above := below.With(layers[i:j]...)
			for f := range above.All() {
				if without := above.Without(strings.Split(f.Path, ".")...); without.Lookup(strings.Split(f.Path, ".")...) != nil {
					t.Errorf("%s is still there", f.Path)
				}
			}
		}
		if diff := cmp.Diff(before, said(below)); diff != "" {
			t.Errorf("the tree of %d has changed (-before +after)\n%s", i, diff)
		}
	}
}
