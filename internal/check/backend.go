package check

import (
	"maps"
	"slices"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
)

// BackendLayer is the name of the layer that a backend's name puts on top.
const BackendLayer = "backend"

// AccuracyLayer is the name of the layer that the harness puts on a run in accuracy mode.
const AccuracyLayer = "accuracy"

// LayerOf is what a backend's name itself sets; ok is false where that is nothing.
func LayerOf(b *backend.Backend) (layer merge.Layer, ok bool) {
	if len(b.Fixed) == 0 {
		return merge.Layer{}, false
	}
	pos := diag.Pos{File: "--backend " + b.Name, Line: 1, Column: 1}
	section := &source.Node{Kind: source.Map, Pos: pos}
	for _, key := range slices.Sorted(maps.Keys(b.Fixed)) {
		value := source.Of(b.Fixed[key])
		value.Pos = pos
		section.Fields = append(section.Fields, source.Field{Key: key, KeyPos: pos, Value: value})
	}
	root := &source.Node{Kind: source.Map, Pos: pos, Fields: []source.Field{{Key: b.EngineSection(), KeyPos: pos, Value: section}}}
	return merge.Layer{Name: BackendLayer, Root: root}, true
}
