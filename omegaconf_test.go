package mlcfg_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
)

// omegaConfVersions are those whose reading of files is followed.
var omegaConfVersions = map[source.Dialect]string{source.OmegaConf23: "2.3.0", source.OmegaConf24: "2.4.0"}

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

// omegaCase is a case as testdata/omegaconf_cases.py writes it.
type omegaCase struct {
	Kind    string
	In      []string
	OK      any
	Refused string
}

// TestOmegaConf reads, overrides, merges and resolves some thousand generated texts and
// compares with what the real OmegaConf makes of them, in each release that is followed. Where OmegaConf refuses we
// refuse too; where the values differ there is a difference in the table.
func TestOmegaConf(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	for dialect, version := range omegaConfVersions {
		t.Run(version, func(t *testing.T) { testOmegaConf(t, dialect, version) })
	}
}

func testOmegaConf(t *testing.T, dialect source.Dialect, version string) {
	python := pythonTool(t, "omegaconf", version)
	out, err := exec.Command(python, "testdata/omegaconf_cases.py", "7", "2000").Output()
	if err != nil {
		t.Fatalf("making the cases: %v", err)
	}
	var base *source.Node
	n, met := 0, map[string]int{}
	for line := range bytes.Lines(out) {
		var c omegaCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind == "base" {
			base, _ = source.Parse("base", []byte(c.In[0]))
			continue
		}
		n++
		got, found := read(c, base, dialect)
		why, said := "", c.Refused
		switch {
		case found.HasErrors() && c.Refused != "":
			continue
		case found.HasErrors():
			said = refusal(found)
		case c.Refused == "" && reflect.DeepEqual(got, c.OK):
			continue
		}
		for _, d := range differences {
			if regexp.MustCompile(d.in).MatchString(strings.Join(c.In, "\n")) && regexp.MustCompile(d.said).MatchString(said) {
				why = d.why
				break
			}
		}
		if met[why]++; why == "" {
			t.Errorf("%s %q\nOmegaConf: %v %s\nours:      %v %s", c.Kind, c.In, c.OK, c.Refused, got, refusal(found))
		}
	}
	t.Logf("%d cases; differences: %v", n, met)
	if n != 2000 {
		t.Errorf("%d cases were made", n)
	}
}

// read does with our packages what the case did with OmegaConf.
func read(c omegaCase, base *source.Node, dialect source.Dialect) (any, diag.List) {
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
