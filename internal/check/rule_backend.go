package check

import (
	"fmt"

	"mlcfg/internal/diag"
)

// executor is vLLM's key that says how its processes are started.
const executor = "distributed_executor_backend"

// backendAgrees holds the configuration against the backend that was named on
// the command line: its own word, and for ray the executor that the backend means.
func backendAgrees(c *Config, found *diag.List) {
	if k, ok := c.top("backend"); ok && c.named && k.value != c.Backend.Name {
		c.report(found, diag.Diagnostic{
			Code:    "backend-conflict",
			Message: fmt.Sprintf("the file is for backend %v, the command line names %s", k.value, c.Backend.Name),
			Hint:    "the command line decides; take backend out of the file, or name the one that is meant",
		}, k)
	}
	if c.Backend.Engine != "vllm" {
		return
	}
	k, ok := c.own(executor)
	if !ok {
		return
	}
	switch {
	case c.Backend.Name == "ray" && k.value != "ray":
		c.report(found, diag.Diagnostic{
			Code:    "backend-conflict",
			Message: fmt.Sprintf("%s is %v, backend ray means ray", executor, k.value),
			Hint:    "take the key out, or name backend vllm",
		}, k)
	case c.Backend.Name == "vllm" && k.value == "ray":
		c.report(found, diag.Diagnostic{
			Severity: diag.Warning, Code: "backend-conflict",
			Message: executor + " is ray under the name of backend vllm",
			Hint:    "name backend ray, so that manifests and results say what ran",
		}, k)
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
