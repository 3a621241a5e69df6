// Package layout writes configuration files in one canonical form: sections in
// a given order, two spaces of indentation, true, false and null, and quotes
// where readers of YAML 1.1 and of YAML 1.2 would differ. Comments stay where
// they were. A file's values never change, and its canonical form is its own.
//
//	out, found, err := layout.Format("models/x.yaml", data, order, source.OmegaConf23)
//
// It knows no configuration key: what order the sections have is the caller's.
package layout

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"mlcfg/internal/diag"
	"mlcfg/internal/source"
)

// ErrChanged says that the canonical form of a file would not have its values or
// its comments: a fault of this package, found before it does harm.
var ErrChanged = errors.New("the canonical form would not mean the same")

// Format returns the canonical form of a file. Where the findings have errors there
// is none, for what is at fault is not rewritten. order are the keys of the
// file's map as they are to stand; others follow in the order of the file.
func Format(name string, data []byte, order []string, dialect source.Dialect) ([]byte, diag.List, error) {
	doc, found := dialect.ParseDocument(name, data)
	if doc == nil {
		return nil, found, nil
	}
	comments := texts(doc)
	Sort(doc, order)
	out := Print(doc)
	again, faults := dialect.ParseDocument(name, out)
	if again == nil {
		return nil, found, fmt.Errorf("formatting %s: %w: %s", name, ErrChanged, faults[0].Message)
	}
	if !Same(doc.Root, again.Root) || !slices.Equal(comments, texts(again)) {
		return nil, found, fmt.Errorf("formatting %s: %w", name, ErrChanged)
	}
	return out, found, nil
}

// Sort puts the entries of the file's map in order; those that order does not
// name follow as they are. Where anchors connect entries they all stay.
func Sort(doc *source.Document, order []string) {
	if doc.Linked {
		return
	}
	rank := func(e *source.Entry) int {
		if i := slices.Index(order, KeyOf(e)); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(doc.Entries, func(a, b *source.Entry) int { return rank(a) - rank(b) })
}

// KeyOf is the text of an entry's key, empty for an item and an alias.
func KeyOf(e *source.Entry) string {
	if e.Key == nil {
		return ""
	}
	return e.Key.PyStr()
}

// Same reports whether two values are equal: of the same type, and text that is in
// quotes in one is so in the other, unless it needs them. The order of keys does not count.
func Same(a, b *source.Node) bool {
	if a.Kind != b.Kind || len(a.Fields) != len(b.Fields) || len(a.Items) != len(b.Items) {
		return false
	}
	switch a.Kind {
	case source.Bool:
		return a.Bool == b.Bool
	case source.Int:
		return a.Int.Cmp(b.Int) == 0
	case source.Float:
		return math.Float64bits(a.Float) == math.Float64bits(b.Float) || math.IsNaN(a.Float) && math.IsNaN(b.Float)
	case source.String:
		return a.Str == b.Str && (a.Quoted == b.Quoted || b.Quoted && b.Spell() == source.Unquoted(a.Str).Spell())
	}
	for i, item := range a.Items {
		if !Same(item, b.Items[i]) {
			return false
		}
	}
	fields := make(map[string]*source.Node, len(b.Fields))
	for _, f := range b.Fields {
		fields[f.Key] = f.Value
	}
	return !slices.ContainsFunc(a.Fields, func(f source.Field) bool {
		other := fields[f.Key]
		return other == nil || !Same(f.Value, other)
	})
}

// texts are all comments of a document, sorted.
func texts(doc *source.Document) (all []string) {
	add := func(comments []source.Comment) {
		for _, c := range comments {
			all = append(all, c.Text)
		}
	}
	var visit func([]*source.Entry)
	visit = func(entries []*source.Entry) {
		for _, e := range entries {
			add(e.Head)
			add(e.Foot)
			if e.Line != "" {
				all = append(all, e.Line)
			}
			visit(e.Value.Entries)
		}
	}
	add(doc.Head)
	add(doc.Foot)
	visit(doc.Entries)
	slices.Sort(all)
	return all
}
