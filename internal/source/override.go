package source

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
)

// ParseOverride reads one override of the form section.key=value, with index
// counted from 1, into a root Map that holds just that key, as OmegaConf's
// dot-lists do: the value is YAML, the path splits at dots and brackets, and a
// path without = sets null. Places have the File "--set #index" and the column in
// text. The root is nil where the value cannot be read.
// It reads as the default dialect does.
func ParseOverride(index int, override string) (*Node, diag.List) {
	return OmegaConf23.ParseOverride(index, override)
}

// ParseOverride is the function [ParseOverride] in a dialect.
func (d Dialect) ParseOverride(index int, override string) (*Node, diag.List) {
	name := fmt.Sprintf("--set #%d", index)
	key, value, valued := d.cutEqual(override)
	path := d.split(key)
	at := diag.Pos{File: name, Line: 1, Column: 1}
	t := newText(name, []byte(value))
	t.dialect, t.indent = d, utf8.RuneCountInString(key)+1
	node, found := parseValue(t)
	if !utf8.ValidString(key) {
		found.Add(diag.Diagnostic{Pos: at, Severity: diag.Error, Code: "encoding", Message: "the key is not UTF-8"})
	}
	if !valued {
		node.Pos = at
		found.Add(diag.Diagnostic{
			Pos: at, Severity: diag.Warning, Code: "override-without-value", Key: strings.Join(path, "."),
			Message: fmt.Sprintf("%s has no value and sets null", clip(override)), Suggestion: override + "=null",
		})
	}
	for i := range found {
		if found[i].Key = strings.Join(append(path, keyParts(found[i].Key)...), "."); found[i].Key == "" {
			found[i].Key = key
		}
	}
	switch {
	case len(path) == 0:
		found.Add(diag.Diagnostic{Pos: at, Severity: diag.Error, Code: "bad-key", Message: fmt.Sprintf("%q is not a key", clip(key))})
		return nil, found
	case len(path) > maxDepth:
		return nil, append(found, tooDeep(at))
	case node == nil || !utf8.ValidString(key):
		return nil, found
	}
	for i := len(path) - 1; i >= 0; i-- {
		node = &Node{Kind: Map, Pos: at, Fields: []Field{{Key: path[i], KeyPos: at, Value: node}}}
	}
	return node, found
}

func keyParts(key string) []string {
	if key == "" {
		return nil
	}
	return []string{key}
}

var (
	pathHead = lazyregexp.New(`^\.*[^.\[]*`)
	pathRest = lazyregexp.New(`\.([^.\[]*)|\[(.*?)\]`)
)

// splitPath splits a.b and a[b] as OmegaConf does: each dot begins an element,
// which may be empty, and brackets hold one.
func splitPath(key string) []string {
	head := pathHead.FindString(key)
	path := strings.Split(head, ".")
	rest := key[len(head):]
	if strings.HasPrefix(rest, "[") && path[len(path)-1] == "" {
		path = path[:len(path)-1]
	}
	for _, m := range pathRest.FindAllStringSubmatch(rest, -1) {
		if m[1] != "" {
			path = append(path, m[1])
		} else {
			path = append(path, m[2])
		}
	}
	return path
}
