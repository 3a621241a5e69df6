package check

import (
	"fmt"
	"slices"

	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// HarnessOf names the tree of the round's harness that a configuration is for: the one that
// knows its benchmark; of two the one whose keys the base has, else the one that the
// benchmark was published with. It is empty where that is not known, or the round has one.
func HarnessOf(t *merge.Tree, round *schema.Schema) string {
	benchmark := t.Lookup("benchmark_name").Value()
	if benchmark == nil || benchmark.Kind != source.String {
		return ""
	}
	key, ok := round.Section("trees").Key(benchmark.Str)
	if !ok {
		return ""
	}
	if len(key.Enum) > 1 {
		in := map[string]bool{}
		for _, k := range round.Section(harnessSection).Keys() {
			for _, o := range k.Only {
				if set := t.Lookup(harnessSection, k.Name); o.Value == "" && set != nil && set.Chain[0].Layer == "base" {
					in[o.Who] = true
				}
			}
		}
		if len(in) == 1 {
			for name := range in {
				return name
			}
		}
	}
	return fmt.Sprint(key.Enum[0])
}

// ReadBy reports whether a tree of a round's harness, as [HarnessOf] names it, reads a key; a
// tree that is not known does.
func ReadBy(tree string, key *schema.Key) bool {
	return !slices.ContainsFunc(key.Only, func(o schema.Only) bool { return o.Value == "" && tree != "" && o.Who != tree })
}

// onlySome reports what mlrun takes and the harness does not, or another tree of the
// round's harness alone: keys, and values of keys.
func (c *checker) onlySome(t *merge.Tree, section *schema.Section, values, top map[string]any) {
	if t == nil {
		return
	}
	for _, field := range t.Fields {
		key, ok := section.Key(field.Key)
		if !ok {
			continue
		}
		value := values[field.Key]
		if !ReadBy(c.harnessTree, key) {
			c.readElsewhere(field, key, value)
		}
		for _, o := range key.Only {
			if o.Value == value && (o.In == "" || o.In == top["scenario"]) && (o.Who == schema.Mlrun || c.harnessTree != "" && o.Who != c.harnessTree) {
				c.takenElsewhere(field, o)
			}
		}
		if inner := c.schema.Section(key.Config); inner != nil {
			below, _ := value.(map[string]any)
			c.onlySome(field, inner, below, top)
		}
	}
}

// thisHarness names the tree of the round's harness that runs the configuration.
func (c *checker) thisHarness() string {
	return fmt.Sprintf("the harness of round %s that runs %s", c.round.Release, c.tree.Lookup("benchmark_name").Value().Str)
}

// readElsewhere reports a key of an overlay, or of what goes over it, that another tree reads.
func (c *checker) readElsewhere(t *merge.Tree, key *schema.Key, value any) {
	s := settingOf(t)
	if s.Layer == "base" {
		return
	}
	d := diag.Diagnostic{
		Pos: s.KeyPos, Severity: diag.Warning, Code: "unread-key", Key: t.Path,
		Message: fmt.Sprintf("%s does not read %s: only %s does", c.thisHarness(), t.Key, takerOf(key.Only[0])),
	}
	if asksNothing(value) && !isMap(t) || isDefault(s, key) {
		d.Severity = diag.Info
	}
	c.add(d)
}

// takenElsewhere reports a value that the harness does not take.
func (c *checker) takenElsewhere(t *merge.Tree, o schema.Only) {
	who := c.thisHarness()
	if o.Who == schema.Mlrun {
		who = "the harness of round " + c.round.Release
	}
	c.add(diag.Diagnostic{
		Pos: settingOf(t).Node.Pos, Severity: diag.Warning, Code: "harness-lacks", Key: t.Path,
		Message: fmt.Sprintf("%s is %s: %s %s, only %s takes it", t.Key, o.Value, who, o.Else, takerOf(o)),
	})
}

// takerOf names who takes what the harness at hand does not.
func takerOf(o schema.Only) string {
	switch o.Who {
	case schema.Mlrun:
		return o.Who
	case "main":
		return "the main one"
	}
	return "that of " + o.Who
}
