package fit

import (
	"slices"
	"strings"

	"mlcfg/internal/backend"
)

// parser is a parser of tool calls or of reasoning and the beginnings of the model types (model_type
// of config.json) whose texts it reads. Parsers of a form that many models use, such as hermes and
// deepseek_r1, are not among them.
type parser struct {
	name     string
	families []string
	// tokens reports whether it needs tokens that no other family has: the engine refuses to start
	// without them (could not locate, vllm/reasoning/basic_parsers.py and vllm/tool_parsers).
	tokens bool
	// not are model types among the families whose texts it does not read before the release fixed.
	not   []string
	fixed string
}

// The parsers that both engines call so (vllm/tool_parsers, vllm/reasoning; sglang/srt/function_call,
// sglang/srt/parser/reasoning_parser.py), and those of one.
var (
	toolParsers = []parser{
		// llama4_json, the same parser, says that it reads Llama 4 too.
		{name: "llama3_json", families: []string{"llama", "mllama"}, not: []string{"llama4"}, fixed: "0.8.5"},
		{name: "qwen3_coder", families: []string{"qwen", "nemotron", "step3"}},
		{name: "qwen3_xml", families: []string{"qwen", "nemotron"}},
		{name: "deepseek_v3", families: []string{"deepseek"}},
		{name: "deepseekv3", families: []string{"deepseek"}},
		{name: "deepseek_v31", families: []string{"deepseek"}},
		{name: "deepseekv31", families: []string{"deepseek"}},
		{name: "deepseek_v32", families: []string{"deepseek"}},
		{name: "deepseekv32", families: []string{"deepseek"}},
		{name: "deepseek_v4", families: []string{"deepseek"}},
		{name: "glm45", families: []string{"glm"}},
		{name: "glm47", families: []string{"glm"}},
		{name: "kimi_k2", families: []string{"kimi"}},
		{name: "kimi_k3", families: []string{"kimi"}},
		{name: "minimax_m2", families: []string{"minimax"}},
		{name: "minimax-m2", families: []string{"minimax"}},
		{name: "minimax_m3", families: []string{"minimax"}},
		{name: "openai", families: []string{"gpt_oss"}},
		{name: "gpt-oss", families: []string{"gpt_oss"}},
		{name: "gemma4", families: []string{"gemma4"}, tokens: true},
		{name: "step3", families: []string{"step3"}},
		{name: "step3p5", families: []string{"step3"}},
	}
	reasoningParsers = []parser{
		{name: "openai_gptoss", families: []string{"gpt_oss"}},
		{name: "gpt-oss", families: []string{"gpt_oss"}},
		{name: "glm45", families: []string{"glm"}},
		{name: "glm47", families: []string{"glm"}},
		{name: "kimi_k2", families: []string{"kimi"}},
		{name: "kimi_k3", families: []string{"kimi"}},
		{name: "minimax_m2", families: []string{"minimax"}},
		{name: "minimax_m2_append_think", families: []string{"minimax"}},
		{name: "minimax_m3", families: []string{"minimax"}},
		{name: "gemma4", families: []string{"gemma4"}, tokens: true},
		{name: "nemotron_v3", families: []string{"nemotron"}},
		{name: "deepseek_v4", families: []string{"deepseek"}},
		{name: "step3", families: []string{"step3"}},
		{name: "step3p5", families: []string{"step3"}},
	}
)

// parsersMatch doubts a parser that is another family's. The engine starts with it, and calls or
// reasoning stay in the text of the answers. Of a family that no parser here is made for nothing is said,
// nor of a model whose name has the parser's family: Kimi-K2.5's language model is one of DeepSeek's.
func parsersMatch(c *checked, r *Report) {
	turnsMatch(c, r)
	for _, kind := range []struct {
		rule, key, source string
		parsers           []parser
	}{
		{"tool-parser", "tool_call_parser", map[string]string{backend.VLLM: "vllm/tool_parsers", backend.SGLang: "sglang/srt/function_call"}[c.Engine], toolParsers},
		{"reasoning-parser", "reasoning_parser", map[string]string{backend.VLLM: "vllm/reasoning", backend.SGLang: "sglang/srt/parser/reasoning_parser.py"}[c.Engine], reasoningParsers},
	} {
		asked := c.Args.text(kind.key)
		var own []string
		var p *parser
		for i := range kind.parsers {
			if kind.parsers[i].name == asked {
				p = &kind.parsers[i]
			}
			if of(c.Model.Type, kind.parsers[i].families) {
				own = append(own, kind.parsers[i].name)
			}
		}
		if p == nil || c.Model.Type == "" {
			continue
		}
		name := strings.ToLower(strings.ReplaceAll(c.Model.Name, "-", "_"))
		excepted := of(c.Model.Type, p.not) && !since(c.Release, p.fixed)
		named := slices.ContainsFunc(p.families, func(f string) bool { return strings.Contains(name, f) })
		if !excepted && (own == nil && !p.tokens || of(c.Model.Type, p.families) || named) {
			continue
		}
		said := text("%s %s reads the texts of %s, the model is of type %s", kind.key, asked, strings.Join(p.families, ", "), c.Model.Type)
		if own != nil && !excepted {
			said += text(" (%s)", strings.Join(own, ", "))
		}
		r.doubt(kind.rule, kind.source, "%s", said)
	}
}

// turnsMatch doubts a parser of reasoning that takes the end of an earlier turn's for the end of this one's
// (is_reasoning_end of vllm/reasoning, which asks of the whole prompt before 0.13.0). The templates of Qwen's
// Thinking models open the reasoning themselves, and keep it before the results of tools.
func turnsMatch(c *checked, r *Report) {
	name := strings.ToLower(c.Model.Name)
	if c.Engine != backend.VLLM || !within(c.Release, "0.11.0", "0.13.0") || c.Args.text("reasoning_parser") != "deepseek_r1" || c.Args.text("tool_call_parser") == "" {
		return
	}
	if strings.Contains(name, "qwen3") && strings.Contains(name, "-thinking") {
		r.doubt("reasoning-parser", "vllm/reasoning/basic_parsers.py, is_reasoning_end", "reasoning_parser deepseek_r1 takes the end of an earlier turn's reasoning for the end of this one's: after the result of a tool, streamed reasoning stands in the answer; since 0.13.0 it does not")
	}
}

func of(model string, families []string) bool {
	return slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(model, f) })
}
