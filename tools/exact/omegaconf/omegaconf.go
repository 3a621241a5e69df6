// Package omegaconf reads, overrides, merges and resolves generated documents and compares
// with what the real OmegaConf makes of them.
//
//	cases, err := omegaconf.Compare(ctx, python, "testdata/omegaconf_cases.py", source.OmegaConf24, 7, 2000)
package omegaconf

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
)

// Versions are the releases of OmegaConf whose reading of files is followed.
func Versions() map[source.Dialect]string {
	return map[source.Dialect]string{source.OmegaConf23: "2.3.0", source.OmegaConf24: "2.4.0"}
}

// Case is one document and what was made of it.
type Case struct {
	// Kind is what was done: parse, overrides, merge, resolve.
	Kind string
	// In are the texts.
	In []string
	// Same reports whether both made the same value of it.
	Same bool
	// Ours is why it is refused here, Theirs why OmegaConf refuses it; empty where it is taken.
	Ours, Theirs string
	// Code is that of the finding that refuses it here.
	Code string
	// Why is the known difference that explains it where the two do not agree; empty
	// where none does.
	Why string
	// Got and Want are the values, ours and OmegaConf's.
	Got, Want any
}

// Agreed reports whether both refuse the document, or make the same of it.
func (c *Case) Agreed() bool { return c.Same || c.Ours != "" && c.Theirs != "" }

// Compare makes count cases by a seed with the Python of an environment that has
// OmegaConf, and reads each as the dialect.
func Compare(ctx context.Context, python, script string, dialect source.Dialect, seed, count int) ([]Case, error) {
	out, err := exec.CommandContext(ctx, python, script, strconv.Itoa(seed), strconv.Itoa(count)).Output()
	if err != nil {
		return nil, fmt.Errorf("making the cases: %w", err)
	}
	var base *source.Node
	var cases []Case
	for line := range bytes.Lines(out) {
		var d document
		if err := json.Unmarshal(line, &d); err != nil {
			return nil, fmt.Errorf("reading a case: %w", err)
		}
		if d.Kind == "base" {
			base, _ = source.Parse("base", []byte(d.In[0]))
			continue
		}
		cases = append(cases, compared(d, base, dialect))
	}
	return cases, nil
}

func compared(d document, base *source.Node, dialect source.Dialect) Case {
	c := Case{Kind: d.Kind, In: d.In, Theirs: d.Refused, Want: d.OK}
	var found diag.List
	c.Got, found = read(d, base, dialect)
	c.Ours = refusal(found)
	c.Code, _, _ = strings.Cut(c.Ours, ": ")
	c.Same = c.Ours == "" && c.Theirs == "" && reflect.DeepEqual(c.Got, c.Want)
	said := c.Theirs
	if c.Ours != "" {
		said = c.Ours
	}
	for _, known := range differences {
		if !c.Agreed() && regexp.MustCompile(known.in).MatchString(strings.Join(d.In, "\n")) && regexp.MustCompile(known.said).MatchString(said) {
			c.Why = known.why
			break
		}
	}
	return c
}

// difference is a way in which reading or merging differs from OmegaConf's, on
// purpose; docs/compile.md lists them. The texts of a case match in; said
// matches OmegaConf's error, or ours where it accepts.
type difference struct{ why, in, said string }

var differences = []difference{
	{"a file that is no map is refused", ``, `^not-a-map: `},
	{"a key without a space behind its colon is refused", `(?m)^\s*[^\s:]+:[^\s:]`, `^syntax: a space is missing behind the colon`},
	{"tags other than those of scalars are refused", `!`, `^bad-tag: `},
	{"numbers equal as keys are one key set twice", `\d`, `^duplicate-key: `},
	{"true and 1 are two keys, not one as to Python", `(?mi)^\s*(!!bool )?(yes|true|on) *:`, `^$`},
	{"a list and a map in one place replace one another; the schema judges the type", ``, `Cannot merge (DictConfig with ListConfig|incompatible container types)|Index '.*' \(str\) is not an int|invalid literal for int`},
	{"a question mark inside brackets without quotes is refused", `[\[{][^"']*\?`, `^syntax: a comma is missing before this, or a bracket is not closed`},
	{"a colon that ends a text inside brackets is refused", `[\[{].*:[\]},]`, `^bad-scalar: .* ends with a colon inside brackets`},
	{"an alias inside its own anchor is refused", `&`, `^alias-cycle: `},
	{"a block of text whose first line begins with a tab is refused", `(?m)[|>][-+\d]*[ ]*\n *\t`, `^tab: `},
}

// document is a case as omegaconf_cases.py writes it.
type document struct {
	Kind    string
	In      []string
	OK      any
	Refused string
}

// read does with our packages what the case did with OmegaConf.
func read(c document, base *source.Node, dialect source.Dialect) (any, diag.List) {
	var layers []merge.Layer
	var found diag.List
	if c.Kind == "overrides" {
		var overrides []merge.Override
		for i, text := range c.In {
			root, faults := dialect.ParseOverride(i+1, text)
			if found = append(found, faults...); root != nil {
				overrides = append(overrides, merge.Override{Index: i + 1, Text: text, Root: root})
			}
		}
		layers = append([]merge.Layer{{Name: "base", Root: base}}, merge.Layers(overrides)...)
	} else {
		for i, text := range c.In {
			root, faults := dialect.Parse(fmt.Sprint(i), []byte(text))
			found = append(found, faults...)
			layers = append(layers, merge.Layer{Name: fmt.Sprint(i), Root: root})
		}
	}
	tree := merge.Merge(layers...)
	found = append(found, merge.Mixed(tree, dialect)...)
	if c.Kind == "resolve" {
		resolved, faults := merge.Resolve(tree, dialect)
		if found = append(found, faults...); resolved != nil {
			tree = merge.Merge(append(layers, *resolved)...)
		}
	}
	return mergedTypes(tree, true), found
}

func refusal(found diag.List) string {
	for _, d := range found {
		if d.Severity == diag.Error {
			return d.Code + ": " + d.Message
		}
	}
	return ""
}

// mergedTypes writes a tree as the cases have values.
func mergedTypes(t *merge.Tree, root bool) any {
	if len(t.Fields) == 0 && !root {
		return types(t.Value())
	}
	m := map[string]any{}
	for _, f := range t.Fields {
		m[f.Key] = mergedTypes(f, false)
	}
	return map[string]any{"map": m}
}

func types(n *source.Node) any {
	switch n.Kind {
	case source.Bool:
		return n.Bool
	case source.Int:
		return map[string]any{"int": n.Int.String()}
	case source.Float:
		return map[string]any{"float": n.PyStr()}
	case source.String:
		return n.Str
	case source.List:
		list := make([]any, len(n.Items))
		for i, item := range n.Items {
			list[i] = types(item)
		}
		return map[string]any{"list": list}
	case source.Map:
		m := map[string]any{}
		for _, f := range n.Fields {
			m[f.Key] = types(f.Value)
		}
		return map[string]any{"map": m}
	}
	return nil
}
