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

	// index finds the first indexed fields by key, once there are many; it may be another tree's.
	index    map[string]int
	indexed  int
	ownIndex bool
	// of made the tree, and alone may change it.
	of *merger
}

// indexFrom is the number of fields from which on a map of them is quicker than
// looking through them.
const indexFrom = 16

// at is where an entry stands in Fields, -1 where there is none.
func (t *Tree) at(key string) int {
	if i, ok := t.index[key]; ok {
		return i
	}
	for i, f := range t.Fields[t.indexed:] {
		if f.Key == key {
			return t.indexed + i
		}
	}
	return -1
}

// add appends an entry that is not there yet.
func (t *Tree) add(f *Tree) {
	t.Fields = append(t.Fields, f)
	switch {
	case t.ownIndex:
		t.index[f.Key] = len(t.Fields) - 1
		t.indexed++
	case len(t.Fields)-t.indexed >= indexFrom:
		t.index = make(map[string]int, 2*len(t.Fields))
		for i, f := range t.Fields {
			t.index[f.Key] = i
		}
		t.indexed, t.ownIndex = len(t.Fields), true
	}
}

// clear takes all entries away.
func (t *Tree) clear() { t.Fields, t.index, t.indexed, t.ownIndex = nil, nil, 0, false }

// Lookup walks along path and returns the Tree there, nil where there is none. An
// empty path returns t. It may be called on a nil Tree.
func (t *Tree) Lookup(path ...string) *Tree {
	for _, key := range path {
		if t == nil {
			return nil
		}
		i := t.at(key)
		if i < 0 {
			return nil
		}
		t = t.Fields[i]
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
