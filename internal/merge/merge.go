package merge

import (
	"slices"

	"mlcfg/internal/source"
)

// missing is OmegaConf's word for a value that must still be set.
const missing = "???"

// Merge puts layers on one another, the first lowest, as OmegaConf 2.3 merges:
// maps key by key; lists and scalars replaced; null over a map, a map over null
// and a scalar over a map replace it whole; the text ??? never replaces a value.
// Where OmegaConf refuses (a map over a list or the reverse) the later
// layer replaces, and the schema says which of the two is right.
//
// The nodes of the layers are shared, not copied. The result is never nil.
func Merge(layers ...Layer) *Tree {
	root := &Tree{}
	for _, l := range layers {
		if l.Root != nil && l.Root.Kind == source.Map {
			root.merge(l.Name, l.Root)
		}
	}
	return root
}

// merge puts one layer's map on t.
func (t *Tree) merge(layer string, m *source.Node) {
	for i := range m.Fields {
		f := &m.Fields[i]
		child := t.field(f.Key)
		if child == nil {
			child = &Tree{Key: f.Key, Path: f.Key}
			if t.Path != "" || len(t.Chain) > 0 {
				child.Path = t.Path + "." + f.Key
			}
			t.add(child)
		} else if f.Value.Kind == source.String && f.Value.Str == missing {
			continue
		}
		child.Chain = append(child.Chain, Setting{Layer: layer, KeyPos: f.KeyPos, Node: f.Value})
		if f.Value.Kind != source.Map {
			child.clear()
			continue
		}
		child.Fields = slices.Grow(child.Fields, len(f.Value.Fields))
		child.merge(layer, f.Value)
	}
}
