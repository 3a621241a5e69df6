package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outline writes each key and value with its place: line:column of the key,
// line:column of the value, its kind.
func outline(n *Node) string {
	var b strings.Builder
	var walk func(path string, n *Node)
	walk = func(path string, n *Node) {
		for _, f := range n.Fields {
			fmt.Fprintf(&b, "%s%s %d:%d %d:%d %s\n", path, f.Key, f.KeyPos.Line, f.KeyPos.Column, f.Value.Pos.Line, f.Value.Pos.Column, f.Value.Kind)
			walk(path+f.Key+".", f.Value)
		}
		for i, item := range n.Items {
			fmt.Fprintf(&b, "%s%d %d:%d %s\n", path, i, item.Pos.Line, item.Pos.Column, item.Kind)
			walk(fmt.Sprint(path, i, "."), item)
		}
	}
	walk("", n)
	return b.String()
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"scalars", "a: 1\nb:   off # c\n", "a 1:1 1:4 integer\nb 2:1 2:6 boolean\n"},
		{"nested", "s:\n  a: x\n  b: [1, yes]\n", "s 1:1 2:3 map\ns.a 2:3 2:6 text\ns.b 3:3 3:6 list\ns.b.0 3:7 integer\ns.b.1 3:10 boolean\n"},
		{"empty values", "a:\nb: # c\nc: ''\nd:", "a 1:1 1:3 null\nb 2:1 2:3 null\nc 3:1 3:4 text\nd 4:1 4:3 null\n"},
		{"columns are characters", "é: ü # ö\n\"日本\": {日: 本, x: 1}\n", "é 1:1 1:4 text\n日本 2:1 2:7 map\n日本.日 2:8 2:11 text\n日本.x 2:14 2:17 integer\n"},
		{"crlf", "a: 1\r\nb:\r\n  c: 2\r\n", "a 1:1 1:4 integer\nb 2:1 3:3 map\nb.c 3:3 3:6 integer\n"},
		{"byte order mark", "\ufeffa: 1\nb: 2\n", "a 1:1 1:4 integer\nb 2:1 2:4 integer\n"},
		{"block text", "a: |\n  x\nb: >-\n  y\n  z\n", "a 1:1 1:4 text\nb 3:1 3:4 text\n"},
		{"list", "a:\n- 1\n-\n- x: 2\n", "a 1:1 2:1 list\na.0 2:3 integer\na.1 3:2 null\na.2 4:3 map\na.2.x 4:3 4:6 integer\n"},
		{"document start", "--- # c\na: 1\n...\n", "a 2:1 2:4 integer\n"},
		{"alias: all at the alias", "a: &x\n  k: [1]\nb: *x\n", "a 1:1 1:4 map\na.k 2:3 2:6 list\na.k.0 2:7 integer\nb 3:1 3:4 map\nb.k 3:4 3:4 list\nb.k.0 3:4 integer\n"},
		{"merge key: at the alias, first", "a: &x {k: 1, l: 2}\nb:\n  l: 3\n  <<: *x\n", "a 1:1 1:4 map\na.k 1:8 1:11 integer\na.l 1:14 1:17 integer\nb 2:1 3:3 map\nb.k 4:7 4:7 integer\nb.l 3:3 3:6 integer\n"},
		{"explicit key", "? a\n: 1\n", "a 1:3 2:3 integer\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, found := Parse("f.yaml", []byte(c.text))
			if len(found) > 0 {
				t.Fatal(found)
			}
			if root.Pos.File != "f.yaml" {
				t.Errorf("the root is in file %q", root.Pos.File)
			}
			if diff := cmp.Diff(c.want, outline(root)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestOverridePlaces(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"é.b=7", "é 1:1 1:1 map\né.b 1:1 1:5 integer\n"},
		{"a=", "a 1:1 1:3 null\n"},
		{"a={x: 1}", "a 1:1 1:3 map\na.x 1:4 1:7 integer\n"},
	} {
		root, found := ParseOverride(3, c.text)
		if len(found) > 0 {
			t.Fatal(c.text, found)
		}
		if root.Fields[0].KeyPos.File != "--set #3" || root.Fields[0].Value.Pos.File != "--set #3" {
			t.Errorf("%s: places in %+v", c.text, root.Fields[0])
		}
		if diff := cmp.Diff(c.want, outline(root)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.text, diff)
		}
	}
	_, found := ParseOverride(2, "s.a={x: 1,\tx: 2}")
	if got, want := render(found), "1:11: error: tab character"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, found := ParseOverride(2, "s.a=[1, *x]"); len(found) != 1 || found[0].Key != "s.a" || found[0].Pos.String() != "--set #2:1:9" {
		t.Errorf("got %v", found)
	}
	if root, found := ParseOverride(1, "a.b"); len(found) != 1 || found.HasErrors() || root.Lookup("a", "b").Kind != Null {
		t.Errorf("a.b without a value: %v %v", root, found)
	}
}

// TestMergeKeys has PyYAML's rules: own keys win, of a list the earlier map, of
// several merge keys the later.
func TestMergeKeys(t *testing.T) {
	const head = "a: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\nc:\n"
	for _, c := range []struct{ text, want string }{
		{"  <<: *a\n  l: 3\n", "{'k': 1, 'l': 3}"},
		{"  l: 3\n  <<: *a\n", "{'k': 1, 'l': 3}"},
		{"  <<: [*a, *b]\n", "{'k': 1, 'm': 2, 'l': 1}"},
		{"  <<: *a\n  <<: *b\n", "{'k': 2, 'l': 1, 'm': 2}"},
		{"  <<: {x: 1}\n", "{'x': 1}"},
		{"  '<<': 1\n", "{'<<': 1}"},
		{"  <<: [*a, {<<: *b, n: 4}]\n", "{'k': 1, 'm': 2, 'n': 4, 'l': 1}"},
	} {
		root, found := Parse("f", []byte(head+c.text))
		if len(found) > 0 {
			t.Errorf("%s: %v", c.text, found)
		} else if got := root.Lookup("c").PyStr(); got != c.want {
			t.Errorf("%sgot %s, want %s", c.text, got, c.want)
		}
	}
}

func TestNode(t *testing.T) {
	root, found := Parse("f", []byte("a: {b: [1, 2.5, x, null, on]}\nc: ${a.b}\nd: [[\"${oc.env:X,1}\"]]\ne: 99999999999999999999\nf: \"q\"\ng: !!str 1\nh: |\n  b\ni: plain\nj: 0.90\n"))
	if len(found) > 0 {
		t.Fatal(found)
	}
	var none *Node
	if none.Lookup("a") != nil || root.Lookup("a", "x", "y") != nil || root.Lookup() != root || root.Lookup("c", "d") != nil || none.HasInterpolation() || none.Interface() != nil || none.PyStr() != "None" {
		t.Error("Lookup or a nil node")
	}
	for path, want := range map[string]bool{"a": false, "c": true, "d": true, "e": false} {
		if got := root.Lookup(path).HasInterpolation(); got != want {
			t.Errorf("%s: HasInterpolation %v", path, got)
		}
	}
	if diff := cmp.Diff(map[string]any{"b": []any{int64(1), 2.5, "x", nil, true}}, root.Lookup("a").Interface()); diff != "" {
		t.Error(diff)
	}
	if got := plain(root.Lookup("e").Interface()); got != "int 99999999999999999999" {
		t.Error(got)
	}
	for path, want := range map[string]bool{"f": true, "g": true, "h": true, "i": false} {
		if got := root.Lookup(path); got.Quoted != want || got.Kind != String {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if n := root.Lookup("j"); n.Text != "0.90" || n.Float != 0.9 {
		t.Errorf("%+v", n)
	}
	if diff := cmp.Diff(plain(root.Interface()), plain(Of(root.Interface()).Interface())); diff != "" {
		t.Error("Of does not give back what Interface gave", diff)
	}
}
