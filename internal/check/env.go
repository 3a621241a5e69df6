package check

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// isEnvName reports whether a name has POSIX's form of an environment variable's,
// either case.
func isEnvName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// env returns the environment of the engine's process: env_config with the
// backend's own section over it, each value as Python's str() has it, null
// being not set.
func (c *checker) env(b *backend.Backend) map[string]string {
	values := map[string]string{}
	for _, name := range []string{envSection, b.EnvSection()} {
		t := c.tree.Lookup(name)
		if t == nil {
			continue
		}
		for _, field := range t.Fields {
			text, set, ok := c.variable(field)
			if ok && set {
				values[field.Key] = text
				c.policy(field, settingOf(field).Node.Interface())
			} else if ok {
				c.switchedOff(field, values)
				delete(values, field.Key)
			}
			c.inRelease(field, ok && set)
		}
		c.demanded(t, name)
	}
	c.noticeUnknown("", c.unread...)
	return values
}

// numberIn is the value of a node; the number that a text is, where it is one.
func numberIn(n *source.Node) any {
	if n.Kind == source.String {
		if x, err := strconv.ParseFloat(n.Str, 64); err == nil {
			return x
		}
	}
	return n.Interface()
}

// switchedOff reports a null that takes away what the shared section sets.
func (c *checker) switchedOff(t *merge.Tree, values map[string]string) {
	shared := c.tree.Lookup(envSection, t.Key)
	if _, set := values[t.Key]; !set || shared == t {
		return
	}
	c.add(diag.Diagnostic{
		Pos: settingOf(t).Node.Pos, Severity: diag.Warning, Code: "variable-switched-off", Key: t.Path,
		Message: fmt.Sprintf("%s is null here, and so is not set, although %s sets it", t.Key, envSection),
		Hint:    "take the line out for the shared value",
		Related: []diag.Related{{Pos: settingOf(shared).Node.Pos, Message: "the shared value"}},
	})
}

// variable checks one variable; set is false where its value is null.
func (c *checker) variable(t *merge.Tree) (text string, set, ok bool) {
	s := settingOf(t)
	failed := diag.Diagnostic{Severity: diag.Error, Key: t.Path}
	fail := func(pos diag.Pos, code, format string, args ...any) (string, bool, bool) {
		failed.Pos, failed.Code, failed.Message = pos, code, fmt.Sprintf(format, args...)
		c.add(failed)
		return "", false, false
	}
	if !isEnvName(t.Key) {
		return fail(s.KeyPos, "bad-variable-name", "%q is not the name of an environment variable: letters, digits and underscores, no digit first", t.Key)
	}
	n := s.Node
	switch {
	case isMap(t) || n.Kind == source.List:
		write(&failed, asDevices(t.Key, n))
		return fail(n.Pos, schema.WrongType, "%s is a %s: an environment variable takes text, a number, a boolean or null", t.Key, kindWord(t))
	case n.Kind == source.Null:
		return "", false, true
	case n.Kind == source.Float && (math.IsNaN(n.Float) || math.IsInf(n.Float, 0)):
		return fail(n.Pos, "not-finite", "%s is %s: a number here has to be finite", t.Key, n.Text)
	case n.Kind != source.String:
		c.retyped(t, n)
		return n.PyStr(), true, true
	}
	before := len(*c.found)
	// Python's None is most likely no value. Other such words are values here:
	// a variable's text goes to the process as it stands (NVSHMEM_REMOTE_TRANSPORT=none).
	takes := textKey
	if key, known := c.schema.Section(schema.EnvConfig).Key(t.Key); n.Str == "None" && !(known && inEnum(key, n.Str)) {
		takes = envKey
	}
	v := c.text(n, t.Path, takes)
	if (*c.found)[before:].HasErrors() || IsSecret(t.Key, n.Str) {
		return "", false, false
	}
	if strings.ContainsRune(n.Str, 0) {
		return fail(n.Pos, schema.WrongType, "%s holds a NUL character, which no environment can", t.Key)
	}
	return n.Str, v != nil, true
}

// retyped warns of a value that YAML 1.1 reads as something else than the text that stands there.
func (c *checker) retyped(t *merge.Tree, n *source.Node) {
	if n.Text == "" || strings.EqualFold(n.Text, n.PyStr()) {
		return
	}
	quoted := strconv.Quote(n.Text)
	c.add(diag.Diagnostic{
		Pos: n.Pos, Severity: diag.Warning, Code: "retyped-variable", Key: t.Path, Suggestion: quoted, Hint: "write " + quoted,
		Message: fmt.Sprintf("%s gets %q: YAML 1.1 reads %s without quotes as a %s", t.Key, n.PyStr(), n.Text, n.Kind),
	})
}

// envKey says what a variable's text may be: anything, or a word for null.
var (
	envKey  = &schema.Key{Kinds: schema.String | schema.Null}
	textKey = &schema.Key{Kinds: schema.String}
)

func kindWord(t *merge.Tree) string {
	if isMap(t) {
		return "map"
	}
	return settingOf(t).Node.Kind.String()
}

// otherVariable finds a variable of a lower layer that matches: what the base
// sets is most likely spelt right.
func (c *checker) otherVariable(t *merge.Tree, match func(string) bool) string {
	sections := []string{envSection}
	for _, b := range backend.All() {
		sections = append(sections, b.EnvSection())
	}
	for _, name := range sections {
		s := c.tree.Lookup(name)
		if s == nil {
			continue
		}
		for _, f := range s.Fields {
			if rank(f.Chain[0].Layer) < rank(t.Chain[0].Layer) && match(f.Key) {
				return f.Key
			}
		}
	}
	return ""
}

// oneSlip reports whether two names differ by a single slip of the fingers: one
// letter more, less, other, or two swapped.
func oneSlip(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a)-len(b) > 1 || a == b {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) > len(b) {
		return a[i+1:] == b[i:]
	}
	return a[i+1:] == b[i+1:] || i+1 < len(b) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
