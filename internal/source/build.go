package source

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"mlcfg/internal/diag"
)

// Bounds on what one text may grow to. Real files nest 4 deep.
const (
	maxDepth = 100
	// maxAliased is how many nodes aliases may bring in, all together.
	maxAliased = 100_000
	// maxFindings is how many faults of one text are reported.
	maxFindings = 1000
)

// builder turns a document of the YAML library into Nodes.
type builder struct {
	text  *text
	found diag.List
	// path is the key path of the node being built.
	path []string
	// depth counts open maps and lists.
	depth int
	// flow reports whether the node stands directly in brackets.
	flow bool
	// alias is the outermost alias being followed; what it brings in stands there.
	alias *yaml.Node
	// open are the anchored nodes being followed, to find an alias inside its own anchor.
	open    []*yaml.Node
	aliased int
	// stop is set once a bound is passed: nothing more is built.
	stop bool
	// anchors are the places of the anchors met.
	anchors map[string]diag.Pos
}

// pos is the place of a node: its own, or the alias that brings it in.
func (b *builder) pos(n *yaml.Node) diag.Pos {
	if b.alias != nil {
		n = b.alias
	}
	return b.text.at(n.Line, n.Column)
}

// fault adds an error. What stands behind an anchor was reported where it stands.
func (b *builder) fault(d diag.Diagnostic) {
	if b.alias != nil {
		return
	}
	d.Severity = diag.Error
	b.add(d)
}

func (b *builder) add(d diag.Diagnostic) {
	if len(b.found) >= maxFindings {
		return
	}
	if d.Key == "" {
		d.Key = strings.Join(b.path, ".")
	}
	b.found.Add(d)
}

// bound adds an error, wherever it stands, and stops building.
func (b *builder) bound(at diag.Pos, code, message string) *Node {
	if !b.stop {
		b.stop = true
		b.found.Add(diag.Diagnostic{Pos: at, Severity: diag.Error, Code: code, Key: strings.Join(b.path, "."), Message: message})
	}
	return &Node{Kind: Null, Pos: at}
}

// node builds the Node of n. A value at fault becomes null, so that the rest can
// be looked at.
func (b *builder) node(n *yaml.Node) *Node {
	at := b.pos(n)
	if b.alias != nil {
		b.count(at)
	}
	switch {
	case b.stop:
		return &Node{Kind: Null, Pos: at}
	case b.depth >= maxDepth && n.Kind != yaml.ScalarNode:
		return b.bound(at, "too-deep", fmt.Sprintf("nested deeper than %d levels", maxDepth))
	}
	b.depth++
	defer func() { b.depth-- }()
	b.anchor(n, at)
	switch n.Kind {
	case yaml.ScalarNode:
		return b.scalar(n, at)
	case yaml.AliasNode:
		node := &Node{Kind: Null, Pos: at}
		b.follow(n, func(to *yaml.Node) { node = b.node(to) })
		return node
	case yaml.SequenceNode:
		b.collectionTag(n, at, "!!seq")
		list := &Node{Kind: List, Pos: at, Items: make([]*Node, 0, len(n.Content))}
		for i, item := range n.Content {
			b.flow = n.Style&yaml.FlowStyle != 0
			b.path = append(b.path, strconv.Itoa(i))
			list.Items = append(list.Items, b.node(item))
			b.path = b.path[:len(b.path)-1]
		}
		return list
	case yaml.MappingNode:
		b.collectionTag(n, at, "!!map")
		return &Node{Kind: Map, Pos: at, Fields: b.fields(n)}
	}
	return &Node{Kind: Null, Pos: at}
}

// anchor refuses a second anchor of one name, as PyYAML does.
func (b *builder) anchor(n *yaml.Node, at diag.Pos) {
	if n.Anchor == "" || b.alias != nil {
		return
	}
	if first, known := b.anchors[n.Anchor]; known {
		b.fault(diag.Diagnostic{
			Pos: at, Code: "duplicate-anchor",
			Message: fmt.Sprintf("anchor &%s is set twice: in line %d and again in line %d", clip(n.Anchor), first.Line, at.Line),
			Related: []diag.Related{{Pos: first, Message: "first set here"}},
		})
		return
	}
	if b.anchors == nil {
		b.anchors = map[string]diag.Pos{}
	}
	b.anchors[n.Anchor] = at
}

// count counts what aliases bring in, against the bound.
func (b *builder) count(at diag.Pos) {
	if b.aliased++; b.aliased > maxAliased {
		b.bound(at, "alias-bomb", fmt.Sprintf("aliases bring in more than %d values", maxAliased))
	}
}

// follow calls build with what an alias stands for, unless it stands inside it.
func (b *builder) follow(n *yaml.Node, build func(*yaml.Node)) {
	for _, open := range b.open {
		if open == n.Alias {
			b.bound(b.pos(n), "alias-cycle", fmt.Sprintf("*%s stands inside its own anchor &%s", n.Value, n.Value))
			return
		}
	}
	if outermost := b.alias == nil; outermost {
		b.alias = n
		defer func() { b.alias = nil }()
	}
	if b.count(b.pos(n)); b.stop {
		return
	}
	b.open = append(b.open, n.Alias)
	defer func() { b.open = b.open[:len(b.open)-1] }()
	build(n.Alias)
}

// scalar builds a scalar, typed by its tag or its text.
func (b *builder) scalar(n *yaml.Node, at diag.Pos) *Node {
	const quotes = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	node := &Node{Pos: at, Text: n.Value, Quoted: n.Style&quotes != 0, single: n.Style&yaml.SingleQuotedStyle != 0}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && b.text.dialect == OmegaConf23 {
		if place, fault := b.text.blockHeaderFault(n); fault {
			b.fault(diag.Diagnostic{Pos: place, Code: "syntax", Message: "a space is missing before the comment"})
		}
	}
	t := tagString
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		switch n.Tag {
		case "!!str":
			node.Quoted = true
		case "!!null":
			t = tagNull
		case "!!bool":
			t = tagBool
		case "!!int":
			t = tagInt
		case "!!float":
			t = tagFloat
		default:
			b.badTag(n, at)
		}
	case b.text.bangs && b.text.bare(n):
		// A tag ! leaves the type to the text, in quotes too. What has no text at all is
		// null to PyYAML, and text to libyaml.
		if t = resolvePlain(n.Value); t == tagNull && n.Value == "" && !node.Quoted && b.text.dialect == OmegaConf24 {
			t = tagString
		}
		node.Quoted = t == tagString
	case !node.Quoted:
		t = resolvePlain(n.Value)
		if b.flow && strings.HasSuffix(n.Value, ":") {
			// PyYAML takes the colon for a key's, libyaml refuses it; the YAML library does neither.
			b.endsWithColon(n, at)
		}
	}
	b.value(node, t)
	return node
}

// endsWithColon refuses a text in brackets that ends with a colon.
func (b *builder) endsWithColon(n *yaml.Node, at diag.Pos) {
	b.fault(diag.Diagnostic{
		Pos: at, Code: "bad-scalar", Message: fmt.Sprintf("%s ends with a colon inside brackets", clip(n.Value)),
		Hint: "put a space behind the colon of a key; quote the text otherwise",
	})
}

// value sets a scalar's Kind and value.
func (b *builder) value(node *Node, t tag) {
	var err error
	node.Kind = Null
	switch t {
	case tagNull:
	case tagBool:
		var ok bool
		if node.Bool, ok = boolValue(node.Text); !ok {
			err = fmt.Errorf("%q is not a boolean", node.Text)
		} else {
			node.Kind = Bool
		}
	case tagInt:
		if node.Int, err = intValue(node.Text); err == nil {
			node.Kind = Int
		}
	case tagFloat:
		if node.Float, err = floatValue(node.Text); err == nil {
			node.Kind = Float
		}
	case tagString:
		node.Kind, node.Str = String, node.Text
		if b.text.dialect.escapedMissing(node.Str) {
			node.Str, node.Literal = node.Str[1:], true
		}
		if fault := interpolationFault(node.Str); fault != "" {
			b.fault(diag.Diagnostic{
				Pos: node.Pos, Code: "bad-interpolation", Message: fault,
				Hint: `an interpolation is ${section.key} or ${oc.env:NAME,default}; \${ is the plain text`,
			})
		}
	case tagMerge, tagValue:
		b.fault(diag.Diagnostic{
			Pos: node.Pos, Code: "bad-scalar",
			Message:    fmt.Sprintf("%s has a meaning of its own in YAML 1.1 and is no value", node.Text),
			Suggestion: `"` + node.Text + `"`, Hint: "quote it if the text is meant",
		})
	}
	if err != nil {
		b.fault(diag.Diagnostic{
			Pos: node.Pos, Code: "bad-scalar", Message: clip(err.Error()),
			Hint: "quote it if text is meant",
		})
	}
}

// collectionTag refuses a list or map that is tagged as something else.
func (b *builder) collectionTag(n *yaml.Node, at diag.Pos, own string) {
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != own {
		b.badTag(n, at)
	}
}

// badTag reports a tag that is not read. Nothing is ever made of one.
func (b *builder) badTag(n *yaml.Node, at diag.Pos) {
	b.fault(diag.Diagnostic{
		Pos: at, Code: "bad-tag",
		Message: fmt.Sprintf("tag %s is not read here", clip(n.Tag)),
		Hint:    "tags that are: !!str, !!int, !!float, !!bool, !!null, !!map, !!seq",
	})
}

// clip keeps a text of a file from flooding a message.
func clip(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
