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
func Merge(layers ...Layer) *Tree {
	root := &Tree{}
	var m merger
	for i, l := range layers {
		if l.Root != nil && l.Root.Kind == source.Map {
			m.layer, m.left = l.Name, len(layers)-i
			m.merge(root, l.Root)
		}
	}
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
		child := t.field(f.Key)
		if child == nil {
			child = m.tree()
			child.Key, child.Path = f.Key, f.Key
			if t.Path != "" || len(t.Chain) > 0 {
				child.Path = t.Path + "." + f.Key
			}
			t.add(child)
		} else if f.Value.Kind == source.String && f.Value.Str == missing && !f.Value.Literal {
			continue
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

// tree returns an empty tree with room for its chain.
func (m *merger) tree() *Tree {
	const bulk = 64
	room := min(m.left, 4)
	if len(m.trees) == 0 {
		m.trees = make([]Tree, bulk)
	}
	if len(m.settings) < room {
		m.settings = make([]Setting, bulk*room)
	}
	t := &m.trees[0]
	t.Chain = m.settings[:0:room]
	m.trees, m.settings = m.trees[1:], m.settings[room:]
	return t
}
