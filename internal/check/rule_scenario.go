package check

import (
	"fmt"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// serverNeedsEngineVersion: a server run starts one of two vLLM servers, and the
// harness has to be told which.
func serverNeedsEngineVersion(c *Config, found *diag.List) {
	scenario, ok := c.top("scenario")
	if _, set := c.top("engine_version"); !ok || set || scenario.value != "server" || c.Backend.Engine != "vllm" || c.faulty["engine_version"] {
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

// knownBenchmark warns of names that are most likely misspelt.
func knownBenchmark(c *Config, found *diag.List) {
	k, ok := c.top("benchmark_name")
	name, _ := k.value.(string)
	known := schema.Shared().Section(benchmarksSection)
	if !ok || hasKey(known, name) {
		return
	}
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: "unknown-benchmark",
		Message: fmt.Sprintf("%s is no benchmark that is known here", name),
		Hint:    "known are " + strings.Join(known.Names(), ", "),
	}
	if near := schema.Nearest(known.Names(), name); near != "" {
		didYouMean(&d, near)
	}
	c.report(found, d, k)
}

// sampleCount compares with the benchmark's data set. Fewer samples are fine
// for a trial, and worth a word, because the result counts for nothing.
func sampleCount(c *Config, found *diag.List) {
	benchmark, okB := c.top("benchmark_name")
	k, okK := c.harness("total_sample_count")
	name, _ := benchmark.value.(string)
	known, okN := schema.Shared().Section(benchmarksSection).Key(name)
	n, okI := k.int()
	if !okB || !okK || !okN || !okI || n < 0 || known.Enum[0] == n {
		return
	}
	d := diag.Diagnostic{
		Severity: diag.Info, Code: "sample-count",
		Message: fmt.Sprintf("total_sample_count is %d of the %d samples of %s: a trial, not a valid submission", n, known.Enum[0], name),
	}
	if whole, _ := known.Enum[0].(int64); n > whole {
		d.Severity = diag.Warning
		d.Message = fmt.Sprintf("total_sample_count is %d, the data set of %s has %d samples", n, name, whole)
	}
	c.report(found, d, k)
}
