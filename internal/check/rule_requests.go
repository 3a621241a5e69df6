package check

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

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
		if field, known := completion.Key(k.Name); known && value != nil {
			c.fieldTakes(field, k.Name, value, found)
			continue
		}
		if value == nil || slices.Contains(notAsked, k.Name) {
			continue
		}
		if other := carriedBy[k.Name]; other != "" && hasKey(completion, other) {
			continue
		}
		if sameAsDefault(k, value) {
			continue // of those that the server settles, computedAreLeft tells
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

// fieldTakes refuses a value that the field of a request does not take, though the
// sampling parameter of its name does.
func (c *Config) fieldTakes(field *schema.Key, name string, value any, found *diag.List) {
	for _, f := range field.Check(value) {
		set, ok := c.sampling(name)
		if !ok || set.setting == nil {
			return
		}
		c.report(found, diag.Diagnostic{
			Code:    "engine-refuses",
			Message: fmt.Sprintf("%s %s answers every request with an error: %s is %s", c.Schema.Engine, c.Schema.Release, name, f.Message),
		}, set)
	}
}

// tagIsJSON refuses a structural tag that is no JSON.
func (c *Config) tagIsJSON(found *diag.List) {
	outputs, ok := c.sampling("structured_outputs")
	m, _ := outputs.value.(map[string]any)
	if tag, isText := m["structural_tag"].(string); ok && isText && outputs.setting != nil && !json.Valid([]byte(tag)) {
		c.report(found, diag.Diagnostic{
			Code:    schema.Refused,
			Message: fmt.Sprintf("%s %s answers every request with an error: structural_tag is %s where JSON is wanted", c.Schema.Engine, c.Schema.Release, strconv.Quote(tag)),
		}, outputs)
	}
}

// computedAreLeft warns of sampling parameters that the engine makes by itself.
func computedAreLeft(c *Config, found *diag.List) {
	for _, name := range c.Backend.Computed {
		k, ok := c.sampling(name)
		of, known := c.Schema.Section(schema.SamplingConfig).Key(name)
		if !ok || k.value == nil || k.setting == nil || known && c.Backend.Requests == backend.Completions && !sameAsDefault(of, k.value) {
			continue
		}
		c.report(found, diag.Diagnostic{
			Severity: diag.Warning, Code: "replaced-value",
			Message: fmt.Sprintf("%s %s computes %s by itself, whatever a request says", c.Schema.Engine, c.Schema.Release, name),
			Hint:    "leave it out",
		}, k)
	}
}

func sameAsDefault(k *schema.Key, value any) bool {
	return k.HasDefault && schema.Format(k.Default) == schema.Format(value)
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
	for _, name := range []string{"seed", "thinking_token_budget"} {
		if k, ok := c.sampling(name); ok && k.setting != nil && k.value == int64(-1) {
			c.report(found, diag.Diagnostic{
				Severity: diag.Warning, Code: "replaced-value", Suggestion: "null",
				Message: fmt.Sprintf("%s %s takes %s: -1 as not set", c.Schema.Engine, c.Schema.Release, name),
				Hint:    "write null",
			}, k)
		}
	}
	ids, ok := c.sampling("logprob_token_ids")
	if list, isList := ids.value.([]any); ok && isList && len(list) > 0 && ids.setting != nil && c.SamplingConfig["logprobs"] == nil {
		c.report(found, diag.Diagnostic{
			Code:    schema.Refused,
			Message: fmt.Sprintf("%s %s answers every request with an error: logprob_token_ids needs logprobs", c.Schema.Engine, c.Schema.Release),
		}, ids)
	}
	processors, ok := c.sampling("logits_processors")
	if list, isList := processors.value.([]any); ok && isList && len(list) > 0 && processors.setting != nil && c.EngineConfig["logits_processor_pattern"] == nil {
		c.report(found, diag.Diagnostic{
			Code:    schema.Refused,
			Message: fmt.Sprintf("%s %s answers every request with an error: logits_processors needs logits_processor_pattern in %s", c.Schema.Engine, c.Schema.Release, c.Backend.EngineSection()),
		}, processors)
	}
	c.tagIsJSON(found)
	k, ok := c.sampling("temperature")
	if t, isNumber := k.number(); ok && isNumber && k.setting != nil && t > 0 && t < coldest {
		c.report(found, diag.Diagnostic{
			Severity: diag.Warning, Code: "replaced-value", Suggestion: fmt.Sprint(coldest),
			Message: fmt.Sprintf("%s %s samples at temperature %v instead of %v", c.Schema.Engine, c.Schema.Release, coldest, t),
			Hint:    fmt.Sprintf("write %v, or 0 for greedy sampling", coldest),
		}, k)
	}
}
