package check

import (
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// merged is the launch as a configuration with one layer. Arguments whose values are not known
// are left out.
func (c *launchCheck) merged() *merge.Tree {
	b := c.launch.Backend
	sections := map[string]*source.Node{}
	section := func(name string) *source.Node {
		if sections[name] == nil {
			sections[name] = &source.Node{Kind: source.Map, Pos: c.launch.Pos}
		}
		return sections[name]
	}
	for _, a := range c.line.Arguments {
		if a.Value == nil {
			continue
		}
		name, key := NameOf(c.launch, a)
		set(section(name), key, a.Pos, withoutHoles(a.Value), a.Inside != "")
	}
	for _, v := range c.launch.Variables {
		if !v.Value.Known() {
			continue
		}
		n := source.Of(v.Value.Text)
		n.Pos, n.Literal = v.Value.Pos(), true
		set(section(b.EnvSection()), v.Name, v.Pos, n, false)
	}
	root := &source.Node{Kind: source.Map, Pos: c.launch.Pos}
	for _, name := range []string{b.EngineSection(), CLISection, b.EnvSection()} {
		if n := sections[name]; n != nil {
			root.Fields = append(root.Fields, source.Field{Key: name, KeyPos: c.launch.Pos, Value: n})
		}
	}
	return merge.Merge(merge.Layer{Name: "overlay", Root: root})
}

// NameOf is the section and the key of an argument in [Resolved.Tree]. The model that follows by
// itself is the engine's own key.
func NameOf(l *launch.Launch, a launch.Argument) (section, key string) {
	switch {
	case a.Flag == "":
		return l.Backend.EngineSection(), l.Backend.Model
	case a.Key.Section == schema.CLIOnly:
		return CLISection, a.Key.Name
	}
	return l.Backend.EngineSection(), a.Key.Name
}

// set sets a field, over one that is there; maps said with dots are put together.
func set(m *source.Node, name string, at diag.Pos, value *source.Node, together bool) {
	if value == nil {
		return
	}
	old := m.Field(name)
	switch {
	case old == nil:
		m.Fields = append(m.Fields, source.Field{Key: name, KeyPos: at, Value: value})
	case together && old.Value.Kind == source.Map && value.Kind == source.Map:
		both := &source.Node{Kind: source.Map, Pos: old.Value.Pos, Fields: slices.Clone(old.Value.Fields)}
		for _, f := range value.Fields {
			set(both, f.Key, f.KeyPos, f.Value, true)
		}
		old.Value = both
	default:
		old.Value, old.KeyPos = value, at
	}
}

// withoutHoles is a value without the parts that are not known, nil where that is all.
func withoutHoles(n *source.Node) *source.Node {
	switch n.Kind {
	case source.String:
		if strings.Contains(n.Str, launch.Hole) {
			return nil
		}
	case source.List:
		if slices.ContainsFunc(n.Items, func(item *source.Node) bool { return !whole(item) }) {
			return nil
		}
	case source.Map:
		known := &source.Node{Kind: source.Map, Pos: n.Pos}
		for _, f := range n.Fields {
			if value := withoutHoles(f.Value); value != nil && !strings.Contains(f.Key, launch.Hole) {
				known.Fields = append(known.Fields, source.Field{Key: f.Key, KeyPos: f.KeyPos, Value: value})
			}
		}
		return known
	}
	return n
}

// whole reports whether all of a value is known.
func whole(n *source.Node) bool {
	if n == nil {
		return false
	}
	for _, f := range n.Fields {
		if strings.Contains(f.Key, launch.Hole) || !whole(f.Value) {
			return false
		}
	}
	return !slices.ContainsFunc(n.Items, func(item *source.Node) bool { return !whole(item) }) && !strings.Contains(n.Str, launch.Hole)
}

// unclear has rules leave alone what the file tells in part.
func (c *launchCheck) unclear() {
	for _, a := range c.line.Arguments {
		if !whole(a.Value) {
			c.faulty[c.launch.Backend.EngineSection()+"."+a.Key.Name] = true
			delete(c.values.EngineConfig, a.Key.Name)
		}
	}
	for _, f := range c.line.Found {
		if f.Key != "" {
			c.faulty[c.launch.Backend.EngineSection()+"."+f.Key] = true
		}
	}
	for _, name := range c.launch.Maybe {
		if !slices.ContainsFunc(c.launch.Variables, func(v launch.Variable) bool { return v.Name == name }) {
			c.faulty[c.launch.Backend.EnvSection()+"."+name] = true
		}
	}
	for _, v := range c.launch.Variables {
		if !v.Value.Known() {
			c.faulty[c.launch.Backend.EnvSection()+"."+v.Name] = true
		}
	}
}
