// Package source reads configuration text into nodes that keep the place of
// every key and value, with scalars typed as OmegaConf types them (YAML 1.1:
// yes, off, 010, 1_000, 1e3), because existing files were written for that
// reader. It is the only package that imports a YAML library, and it knows no
// configuration key.
//
//	root, found := source.Parse("models/x.yaml", data)
//	port := root.Lookup("harness_config", "target_qps")
package source

import (
	"math/big"

	"mlcfg/internal/diag"
)

// Kind says what a Node holds.
type Kind uint8

// The kinds of node. The zero Kind is invalid.
const (
	_ Kind = iota
	Null
	Bool
	Int
	Float
	String
	Map
	List
)

// Node is a typed value with the place where it stands. A Node is not changed
// after it was made: layers share nodes freely.
type Node struct {
	Kind Kind
	// Pos is the place of the value itself; for an empty value the place
	// behind its key's colon.
	Pos diag.Pos
	// Text is the scalar as it was written, without quotes; empty for Map and List.
	Text string
	// Quoted tells that a scalar was quoted, a block scalar or tagged !!str:
	// it is text by intent.
	Quoted bool
	Bool   bool
	// Int is set for Kind Int, of any size.
	Int   *big.Int
	Float float64
	// Str is the text of Kind String.
	Str string
	// Fields are a Map's entries in the order of the file, without duplicates.
	Fields []Field
	// Items are a List's entries.
	Items []*Node
}

// Field is one entry of a Map.
type Field struct {
	Key    string
	KeyPos diag.Pos
	Value  *Node
}
