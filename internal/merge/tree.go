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
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
)

// Layer is one source of configuration. Later layers win.
type Layer struct {
	// Name is base, overlay or override.
	Name string
	Root *source.Node
}

// Setting is one layer's word on a key.
type Setting struct {
	Layer  string
	KeyPos diag.Pos
	Node   *source.Node
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
}
