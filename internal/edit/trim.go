package edit

import (
	"slices"
	"strings"

	"mlcfg/internal/check"
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/internal/source/layout"
)

// Value is a value of an overlay that its base has already.
type Value struct {
	// Key is the full dotted path, Pos its place.
	Key string
	Pos diag.Pos
	// Text is the value as it is spelt in canonical layout.
	Text string
	// Base is the place in the base.
	Base diag.Pos
	// BaseKey is the key there where it is another: the environment of one
	// engine may repeat that of all.
	BaseKey string
	// Comment is the comment behind the value, empty where there is none.
	Comment string
}

// Find returns the values of an overlay that its base has, in the order of the
// file. Numbers of another type (0 and 0.0) are not equal; in the environment, where all
// is text, what counts is the text.
func Find(base *source.Node, doc *source.Document) []Value {
	f := finder{base: base, overlay: doc.Root}
	f.visit(doc.Entries, nil)
	return f.found
}

type finder struct {
	base, overlay *source.Node
	found         []Value
}

const (
	sharedEnv = "env_config"
	ownEnv    = "_env_config"
)

func (f *finder) visit(entries []*source.Entry, path []string) {
	for _, e := range entries {
		if e.Key == nil || e.KeyAnchor != "" || e.Value.Anchor != "" {
			continue
		}
		at := append(slices.Clip(path), layout.KeyOf(e))
		if e.Value.Kind == source.Map && e.Value.Alias == "" {
			f.visit(e.Value.Entries, at)
			continue
		}
		own := f.overlay.Lookup(at...)
		if own == nil || anchored(e.Value) {
			continue
		}
		there, key := f.there(at)
		if there == nil || !equal(own, there.Value, isEnv(at)) {
			continue
		}
		f.found = append(f.found, Value{
			Key: strings.Join(at, "."), Pos: e.Key.Pos, Text: spell(own), Base: there.KeyPos, BaseKey: key,
			Comment: e.Line,
		})
	}
}

// anchored reports whether something inside a value may be meant elsewhere.
func anchored(v *source.Value) bool {
	return slices.ContainsFunc(v.Entries, func(e *source.Entry) bool {
		return e.KeyAnchor != "" || e.Value.Anchor != "" || anchored(e.Value)
	})
}

func isEnv(path []string) bool {
	return len(path) == 2 && (path[0] == sharedEnv || strings.HasSuffix(path[0], ownEnv))
}

// there finds what a path would be without the overlay's value.
func (f *finder) there(path []string) (field *source.Field, otherKey string) {
	last := len(path) - 1
	if field = f.base.Lookup(path[:last]...).Field(path[last]); field != nil {
		return field, ""
	}
	if !isEnv(path) || path[0] == sharedEnv {
		return nil, ""
	}
	field = f.base.Lookup(sharedEnv).Field(path[1])
	if over := f.overlay.Lookup(sharedEnv, path[1]); field == nil || over != nil && !equal(over, field.Value, true) {
		return nil, ""
	}
	return field, sharedEnv + "." + path[1]
}

// equal reports whether two values come to the same in a manifest.
func equal(a, b *source.Node, env bool) bool {
	isNull := check.IsNull
	if env {
		isNull = check.IsUnset
	}
	switch {
	case isNull(a) || isNull(b):
		return isNull(a) && isNull(b)
	case env && a.Kind != source.Map && a.Kind != source.List && b.Kind != source.Map && b.Kind != source.List:
		return a.PyStr() == b.PyStr()
	}
	return a.Kind == b.Kind && a.PyStr() == b.PyStr()
}

func spell(n *source.Node) string {
	if n.Kind == source.Map || n.Kind == source.List {
		return n.PyStr()
	}
	return n.Spell()
}
