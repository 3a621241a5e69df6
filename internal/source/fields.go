package source

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"mlcfg/internal/diag"
)

// fields builds a map's entries: what merge keys bring in first, in their
// order, then its own, which win. That is PyYAML's order and rule.
func (b *builder) fields(n *yaml.Node) []Field {
	set := fieldSet{fields: make([]Field, 0, len(n.Content)/2), at: make(map[string]int, len(n.Content)/2)}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMergeKey(n.Content[i]) {
			b.merge(&set, n.Content[i+1])
		}
	}
	merged := len(set.fields)
	own := map[string]bool{} // keys that replaced a merged one
	for i := 0; i+1 < len(n.Content); i += 2 {
		keyNode, valueNode := n.Content[i], n.Content[i+1]
		if isMergeKey(keyNode) {
			continue
		}
		b.flow = n.Style&yaml.FlowStyle != 0
		key, kind, ok := b.key(keyNode)
		b.path = append(b.path, key)
		value := b.node(valueNode)
		switch at, known := set.at[key]; {
		case !ok:
		case known && (at >= merged || own[key]):
			b.duplicate(key, b.pos(keyNode), set.fields[at].KeyPos)
		default:
			b.checkSpace(keyNode, valueNode)
			if n.Style&yaml.FlowStyle != 0 {
				b.checkFlowSpace(keyNode, valueNode)
			}
			if known {
				own[key] = true
			}
			set.put(Field{Key: key, KeyPos: b.pos(keyNode), KeyKind: kind, Value: value})
		}
		b.path = b.path[:len(b.path)-1]
	}
	return set.fields
}

// duplicate reports a key that was set before.
func (b *builder) duplicate(key string, at, first diag.Pos) {
	d := diag.Diagnostic{
		Pos: at, Code: "duplicate-key", Hint: "remove one of the two",
		Message: fmt.Sprintf("key %s is set twice: in line %d and again in line %d", clip(key), first.Line, at.Line),
		Related: []diag.Related{{Pos: first, Message: "first set here"}},
	}
	if first.Line == at.Line {
		d.Message = fmt.Sprintf("key %s is set twice in line %d", clip(key), at.Line)
	}
	b.fault(d)
}

// checkSpace warns of a section whose only line lacks the space behind its colon:
// that is a text, where a map was meant.
func (b *builder) checkSpace(key, value *yaml.Node) {
	if value.Kind != yaml.ScalarNode || value.Style != 0 || value.Line <= key.Line || b.alias != nil {
		return
	}
	if m := keyNoSpace.FindStringSubmatch(value.Value); m != nil && !strings.Contains(value.Value, "://") {
		b.add(diag.Diagnostic{
			Pos: b.pos(value), Severity: diag.Warning, Code: "text-like-key",
			Message:    fmt.Sprintf("%s is a text, for there is no space behind its colon", clip(value.Value)),
			Suggestion: m[2] + ": " + m[4], Hint: "quote it if the text is meant",
		})
	}
}

// checkFlowSpace warns of {key:value}, which is one key without a value.
func (b *builder) checkFlowSpace(key, value *yaml.Node) {
	if key.Style != 0 || value.Kind != yaml.ScalarNode || value.Style != 0 || value.Value != "" || b.alias != nil {
		return
	}
	name, rest, found := strings.Cut(key.Value, ":")
	if !found || name == "" || rest == "" || strings.HasPrefix(rest, "//") {
		return
	}
	b.add(diag.Diagnostic{
		Pos: b.pos(key), Severity: diag.Warning, Code: "text-like-key",
		Message:    fmt.Sprintf("%s is one key without a value, for there is no space behind its colon", clip(key.Value)),
		Suggestion: name + ": " + rest, Hint: "write " + name + ": " + rest + "; quote it if that is the key",
	})
}

// fieldSet is a map under construction: fields in order, and where each is.
type fieldSet struct {
	fields []Field
	at     map[string]int
}

// put sets a field, instead of an earlier one with the same key.
func (s *fieldSet) put(f Field) {
	if at, known := s.at[f.Key]; known {
		s.fields[at] = f
		return
	}
	s.at[f.Key] = len(s.fields)
	s.fields = append(s.fields, f)
}

func isMergeKey(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!merge"
}

// merge puts the entries of a merge key's value, a map or a list of maps of
// which earlier ones win, into set.
func (b *builder) merge(set *fieldSet, n *yaml.Node) {
	switch n.Kind {
	case yaml.AliasNode:
		if n.Alias.Kind == yaml.ScalarNode {
			b.badMerge(n)
			return
		}
		b.follow(n, func(to *yaml.Node) { b.merge(set, to) })
	case yaml.MappingNode:
		if b.depth >= maxDepth {
			b.bound(b.pos(n), "too-deep", fmt.Sprintf("nested deeper than %d levels", maxDepth))
			return
		}
		b.depth++
		for _, f := range b.fields(n) {
			set.put(f)
		}
		b.depth--
	case yaml.SequenceNode:
		for i := len(n.Content) - 1; i >= 0; i-- {
			part := n.Content[i]
			if part.Kind == yaml.AliasNode {
				part = part.Alias
			}
			if part.Kind != yaml.MappingNode {
				b.badMerge(n.Content[i])
				continue
			}
			b.merge(set, n.Content[i])
		}
	default:
		b.badMerge(n)
	}
}

// badMerge reports what a merge key cannot take, behind an alias too: where that stands it
// is no fault.
func (b *builder) badMerge(n *yaml.Node) {
	b.add(diag.Diagnostic{
		Pos: b.pos(n), Severity: diag.Error, Code: "bad-merge-key",
		Message: "the merge key << takes a map or a list of maps, mostly by alias (<<: *name)",
	})
}

// key returns a key's text. A number is taken as OmegaConf takes it, with the text
// that Python's str() writes it; so is a boolean, with a warning, for it is
// hardly ever meant.
func (b *builder) key(n *yaml.Node) (text string, kind Kind, ok bool) {
	at := b.pos(n)
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	} else {
		b.anchor(n, at)
	}
	if n.Kind != yaml.ScalarNode {
		b.fault(diag.Diagnostic{
			Pos: at, Code: "bad-key", Message: "a map or list cannot be a key",
			Hint: "a key is a name; quote it if it begins with [ or {",
		})
		return "", 0, false
	}
	plain := n.Style == 0
	bare := b.text.bangs && b.text.bare(n)
	if !bare && (!plain && n.Style&yaml.TaggedStyle == 0 || plain && resolvePlain(n.Value) == tagString || n.Value == "=") {
		if plain && b.flow && strings.HasSuffix(n.Value, ":") {
			if b.text.dialect == OmegaConf24 {
				b.endsWithColon(n, at)
			}
			return strings.TrimSuffix(n.Value, ":"), 0, true // {a:} is read as PyYAML reads it
		}
		return n.Value, 0, true
	}
	node := b.scalar(n, at)
	switch node.Kind {
	case String:
		return node.Str, 0, true
	case Null:
		if n.Style&yaml.TaggedStyle == 0 && resolvePlain(n.Value) != tagNull {
			return "", 0, false // reported as a bad scalar
		}
		b.fault(diag.Diagnostic{
			Pos: at, Code: "bad-key", Message: "null cannot be a key",
			Hint: "quote it if the text is meant",
		})
		return "", 0, false
	case Bool:
		if b.alias == nil {
			b.add(diag.Diagnostic{
				Pos: at, Severity: diag.Warning, Code: "bool-key",
				Message:    fmt.Sprintf("key %s is the boolean %s in YAML 1.1", n.Value, strings.ToLower(node.PyStr())),
				Suggestion: `"` + n.Value + `"`, Hint: "quote it if the text is meant",
			})
		}
	}
	return node.PyStr(), node.Kind, true
}
