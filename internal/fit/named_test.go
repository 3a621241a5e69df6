package fit

import (
	"slices"
	"testing"
)

func TestFindNamed(t *testing.T) {
	for name, want := range map[string]struct {
		model string // the model type, empty where none is told
		quant string
		heads int64
	}{
		"TheBloke/Llama-2-7B-Chat-GPTQ":                              {"llama", "gptq", 32},
		"neuralmagic/Nous-Hermes-2-Yi-34B-marlin":                    {"", "marlin", 0},
		"/models/models--Qwen--Qwen3-32B-AWQ/snapshots/0123abcd":     {"qwen3", "awq", 64},
		"/app/data/deepseek-v4-flash-0731/model":                     {"deepseek_v4", "", 64},
		"some/gemma-3-1b-it":                                         {"gemma3", "", 0},
		"unsloth/Llama-4-Nobody":                                     {"llama4", "", 0},
		"deepseek-ai/DeepSeek-R1-Distill-Llama-9B-awq-gptq":          {"", "", -1},
		"Qwen/Qwen3-30B-A3B-Thinking-2507":                           {"qwen3_moe", "", 32},
		"RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16-gptq-x": {"llama", "gptq", 32},
		"nothing/told": {"", "", -1},
	} {
		m := FindNamed(name)
		if want.heads < 0 {
			if m != nil {
				t.Errorf("%s: %+v, want nothing", name, m)
			}
			continue
		}
		if m == nil || m.Type != want.model || m.Heads != want.heads || quantizationByName(m.Name) != want.quant || m.MaxLen != 0 || m.Weights != nil {
			t.Errorf("%s: %+v, want %+v and neither length nor weights", name, m, want)
		}
	}
}

// TestQuark: Quark runs GPTQ too, and names its checkpoints so.
func TestQuark(t *testing.T) {
	for asked, want := range map[string]bool{"quark": false, "gptq": false, "gptq_marlin": false, "awq": true} {
		r := Compute(Request{Model: FindNamed("/model/fp4_quantized_gptq"), Engine: "vllm", Release: "0.17.1", Args: Args{"quantization": asked}})
		if got := slices.ContainsFunc(r.Reasons, func(reason Reason) bool { return reason.Doubts }); got != want {
			t.Errorf("%s: doubted %v, want %v", asked, got, want)
		}
	}
}

// TestDoubts: what an engine starts with, and does not do as it is told.
func TestDoubts(t *testing.T) {
	for _, c := range []struct {
		model, engine, release string
		args                   Args
		want                   bool
	}{
		{"Qwen/Qwen3-8B", "sglang", "0.5.9", Args{"attention_backend": "fa3", "kv_cache_dtype": "fp8_e5m2"}, true},
		{"Qwen/Qwen3-8B", "sglang", "0.5.9", Args{"attention_backend": "fa3", "kv_cache_dtype": "fp8_e4m3"}, false},
		{"Qwen/Qwen3-VL-30B-A3B-Thinking-FP8", "vllm", "0.11.2", Args{"reasoning_parser": "deepseek_r1", "tool_call_parser": "hermes"}, true},
		{"Qwen/Qwen3-VL-30B-A3B-Thinking-FP8", "vllm", "0.13.0", Args{"reasoning_parser": "deepseek_r1", "tool_call_parser": "hermes"}, false},
		{"Qwen/Qwen3-VL-30B-A3B-Instruct", "vllm", "0.11.2", Args{"reasoning_parser": "deepseek_r1", "tool_call_parser": "hermes"}, false},
	} {
		r := Compute(Request{Model: FindNamed(c.model), Engine: c.engine, Release: c.release, Args: c.args})
		if got := slices.ContainsFunc(r.Reasons, func(reason Reason) bool { return reason.Doubts }); got != c.want {
			t.Errorf("%s %s %s %v: doubted %v, want %v", c.model, c.engine, c.release, c.args, got, c.want)
		}
	}
}
