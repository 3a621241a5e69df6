package merge

import (
	"fmt"
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
	if f := refuseResolver(p); f != nil {
		return nil, f
	}
	key, f := r.join(p.inner, path)
	if f != nil {
		return nil, f
	}
	key = strings.TrimSpace(key)
	if !keyForm().MatchString(key) {
		return nil, faultf(`an interpolation is ${section.key}; \${ is the plain text`, "%s names no key", p.raw)
	}
	dots, names := steps(key)
	var from []string
	if dots > 0 {
		if dots > len(path) {
			return nil, faultf("one dot is the map that the key stands in, each further one the map around that", "%s leads out of the configuration", p.raw)
		}
		from = path[:len(path)-dots]
	}
	return r.at(append(from[:len(from):len(from)], names...), p)
}

// at returns the resolved value at a path.
func (r *resolver) at(path []string, p part) (*source.Node, *fault) {
	if len(path) == 1 && path[0] == "backend" {
		return nil, faultf("each backend has sections of its own: write the value there", "%s would be another value for each backend", p.raw)
	}
	here := spot{tree: r.root}
	for i, step := range path {
		next, names, ok := here.step(step)
		if !ok {
			above := strings.Join(path[:i], ".")
			shown := strings.Join(path[:i+1], ".")
			if n := here.leaf(); n != nil && n.Kind != source.Map && n.Kind != source.List {
				return nil, faultf("", "%s names %s, but %s is no map", p.raw, shown, above)
			}
			if above != "" {
				above += "."
			}
			return nil, nearestOf(faultf("", "%s names %s, which is not there", p.raw, shown), names, step, above)
		}
		here = next
		if n := here.leaf(); n != nil && n.Kind == source.String && n.HasInterpolation() {
			value := r.node(n, path[:i+1])
			if value == n {
				return nil, r.because(path[:i+1], p)
			}
			here = spot{node: value}
		}
	}
	value := r.whole(here, path)
	switch {
	case value.HasInterpolation():
		return nil, r.because(path, p)
	case value.Kind == source.String && value.Str == "???":
		return nil, faultf("set that one", "%s names %s, which must still be set", p.raw, strings.Join(path, "."))
	}
	return value, nil
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

// step goes one key or index down; names are the keys that are there.
func (s spot) step(key string) (next spot, names []string, ok bool) {
	if s.tree != nil {
		if t := s.tree.Lookup(key); t != nil {
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
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Items) {
			return spot{node: n.Items[i]}, nil, true
		}
	case n.Kind == source.Map:
		if f := n.Field(key); f != nil {
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
	m := resolverForm().FindStringSubmatch(p.inner[0].text)
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
		f.hint = fmt.Sprintf("write its default, %s, and another value where it is wanted with --set KEY=VALUE in the place of %s", standard, variable)
		f.suggestion = standard
	}
	return f
}
