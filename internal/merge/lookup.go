package merge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/source"
)

// spot is a value in the merged configuration: a key's tree, or a node inside of
// a list or of what an interpolation brought in.
type spot struct {
	tree *Tree
	node *source.Node
}

// reference returns the value that an interpolation at a path names.
func (r *resolver) reference(p part, path []string) (*source.Node, *fault) {
	here, at, f := r.find(p, path)
	if f != nil {
		return nil, f
	}
	if n := here.leaf(); n != nil && n.Kind == source.String && n.HasInterpolation() {
		value := r.node(n, at)
		if value == n {
			return nil, r.because(at, p)
		}
		here = spot{node: value}
	}
	value := r.whole(here, at)
	if value.HasInterpolation() {
		return nil, r.because(at, p)
	}
	return r.set(value, at, p)
}

// set refuses a value that must still be set.
func (r *resolver) set(value *source.Node, at []string, p part) (*source.Node, *fault) {
	if value.Kind == source.String && value.Str == missing && !value.Literal {
		return nil, faultf("set that one", "%s names %s, which must still be set", p.raw, strings.Join(at, "."))
	}
	return value, nil
}

// printed returns what an interpolation inside a text names. A list or map is as it was
// written: OmegaConf prints it with the interpolations that stand in it.
func (r *resolver) printed(p part, path []string) (*source.Node, *fault) {
	for range maxDepth {
		here, at, f := r.find(p, path)
		if f != nil {
			return nil, f
		}
		n := here.leaf()
		switch {
		case n == nil:
			return here.written(), nil
		case n.Kind != source.String:
			return n, nil
		case !n.HasInterpolation() || !whole(n.Str) || r.open[strings.Join(at, "\x00")]:
			value := r.node(n, at)
			if value.HasInterpolation() {
				return nil, r.because(at, p)
			}
			return r.set(value, at, p)
		}
		parts, _ := parse(n.Str)
		p, path = parts[0], at
	}
	return nil, faultf("", "more than %d interpolations lead to one another", maxDepth)
}

// find returns the place that an interpolation at a path names, and its own path.
func (r *resolver) find(p part, path []string) (spot, []string, *fault) {
	if f := refuseResolver(p); f != nil {
		return spot{}, nil, f
	}
	key, f := r.key(p, path)
	if f != nil {
		return spot{}, nil, f
	}
	form := keyForm
	if r.dialect == source.OmegaConf24 {
		form = keyForm24
	}
	if !form.MatchString(key) {
		return spot{}, nil, noKey(p)
	}
	dots, names := steps(key)
	var from []string
	if dots > 0 {
		if dots > len(path) {
			return spot{}, nil, faultf("one dot is the map that the key stands in, each further one the map around that", "%s leads out of the configuration", p.raw)
		}
		from = path[:len(path)-dots]
	}
	to := append(from[:len(from):len(from)], names...)
	if len(to) < len(path) && slices.Equal(to, path[:len(to)]) {
		return spot{}, nil, faultf("name one of its keys", "%s stands inside %s itself", p.raw, strings.Join(to, "."))
	}
	return r.at(to, p)
}

// key is the key that an interpolation names, with those in it resolved.
func (r *resolver) key(p part, path []string) (string, *fault) {
	var b strings.Builder
	for _, inner := range p.inner {
		if inner.inner == nil {
			b.WriteString(inner.text)
			continue
		}
		value, f := r.reference(inner, path)
		switch {
		case f != nil:
			return "", f
		case value.Kind == source.String, value.Kind == source.Int && r.dialect == source.OmegaConf24:
			b.WriteString(value.PyStr())
		default:
			return "", faultf("quote it there", "%s names the key %s with a %s, a key is a text", p.raw, value.PyStr(), value.Kind)
		}
	}
	return strings.TrimSpace(b.String()), nil
}

func noKey(p part) *fault {
	return faultf(`an interpolation is ${section.key}; \${ is the plain text`, "%s names no key", p.raw)
}

// at walks to a path. What it leads through is resolved on the way, its end is not.
func (r *resolver) at(path []string, p part) (spot, []string, *fault) {
	if len(path) == 1 && path[0] == "backend" {
		return spot{}, nil, faultf("each backend has sections of its own: write the value there", "%s would be another value for each backend", p.raw)
	}
	here := spot{tree: r.root}
	for i, step := range path {
		if n := here.leaf(); n != nil && n.Kind == source.String && n.HasInterpolation() {
			value := r.node(n, path[:i])
			if value == n {
				return spot{}, nil, r.because(path[:i], p)
			}
			here = spot{node: value}
		}
		next, names, ok := here.step(step, r.dialect)
		if !ok {
			above := strings.Join(path[:i], ".")
			shown := strings.Join(path[:i+1], ".")
			if n := here.leaf(); n != nil && n.Kind != source.Map && n.Kind != source.List {
				return spot{}, nil, faultf("", "%s names %s, but %s is no map", p.raw, shown, above)
			}
			if slices.Contains(names, step) {
				return spot{}, nil, faultf("write its value out, or quote the key where it stands", "%s names %s, whose key is a number or boolean: OmegaConf %s does not find it", p.raw, shown, r.dialect)
			}
			if above != "" {
				above += "."
			}
			return spot{}, nil, nearestOf(faultf("", "%s names %s, which is not there", p.raw, shown), p.raw, names, step, above)
		}
		here = next
	}
	return here, path, nil
}

// because says that what an interpolation names is itself at fault. While that one is
// being resolved the two lead to one another, which is said once for each.
func (r *resolver) because(path []string, p part) *fault {
	return &fault{message: fmt.Sprintf("%s names %s, which cannot be resolved", p.raw, strings.Join(path, ".")), reported: true}
}

// whole is the value at a spot with everything in it resolved.
func (r *resolver) whole(s spot, path []string) *source.Node {
	if s.node != nil {
		return r.node(s.node, path)
	}
	if len(s.tree.Fields) == 0 && s.tree != r.root {
		return r.node(s.tree.Value(), path)
	}
	n := &source.Node{Kind: source.Map}
	for _, f := range s.tree.Fields {
		value := r.whole(spot{tree: f}, append(path[:len(path):len(path)], f.Key))
		n.Fields = append(n.Fields, source.Field{Key: f.Key, Value: value})
	}
	return n
}

// leaf is the node of a spot that is no map with fields, nil for those.
func (s spot) leaf() *source.Node {
	if s.node != nil {
		return s.node
	}
	if len(s.tree.Fields) == 0 {
		return s.tree.Value()
	}
	return nil
}

// written is the map at a spot as it was written.
func (s spot) written() *source.Node {
	if n := s.leaf(); n != nil {
		return n
	}
	n := &source.Node{Kind: source.Map}
	for _, f := range s.tree.Fields {
		n.Fields = append(n.Fields, source.Field{Key: f.Key, KeyKind: f.Winner().KeyKind, Value: spot{tree: f}.written()})
	}
	return n
}

// found reports whether an interpolation finds a key of a kind: texts, to 2.4 integers too.
func found(kind source.Kind, d source.Dialect) bool {
	return kind == 0 || kind == source.Int && d == source.OmegaConf24
}

// step goes one key or index down; names are the keys that are there. An integer as key
// is not found by 2.3, an index from the end only by 2.4.
func (s spot) step(key string, d source.Dialect) (next spot, names []string, ok bool) {
	if s.tree != nil {
		if t := s.tree.Lookup(key); t != nil && found(t.Winner().KeyKind, d) {
			return spot{tree: t}, nil, true
		}
		for _, f := range s.tree.Fields {
			names = append(names, f.Key)
		}
	}
	n := s.leaf()
	switch {
	case n == nil:
	case n.Kind == source.List:
		if !indexForm.MatchString(key) {
			break
		}
		i, err := strconv.Atoi(strings.ReplaceAll(key, "_", ""))
		if err == nil && i < 0 && d == source.OmegaConf24 {
			i += len(n.Items)
		}
		if err == nil && i >= 0 && i < len(n.Items) {
			return spot{node: n.Items[i]}, nil, true
		}
	case n.Kind == source.Map:
		if f := n.Field(key); f != nil && found(f.KeyKind, d) {
			return spot{node: f.Value}, nil, true
		}
		for _, f := range n.Fields {
			names = append(names, f.Key)
		}
	}
	return spot{}, names, false
}

// refuseResolver refuses calls of resolvers: the manifest of one configuration is to be
// the same on every machine, at any time.
func refuseResolver(p part) *fault {
	m := resolverForm.FindStringSubmatch(p.inner[0].text)
	if m == nil {
		return nil
	}
	name, argument := m[1], m[2]
	if name != "oc.env" {
		return faultf("write the value itself", "%s calls the resolver %s, which is not known here: interpolations name keys", p.raw, name)
	}
	variable, standard, has := strings.Cut(argument, ",")
	variable, standard = strings.TrimSpace(variable), strings.TrimSpace(standard)
	f := faultf("write the value itself, and another one where it is wanted with --set KEY=VALUE",
		"%s would take the value from the environment of the machine that compiles, and the manifest would depend on it", p.raw)
	if has && len(p.inner) == 1 {
		f.hint = fmt.Sprintf("write its default, %s, and another value where it is wanted with --set KEY=VALUE instead of %s", standard, variable)
		f.raw, f.suggestion = p.raw, standard
	}
	return f
}
