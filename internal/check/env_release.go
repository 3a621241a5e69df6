package check

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// inRelease holds a variable against what the engine's release knows of it: its
// value, whether it is advised against or read at all, and where it is unknown
// whether another release knows it or it is a slip. Unknown names are fine in
// themselves: forks and libraries have their own. valued tells that it has a
// usable value.
func (c *checker) inRelease(t *merge.Tree, valued bool) {
	key, known := c.schema.Section(schema.EnvConfig).Key(t.Key)
	switch {
	case known:
		c.advised(t, key)
		if valued {
			c.readable(t, key)
		}
	case slices.Contains(c.variables, t.Key) || c.site.Has(steps(t)...):
	default:
		if history := schema.History(c.schema.Engine, schema.EnvConfig, t.Key); len(history) > 0 {
			c.inert(t, c.becameOf(history), c.gone(schema.EnvConfig, t.Key, history))
		} else {
			c.nearMiss(t)
		}
	}
}

// advised warns of a variable that the release only lists.
func (c *checker) advised(t *merge.Tree, key *schema.Key) {
	switch {
	case key.Inert:
		note, _ := schema.Gone(c.schema.Engine, c.schema.Release, schema.EnvConfig, t.Key)
		c.inert(t, "the release lists it and reads it nowhere", note)
	case key.Deprecated != "":
		c.deprecated(t, key, schema.EnvConfig)
	}
}

// inert warns of a variable that the release does not read.
func (c *checker) inert(t *merge.Tree, why string, note schema.Note) {
	c.add(diag.Diagnostic{
		Pos: settingOf(t).KeyPos, Severity: diag.Warning, Code: "inert-variable", Key: t.Path, Hint: note.Text,
		Message: fmt.Sprintf("%s does nothing in %s: %s", t.Key, c.engineRelease(), why),
	})
}

// readable checks a value against how the release reads the variable. What its
// reader raises an error on, or misreads, is an error; a boolean instead of
// a number, and a number in that of a boolean, is a warning, since some readers
// only compare.
func (c *checker) readable(t *merge.Tree, key *schema.Key) {
	n := settingOf(t).Node
	if n.Kind == source.String && slices.ContainsFunc(key.Enum, func(v any) bool {
		word, isText := v.(string)
		return isText && strings.EqualFold(word, n.Str)
	}) {
		return // whether case counts differs from variable to variable
	}
	for _, f := range key.Check(n.Interface()) {
		d := faultOf(t, key, f)
		if tolerated(key, n) {
			d.Severity = diag.Warning
			if n.Kind == source.Bool {
				d.Suggestion = map[bool]string{true: "1", false: "0"}[n.Bool]
				d.Hint = fmt.Sprintf("write %s: the engine is given the text %s", d.Suggestion, n.PyStr())
			}
		}
		c.add(d)
	}
}

// tolerated tells a boolean where a number is read, and the other way round.
func tolerated(key *schema.Key, n *source.Node) bool {
	switch n.Kind {
	case source.Bool:
		return key.Kinds&schema.Int != 0
	case source.Int, source.Float:
		return key.Kinds&schema.Bool != 0
	case source.String:
		return key.Kinds&schema.Bool == 0 && key.Kinds&schema.Int != 0 &&
			slices.Contains([]string{"true", "false", "yes", "no", "on", "off"}, strings.ToLower(n.Str))
	}
	return false
}

// nearMiss warns of a name that is most likely a known one misspelt.
func (c *checker) nearMiss(t *merge.Tree) {
	known := c.schema.Section(schema.EnvConfig)
	if len(t.Key) < 6 {
		return
	}
	slip := func(name string) bool { return oneSlip(name, t.Key) }
	near := ""
	for n := len(t.Key) - 1; n <= len(t.Key)+1 && near == ""; n++ {
		names := known.NamesOfLength(n)
		if i := slices.IndexFunc(names, slip); i >= 0 {
			near = names[i]
		}
	}
	if near == "" {
		near = c.otherVariable(t, slip)
	}
	if near == "" {
		return
	}
	d := diag.Diagnostic{
		Pos: settingOf(t).KeyPos, Severity: diag.Warning, Code: "near-variable-name", Key: t.Path,
		Message: fmt.Sprintf("%s is not known to %s, did you mean %s", t.Key, c.engineRelease(), near), Suggestion: near,
	}
	if !hasKey(known, near) {
		d.Message = fmt.Sprintf("%s stands beside %s: did you mean that one", t.Key, near)
	}
	c.add(d)
}
