package check

import (
	"fmt"
	"math/big"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// The sections that are named here; what they hold is the schema's.
const (
	topSection     = "config"
	harnessSection = "harness_config"
	envSection     = "env_config"
	retiredSection = "retired"
)

// top checks the top level and returns its scalars; of a section only that it is
// a map.
func (c *checker) top() map[string]any {
	section := c.schema.Section(topSection)
	values := map[string]any{}
	for _, t := range c.tree.Fields {
		key, ok := section.Key(t.Key)
		switch {
		case !ok:
			if v, known, ok := c.added(t); !known {
				c.unknownShared(t, "", section)
			} else if ok {
				values[t.Key] = v
			}
		case key.Kinds&schema.Map == 0:
			if v, ok := c.value(t, key); ok {
				values[t.Key] = v
				c.readNowhere(t, key, v)
				c.notRun(t, key, v)
			}
		case !isMap(t):
			c.value(t, key)
		}
	}
	c.required(section, c.tree, nil)
	c.demanded(c.tree)
	return values
}

// harness checks the harness section.
func (c *checker) harness() map[string]any {
	return c.closed(c.tree.Lookup(harnessSection), c.schema.Section(harnessSection))
}

// closed checks a section of shared keys, sub-sections included.
func (c *checker) closed(t *merge.Tree, section *schema.Section) map[string]any {
	values := map[string]any{}
	if t == nil || !isMap(t) {
		return values
	}
	for _, field := range t.Fields {
		key, ok := section.Key(field.Key)
		if ok {
			c.notInStruct(field, key)
		}
		switch {
		case !ok:
			if v, known, ok := c.added(field); !known {
				c.unknownShared(field, t.Path, section)
			} else if ok {
				values[field.Key] = v
			}
		case key.Config != "" && isMap(field):
			values[field.Key] = c.closed(field, c.schema.Section(key.Config))
			c.readNowhere(field, key, values[field.Key])
		default:
			if v, ok := c.value(field, key); ok {
				values[field.Key] = v
				c.readNowhere(field, key, v)
				c.notRun(field, key, v)
				c.sensible(field, t.Path, key, v)
			}
		}
	}
	c.required(section, t, t)
	c.demanded(t, steps(t)...)
	return values
}

// engineSection checks a section whose keys depend on the engine's release.
func (c *checker) engineSection(name, schemaSection string) map[string]any {
	section := c.schema.Section(schemaSection)
	values := map[string]any{}
	t := c.tree.Lookup(name)
	if t == nil {
		return values
	}
	for _, field := range t.Fields {
		key, ok := section.Key(field.Key)
		if !ok {
			key, ok = c.formerName(field.Key, schemaSection)
		}
		if !ok && c.takenAway(field, schemaSection) {
			continue
		}
		if !ok {
			if v, known, ok := c.added(field); !known {
				c.unknownEngine(field, name, schemaSection)
			} else if s, isText := v.(string); ok && !(isText && IsSecret(field.Key, s)) {
				values[field.Key] = v
			}
			continue
		}
		if key.Deprecated != "" {
			c.deprecated(field, key, schemaSection)
		}
		v, ok := c.value(field, key)
		c.deprecatedInside(field, key, v)
		if ok {
			c.sensible(field, name, key, v)
		}
		ok = ok && c.builtIn(field, key, v)
		if s, isText := v.(string); !ok || isText && IsSecret(field.Key, s) {
			continue
		}
		values[field.Key] = v
	}
	c.demanded(t, name)
	return values
}

// harnessParameters is the section with what the harness takes among vLLM's sampling
// parameters and does not hand on.
const harnessParameters = "sampling_params"

// takenAway checks a sampling parameter that is the harness's own, and reports whether
// it is one.
func (c *checker) takenAway(t *merge.Tree, schemaSection string) bool {
	key, ok := c.round.Section(harnessParameters).Key(t.Key)
	if !ok || schemaSection != schema.SamplingConfig || c.schema.Engine != backend.VLLM {
		return false
	}
	if v, ok := c.value(t, key); ok {
		of := &checker{schema: c.round, found: c.found, faulty: c.faulty, backend: c.backend}
		of.notRun(t, key, v)
	}
	return true
}

// formerName finds a key that the release's command line still takes under its old
// name: an argument of the engine in earlier releases, an alias of another one now.
func (c *checker) formerName(name, schemaSection string) (*schema.Key, bool) {
	if schemaSection != schema.EngineConfig || len(schema.History(c.schema.Engine, schemaSection, name)) == 0 {
		return nil, false
	}
	key, ok := c.schema.Section(schema.CLIOnly).Key(name)
	if !ok || key.Flag == nil || key.Deprecated == "" {
		return nil, false
	}
	return key, true
}

// sensible warns of a number that is taken, by the release or by the harness, and means nothing.
func (c *checker) sensible(t *merge.Tree, section string, own *schema.Key, v any) {
	key, ok := schema.Sense().Section(section).Key(t.Key)
	if !ok || own.Min != nil || own.Max != nil {
		return
	}
	switch v.(type) {
	case int64, float64, *big.Int:
	default:
		return
	}
	for _, f := range key.Check(v) {
		d := faultOf(t, key, f)
		d.Severity = diag.Warning
		d.Hint = strings.TrimPrefix(d.Hint+"; "+firstSentence(key.Doc), "; ")
		c.add(d)
	}
}

// deprecated warns of a key that the release advises against or ignores: with
// the engine's own words, what took its place, and the release that lacks it.
func (c *checker) deprecated(t *merge.Tree, key *schema.Key, section string) {
	d := diag.Diagnostic{
		Pos: settingOf(t).KeyPos, Severity: diag.Warning, Code: "deprecated-key", Key: t.Path,
		Message: fmt.Sprintf("%s is deprecated in %s", t.Key, c.engineRelease()),
	}
	if text, _, _ := strings.Cut(key.Deprecated, "\n"); !strings.EqualFold(text, "deprecated") {
		d.Message += ": " + text
	}
	for _, span := range schema.History(c.schema.Engine, section, t.Key) {
		if after := schema.Following(c.schema.Engine, span.Last); after != "" && schema.CompareReleases(after, c.schema.Release) > 0 {
			d.Hint = after + " no longer has it"
			break
		}
	}
	if note, ok := schema.Gone(c.schema.Engine, c.schema.Release, section, t.Key); ok && note.Text != strings.TrimSuffix(key.Deprecated, ".") {
		d.Hint = strings.TrimPrefix(d.Hint+"; "+note.Text, "; ")
		if note.Replaced != "" {
			d.Hint += ": " + note.Replaced + " takes its place"
			if c.takesIt(t, section, note.Replaced) || hasKey(c.schema.Section(section), note.Replaced) && len(key.Check(settingOf(t).Node.Interface())) > 0 {
				d.Suggestion = note.Replaced
			}
		}
	}
	c.add(d)
}

// deprecatedInside reports the deprecated keys of a nested map, at any depth.
func (c *checker) deprecatedInside(t *merge.Tree, key *schema.Key, value any) {
	values, ok := value.(map[string]any)
	if !ok {
		return
	}
	section := key.Nested(values)
	for _, field := range t.Fields {
		inner, known := section.Key(field.Key)
		if !known {
			continue
		}
		if inner.Deprecated != "" {
			c.deprecated(field, inner, section.Name)
		}
		c.deprecatedInside(field, inner, values[field.Key])
	}
}

func isMap(t *merge.Tree) bool {
	if len(t.Fields) > 0 {
		return true
	}
	s := settingOf(t)
	return s != nil && s.Node.Kind == source.Map
}
