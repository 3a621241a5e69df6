package check

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// added checks a key that only the site's own schema has; ok is false where the
// site has none of that name, or the value is faulty. known tells the two apart.
func (c *checker) added(t *merge.Tree) (v any, known, ok bool) {
	if !c.site.Has(steps(t)...) {
		return nil, false, false
	}
	before := len(*c.found)
	v = c.plain(t, nil)
	if !(*c.found)[before:].HasErrors() {
		c.policy(t, v)
	}
	return v, true, !(*c.found)[before:].HasErrors()
}

// policy holds a value to the site's own schema.
func (c *checker) policy(t *merge.Tree, v any) {
	if c.site == nil {
		return
	}
	path := steps(t)
	for _, violation := range c.site.Check(path, v) {
		at := descend(t, violation.Path[len(path):])
		d := diag.Diagnostic{
			Pos: at.node.Pos, Severity: diag.Error, Code: "site-policy", Key: at.path, Hint: violation.Hint,
			Message: fmt.Sprintf("%s is %s: %s", at.name, schema.Format(at.node.Interface()), violation.Message),
			Related: []diag.Related{{Pos: violation.Pos, Message: "the site's word"}},
		}
		if isMap(t) && at.path == t.Path {
			d.Message = fmt.Sprintf("%s is a map: %s", at.name, violation.Message)
		}
		c.add(d)
	}
}

// demanded reports the keys that the site demands in a section and that have no
// value.
func (c *checker) demanded(t *merge.Tree, section ...string) {
	for _, key := range c.site.Keys(section...) {
		if field := t.Lookup(key.Name); !key.Required || field != nil && field.Interface() != nil {
			continue
		}
		path := strings.Join(append(section, key.Name), ".")
		c.add(diag.Diagnostic{
			Pos: c.inOverlay(t), Severity: diag.Error, Code: "site-policy", Key: path,
			Message: fmt.Sprintf("%s has no value: the site asks for one", path), Hint: key.Doc,
			Related: []diag.Related{{Pos: key.Pos, Message: "the site's word"}},
		})
	}
}

func steps(t *merge.Tree) []string { return strings.Split(t.Path, ".") }

// Site returns the faults of a site's own schema: a key that is most likely a
// known one misspelt would never be held to anything.
func Site(own *config.Site) diag.List {
	var found diag.List
	look := func(section *schema.Section, in string, known func(name string) bool) {
		var path []string
		if in != "" {
			path = []string{in}
		}
		for _, key := range own.Keys(path...) {
			i := slices.IndexFunc(section.Names(), func(name string) bool { return oneSlip(name, key.Name) })
			if i < 0 || hasKey(section, key.Name) || known(key.Name) {
				continue
			}
			near := section.Names()[i]
			found.Add(diag.Diagnostic{
				Pos: key.Pos, Severity: diag.Error, Code: schema.UnknownKey, Key: strings.Join(append(path, key.Name), "."), Suggestion: near,
				Message: fmt.Sprintf("the site adds a key %s, did you mean %s", key.Name, near),
				Hint:    "a key of the site's own needs a name that is not one slip from a known one",
			})
		}
	}
	never := func(string) bool { return false }
	look(schema.Shared().Section(topSection), "", never)
	look(schema.Shared().Section(harnessSection), harnessSection, never)
	for _, b := range backend.Engines() {
		releases := schema.Releases(b.Engine)
		newest, err := schema.Load(b.Engine, releases[len(releases)-1])
		if err != nil {
			continue
		}
		for section, name := range map[string]string{schema.EngineConfig: b.EngineSection(), schema.SamplingConfig: b.SamplingSection()} {
			look(newest.Section(section), name, func(key string) bool { return len(schema.History(b.Engine, section, key)) > 0 })
		}
	}
	found.Sort()
	return found
}
