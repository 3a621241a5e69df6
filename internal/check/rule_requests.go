package check

import (
	"fmt"
	"slices"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// notAsked are sampling parameters that requests need not carry: what they steer is
// settled by how generations are asked for.
var notAsked = []string{"detokenize", "n"}

// carriedBy are request fields that take the value of a sampling parameter with another name.
var carriedBy = map[string]string{"extra_args": "vllm_xargs"}

// requestsCarry refuses sampling parameters of the Python interface that the server
// does not take in a request: it ignores fields that it does not know.
func requestsCarry(c *Config, found *diag.List) {
	completion, chat := c.Schema.Section(schema.CompletionRequest), c.Schema.Section(schema.ChatRequest)
	if c.Backend.Requests != backend.Completions || completion == nil {
		return
	}
	for _, k := range c.Schema.Section(schema.SamplingConfig).Keys() {
		value := c.SamplingConfig[k.Name]
		if value == nil || hasKey(completion, k.Name) || slices.Contains(notAsked, k.Name) {
			continue
		}
		if other := carriedBy[k.Name]; other != "" && hasKey(completion, other) {
			continue
		}
		if k.HasDefault && schema.Format(k.Default) == schema.Format(value) {
			continue
		}
		set, _ := c.sampling(k.Name)
		if hasKey(chat, k.Name) {
			c.report(found, diag.Diagnostic{
				Severity: diag.Warning, Code: "not-sent",
				Message: fmt.Sprintf("the server of %s %s takes %s only in a chat, and ignores it in a completion", c.Schema.Engine, c.Schema.Release, k.Name),
			}, set)
			continue
		}
		c.report(found, diag.Diagnostic{
			Code:    "not-sent",
			Message: fmt.Sprintf("the server of %s %s ignores %s in a request: only the Python interface has it", c.Schema.Engine, c.Schema.Release, k.Name),
			Hint:    "leave it out",
		}, set)
	}
}

// computedAreLeft warns of sampling parameters that the engine makes by itself.
func computedAreLeft(c *Config, found *diag.List) {
	for _, name := range c.Backend.Computed {
		k, ok := c.sampling(name)
		if !ok || k.value == nil || k.setting == nil {
			continue
		}
		c.report(found, diag.Diagnostic{
			Severity: diag.Warning, Code: "replaced-value",
			Message: fmt.Sprintf("%s %s computes %s by itself, whatever a request says", c.Schema.Engine, c.Schema.Release, name),
			Hint:    "leave it out; stop and stop_regex say where an answer ends",
		}, k)
	}
}

// coldest is the lowest temperature above 0 that vLLM samples at (_MAX_TEMP in
// vllm/sampling_params.py, 0.6.5 and later).
const coldest = 0.01

// samplingIsTaken finds sampling values that every request fails with, or that the
// engine replaces by others.
func samplingIsTaken(c *Config, found *diag.List) {
	if c.Schema.Engine != backend.VLLM {
		return
	}
	for _, name := range []string{"stop", "bad_words"} {
		k, ok := c.sampling(name)
		list, isList := k.value.([]any)
		if !ok || k.setting == nil || k.value != "" && !(isList && slices.Contains(list, any(""))) {
			continue
		}
		c.report(found, diag.Diagnostic{
			Code:    "engine-refuses",
			Message: fmt.Sprintf("%s %s answers every request with an error: %s holds an empty text", c.Schema.Engine, c.Schema.Release, name),
			Hint:    "null says that there is none",
		}, k)
	}
	k, ok := c.sampling("temperature")
	if t, isNumber := k.number(); ok && isNumber && k.setting != nil && t > 0 && t < coldest {
		c.report(found, diag.Diagnostic{
			Severity: diag.Warning, Code: "replaced-value", Suggestion: fmt.Sprint(coldest),
			Message: fmt.Sprintf("%s %s samples at temperature %v instead of %v", c.Schema.Engine, c.Schema.Release, coldest, t),
			Hint:    fmt.Sprintf("write %v, or 0 for greedy sampling", coldest),
		}, k)
	}
}
