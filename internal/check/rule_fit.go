package check

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/fit"
	"mlcfg/schema"
)

// fitKeys are the keys at which a refusal of package fit stands, by its rule; the first that is set
// counts, else the model's.
var fitKeys = map[string][]string{
	"heads-by-tensor":             {"tensor_parallel_size", "tp_size"},
	"kv-heads-by-tensor":          {"tensor_parallel_size", "tp_size"},
	"block-quantization":          {"tensor_parallel_size", "tp_size"},
	"experts-for-expert-parallel": {"enable_expert_parallel"},
	"experts-by-expert-parallel":  {"tensor_parallel_size", "enable_expert_parallel"},
	"context-parallel":            {"decode_context_parallel_size"},
	"length":                      {"max_model_len", "context_length"},
	"own-draft":                   {"speculative_config"},
	"quantization-of-checkpoint":  {"quantization"},
	"quantization-on-gpu":         {"quantization"},
	"type-on-gpu":                 {"dtype"},
	"kv-type-on-gpu":              {"kv_cache_dtype"},
	"attention-backend":           {"attention_backend", "prefill_attention_backend", "decode_attention_backend"},
	"pipeline-partition":          {"pipeline_parallel_size"},
	"tool-parser":                 {"tool_call_parser"},
	"reasoning-parser":            {"reasoning_parser"},
	"no-kv-memory":                {"gpu_memory_utilization", "mem_fraction_static", "tensor_parallel_size", "tp_size"},
	"request-does-not-fit":        {"max_model_len", "gpu_memory_utilization"},
}

// parallelSizes are the keys that say over how many GPUs a model is cut, on which every rule of
// package fit rests.
var parallelSizes = []string{
	"tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "decode_context_parallel_size",
	"tp_size", "pp_size", "dp_size", "ep_size", "expert_parallel_size",
}

// memoryFit is the code of what does not fit into the GPU's memory.
const memoryFit = "memory-fit"

// gpuOfName is the accelerator that a file's name tells: gptoss_fp4_b200.sh. Empty for none, and for two.
func gpuOfName(file string) string {
	base := filepath.Base(file)
	found := ""
	for part := range strings.FieldsFuncSeq(strings.TrimSuffix(base, filepath.Ext(base)), func(r rune) bool { return strings.ContainsRune("_-.", r) }) {
		g, err := fit.FindGPU(part)
		if err != nil || g.Name == found {
			continue
		}
		if found != "" {
			return ""
		}
		found = g.Name
	}
	return found
}

// fitRequest is what a configuration asks of package fit; ok is false where the model, or over how
// many GPUs it is cut, is not known. exact reports whether the model's weights and longest context are known.
func (c *Config) fitRequest() (q fit.Request, exact, ok bool) {
	name, _ := c.EngineConfig[c.Backend.Model].(string)
	if name == "" || !fit.Knows(c.Backend.Engine) || c.faulty[c.Backend.EngineSection()+"."+c.Backend.Model] {
		return q, false, false
	}
	for _, size := range parallelSizes {
		if c.faulty[c.Backend.EngineSection()+"."+size] {
			return q, false, false // what is not told, or wrong, is no reason to take the default for it
		}
	}
	model := fit.FindCard(name)
	exact = model != nil
	if model == nil {
		benchmark, _ := c.Top["benchmark_name"].(string)
		model = fit.FindShapes(benchmark)
		exact = model != nil
	}
	if model == nil {
		model = fit.FindNamed(name)
	}
	if model == nil {
		return q, false, false
	}
	q = fit.Request{Model: model, Engine: c.Backend.Engine, Release: cmp.Or(c.release, c.Schema.Release), Args: c.EngineConfig, Env: c.Env, Refusals: true}
	if parser := c.server["tool_call_parser"]; parser != nil {
		q.Args = maps.Clone(c.EngineConfig)
		q.Args["tool_call_parser"] = parser
	}
	if g, err := fit.FindGPU(c.GPU()); err == nil {
		q.GPU = &g
	}
	return q, exact, true
}

// modelFits reports what the engine refuses of the model, on the machine's GPU where its name is one. Memory
// is looked at only of models whose cards come with the program; what is estimated has to be short by
// more than the estimate may be off.
func modelFits(c *Config, found *diag.List) {
	q, exact, ok := c.fitRequest()
	if !ok {
		return
	}
	name, _ := c.EngineConfig[c.Backend.Model].(string)
	if q.GPU == nil && c.gpu != "" {
		at, _ := c.engine(c.Backend.Model)
		d := diag.Diagnostic{Code: "model-fit", Severity: diag.Warning, Message: fmt.Sprintf("no accelerator %q is known, which the comment names", c.gpu)}
		if near := schema.Nearest(fit.GPUs(), c.gpu); near != "" {
			d.Hint = "did you mean " + near
		}
		c.report(found, d, at)
	}
	r := fit.Compute(q)
	for _, reason := range r.Reasons {
		d := diag.Diagnostic{Code: "model-fit"}
		switch reason.Rule {
		case "no-kv-memory":
			if d.Code = memoryFit; !exact || *r.KV > -r.Margin {
				continue
			}
		case "request-does-not-fit":
			if d.Code = memoryFit; !exact || *r.Needed < *r.KV+r.Margin {
				continue
			}
		}
		if !reason.Refuses && !reason.Doubts {
			continue
		}
		at, _ := c.engine(c.Backend.Model)
		for _, name := range fitKeys[reason.Rule] {
			k, ok := c.engine(name)
			if !ok {
				k, ok = c.find(c.server, c.Schema.Section(schema.CLIOnly), CLISection, name)
			}
			if ok && k.setting != nil {
				at = k
				break
			}
		}
		if reason.Doubts {
			d.Severity = diag.Warning
			d.Message, d.Hint = path.Base(name)+": "+reason.Text, "see "+reason.Source
			c.report(found, d, at)
			continue
		}
		if reason.Rule == "quantization-of-checkpoint" && filepath.IsAbs(name) {
			d.Severity = diag.Warning // a folder may hold the model in other weights than its name says
		}
		d.Message = fmt.Sprintf("%s %s refuses this for %s: %s", c.Schema.Engine, q.Release, path.Base(name), reason.Text)
		d.Hint = "see " + reason.Source + "; mlcfg fit shows the whole computation"
		c.report(found, d, at)
	}
}
