// Interpolations, ${section.key} in a merged
// configuration, are resolved as OmegaConf does: absolute (${a.b}, ${a[0]}), relative
// (${.sibling}, ${..of_the_parent}), nested (${a.${b}}) and inside of text; \${ is
// the plain text. In a text a list or map is printed as it was written, its own
// interpolations left alone. What would make the result depend on the machine is refused, and
// so are resolvers.
//
//	layer, found := Resolve(tree)
//	if layer != nil { tree = config.With(*layer) }
//
// The values come as a layer on top, so that a key's chain still shows what was
// written.

package merge

import (
	"fmt"
	"strconv"
	"strings"

	"mlcfg/internal/diag"

	"mlcfg/internal/source"
)

// LayerName is the name of the layer of resolved values.
const LayerName = "interpolation"

// Code is the code of every finding.
const Code = "interpolation"

// Bounds on what interpolations may grow to.
const (
	maxText  = 1 << 16 // characters of one text
	maxNodes = 100_000 // values that all interpolations bring in together
	maxDepth = 100     // interpolations that lead to one another
)

// Resolve returns the layer of the values of all interpolations, nil where there are
// none. An interpolation at fault stays as it is, and is reported at its place.
// Their keys are read as a dialect does.
func Resolve(tree *Tree, d source.Dialect) (*Layer, diag.List) {
	if !has(tree) {
		return nil, nil
	}
	r := &resolver{root: tree, dialect: d, done: map[string]*source.Node{}, open: map[string]bool{}}
	root := r.layer(tree, nil)
	r.found.Sort()
	if root == nil {
		return nil, r.found
	}
	return &Layer{Name: LayerName, Root: root}, r.found
}

func has(tree *Tree) bool {
	for t := range tree.All() {
		for _, s := range t.Chain {
			if s.Node.Kind != source.Map && s.Node.HasInterpolation() {
				return true
			}
		}
	}
	return false
}

type resolver struct {
	root    *Tree
	dialect source.Dialect
	found   diag.List
	// done are resolved texts by path, open those being resolved.
	done  map[string]*source.Node
	open  map[string]bool
	trail []string
	nodes int
}

// layer returns a map of what is resolved below a tree, nil where that is nothing.
func (r *resolver) layer(t *Tree, path []string) *source.Node {
	root := &source.Node{Kind: source.Map}
	if w := t.Winner(); w.Node != nil {
		root.Pos = w.Node.Pos
	}
	for _, f := range t.Fields {
		at := append(path[:len(path):len(path)], f.Key)
		var value *source.Node
		if len(f.Fields) > 0 {
			r.covered(f)
			value = r.layer(f, at)
		} else if n := f.Value(); n.HasInterpolation() {
			if value = r.node(n, at); value == n {
				value = nil
			}
		}
		if value != nil {
			root.Fields = append(root.Fields, source.Field{Key: f.Key, KeyPos: f.Winner().KeyPos, Value: value})
		}
	}
	if len(root.Fields) == 0 {
		return nil
	}
	return root
}

// covered reports a map that a later layer puts over an interpolation: OmegaConf
// merges it into what the interpolation brings in, where merge replaces. A text with more
// in it than one interpolation is replaced by OmegaConf too.
func (r *resolver) covered(t *Tree) {
	for i, s := range t.Chain[:len(t.Chain)-1] {
		if s.Node.Kind == source.String && s.Node.HasInterpolation() && whole(s.Node.Str) {
			r.found.Add(diag.Diagnostic{
				Pos: t.Chain[i+1].KeyPos, Severity: diag.Error, Code: Code, Key: t.Path,
				Message: fmt.Sprintf("%s goes over the interpolation %s of a lower layer, which is not merged with", t.Key, s.Node.Str),
				Hint:    "write the values instead of the interpolation",
				Related: []diag.Related{{Pos: s.Node.Pos, Message: "the interpolation"}},
			})
		}
	}
}

// whole reports whether a text is one interpolation and nothing else.
func whole(text string) bool {
	parts, f := parse(text)
	return f == nil && len(parts) == 1 && parts[0].inner != nil
}

// node resolves all interpolations in a value at a path. What has a fault is
// given back as it is.
func (r *resolver) node(n *source.Node, path []string) *source.Node {
	if !n.HasInterpolation() {
		return n
	}
	switch n.Kind {
	case source.List:
		out := &source.Node{Kind: source.List, Pos: n.Pos}
		for i, item := range n.Items {
			out.Items = append(out.Items, r.node(item, append(path[:len(path):len(path)], strconv.Itoa(i))))
		}
		return out
	case source.Map:
		out := &source.Node{Kind: source.Map, Pos: n.Pos}
		for _, f := range n.Fields {
			f.Value = r.node(f.Value, append(path[:len(path):len(path)], f.Key))
			out.Fields = append(out.Fields, f)
		}
		return out
	}
	id := strings.Join(path, "\x00")
	if done, ok := r.done[id]; ok {
		return done
	}
	value, f := r.text(n, path, id)
	if f != nil {
		value = n
		if !f.reported {
			name := path[len(path)-1]
			r.found.Add(diag.Diagnostic{
				Pos: n.Pos, Severity: diag.Error, Code: Code, Key: strings.Join(path, "."),
				Message: name + ": " + f.message, Hint: f.hint, Suggestion: f.inPlace(n),
			})
		}
	}
	r.done[id] = value
	return value
}

// fault is why a text cannot be resolved.
type fault struct {
	message, hint string
	// raw is an interpolation that would be right as suggestion; both empty where none is near.
	raw, suggestion string
	// reported reports whether the cause is reported at another place.
	reported bool
}

// inPlace is the text of a value with the interpolation at fault mended; empty where
// nothing is suggested.
func (f *fault) inPlace(n *source.Node) string {
	if f.suggestion == "" {
		return ""
	}
	text := strings.Replace(n.Str, f.raw, f.suggestion, 1)
	return (&source.Node{Kind: source.String, Str: text, Text: text, Quoted: n.Quoted}).Spell()
}

func faultf(hint, format string, args ...any) *fault {
	return &fault{message: fmt.Sprintf(format, args...), hint: hint}
}

// text resolves a text with interpolations.
func (r *resolver) text(n *source.Node, path []string, id string) (*source.Node, *fault) {
	shown := strings.Join(path, ".")
	if r.open[id] {
		return nil, faultf("write one of these values out", "%s leads back to itself: %s", n.Str, strings.Join(append(r.trail[:len(r.trail):len(r.trail)], shown), " -> "))
	}
	if len(r.trail) >= maxDepth {
		return nil, faultf("", "more than %d interpolations lead to one another", maxDepth)
	}
	r.open[id] = true
	r.trail = append(r.trail, shown)
	defer func() {
		delete(r.open, id)
		r.trail = r.trail[:len(r.trail)-1]
	}()
	parts, f := parse(n.Str)
	if f != nil {
		return nil, f
	}
	if len(parts) == 1 && parts[0].inner != nil {
		value, f := r.reference(parts[0], path)
		if f != nil {
			return nil, f
		}
		return r.placed(value, n.Pos)
	}
	text, f := r.join(parts, path)
	if f != nil {
		return nil, f
	}
	return &source.Node{Kind: source.String, Pos: n.Pos, Text: text, Str: text, Quoted: true, Literal: true}, nil
}

// join puts a text together of its parts.
func (r *resolver) join(parts []part, path []string) (string, *fault) {
	var b strings.Builder
	for _, p := range parts {
		if p.inner == nil {
			b.WriteString(p.text)
		} else {
			value, f := r.printed(p, path)
			if f != nil {
				return "", f
			}
			b.WriteString(value.PyStr())
		}
		if b.Len() > maxText {
			return "", faultf("", "interpolations make a text of more than %d characters", maxText)
		}
	}
	return b.String(), nil
}

// placed copies a value to the place of the interpolation that brings it in.
func (r *resolver) placed(n *source.Node, pos diag.Pos) (*source.Node, *fault) {
	if r.nodes++; r.nodes > maxNodes {
		return nil, faultf("", "interpolations bring in more than %d values", maxNodes)
	}
	out := *n
	out.Pos = pos
	out.Items, out.Fields = nil, nil
	for _, item := range n.Items {
		item, f := r.placed(item, pos)
		if f != nil {
			return nil, f
		}
		out.Items = append(out.Items, item)
	}
	for _, field := range n.Fields {
		value, f := r.placed(field.Value, pos)
		if f != nil {
			return nil, f
		}
		out.Fields = append(out.Fields, source.Field{Key: field.Key, KeyPos: pos, Value: value})
	}
	return &out, nil
}

// nearestOf adds what a misspelt step was most likely meant to be.
func nearestOf(f *fault, raw string, names []string, step, above string) *fault {
	if near := diag.Name(names, step); near != "" {
		at := strings.LastIndex(raw, step)
		if at >= 0 { // else a part of it comes from another interpolation
			f.raw, f.suggestion = raw, raw[:at]+near+raw[at+len(step):]
		}
		f.message += ", did you mean " + above + near
	}
	return f
}
