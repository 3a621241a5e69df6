package check

import (
	"fmt"
	"strings"

	"mlcfg/internal/diag"
)

// serverNeedsEngineVersion: a server run starts one of two vLLM servers, and the
// harness has to be told which.
func serverNeedsEngineVersion(c *Config, found *diag.List) {
	scenario, ok := c.top("scenario")
	if _, set := c.top("engine_version"); !ok || set || scenario.value != "server" || c.faulty["engine_version"] {
		return
	}
	d := diag.Diagnostic{
		Code: "must-be-set", Key: "engine_version",
		Message: "engine_version must be set for scenario server: sync or async",
		Hint:    "write engine_version: async for the server that streams tokens",
	}
	if s := settingOf(c.tree.Lookup("engine_version")); s != nil {
		c.report(found, d, key{path: []string{"engine_version"}, setting: s})
		return
	}
	c.report(found, d, scenario)
}

// interactiveIsServer: the interactive variants of a benchmark differ from the
// plain ones by latency limits, which only a server run has.
func interactiveIsServer(c *Config, found *diag.List) {
	benchmark, okB := c.top("benchmark_name")
	scenario, okS := c.top("scenario")
	name, _ := benchmark.value.(string)
	if !okB || !okS || !strings.HasSuffix(name, "-interactive") || scenario.value == "server" {
		return
	}
	c.report(found, diag.Diagnostic{
		Severity: diag.Warning, Code: "interactive-scenario",
		Message: fmt.Sprintf("%s has latency limits for scenario server only, this is %v", name, scenario.value),
	}, scenario, benchmark)
}
