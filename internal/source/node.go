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
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/python"
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

// String returns the word that messages use for a kind.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "boolean"
	case Int:
		return "integer"
	case Float:
		return "float"
	case String:
		return "text"
	case Map:
		return "map"
	case List:
		return "list"
	}
	return "invalid"
}

// Node is a typed value with the place where it stands. A Node is not changed
// after it was made: layers share nodes freely.
type Node struct {
	Kind Kind
	// Pos is the place of the value itself; for an empty value the place
	// behind its key's colon. What an alias brings in stands at the alias.
	Pos diag.Pos
	// Text is the scalar as it was written, without quotes; empty for Map and List.
	Text string
	// Quoted reports whether a scalar was quoted, a block scalar or tagged !!str:
	// it is text by intent.
	Quoted bool
	// single tells single quotes.
	single bool
	Bool   bool
	// Int is set for Kind Int, of any size.
	Int   *big.Int
	Float float64
	// Str is the text of Kind String.
	Str string
	// Literal reports whether Str is plain text: its interpolations are
	// resolved, or its ??? was escaped and is not the word for what must still be set.
	Literal bool
	// Fields are a Map's entries in the order of the file, without duplicates;
	// entries from a merge key (<<) come first.
	Fields []Field
	// Items are a List's entries.
	Items []*Node
}

// Field is one entry of a Map.
type Field struct {
	// Key is the key's text. A number or boolean as key has the text that
	// Python's str() writes it.
	Key    string
	KeyPos diag.Pos
	// KeyKind is Int, Float or Bool where OmegaConf takes the key for one, and the zero Kind
	// for a text.
	KeyKind Kind
	Value   *Node
}

// Field finds a Map's entry, nil where there is none. A nil Node has none.
func (n *Node) Field(key string) *Field {
	if n == nil || n.Kind != Map {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return &n.Fields[i]
		}
	}
	return nil
}

// Lookup walks maps along path and returns the node there, nil where there is
// none. It may be called on a nil Node.
func (n *Node) Lookup(path ...string) *Node {
	for _, key := range path {
		f := n.Field(key)
		if f == nil {
			return nil
		}
		n = f.Value
	}
	return n
}

// HasInterpolation reports whether the text holds an interpolation, ${...}, by
// OmegaConf's rule: any text with "${" in it, escaped or not, that is not Literal. A Map or List has
// one if any value in it has.
func (n *Node) HasInterpolation() bool {
	if n == nil {
		return false
	}
	switch n.Kind {
	case String:
		return !n.Literal && strings.Contains(n.Str, "${")
	case Map:
		return slices.ContainsFunc(n.Fields, func(f Field) bool { return f.Value.HasInterpolation() })
	case List:
		return slices.ContainsFunc(n.Items, (*Node).HasInterpolation)
	}
	return false
}

// Interface returns the value as plain Go data: nil, bool, int64 (or *big.Int
// where it does not fit), float64, string, []any, map[string]any.
func (n *Node) Interface() any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case Bool:
		return n.Bool
	case Int:
		if n.Int.IsInt64() {
			return n.Int.Int64()
		}
		return new(big.Int).Set(n.Int)
	case Float:
		return n.Float
	case String:
		return n.Str
	case Map:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Key] = f.Value.Interface()
		}
		return m
	case List:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = item.Interface()
		}
		return l
	}
	return nil
}

// Of makes a Node without a place of plain Go data: what Interface returns, and
// int. A map's fields are sorted by key. It panics on any other type: it is
// meant for values that the program itself names, tests above all.
func Of(v any) *Node {
	switch v := v.(type) {
	case nil:
		return &Node{Kind: Null, Text: "null"}
	case bool:
		n := &Node{Kind: Bool, Bool: v}
		n.Text = strings.ToLower(n.PyStr())
		return n
	case int:
		return Of(big.NewInt(int64(v)))
	case int64:
		return Of(big.NewInt(v))
	case *big.Int:
		return &Node{Kind: Int, Int: v, Text: v.String()}
	case float64:
		return &Node{Kind: Float, Float: v, Text: python.Float(v)}
	case string:
		return &Node{Kind: String, Str: v, Text: v, Quoted: true}
	case []any:
		n := &Node{Kind: List}
		for _, item := range v {
			n.Items = append(n.Items, Of(item))
		}
		return n
	case map[string]any:
		n := &Node{Kind: Map}
		for key, value := range v {
			n.Fields = append(n.Fields, Field{Key: key, Value: Of(value)})
		}
		slices.SortFunc(n.Fields, func(a, b Field) int { return cmp.Compare(a.Key, b.Key) })
		return n
	}
	panic(fmt.Sprintf("source.Of: no node for a %T", v))
}
