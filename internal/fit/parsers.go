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
}

// The parsers that both engines call so (vllm/tool_parsers, vllm/reasoning; sglang/srt/function_call,
// sglang/srt/parser/reasoning_parser.py), and those of one.
var (
	toolParsers = []parser{
		{"qwen3_coder", []string{"qwen", "nemotron", "step3"}},
		{"qwen3_xml", []string{"qwen", "nemotron"}},
		{"deepseek_v3", []string{"deepseek"}},
		{"deepseekv3", []string{"deepseek"}},
		{"deepseek_v31", []string{"deepseek"}},
		{"deepseekv31", []string{"deepseek"}},
		{"deepseek_v32", []string{"deepseek"}},
		{"deepseekv32", []string{"deepseek"}},
		{"deepseek_v4", []string{"deepseek"}},
		{"glm45", []string{"glm"}},
		{"glm47", []string{"glm"}},
		{"kimi_k2", []string{"kimi"}},
		{"kimi_k3", []string{"kimi"}},
		{"minimax_m2", []string{"minimax"}},
		{"minimax-m2", []string{"minimax"}},
		{"minimax_m3", []string{"minimax"}},
		{"openai", []string{"gpt_oss"}},
		{"gpt-oss", []string{"gpt_oss"}},
		{"gemma4", []string{"gemma4"}},
		{"step3", []string{"step3"}},
		{"step3p5", []string{"step3"}},
	}
	reasoningParsers = []parser{
		{"openai_gptoss", []string{"gpt_oss"}},
		{"gpt-oss", []string{"gpt_oss"}},
		{"glm45", []string{"glm"}},
		{"glm47", []string{"glm"}},
		{"kimi_k2", []string{"kimi"}},
		{"kimi_k3", []string{"kimi"}},
		{"minimax_m2", []string{"minimax"}},
		{"minimax_m2_append_think", []string{"minimax"}},
		{"minimax_m3", []string{"minimax"}},
		{"gemma4", []string{"gemma4"}},
		{"nemotron_v3", []string{"nemotron"}},
		{"deepseek_v4", []string{"deepseek"}},
		{"step3", []string{"step3"}},
		{"step3p5", []string{"step3"}},
	}
)

// parsersMatch doubts a parser that is another family's. The engine starts with it, and calls or
// reasoning stay in the text of the answers. Of a family that no parser here is made for nothing is said,
// nor of a model whose name has the parser's family: Kimi-K2.5's language model is one of DeepSeek's.
func parsersMatch(c *checked, r *Report) {
	for _, kind := range []struct {
		rule, key, source string
		parsers           []parser
	}{
		{"tool-parser", "tool_call_parser", map[string]string{backend.VLLM: "vllm/tool_parsers", backend.SGLang: "sglang/srt/function_call"}[c.Engine], toolParsers},
		{"reasoning-parser", "reasoning_parser", map[string]string{backend.VLLM: "vllm/reasoning", backend.SGLang: "sglang/srt/parser/reasoning_parser.py"}[c.Engine], reasoningParsers},
	} {
		asked := c.Args.text(kind.key)
		var own []string
		var families []string
		for _, p := range kind.parsers {
			if p.name == asked {
				families = p.families
			}
			if of(c.Model.Type, p.families) {
				own = append(own, p.name)
			}
		}
		name := strings.ToLower(strings.ReplaceAll(c.Model.Name, "-", "_"))
		if families == nil || own == nil || of(c.Model.Type, families) || slices.ContainsFunc(families, func(f string) bool { return strings.Contains(name, f) }) {
			continue
		}
		r.doubt(kind.rule, kind.source, "%s %s reads the texts of %s, the model is of type %s (%s)", kind.key, asked, strings.Join(families, ", "), c.Model.Type, strings.Join(own, ", "))
	}
}

func of(model string, families []string) bool {
	return slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(model, f) })
}
