package merge

import (
	"fmt"
	"slices"

	"mlcfg/internal/diag"
	"mlcfg/internal/source"
)

// missing is OmegaConf's word for a value that must still be set.
const missing = "???"

// Merge puts layers on one another, the first lowest, as OmegaConf merges:
// maps key by key; lists and scalars replaced; null over a map, a map over null
// and a scalar over a map replace it whole; the text ??? never replaces a value.
// Where OmegaConf refuses (a map over a list or the reverse) the later
// layer replaces, and the schema says which of the two is right.
//
// The nodes of the layers are shared, not copied. The result is never nil.
func Merge(layers ...Layer) *Tree { return (&Tree{}).With(layers...) }

// With returns the tree with more layers on top, as if it had been merged with them. It leaves the
// tree as it is, and shares with it what the layers say nothing of.
func (t *Tree) With(layers ...Layer) *Tree {
	m := &merger{left: len(layers)}
	root := m.copy(t)
	for i, l := range layers {
		if l.Root != nil && l.Root.Kind == source.Map {
			m.layer, m.left = l.Name, len(layers)-i
			m.merge(root, l.Root)
		}
	}
	m.trees, m.settings = nil, nil
	return root
}

// Without returns the tree without the entry at a path; the tree itself where it is not there. A
// map that is left without entries is an empty one.
func (t *Tree) Without(path ...string) *Tree {
	if t.Lookup(path...) == nil || len(path) == 0 {
		return t
	}
	m := &merger{}
	root := m.copy(t)
	at := root
	for _, key := range path[:len(path)-1] {
		i := at.at(key)
		at.Fields[i] = m.copy(at.Fields[i])
		at = at.Fields[i]
	}
	i := at.at(path[len(path)-1])
	fields := slices.Delete(at.Fields, i, i+1)
	at.clear()
	for _, f := range fields {
		at.add(f)
	}
	if n := len(at.Chain); len(at.Fields) == 0 && n > 0 && at.Chain[n-1].Node.Kind == source.Map {
		at.Chain[n-1].Node = &source.Node{Kind: source.Map, Pos: at.Chain[n-1].Node.Pos}
	}
	m.trees, m.settings = nil, nil
	return root
}

// Mixed reports the keys that one layer writes as an integer and another as a text: 2.4
// refuses to merge those, to 2.3 they are two keys.
func Mixed(tree *Tree, d source.Dialect) (found diag.List) {
	if d != source.OmegaConf24 {
		return nil
	}
	for t := range tree.All() {
		for i, s := range t.Chain[1:] {
			if first := t.Chain[i]; (first.KeyKind == source.Int) != (s.KeyKind == source.Int) {
				found.Add(diag.Diagnostic{
					Pos: s.KeyPos, Severity: diag.Error, Code: "duplicate-key", Key: t.Path,
					Message: fmt.Sprintf("key %s is an integer in one layer and a text in another, which OmegaConf 2.4 refuses", t.Key),
					Hint:    "quote it in both, or in none",
					Related: []diag.Related{{Pos: first.KeyPos, Message: "first set here"}},
				})
				break
			}
		}
	}
	return found
}

// merger puts one layer after the other on a tree.
type merger struct {
	layer string
	// left is how many layers are left, this one included: so long can the
	// chain of a key grow that is met for the first time.
	left int
	// trees and settings are room for what is made next, taken in bulk.
	trees    []Tree
	settings []Setting
}

// merge puts the layer's map on t.
func (m *merger) merge(t *Tree, from *source.Node) {
	for i := range from.Fields {
		f := &from.Fields[i]
		var child *Tree
		at := t.at(f.Key)
		switch {
		case at < 0:
			child = m.tree(m.left)
			child.Key, child.Path = f.Key, f.Key
			if t.Path != "" || len(t.Chain) > 0 {
				child.Path = t.Path + "." + f.Key
			}
			t.add(child)
		case f.Value.Kind == source.String && f.Value.Str == missing && !f.Value.Literal:
			continue
		case t.Fields[at].of != m:
			child = m.copy(t.Fields[at])
			t.Fields[at] = child
		default:
			child = t.Fields[at]
		}
		child.Chain = append(child.Chain, Setting{Layer: m.layer, KeyPos: f.KeyPos, Node: f.Value, KeyKind: f.KeyKind})
		if f.Value.Kind != source.Map {
			child.clear()
			continue
		}
		child.Fields = slices.Grow(child.Fields, len(f.Value.Fields))
		m.merge(child, f.Value)
	}
}

// copy returns a tree that the merger may change, with the entries of another.
func (m *merger) copy(t *Tree) *Tree {
	c := m.tree(len(t.Chain) + m.left)
	c.Key, c.Path = t.Key, t.Path
	c.Chain = append(c.Chain, t.Chain...)
	c.Fields = slices.Clone(t.Fields)
	c.index, c.indexed = t.index, t.indexed
	return c
}

// tree returns an empty tree with room for settings of its chain.
func (m *merger) tree(settings int) *Tree {
	const bulk = 32
	settings = min(settings, 4)
	if len(m.trees) == 0 {
		m.trees = make([]Tree, bulk)
	}
	if len(m.settings) < settings {
		m.settings = make([]Setting, bulk*settings)
	}
	t := &m.trees[0]
	t.of, t.Chain = m, m.settings[:0:settings]
	m.trees, m.settings = m.trees[1:], m.settings[settings:]
	return t
}
