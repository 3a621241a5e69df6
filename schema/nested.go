package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Union says which section the keys of a nested map are in, by the value of one of them.
type Union struct {
	// By is that key ("decoding_type").
	By string
	// Cases are the sections by the key's value.
	Cases map[string]string
}

// Values are the values that the key By may have, sorted.
func (u *Union) Values() []string { return slices.Sorted(maps.Keys(u.Cases)) }

// Nested returns the section with the keys of a nested map of the given value;
// nil where any key may stand in it, or the value does not tell.
func (k *Key) Nested(value map[string]any) *Section {
	if k.schema == nil {
		return nil
	}
	return k.schema.Section(k.configOf(value))
}

func (k *Key) configOf(value map[string]any) string {
	if k.Union != nil {
		if name, ok := value[k.Union.By].(string); ok {
			return k.Union.Cases[name]
		}
	}
	return k.Config
}

// checkConfig checks a nested map against the section that it is of.
func (k *Key) checkConfig(m map[string]any) []Fault {
	if u := k.Union; u != nil && k.configOf(m) == "" {
		return []Fault{u.fault(m)}
	}
	sec := k.Nested(m)
	if sec == nil {
		return nil
	}
	var found []Fault
	for _, name := range slices.Sorted(maps.Keys(m)) {
		inner, ok := sec.Key(name)
		if !ok && k.dashes() {
			inner, ok = sec.Key(strings.ReplaceAll(name, "-", "_"))
		}
		if !ok {
			found = append(found, sec.lacks(name, m[name]))
			continue
		}
		for _, f := range inner.Check(m[name]) {
			f.Path = append([]string{name}, f.Path...)
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		found = sec.refuses(m)
	}
	return found
}

// lacks is the fault of a key that a map has and its class does not. What other releases
// have is not misspelt: the nearest name means something else.
func (s *Section) lacks(name string, value any) Fault {
	f := Fault{Code: UnknownKey, Path: []string{name}, Want: "a key of " + s.Name, Message: fmt.Sprintf("%s has no key %q", s.Name, name)}
	engine, release := s.schema.Engine, s.schema.Release
	became := Became(engine, release, History(engine, s.Name, name))
	if became == "" {
		f.Suggestion = Nearest(s.Names(), name)
	} else {
		f.Message += ": " + became
	}
	note, gone := Gone(engine, release, s.Name, name)
	if !gone {
		return f
	}
	f.Message += ": " + note.Text
	if next, here := s.Key(note.Replaced); here {
		if f.Suggestion = ""; len(next.Check(value)) == 0 {
			f.Suggestion = note.Replaced
		}
	}
	return f
}

// dashes reports whether the engine takes dashes for the underscores in the names of
// a map's keys: vLLM of speculative_config since 0.26.0 (create_speculative_config).
func (k *Key) dashes() bool {
	return k.Config == "SpeculativeConfig" && CompareReleases(k.schema.Release, "0.26.0") >= 0
}

// fault is that of a map which does not say what it is.
func (u *Union) fault(m map[string]any) Fault {
	f := Fault{Code: NotInEnum, Want: "one of"}
	var words []any
	for i, value := range u.Values() {
		words = append(words, value)
		if i > 0 {
			f.Want += ","
		}
		f.Want += " " + Format(value)
	}
	value, set := m[u.By]
	if !set {
		f.Message = fmt.Sprintf("a map without %s, which has to be %s", u.By, f.Want)
		return f
	}
	f.Path, f.Suggestion = []string{u.By}, nearestLiteral(words, value)
	f.Message = fmt.Sprintf("%s where %s is wanted", Format(value), f.Want)
	return f
}
