package check

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// argument names what a section's keys are to the engine.
var argument = map[string]string{
	schema.EngineConfig:   "engine argument",
	schema.SamplingConfig: "sampling parameter",
	schema.EnvConfig:      "environment variable",
	schema.CLIOnly:        "argument of the server's command line",
}

// unknownEngine reports a key that this release of the engine does not have,
// and says what became of it: gone, not yet there, misspelt, of another
// section, of another engine.
func (c *checker) unknownEngine(t *merge.Tree, section, schemaSection string) {
	d := c.unknownKey(t, section)
	d.Message = fmt.Sprintf("%s has no %s %s", c.engineRelease(), argument[schemaSection], t.Key)
	if hint := c.hintFork(schemaSection, t.Key); hint != "" {
		d.Hint = hint
		c.add(d)
		return
	}
	near := schema.Nearest(c.schema.Section(schemaSection).Names(), t.Key)
	if history := schema.History(c.schema.Engine, schemaSection, t.Key); len(history) > 0 {
		d.Message += ": " + c.becameOf(history)
		if note := c.gone(schemaSection, t.Key, history); note.Text != "" {
			c.tookItsPlace(&d, t, schemaSection, note)
		} else if near != "" {
			d.Hint = "the nearest that is there is " + near
		}
	} else if name, ok := c.negated(t.Key, schemaSection); ok {
		if write(&d, negatedMeans(name, settingOf(t).Node)); d.Hint == "" {
			d.Hint = fmt.Sprintf("%s: false says so", name)
		}
	} else if note, ok := schema.Gone(c.schema.Engine, c.schema.Release, schemaSection, t.Key); ok {
		c.tookItsPlace(&d, t, schemaSection, note)
	} else if name := behindFlag(c.schema.Section(schemaSection), t.Key); name != "" {
		d.Suggestion = name
		d.Hint = fmt.Sprintf("its name is %s, %s is the flag on the command line", name, t.Key)
	} else if name := c.sameRole(t.Key); name != "" && hasKey(c.schema.Section(schemaSection), name) {
		d.Suggestion = name
		d.Hint = fmt.Sprintf("its name is %s here, %s is another engine's", name, t.Key)
	} else if places := schema.Where(c.schema.Engine, c.schema.Release, t.Key); len(places) > 0 {
		d.Hint = c.elsewhere(t.Key, places[0])
	} else if _, ok := schema.Shared().Section(harnessSection).Key(t.Key); ok {
		d.Hint = "it belongs into " + harnessSection
	} else if near != "" {
		didYouMean(&d, near)
	}
	c.add(d)
}

// negated finds the switch that a name with no_ before it turns off on the command line.
func (c *checker) negated(name, schemaSection string) (string, bool) {
	rest, ok := strings.CutPrefix(strings.ReplaceAll(strings.TrimLeft(name, "-"), "-", "_"), "no_")
	if !ok {
		return "", false
	}
	key, known := c.schema.Section(schemaSection).Key(rest)
	return rest, known && key.Kinds&schema.Bool != 0
}

// tookItsPlace hints at what a note says of a key.
func (c *checker) tookItsPlace(d *diag.Diagnostic, t *merge.Tree, schemaSection string, note schema.Note) {
	d.Hint = note.Text
	if note.Replaced == "" {
		return
	}
	d.Hint += fmt.Sprintf(": %s takes its place", note.Replaced)
	if c.takesIt(t, schemaSection, note.Replaced) {
		d.Suggestion = note.Replaced
	}
}

// takesIt reports whether a section has a key that takes the value of another one.
func (c *checker) takesIt(t *merge.Tree, schemaSection, name string) bool {
	key, known := c.schema.Section(schemaSection).Key(name)
	return known && len(key.Check(settingOf(t).Node.Interface())) == 0
}

// behindFlag finds the key that the server's command line spells as name, with
// dashes or without.
func behindFlag(section *schema.Section, name string) string {
	dashed := func(s string) string { return strings.TrimLeft(strings.ReplaceAll(s, "_", "-"), "-") }
	for _, key := range section.Keys() {
		for _, flag := range key.Flags() {
			if dashed(flag) == dashed(name) {
				return key.Name
			}
		}
	}
	return ""
}

func (c *checker) engineRelease() string { return c.schema.Engine + " " + c.schema.Version() }

// hintFork names the forks that have a key of the engine; empty where none has it.
func (c *checker) hintFork(section, name string) string {
	forks := schema.ForksWith(c.schema.Engine, section, name, c.forks)
	if len(forks) == 0 || forks[0].Name == c.schema.Fork {
		return ""
	}
	names := make([]string, len(forks))
	for i, f := range forks {
		names[i] = f.Name
	}
	return fmt.Sprintf("the fork %s has it: --engine-version %s=%s+%s", strings.Join(names, " or "), c.schema.Engine, c.schema.Release, names[0])
}

// becameOf says why a release lacks a key that others have.
func (c *checker) becameOf(history []schema.Span) string {
	return schema.Became(c.schema.Engine, c.schema.Release, history)
}

// gone is what is known of a key's end, where the release comes after it.
func (c *checker) gone(section, name string, history []schema.Span) schema.Note {
	if last, _ := schema.Around(history, c.schema.Release); last == "" {
		return schema.Note{}
	}
	note, _ := schema.Gone(c.schema.Engine, c.schema.Release, section, name)
	return note
}

// elsewhere says where a name is known that does not belong where it stands.
func (c *checker) elsewhere(name string, p schema.Place) string {
	switch {
	case p.Section == schema.CLIOnly:
		return fmt.Sprintf("it is an %s of %s, not of the engine", argument[p.Section], p.Engine)
	case p.Engine != c.schema.Engine:
		return fmt.Sprintf("it is an %s of %s: it belongs into %s_%s", argument[p.Section], p.Engine, p.Engine, p.Section)
	case !p.Here:
		return fmt.Sprintf("it belongs into %s_%s, in releases other than %s", p.Engine, p.Section, c.schema.Release)
	}
	return fmt.Sprintf("it belongs into %s_%s", p.Engine, p.Section)
}

// unknownShared reports a key that a shared section, "" for the top, does not have.
func (c *checker) unknownShared(t *merge.Tree, in string, section *schema.Section) {
	d := c.unknownKey(t, in)
	top, harness := c.schema.Section(topSection), c.schema.Section(harnessSection)
	near := schema.Nearest(section.Names(), t.Key)
	retired, isRetired := c.schema.Section(retiredSection).Key(t.Key)
	sections := engineSections(t.Key)
	history := schema.History(schema.Harness, section.Name, t.Key)
	var own []string // of a name that manifests have, without the engine's before it
	for _, name := range top.Names() {
		if in == "" && strings.HasSuffix(name, "_"+t.Key) {
			own = append(own, name)
		}
	}
	switch {
	case len(own) > 0 && strings.HasSuffix(t.Key, "_config"):
		d.Hint = "a manifest has it so; an overlay has " + strings.Join(own, ", ")
	case isRetired && settingOf(t).Layer == merge.OverrideLayer && in == "":
		d.Message = fmt.Sprintf("%s is what the harness renames %v to after the command line: the override would be lost", t.Key, retired.Enum[0])
		d.Hint = fmt.Sprintf("override %v.KEY", retired.Enum[0])
	case len(history) > 0:
		d.Message = fmt.Sprintf("%s of round %s has no key %s: %s", orTop(in), c.schema.Release, t.Key, c.becameOf(history))
		d.Hint = "the harness of this round does not read it; " + nameRound(history[len(history)-1].Last)
	case isRetired:
		d.Hint = fmt.Sprintf("%s is of the older format; now it is %v", t.Key, retired.Enum[0])
	case in != "" && hasKey(top, t.Key):
		d.Hint = "it belongs to the top of the file"
	case in != harnessSection && hasKey(harness, t.Key):
		d.Hint = "it belongs into " + harnessSection
	case len(sections) > 0:
		d.Hint = "it belongs into " + strings.Join(sections, " or ")
	case near != "":
		didYouMean(&d, near)
	case len(section.Names()) <= maxListed:
		d.Hint = "the keys are " + strings.Join(section.Names(), ", ")
	}
	c.add(d)
}

// maxListed bounds the keys that a hint lists.
const maxListed = 16

func hasKey(s *schema.Section, name string) bool {
	_, ok := s.Key(name)
	return ok
}

// unknownKey starts a finding about a key that section in, "" for the top, does not have.
func (c *checker) unknownKey(t *merge.Tree, in string) diag.Diagnostic {
	in = orTop(in)
	return diag.Diagnostic{
		Pos: settingOf(t).KeyPos, Severity: diag.Error, Code: schema.UnknownKey, Key: t.Path,
		Message: fmt.Sprintf("%s has no key %s", in, t.Key),
	}
}

func didYouMean(d *diag.Diagnostic, near string) {
	d.Suggestion = near
	d.Message += ", did you mean " + near
}

// required reports the keys without which nothing runs, where none of the
// section's layers has them. at is the section, nil for the top.
func (c *checker) required(section *schema.Section, t, at *merge.Tree) {
	for _, key := range section.Keys() {
		if !key.Required || t.Lookup(key.Name) != nil {
			continue
		}
		d := diag.Diagnostic{
			Pos: diag.Pos{File: c.overlay}, Severity: diag.Error, Code: "missing-key", Key: key.Name,
			Message: key.Name + " is missing", Hint: firstSentence(key.Doc),
		}
		if at != nil {
			d.Key = at.Path + "." + key.Name
			d.Message = fmt.Sprintf("%s lacks %s", at.Path, key.Name)
			d.Pos = c.inOverlay(at)
		}
		c.add(d)
	}
}

// inOverlay is where the overlay has a section, the overlay as a whole where it
// has not.
func (c *checker) inOverlay(t *merge.Tree) diag.Pos {
	if i := slices.IndexFunc(t.Chain, func(s merge.Setting) bool { return s.KeyPos.File == c.overlay }); i >= 0 {
		return t.Chain[i].KeyPos
	}
	return diag.Pos{File: c.overlay}
}

// firstSentence is a key's meaning on one line.
func firstSentence(doc string) string {
	text := strings.Join(strings.Fields(doc), " ")
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSuffix(text, ".")
}

// engineSections are the sections of any engine that know a key in some release.
func engineSections(key string) []string {
	var sections []string
	for _, p := range schema.Where("", "", key) {
		if p.Section != schema.CLIOnly {
			sections = append(sections, p.Engine+"_"+p.Section)
		}
	}
	return sections
}

// orTop names a section, "" being the top.
func orTop(in string) string {
	if in == "" {
		return "the top of a configuration"
	}
	return in
}
