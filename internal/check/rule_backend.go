package check

import (
	"fmt"
	"maps"
	"slices"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
)

// backendAgrees holds the configuration against the backend that was named on
// the command line: its own word, and for ray the executor that the backend means.
func backendAgrees(c *Config, found *diag.List) {
	if k, ok := c.top("backend"); ok && c.named && k.value != c.Backend.Name && !slices.Contains(c.Backend.AlsoNamed, fmt.Sprint(k.value)) {
		d := diag.Diagnostic{
			Code:    "backend-conflict",
			Message: fmt.Sprintf("the file is for backend %v, the command line names %s", k.value, c.Backend.Name),
			Hint:    "the command line decides; take backend out of the file, or name the one that is meant",
		}
		if _, same := backend.With(fmt.Sprint(k.value), c.Backend.Engine); same {
			d.Severity = diag.Warning // the same sections, which the harness runs under the command line's name
		}
		c.report(found, d, k)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Backend.Fixed)) {
		if k, ok := c.own(name); ok && k.value != c.Backend.Fixed[name] {
			c.report(found, diag.Diagnostic{
				Code:    "backend-conflict",
				Message: fmt.Sprintf("%s is %v, backend %s means %v", name, k.value, c.Backend.Name, c.Backend.Fixed[name]),
				Hint:    "take the key out, or name backend " + c.Backend.Engine,
			}, k)
		}
	}
	// Another backend of the same engine may be what the configuration means.
	for _, other := range backend.All() {
		if other.Engine != c.Backend.Engine || other.Name == c.Backend.Name {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(other.Fixed)) {
			if k, ok := c.own(name); ok && k.value == other.Fixed[name] {
				c.report(found, diag.Diagnostic{
					Severity: diag.Warning, Code: "backend-conflict",
					Message: fmt.Sprintf("%s is %v under the name of backend %s", name, k.value, c.Backend.Name),
					Hint:    fmt.Sprintf("name backend %s, so that manifests and results say what ran", other.Name),
				}, k)
			}
		}
	}
}

// own returns the engine key as the user's files and overrides have it, without
// the layer that the backend's name puts on top.
func (c *Config) own(name string) (key, bool) {
	path := []string{c.Backend.EngineSection(), name}
	t := c.tree.Lookup(path...)
	if t == nil {
		return key{}, false
	}
	for i := len(t.Chain) - 1; i >= 0; i-- {
		if s := &t.Chain[i]; s.Layer != BackendLayer {
			k := key{path: path, value: s.Node.Interface(), setting: s}
			return k, k.value != nil
		}
	}
	return key{}, false
}

// modelIsSet: engines have a toy model as default, which nobody benchmarks.
func modelIsSet(c *Config, found *diag.List) {
	section := c.tree.Lookup(c.Backend.EngineSection())
	if section == nil || section.Lookup(c.Backend.Model) != nil {
		return
	}
	c.report(found, diag.Diagnostic{
		Code: "missing-key", Key: section.Path + "." + c.Backend.Model,
		Message: fmt.Sprintf("%s lacks %s, the model to load", section.Path, c.Backend.Model),
	}, key{path: []string{section.Path}, setting: settingOf(section)})
}
