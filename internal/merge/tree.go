// Package merge puts layers of configuration on one another, key by key, and
// remembers for each key every layer that set it. Lists and scalars are
// replaced, maps merge, nulls are kept. It knows nothing of any engine.
//
//	tree := merge.Merge(merge.Layer{Name: "base", Root: base}, merge.Layer{Name: "overlay", Root: overlay})
//	v := tree.Lookup("vllm_engine_config", "max_num_seqs")
//	v.Value()          // the winning *source.Node
//	v.Chain            // who set it, lowest layer first
package merge

import (
	"iter"
	"slices"

	"mlcfg/internal/diag"
	"mlcfg/internal/source"
)

// Layer is one source of configuration. Later layers win.
type Layer struct {
	// Name is base, overlay or override.
	Name string
	// Root is a Map; a nil Root is a layer that sets nothing.
	Root *source.Node
}

// Setting is one layer's word on a key.
type Setting struct {
	Layer  string
	KeyPos diag.Pos
	Node   *source.Node
	// KeyKind is Int, Float or Bool where the layer writes the key as one, zero for a text.
	KeyKind source.Kind
}

// Tree is a key's merged state: a leaf (scalar, list, null, empty map) or a map with Fields.
type Tree struct {
	// Key is the last element of the path, Path the full dotted path.
	Key  string
	Path string
	// Chain is every layer that set this key, lowest first; the last wins.
	// It is empty only for the root.
	Chain []Setting
	// Fields are a map's entries in order of first appearance (base first).
	Fields []*Tree

	// index finds a field by key, once there are many.
	index map[string]*Tree
}

// indexFrom is the number of fields from which on a map of them is quicker than
// looking through them.
const indexFrom = 16

// field finds an entry, nil where there is none.
func (t *Tree) field(key string) *Tree {
	if t.index != nil {
		return t.index[key]
	}
	for _, f := range t.Fields {
		if f.Key == key {
			return f
		}
	}
	return nil
}

// add appends an entry that is not there yet.
func (t *Tree) add(f *Tree) {
	t.Fields = append(t.Fields, f)
	switch {
	case t.index != nil:
		t.index[f.Key] = f
	case len(t.Fields) >= indexFrom:
		t.index = make(map[string]*Tree, 2*len(t.Fields))
		for _, f := range t.Fields {
			t.index[f.Key] = f
		}
	}
}

// clear takes all entries away.
func (t *Tree) clear() { t.Fields, t.index = nil, nil }

// Drop takes an entry away, where it is there. It changes the tree: only for one that
// was merged for the purpose.
func (t *Tree) Drop(key string) {
	t.Fields = slices.DeleteFunc(t.Fields, func(f *Tree) bool { return f.Key == key })
	delete(t.index, key)
	if n := len(t.Chain); len(t.Fields) == 0 && n > 0 && t.Chain[n-1].Node.Kind == source.Map {
		t.Chain[n-1].Node = &source.Node{Kind: source.Map, Pos: t.Chain[n-1].Node.Pos}
	}
}

// Lookup walks along path and returns the Tree there, nil where there is none. An
// empty path returns t. It may be called on a nil Tree.
func (t *Tree) Lookup(path ...string) *Tree {
	for _, key := range path {
		if t == nil {
			return nil
		}
		t = t.field(key)
	}
	return t
}

// Winner is the setting that wins, the zero Setting for the root and nil.
func (t *Tree) Winner() Setting {
	if t == nil || len(t.Chain) == 0 {
		return Setting{}
	}
	return t.Chain[len(t.Chain)-1]
}

// Value is the node that wins, nil for the root and nil. For a map with Fields
// it is the last layer's part of it only: the merged content is in Fields.
func (t *Tree) Value() *source.Node { return t.Winner().Node }

// All iterates over every key below t in order, maps before their entries.
func (t *Tree) All() iter.Seq[*Tree] {
	return func(yield func(*Tree) bool) { t.visit(yield) }
}

func (t *Tree) visit(yield func(*Tree) bool) bool {
	if t == nil {
		return true
	}
	for _, f := range t.Fields {
		if !yield(f) || !f.visit(yield) {
			return false
		}
	}
	return true
}

// Leaves iterates over every leaf below t in order: scalars, lists, nulls and
// empty maps.
func (t *Tree) Leaves() iter.Seq[*Tree] {
	return func(yield func(*Tree) bool) {
		for f := range t.All() {
			if len(f.Fields) == 0 && !yield(f) {
				return
			}
		}
	}
}

// Interface returns the merged value as plain Go data, as [source.Node.Interface]
// does. The root is always a map[string]any.
func (t *Tree) Interface() any {
	switch {
	case t == nil:
		return nil
	case len(t.Fields) == 0 && len(t.Chain) > 0:
		return t.Value().Interface()
	}
	m := make(map[string]any, len(t.Fields))
	for _, f := range t.Fields {
		m[f.Key] = f.Interface()
	}
	return m
}
