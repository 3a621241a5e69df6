package check

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// value checks a key's value and returns it as plain data. ok is false where the
// key has no usable value: faulty, or still to be set.
func (c *checker) value(t *merge.Tree, key *schema.Key) (v any, ok bool) {
	before := len(*c.found)
	v = c.plain(t, key)
	if !(*c.found)[before:].HasErrors() {
		faults, taken := key.Check(v), c.taken(key, v)
		if taken != nil {
			faults = c.inside(taken, v)
			c.otherCase(t, taken, v)
		}
		for _, f := range faults {
			c.fault(t, key, f)
		}
		c.policy(t, v)
	}
	if (*c.found)[before:].HasErrors() {
		c.faulty[t.Path] = true
		return nil, false
	}
	return v, true
}

// taken is what says that the engine takes a value of which its release says nothing; nil
// where nothing does.
func (c *checker) taken(key *schema.Key, v any) *schema.Key {
	own, ok := schema.Takes().Section(c.schema.Engine + "_" + key.Section).Key(key.Name)
	if !ok || !own.Takes(v) && own.InLowerCase(v) == "" {
		return nil
	}
	switch v := v.(type) {
	case string:
		if own.InLowerCase(v) != "" && own.Holds(c.schema.Release) {
			return own
		}
	case map[string]any:
		return own
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 && key.Takes(int64(v)) {
			return own
		}
	}
	return nil
}

// otherCase warns of a text whose letters are in the case that the command line does not take.
func (c *checker) otherCase(t *merge.Tree, own *schema.Key, v any) {
	lower := own.InLowerCase(v)
	if lower == "" {
		return
	}
	c.add(diag.Diagnostic{
		Pos: settingOf(t).Node.Pos, Severity: diag.Warning, Code: schema.NotInEnum, Key: t.Path, Suggestion: lower,
		Message: fmt.Sprintf("%s is %s: called as a library, %s up to %s puts it into lower case; its command line, and newer releases, take %s alone", t.Key, v, c.schema.Engine, own.Until, lower),
	})
}

// olderTakes says in a finding up to which release the engine took a text in other letters.
func (c *checker) olderTakes(d *diag.Diagnostic, key *schema.Key, v any) {
	own, ok := schema.Takes().Section(c.schema.Engine + "_" + key.Section).Key(key.Name)
	if d.Code == schema.NotInEnum && ok && own.InLowerCase(v) != "" {
		d.Hint = fmt.Sprintf("%s up to %s, called as a library, puts it into lower case; the command line of no release does", c.schema.Engine, own.Until)
	}
}

// inside returns the faults in a map whose keys are those of a section of the release.
func (c *checker) inside(key *schema.Key, v any) (found []schema.Fault) {
	m, ok := v.(map[string]any)
	if section := c.schema.Section(key.Config); ok && section != nil {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			in, known := section.Key(name)
			if !known {
				f := schema.Fault{Code: schema.UnknownKey, Path: []string{name}, Suggestion: schema.Nearest(section.Names(), name)}
				f.Message = fmt.Sprintf("%s has no key %q", key.Name, name)
				found = append(found, f)
				continue
			}
			if c.taken(in, m[name]) != nil {
				continue
			}
			for _, f := range in.Check(m[name]) {
				f.Path = append([]string{name}, f.Path...)
				found = append(found, f)
			}
		}
	}
	return found
}

// plain turns a tree into plain data, with the sentinels resolved.
func (c *checker) plain(t *merge.Tree, key *schema.Key) any {
	if len(t.Fields) == 0 {
		return c.node(settingOf(t).Node, t.Path, key)
	}
	m := make(map[string]any, len(t.Fields))
	for _, f := range t.Fields {
		m[f.Key] = c.plain(f, nil)
	}
	return m
}

// node turns a node into plain data. key is nil inside maps and lists, where
// only the sentinels that mean the same everywhere count.
func (c *checker) node(n *source.Node, path string, key *schema.Key) any {
	switch n.Kind {
	case source.String:
		return c.text(n, path, key)
	case source.Float:
		if math.IsNaN(n.Float) || math.IsInf(n.Float, 0) {
			c.add(diag.Diagnostic{
				Pos: n.Pos, Severity: diag.Error, Code: "not-finite", Key: path,
				Message: fmt.Sprintf("%s is %s: a number here has to be finite", lastStep(path), n.Text),
			})
		}
		return n.Float
	case source.List:
		list := make([]any, len(n.Items))
		for i, item := range n.Items {
			list[i] = c.node(item, path+"."+strconv.Itoa(i), nil)
		}
		return list
	case source.Map:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Key] = c.node(f.Value, path+"."+f.Key, nil)
		}
		return m
	}
	return n.Interface()
}

// isMissing tells the texts that mean: must be set.
func isMissing(s string) bool { return s == "MISSING" || s == "???" }

// nullWords are texts that people, and Python, write for no value.
var nullWords = map[string]bool{"none": true, "null": true, "nil": true, "nan": true, "n/a": true, "undefined": true}

func isNullWord(n *source.Node) bool { return !n.Quoted && nullWords[strings.ToLower(n.Str)] }

// text resolves the texts with a meaning of their own.
func (c *checker) text(n *source.Node, path string, key *schema.Key) any {
	name := lastStep(path)
	switch {
	case isMissing(n.Str) && !n.Literal:
		if key != nil && optional(key) {
			return nil
		}
		d := diag.Diagnostic{
			Pos: n.Pos, Severity: diag.Error, Code: "must-be-set", Key: path,
			Message: fmt.Sprintf("%s must be set: it still has the placeholder %s", name, n.Str),
			Hint:    fmt.Sprintf("set it in the overlay, or with --set %s=VALUE", path),
		}
		if key != nil && key.Doc != "" {
			d.Hint += " (" + firstSentence(key.Doc) + ")"
		}
		c.add(d)
	case n.HasInterpolation():
		c.add(diag.Diagnostic{
			Pos: n.Pos, Severity: diag.Error, Code: "interpolation", Key: path,
			Message: fmt.Sprintf("%s has the interpolation %s, which is not resolved", name, n.Str),
			Hint:    "write the value itself",
		})
	case key != nil && key.Kinds&schema.Null != 0 && isNullWord(n) && !inEnum(key, n.Str):
		c.add(diag.Diagnostic{
			Pos: n.Pos, Severity: diag.Warning, Code: "null-text", Key: path, Suggestion: "null",
			Message: fmt.Sprintf("%s is the text %s, taken as null", name, n.Str),
			Hint:    "write null",
		})
		return nil
	case key != nil && c.spelledNull(key, n.Str):
		d := diag.Diagnostic{
			Pos: n.Pos, Severity: diag.Warning, Code: "null-text", Key: path, Suggestion: "null",
			Message: fmt.Sprintf("the command line of %s reads the text %q as null", c.engineRelease(), n.Str),
			Hint:    "write null",
		}
		if c.add(d); key.Default == nil {
			return nil
		}
	}
	return n.Str
}

// spelledNull reports whether the engine's command line reads a text as null.
func (c *checker) spelledNull(key *schema.Key, text string) bool {
	b, ok := backend.Of(c.backend)
	return ok && key.Section == schema.EngineConfig && key.Flag != nil && key.Kinds&schema.Null != 0 && !inEnum(key, text) &&
		slices.Contains(b.NullTexts, text) && (len(b.NullTextKeys) == 0 || slices.Contains(b.NullTextKeys, key.Name))
}

// optional tells the shared keys that may stay open: those at the top that take null, and
// those that the harness's own base leaves open.
func optional(key *schema.Key) bool {
	return key.Kinds&schema.Null != 0 && (key.Section == topSection || isMissing(key.DefaultNote))
}

func inEnum(key *schema.Key, s string) bool {
	for _, v := range key.Enum {
		if v == s {
			return true
		}
	}
	return false
}
