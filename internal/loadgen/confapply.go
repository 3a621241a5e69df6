package loadgen

import (
	"slices"

	"mlcfg/internal/diag"
)

// Apply writes into s what the file says for a model and scenario, as LoadGen
// does: M.S.key before *.S.key before M.*.key before *.*.key; a key that the
// file does not have leaves its setting alone; seeds only from an mlperf.conf.
// Neither s.Scenario nor the model of s is looked at. set holds the places of
// the lines by the names of the settings that they set. Values that ParseConf
// found wrong are left out.
func (c *Conf) Apply(s *Settings, model string, scenario Scenario) (set map[string]diag.Pos, found diag.List) {
	set = map[string]diag.Pos{}
	for _, k := range confKeys {
		if k.read == asUnread || k.seeds && c.Kind != MLPerfConf {
			continue
		}
		under := k.under
		if under == ownScenario {
			under = scenario.String()
		}
		e, shadowed := c.lookUp(model, under, k.name)
		if e == nil {
			continue
		}
		found.Add(shadowed...)
		switch {
		case k.tokens() && !s.UseTokenLatencies:
			if scenario == Server { // what judges Server, a run of another scenario cannot tell
				found.Add(c.noEffect(e, "use_token_latencies"))
			}
			continue
		case k.field == "token_latency_scaling_factor" && !s.InferTokenLatencies:
			found.Add(c.noEffect(e, "infer_token_latencies"))
			continue
		}
		if k.store(s.field(k.field), e.text) == nil {
			set[k.field] = e.pos
		}
	}
	if d, ok := c.unused(model); ok {
		found.Add(d)
	}
	found.Sort()
	return set, found
}

// lookUp finds the line for a key. shadowed are lines for this model that a
// line for all models goes before.
func (c *Conf) lookUp(model, scenario, key string) (found *confEntry, shadowed diag.List) {
	for i, n := range []confName{{model, scenario, key}, {"*", scenario, key}, {model, "*", key}, {"*", "*", key}} {
		e, ok := c.entries[n.String()]
		switch {
		case !ok:
		case found == nil:
			found = &e
		case i == 2 && c.Kind == UserConf && found.model == "*" && model != "*":
			shadowed.Add(diag.Diagnostic{
				Pos: e.pos, Severity: diag.Warning, Code: "conf-shadowed", Key: e.String(),
				Message: "LoadGen takes " + found.String() + " before it: a scenario goes before a model",
				Related: []diag.Related{{Pos: found.pos, Message: "this line holds"}},
			})
		}
	}
	return found, shadowed
}

// noEffect is a line that another setting would have to switch on.
func (c *Conf) noEffect(e *confEntry, by string) diag.Diagnostic {
	return diag.Diagnostic{
		Pos: e.pos, Severity: diag.Warning, Code: "conf-ignored", Key: e.String(),
		Message: "LoadGen does not read " + e.key + " while " + by + " is off",
	}
}

// unused says so where a user.conf has lines for other models and none for this.
func (c *Conf) unused(model string) (diag.Diagnostic, bool) {
	if c.Kind != UserConf || len(c.entries) == 0 || c.has(model) || c.has("*") {
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{
		Pos: diag.Pos{File: c.Name}, Severity: diag.Warning, Code: "conf-unused",
		Message: "no line is for " + model + "; the file has lines for " + joined(c.models()),
	}, true
}

// has reports whether the file has a line for the model.
func (c *Conf) has(model string) bool { return slices.Contains(c.models(), model) }

// models are the models that the file has lines for, sorted.
func (c *Conf) models() []string {
	var names []string
	for _, e := range c.entries {
		names = append(names, e.model)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
