package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
)

// Parse reads a configuration file. The root is a Map; that of an empty file
// has no fields, and a warning says so. It is nil only where the text cannot be read
// as one YAML map at all (a fault of syntax, encoding or size). Other faults, such
// as keys set twice, leave the root with what could be read: the first of two
// equal keys, null for a value at fault. All faults found are in the list.
// It reads as the default dialect does.
func Parse(name string, data []byte) (*Node, diag.List) { return OmegaConf23.Parse(name, data) }

// Parse is the function [Parse] in a dialect.
func (d Dialect) Parse(name string, data []byte) (*Node, diag.List) {
	t := newText(name, data)
	t.dialect = d
	root, found := t.parse()
	switch {
	case root == nil && !found.HasErrors():
		found.Add(diag.Diagnostic{
			Pos: t.at(1, 1), Severity: diag.Warning, Code: "empty-file",
			Message: "the file holds no configuration",
		})
		root = &Node{Kind: Map, Pos: t.at(1, 1)}
	case root != nil && root.Kind == String && !root.Quoted && keyNoSpace.MatchString(root.Str):
		d, _ := t.noSpace(diag.Diagnostic{Severity: diag.Error, Code: "syntax"}, root.Pos.Line)
		found.Add(d)
		root = nil
	case root != nil && root.Kind != Map:
		found.Add(diag.Diagnostic{
			Pos: root.Pos, Severity: diag.Error, Code: "not-a-map",
			Message: fmt.Sprintf("the file holds a %s; a configuration is a map of keys and values (key: value)", root.Kind),
		})
		root = nil
	}
	found.Sort()
	return root, found
}

// ParseValue reads one value of any kind as the text of an override gives it:
// YAML, so that [1, 2] is a list. Empty text is null. The node is nil where the text
// cannot be read. Name is the File of every place.
func ParseValue(name, value string) (*Node, diag.List) {
	return parseValue(newText(name, []byte(value)))
}

func parseValue(t *text) (*Node, diag.List) {
	root, found := t.parse()
	if root == nil && !found.HasErrors() {
		root = &Node{Kind: Null, Pos: t.at(1, 1)}
	}
	found.Sort()
	return root, found
}

func newText(name string, data []byte) *text {
	return &text{name: name, data: bytes.TrimPrefix(data, []byte("\ufeff"))}
}

// parse reads one document; nil and no error where there is nothing in it.
func (t *text) parse() (*Node, diag.List) {
	if found := t.checkCharacters(); found.HasErrors() {
		return nil, found
	}
	if len(t.data) > maxSize {
		return nil, t.tooLarge()
	}
	if t.dialect == OmegaConf23 || len(t.data) < maxNodes24 { // too short for as many nodes
		if root, ok := t.quick(); ok {
			return root, nil
		}
	}
	return t.slow()
}

// slow is parse by the YAML library.
func (t *text) slow() (*Node, diag.List) {
	doc, err := t.document()
	if err != nil && t.mendSlashes() {
		doc, err = t.document()
	}
	if err != nil {
		return nil, t.syntaxFaults(err)
	}
	b := builder{text: t}
	if t.dialect == OmegaConf23 {
		b.found = t.tabs(doc)
	}
	if large := t.tooManyNodes(doc); large != nil {
		return nil, large
	}
	if doc == nil || isEmpty(doc) && !(t.bangs && t.bare(doc)) {
		return nil, b.found
	}
	root := b.node(doc)
	if b.stop {
		root = nil
	}
	return root, b.found
}

// bareBang is what may be a tag without a name.
var bareBang = lazyregexp.New(`!([ \t\r\n\x{85}\x{2028}\x{2029},\]}]|$)`)

// isEmpty tells a document without content from one that holds a value.
func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && resolvePlain(n.Value) == tagNull
}

// versionLine is a %YAML directive of version 1 above the document.
var versionLine = lazyregexp.New(`^((?:[%#][^\r\n]*|[ \t]*)[\r\n]+)*?%YAML[ \t]+1\.([0-9]{1,9})[ \t]*[\r\n]`)

// asVersion1 returns text with the directive %YAML 1.2 as %YAML 1.1. This YAML
// library refuses the former; PyYAML reads any 1.x as 1.1, libyaml that one.
func asVersion1(data []byte, d Dialect) []byte {
	if !bytes.Contains(data, []byte("%YAML")) {
		return data
	}
	m := versionLine.FindSubmatchIndex(data)
	if m == nil || d == OmegaConf24 && string(data[m[4]:m[5]]) != "2" {
		return data
	}
	data = bytes.Clone(data)
	copy(data[m[4]:m[5]], "1        ")
	return data
}

// errSeveral says that a text holds more than one document; at line.
type errSeveral struct{ line, column int }

func (e errSeveral) Error() string { return "several documents" }

// document reads the text's only document, nil if it has none.
func (t *text) document() (doc *yaml.Node, err error) {
	defer func() {
		// The library panics on some input; that is its way to say no.
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	t.bangs = bareBang.Match(t.data)
	decoder := yaml.NewDecoder(bytes.NewReader(asVersion1(t.data, t.dialect)))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, errSeveral{second.Line, second.Column}
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	if len(first.Content) == 0 {
		return nil, nil
	}
	return first.Content[0], nil
}

// tooLarge reports a text over the bound; where its head alone is nested too
// deep, at that place.
func (t *text) tooLarge() diag.List {
	head := &text{name: t.name, indent: t.indent, data: t.data[:maxSize]}
	if at, deep := head.deepPlace(); deep {
		return diag.List{tooDeep(at)}
	}
	return diag.List{{
		Pos: t.at(1, 1), Severity: diag.Error, Code: "too-large",
		Message: fmt.Sprintf("%d bytes; a configuration has at most %d", len(t.data), maxSize),
	}}
}

func tooDeep(at diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Pos: at, Severity: diag.Error, Code: "too-deep",
		Message: fmt.Sprintf("nested deeper than %d levels", maxDepth),
	}
}
