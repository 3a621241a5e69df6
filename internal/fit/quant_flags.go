package fit

import (
	"strings"

	"mlcfg/internal/backend"
)

// flagRead is a value of --quantization and the method of a checkpoint that an engine loads with it, though
// they are called otherwise. An asterisk stands for all.
type flagRead struct {
	asked, have string
	// first and last are the releases that do; the last is not among them.
	first, last string
}

// flagReads are, by engine, the answers of override_quantization_method (vllm/model_executor/layers/quantization, of
// the releases from 0.5.0 to 0.33.0; sglang/srt/layers/quantization), and for SGLang what
// compatible_quantization_methods has (0.4.1.post6 to 0.5.23).
var flagReads = map[string][]flagRead{backend.VLLM: {
	{asked: "gptq_marlin", have: "gptq", first: "0.5.2"},
	{asked: "marlin", have: "gptq"},
	{asked: "gptq", have: "marlin", first: "0.4.0"},
	{asked: "gptq_marlin_24", have: "gptq", last: "0.16.0"},
	{asked: "gptq_bitblas", have: "gptq", first: "0.8.5", last: "0.16.0"},
	{asked: "bitblas", have: "gptq", first: "0.8.5", last: "0.16.0"},
	{asked: "auto_gptq", have: "gptq", first: "0.22.0"},
	{asked: "moe_wna16", have: "gptq", first: "0.7.1"},
	{asked: "ipex", have: "gptq", first: "0.6.5", last: "0.16.0"},
	{asked: "cpu_gptq", have: "gptq", first: "0.12.0", last: "0.14.0"},
	{asked: "awq_marlin", have: "awq"},
	{asked: "marlin", have: "awq"},
	{asked: "auto_awq", have: "awq", first: "0.24.0"},
	{asked: "moe_wna16", have: "awq", first: "0.7.1"},
	{asked: "ipex", have: "awq", first: "0.6.3", last: "0.16.0"},
	{asked: "cpu_awq", have: "awq", first: "0.12.0", last: "0.23.0"},
	{asked: "*", have: "auto-round", first: "0.15.0"}, // the checkpoint's method takes the place of the flag's
	{asked: "*", have: "modelopt", first: "0.10.0"},
	{asked: "modelopt_fp4", have: "modelopt"},
	{asked: "nvfp4", have: "modelopt"},
	{asked: "*", have: "mxfp4", first: "0.20.0"},
	{asked: "gguf", have: "*", first: "0.20.0"},
	{asked: "humming", have: "*", first: "0.20.0"},
}, backend.SGLang: {
	{asked: "gptq_marlin", have: "gptq"},
	{asked: "marlin", have: "gptq"},
	{asked: "gptq", have: "marlin"},
	{asked: "awq_marlin", have: "awq"},
	{asked: "marlin", have: "awq"},
	{asked: "moe_wna16", have: "gptq"},
	{asked: "moe_wna16", have: "awq"},
	{asked: "w8a8_int8", have: "compressed-tensors"},
	{asked: "w8a8_fp8", have: "compressed-tensors"},
	{asked: "auto-round-int8", have: "compressed-tensors", first: "0.5.15"},
	{asked: "modelopt_fp4", have: "modelopt"},
	{asked: "modelopt_fp8", have: "modelopt"},
	{asked: "modelopt_mixed", have: "modelopt"},
	{asked: "petit_nvfp4", have: "modelopt"},
	{asked: "modelopt_fp4", have: "fp8", first: "0.5.18"},
	{asked: "nvfp4_online", have: "fp8", first: "0.5.14"},
	{asked: "minimax_m3_nvfp4", have: "mxfp8", first: "0.5.23"},
	{asked: "quark_mxfp4", have: "*"}, // quantizes anew
	{asked: "humming", have: "*", first: "0.5.16"},
	{asked: "gguf", have: "*"},
	{asked: "unquant", have: "*"},
}}

// ofQuantization is where the engines compare the flag with the checkpoint.
var ofQuantization = both("vllm/config/model.py, _verify_quantization", "sglang/srt/configs/model_config.py, _verify_quantization")

// sameQuantization holds the quantization asked for against the checkpoint's own.
func sameQuantization(c *checked) string {
	if strings.Contains(c.Model.Quant.Method, " ") || c.Model.Type == "deepseek_v4" {
		return ""
	}
	return sameMethod(c, c.Args.text("quantization"), c.Model.Quant.Method)
}

func sameMethod(c *checked, asked, have string) string {
	same := func(a, b string) bool {
		return a == "*" || strings.ReplaceAll(a, "_", "-") == strings.ReplaceAll(b, "_", "-")
	}
	if asked == "" || have == "" || same(asked, have) {
		return ""
	}
	for _, f := range flagReads[c.Engine] {
		if same(f.asked, asked) && same(f.have, have) && within(c.Release, f.first, f.last) {
			return ""
		}
	}
	return text("quantization %s, and the checkpoint's is %s", asked, have)
}

// minimal are the least compute capabilities of methods (get_min_capability of
// vllm/model_executor/layers/quantization), times ten, in the releases from first to before last.
var minimal = []struct {
	method, first, last string
	capability          int
}{
	{"awq", "", "", 75},
	{"auto_awq", "", "", 75},
	{"gptq", "", "", 60},
	{"auto_gptq", "", "", 60},
	{"fp8", "", "0.14.0", 80},
	{"fp8", "0.14.0", "", 75},
	{"fbgemm_fp8", "", "", 80},
	{"mxfp4", "", "", 80},
	{"gptq_marlin", "", "0.14.0", 80},
	{"gptq_marlin", "0.14.0", "", 75},
	{"awq_marlin", "", "0.14.0", 80},
	{"awq_marlin", "0.14.0", "", 75},
	{"gptq_marlin_24", "", "", 80},
	{"marlin", "", "", 80},
	{"experts_int8", "", "", 80},
	{"compressed-tensors", "", "", 70},
	{"bitsandbytes", "", "", 70},
	{"torchao", "0.8.4", "", 75},
	{"quark", "", "", 70},
	{"moe_wna16", "", "", 70},
	{"humming", "", "", 75},
	{"modelopt_fp4", "0.9.0", "0.14.0", 80},
	{"modelopt_fp4", "0.14.0", "", 75},
	{"modelopt_mxfp8", "", "0.20.0", 100},
	{"modelopt_mxfp8", "0.20.0", "", 80},
	{"fp_quant", "", "", 100},
	{"petit_nvfp4", "", "", 90},
}

func quantizationOnGPU(c *checked) string {
	if c.GPU == nil || c.GPU.Capability == 0 {
		return ""
	}
	method := c.Args.text("quantization")
	if method == "" {
		method = c.Model.Quant.Method
	}
	for _, m := range minimal {
		if m.method == method && within(c.Release, m.first, m.last) && c.GPU.Capability < m.capability {
			return text("quantization %s needs compute capability %s, %s has %s", method, capability(m.capability), c.GPU.Name, capability(c.GPU.Capability))
		}
	}
	return ""
}
