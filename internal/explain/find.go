package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/backend"

	"mlcfg/schema"
)

// NotFound says that a configuration and its schema have no such key.
type NotFound struct {
	Msg string
	// Hint is the nearest name, or where the key is known; may be empty.
	Hint string
}

// Error is the message without the hint.
func (e *NotFound) Error() string { return e.Msg }

// Find returns the values that a key or a pattern means: those that are set, and
// where there are none, or with unset, those that the schema knows too. The
// error is a *NotFound that names the nearest key.
func (v *View) Find(pattern string, unset bool) ([]Value, error) {
	var found, unread []Value
	named := map[string]bool{}
	for _, value := range v.Values {
		if value.means(pattern) {
			found = append(found, value)
		}
		named[value.Name] = true
	}
	for _, value := range v.Unread {
		if value.means(pattern) {
			unread = append(unread, value)
		}
	}
	if len(found)+len(unread) > 0 && !unset {
		return append(found, unread...), nil
	}
	open := v.unset()
	for _, value := range open {
		if !named[value.Name] && value.means(pattern) {
			found = append(found, value)
		}
	}
	if found = append(found, unread...); len(found) > 0 {
		slices.SortStableFunc(found, func(a, b Value) int { return cmp.Compare(a.rank(), b.rank()) })
		return found, nil
	}
	return nil, v.notFound(pattern, open)
}

// rank orders values by group, those that are not read last.
func (v *Value) rank() int {
	if v.Unread != "" {
		return len(Groups())
	}
	return slices.Index(Groups(), v.Group)
}

// means reports whether a pattern means the value, by its name or by the keys
// that layers write for it.
func (v *Value) means(pattern string) bool {
	if Match(pattern, v.Name) {
		return true
	}
	return slices.ContainsFunc(v.Chain, func(s Step) bool { return s.Key != v.Name && Match(pattern, s.Key) })
}

// unset are all keys of the schema that the backend reads, set or not.
func (v *View) unset() []Value {
	var all []Value
	u := &unsetKeys{view: v, to: &all}
	shared := v.round
	u.add("", UseCase, shared.Section(topSection), "")
	note := v.Backend.Engine + " " + v.Release
	u.add(envSection, Environment, v.schema.Section(schema.EnvConfig), note)
	u.add(v.Backend.EngineSection(), Engine, v.schema.Section(schema.EngineConfig), note)
	u.add(v.Backend.SamplingSection(), Sampling, v.schema.Section(schema.SamplingConfig), note)
	u.add(harnessSection, Harness, shared.Section(harnessSection), "")
	return all
}

type unsetKeys struct {
	view *View
	to   *[]Value
	// within are the sections of nested maps that are being added.
	within []string
}

// add appends a section's keys; note is the engine's release where defaults are its.
func (u *unsetKeys) add(path string, g Group, section *schema.Section, note string) {
	for _, key := range section.Keys() {
		if path == "" && key.Kinds&schema.Map != 0 {
			continue // a section
		}
		value := Value{Name: strings.TrimPrefix(path+"."+key.Name, "."), Group: g, Key: key}
		if key.HasDefault && note != "" {
			value.Chain = []Step{defaultStep(value.Name, key, note)}
			value.Value = key.Default
		}
		if key.Config == "" || slices.Contains(u.within, key.Config) {
			*u.to = append(*u.to, value)
		} else {
			u.within = append(u.within, key.Config)
			u.add(value.Name, g, u.view.sectionOf(key, nil), note)
			u.within = u.within[:len(u.within)-1]
		}
	}
}

// notFound says what became of a key that is not there.
func (v *View) notFound(pattern string, known []Value) *NotFound {
	e := &NotFound{Msg: fmt.Sprintf("there is no key %s for backend %s", pattern, v.Backend.Name)}
	if IsPattern(pattern) {
		e.Msg = fmt.Sprintf("no key of backend %s fits %s", v.Backend.Name, pattern)
		return e
	}
	section, name := "", pattern
	if i := strings.LastIndexByte(pattern, '.'); i >= 0 {
		section, name = pattern[:i], pattern[i+1:]
	}
	for _, b := range backend.All() {
		if b.Engine != v.Backend.Engine && slices.Contains([]string{b.EngineSection(), b.SamplingSection(), b.EnvSection()}, section) {
			e.Msg = fmt.Sprintf("backend %s does not read %s", v.Backend.Name, section)
			e.Hint = "ask for it with --backend " + b.Name
			return e
		}
	}
	var inSection, last, full []string
	for _, list := range [][]Value{v.Values, known} {
		for _, value := range list {
			full = append(full, value.Name)
			last = append(last, value.Name[strings.LastIndexByte(value.Name, '.')+1:])
			if strings.HasPrefix(value.Name, section+".") {
				inSection = append(inSection, value.Name)
			}
		}
	}
	places := schema.Where(v.Backend.Engine, v.Release, name)
	near := ""
	for _, names := range [][]string{inSection, full} {
		if near == "" && section != "" {
			near = schema.Nearest(names, pattern)
		}
	}
	if near == "" {
		near = schema.Nearest(last, name)
	}
	switch {
	case len(places) > 0:
		p := places[0]
		e.Hint = fmt.Sprintf("%s is in the %s of %s", name, p.Section, spans(p.Engine, p.Spans))
	case near != "":
		e.Hint = "did you mean " + near
	}
	return e
}

// spans names runs of releases: "vllm 0.9.2 to 0.10.1, 0.32.0".
func spans(engine string, all []schema.Span) string {
	words := make([]string, len(all))
	for i, s := range all {
		if words[i] = s.First; s.Last != s.First {
			words[i] += " to " + s.Last
		}
	}
	return strings.TrimSpace(engine + " " + strings.Join(words, ", "))
}
