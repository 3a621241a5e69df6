package check

import (
	"fmt"
	"strings"

	"mlcfg/internal/diag"
)

// minWithinMaxTokens: an answer cannot be longer than it may be.
func minWithinMaxTokens(c *Config, found *diag.List) {
	c.ordered(found, c.sampling, c.Backend.MinTokens, c.Backend.MaxTokens, diag.Diagnostic{Code: "token-limits"})
}

// outputFitsModel: prompt and answer share the model's context, so that no answer gets as
// long as the context.
func outputFitsModel(c *Config, found *diag.List) {
	length, okL := c.engine("max_model_len")
	tokens, okT := c.sampling("max_tokens")
	l, isL := length.number()
	n, isN := tokens.number()
	if !okL || !okT || !isL || !isN || n < l || l < 1 || length.setting == nil || tokens.setting == nil {
		return
	}
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: "token-limits",
		Message: fmt.Sprintf("no answer has max_tokens %v: prompt and answer share max_model_len %v, and it ends there", tokens.value, length.value),
	}
	if tokens.setting.Layer == AccuracyLayer {
		d.Severity = diag.Info // the harness's own number
	}
	c.report(found, d, tokens, length)
}

// greedyGivesOne: at temperature 0 all answers to a prompt are the same
// (vLLM: SamplingParams refuses it).
func greedyGivesOne(c *Config, found *diag.List) {
	temperature, okT := c.sampling("temperature")
	n, okN := c.sampling("n")
	t, isT := temperature.number()
	count, isN := n.int()
	if !okT || !okN || !isT || !isN || t >= 1e-5 || count <= 1 {
		return
	}
	c.report(found, diag.Diagnostic{
		Code:    "greedy-sampling",
		Message: fmt.Sprintf("n is %d at temperature %v: greedy sampling has one answer only", count, temperature.value),
	}, n, temperature)
}

// stopNeedsText: stop strings are looked for in text (vLLM: SamplingParams refuses it).
func stopNeedsText(c *Config, found *diag.List) {
	stop, okS := c.sampling("stop")
	detokenize, okD := c.sampling("detokenize")
	list, isList := stop.value.([]any)
	if !okS || !okD || detokenize.value != false || isList && len(list) == 0 || stop.setting == nil {
		return
	}
	c.report(found, diag.Diagnostic{
		Code:    "stop-without-text",
		Message: "stop needs detokenize: true, the engine has no text to look in otherwise",
		Hint:    "stop_token_ids work without text",
	}, stop, detokenize)
}

// oneGrammar: an answer follows one grammar (SGLang: SamplingParams refuses more).
func oneGrammar(c *Config, found *diag.List) {
	var set []key
	var names []string
	for _, name := range []string{"json_schema", "regex", "ebnf", "structural_tag"} {
		if k, ok := c.sampling(name); ok && k.setting != nil {
			set, names = append(set, k), append(names, name)
		}
	}
	if len(set) > 1 {
		c.report(found, diag.Diagnostic{
			Code:    "several-grammars",
			Message: strings.Join(names, " and ") + " exclude each other: an answer follows one grammar",
		}, set...)
	}
}
