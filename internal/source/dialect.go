package source

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"mlcfg/internal/diag"
)

// Dialect is the release of OmegaConf as which texts are read. The zero value is 2.3,
// which reads with PyYAML; 2.4 reads with libyaml and knows escapes that 2.3 does not.
type Dialect uint8

// The dialects.
const (
	OmegaConf23 Dialect = iota
	OmegaConf24
)

// Dialects are the names of all dialects, the default first.
var Dialects = []string{"2.3", "2.4"}

// ParseDialect reads a dialect's name; empty is the default.
func ParseDialect(name string) (Dialect, error) {
	if name == "" {
		return OmegaConf23, nil
	}
	i := slices.Index(Dialects, name)
	if i < 0 {
		return OmegaConf23, fmt.Errorf("OmegaConf %s is not known", name)
	}
	return Dialect(i), nil
}

// String returns the dialect's name, as 2.3.
func (d Dialect) String() string { return Dialects[d] }

// escapedMissing is 2.4's spelling of a text that ends in ??? and is not the word for
// a value that must still be set: backslashes, one more than are meant.
func (d Dialect) escapedMissing(s string) bool {
	return d == OmegaConf24 && len(s) > 3 && strings.HasSuffix(s, "???") && strings.Trim(s[:len(s)-3], `\`) == ""
}

// cutEqual splits an override at its first equal sign, for 2.4 at the first that no
// backslash escapes.
func (d Dialect) cutEqual(override string) (key, value string, valued bool) {
	if d == OmegaConf23 {
		return strings.Cut(override, "=")
	}
	for i := 0; i < len(override); i++ {
		switch {
		case escapes(override[i:]):
			i++
		case override[i] == '=':
			return override[:i], override[i+1:], true
		}
	}
	return override, "", false
}

// escapes reports whether s begins with a backslash and what 2.4 lets one escape.
func escapes(s string) bool {
	return len(s) > 1 && s[0] == '\\' && strings.IndexByte(".[]=", s[1]) >= 0
}

// split splits a key's path.
func (d Dialect) split(key string) []string {
	if d == OmegaConf23 || !strings.Contains(key, `\`) {
		return splitPath(key)
	}
	var path []string
	element := func(ends string) (text string, closed bool) {
		var b strings.Builder
		for key != "" {
			switch {
			case escapes(key):
				b.WriteByte(key[1])
				key = key[2:]
			case strings.IndexByte(ends, key[0]) >= 0:
				return b.String(), true
			default:
				b.WriteByte(key[0])
				key = key[1:]
			}
		}
		return b.String(), false
	}
	if key[0] != '[' {
		first, _ := element(".[")
		path = append(path, first)
	}
	for key != "" {
		bracket := key[0] == '['
		key = key[1:]
		if !bracket {
			text, _ := element(".[")
			path = append(path, text)
			continue
		}
		text, closed := element("]")
		if !closed {
			break // what follows a bracket that is not closed is dropped, as without escapes
		}
		key = key[1:]
		path = append(path, text)
	}
	return path
}

// Bounds of 2.4 on one file. It takes no argument of the reader's here, so nothing lifts them.
const (
	maxNodes24      = 10_000
	ratioFrom24     = 1_000
	maxAliasRatio24 = 100
)

// tooManyNodes reports a document that 2.4 refuses for its size: keys, values, lists and
// maps each count, once for every alias that brings them in.
func (t *text) tooManyNodes(doc *yaml.Node) (found diag.List) {
	if t.dialect != OmegaConf24 || doc == nil {
		return nil
	}
	own, memo := 0, map[*yaml.Node]int{}
	var count func(n *yaml.Node) int
	count = func(n *yaml.Node) int {
		if n.Kind == yaml.AliasNode {
			return memo[n.Alias] // 0 while its anchor is open, which is an error of its own
		}
		own++
		total := 1
		for _, c := range n.Content {
			total = min(total+count(c), maxNodes24+1)
		}
		memo[n] = total
		return total
	}
	expanded := count(doc)
	d := diag.Diagnostic{Pos: t.at(1, 1), Severity: diag.Error, Code: "too-large", Hint: "split the file, or read as OmegaConf 2.3 does (--omegaconf 2.3)"}
	switch {
	case expanded > maxNodes24:
		d.Message = fmt.Sprintf("the file has more than %d keys and values, the most that OmegaConf 2.4 reads", maxNodes24)
	case expanded > ratioFrom24 && expanded > own*maxAliasRatio24:
		d.Message = fmt.Sprintf("aliases make %d keys and values of %d: more than %d times is refused by OmegaConf 2.4", expanded, own, maxAliasRatio24)
	default:
		return nil
	}
	return diag.List{d}
}
