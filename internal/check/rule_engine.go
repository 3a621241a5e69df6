package check

import (
	"slices"

	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// engineRule is a check over several arguments that the engine itself makes
// when it starts, and that needs neither a GPU nor the model. It holds in the
// releases that know all its keys, from first to last where these are set.
type engineRule struct {
	first, last string
	// keys are the arguments it reads; the finding stands at one that is set.
	keys []string
	// broken reports whether the engine refuses the values. A key that is not set
	// has its default, or is absent where it has none.
	broken func(v args) bool
	// message says what is wrong; lower case, no full stop.
	message string
	// source is where the engine checks it: function, and a part of the condition.
	source engineSource
}

// engineSource names the engine's own check.
type engineSource struct{ function, condition string }

// args are an engine's arguments by name.
type args map[string]any

func (a args) num(name string) float64 {
	n, _ := (key{value: a[name]}).number()
	return n
}

func (a args) has(name string) bool { return a[name] != nil }

func (a args) on(name string) bool { return a[name] == true }

func (a args) text(name string) string {
	s, _ := a[name].(string)
	return s
}

// in is a key of a nested map, nil where it is not there.
func (a args) in(name, key string) any {
	m, _ := a[name].(map[string]any)
	return m[key]
}

// engineRefuses runs the rules of the configuration's engine that hold in its release.
func engineRefuses(c *Config, found *diag.List) {
	rules := rulesOf[c.Backend.Engine].refuses
	for i := range rules {
		if rules[i].concerns(c) && rules[i].holdsIn(c.Schema) {
			rules[i].check(c, found)
		}
	}
}

// concerns reports whether the configuration sets any of the rule's keys: what it
// leaves to defaults the engine does not refuse.
func (r *engineRule) concerns(c *Config) bool {
	return slices.ContainsFunc(r.keys, func(name string) bool { return c.EngineConfig[name] != nil })
}

func (r *engineRule) holdsIn(s *schema.Schema) bool {
	if r.first != "" && schema.CompareReleases(s.Release, r.first) < 0 || r.last != "" && schema.CompareReleases(s.Release, r.last) > 0 {
		return false
	}
	section := s.Section(schema.EngineConfig)
	return !slices.ContainsFunc(r.keys, func(name string) bool {
		_, known := section.Key(name)
		return !known
	})
}

func (r *engineRule) check(c *Config, found *diag.List) {
	values := args{}
	var keys []key
	isSet := false
	for _, name := range r.keys {
		k, ok := c.engine(name)
		if !ok && c.faulty[c.Backend.EngineSection()+"."+name] {
			return
		}
		if !ok {
			continue
		}
		values[name] = k.value
		if k.setting != nil {
			isSet = true
			keys = append(keys, k)
		}
	}
	if isSet && r.broken(values) {
		c.report(found, diag.Diagnostic{
			Code: "engine-refuses", Message: c.Schema.Engine + " " + c.Schema.Release + " refuses this: " + r.message,
		}, keys...)
	}
}
