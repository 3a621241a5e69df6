package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// thread is what people posted of a start that failed, or that served what was wrong, for its model, GPU, and
// arguments. Release, model, arguments and GPU are the thread's; what it tells in words is a command here.
type thread struct {
	address, file, text string
	// code and says are of the finding.
	code, says string
}

var threads = []thread{
	{"vllm-project/vllm/issues/414", "serve.sh", "# mlcfg: engine=vllm=0.1.2 gpu=V100\npython -m vllm.entrypoints.openai.api_server --model huggyllama/llama-30b --tensor-parallel-size 3\n", "model-fit", "52 attention heads are no multiple of tensor parallel 3"},
	{"vllm-project/vllm/issues/2652", "serve.sh", "# mlcfg: engine=vllm=0.3.0\npython -m vllm.entrypoints.openai.api_server --model huggyllama/llama-30b --tensor-parallel-size 8\n", "model-fit", "52 attention heads are no multiple of tensor parallel 8"},
	{"vllm-project/vllm/issues/596", "serve.sh", "# mlcfg: engine=vllm=0.1.2\n# mlcfg: gpu=\"RTX 3090\"\npython -m vllm.entrypoints.openai.api_server --model meta-llama/Llama-2-13b-hf --tensor-parallel-size 3\n", "model-fit", "40 attention heads are no multiple of tensor parallel 3"},
	{"vllm-project/vllm/issues/52435", "serve.sh", "# mlcfg: engine=vllm=0.27.1\nvllm serve /app/data/deepseek-v4-flash-0731/model --served-model-name deepseek-v4-flash-0731 --enable-auto-tool-choice --tool-call-parser deepseek_v4 --reasoning-parser deepseek_v4 --tensor-parallel-size 3 --enable-expert-parallel --block-size 256 --gpu-memory-utilization 0.875 --kv-cache-dtype fp8 --moe-backend deep_gemm_mega_moe\n", "model-fit", "256 experts are no multiple of the 3 ranks of expert parallel"},
	{"vllm-project/vllm/pull/52535", "serve.sh", "# mlcfg: engine=vllm=0.27.1\nvllm serve deepseek-ai/DeepSeek-V4-Flash-0731 --tensor-parallel-size 3\n", "model-fit", "64 attention heads are no multiple of tensor parallel 3"},
	{"gpustack/gpustack/issues/2259", "serve.sh", "# mlcfg: engine=vllm=0.8.5.post1\nvllm serve /models/LLM-Research/gemma-3-27b-it --max-model-len 8192 --tensor-parallel-size 3 --host 0.0.0.0 --port 40059 --served-model-name gemma-3-27b-it\n", "model-fit", "32 attention heads are no multiple of tensor parallel 3"},
	{"sgl-project/sglang/issues/35080", "serve.sh", "# mlcfg: engine=sglang=0.5.17 gpu=B300\npython3 -m sglang.launch_server --model-path Qwen/Qwen3.5-35B-A3B --attention-backend flashinfer\n", "model-fit", "attention backend flashinfer on B300 with gated delta layers, where triton, trtllm_mha, fa4 are taken"},
	{"vllm-project/vllm/issues/40677", "serve.sh", "# mlcfg: engine=vllm=0.19.1\n# mlcfg: gpu=\"RTX PRO 6000\"\nvllm serve google/gemma-4-26B-A4B-it --attention-backend FLASHINFER\n", "model-fit", "FLASHINFER does not take heads of 512"},
	{"vllm-project/vllm/issues/57932", "serve.sh", "# mlcfg: engine=vllm=0.30.0\n# mlcfg: gpu=\"RTX PRO 6000\"\nvllm serve zai-org/GLM-5.2 --attention-backend FLASHINFER\n", "model-fit", "FLASHINFER does not take latent attention (MLA)"},
	{"vllm-project/vllm/issues/40153", "serve.sh", "# mlcfg: engine=vllm=0.19.0\n# mlcfg: gpu=\"RTX PRO 6000\"\nvllm serve openai/gpt-oss-20b --attention-backend FLASHINFER --max-model-len 8192\n", "model-fit", "FLASHINFER does not take attention sinks"},
	{"vllm-project/vllm/issues/8189", "serve_t4.sh", "# mlcfg: engine=vllm=0.7.2\nexport VLLM_ATTENTION_BACKEND=FLASHINFER\nvllm serve meta-llama/Llama-2-13b-hf --dtype half\n", "model-fit", "FLASHINFER does not take compute capability 7.5"},
	{"vllm-project/vllm/issues/19050", "serve.sh", "# mlcfg: engine=vllm=0.9.0\nvllm serve deepseek-ai/DeepSeek-R1-0528 --quantization gguf\n", "model-fit", "quantization gguf, and the checkpoint's is fp8"},
	{"vllm-project/vllm/issues/5842", "serve.sh", "# mlcfg: engine=vllm=0.5.0.post1 gpu=L4\npython -m vllm.entrypoints.openai.api_server --model TheBloke/Llama-2-7B-Chat-GPTQ --quantization gptq_marlin\n", "model-fit", "quantization gptq_marlin, and the checkpoint's is gptq by its name"},
	{"vllm-project/vllm/issues/3331", "serve.sh", "# mlcfg: engine=vllm=0.3.3\npython -m vllm.entrypoints.openai.api_server --model neuralmagic/Nous-Hermes-2-Yi-34B-marlin --quantization gptq\n", "model-fit", "quantization gptq, and the checkpoint's is marlin by its name"},
	{"intel/auto-round/issues/2242", "serve.sh", "# mlcfg: engine=vllm=0.28.0\nvllm serve ./qwen3-1.7b-w4a16-auto_gptq --quantization auto-round --max-model-len 2048 --gpu-memory-utilization 0.8\n", "model-fit", "quantization auto-round, and the checkpoint's is gptq by its name"},
	{"vllm-project/vllm/issues/26431", "serve.sh", "# mlcfg: engine=vllm=0.11.0\n# mlcfg: gpu=\"RTX 3090\"\nvllm serve Qwen/Qwen3-8B --kv-cache-dtype fp8\n", "model-fit", "a KV cache of fp8 needs another backend of attention"},
	{"vllm-project/vllm/issues/7714", "serve_a100.sh", "# mlcfg: engine=vllm=0.5.4\nvllm serve meta-llama/Meta-Llama-3.1-8B-Instruct --kv-cache-dtype fp8 --enable-chunked-prefill\n", "model-fit", "a KV cache of fp8 with chunked prefill"},
	{"vllm-project/recipes/issues/515", "serve.sh", "# mlcfg: engine=vllm=0.22.1\nvllm serve google/gemma-3-12b-it --chat-template /models/tool_chat_template_gemma4.jinja --enable-auto-tool-choice --tool-call-parser gemma4 --host 0.0.0.0 --max-model-len 8192 --reasoning-parser gemma4 --tensor-parallel-size 2 --gpu-memory-utilization 0.9 --kv-cache-dtype fp8 --enable-prefix-caching --enable-chunked-prefill --async-scheduling\n", "model-fit", "reasoning_parser gemma4 reads the texts of gemma4, the model is of type gemma3"},
	{"vllm-project/vllm/issues/16214", "serve.sh", "# mlcfg: engine=vllm=0.8.3\nvllm serve meta-llama/Llama-4-Scout-17B-16E-Instruct --tensor-parallel-size 8 --enable-auto-tool-choice --tool-call-parser llama3_json\n", "model-fit", "tool_call_parser llama3_json reads the texts of llama, mllama, the model is of type llama4"},
	{"vllm-project/vllm/issues/31480", "serve.sh", "# mlcfg: engine=vllm=0.13.0\n# mlcfg: gpu=\"RTX PRO 6000\"\nvllm serve deepseek-ai/DeepSeek-V3.2 --tensor-parallel-size 8 --enable-expert-parallel\n", "model-fit", "no attention backend takes sparse latent attention on compute capability 12.0 of RTX PRO 6000"},
	{"vllm-project/vllm/issues/29408", "serve.sh", "# mlcfg: engine=vllm=0.11.2\nvllm serve --model Qwen/Qwen3-VL-30B-A3B-Thinking-FP8 --served-model-name qwen3-thinking --pipeline-parallel-size 3 --max-num-seqs 16 --gpu-memory-utilization 0.9 --reasoning-parser deepseek_r1 --tool-call-parser hermes --enable_auto_tool_choice\n", "model-fit", "takes the end of an earlier turn's reasoning for the end of this one's"},
	{"NVIDIA/srt-slurm/pull/429", "pair.sh", "# mlcfg: engine=sglang=0.5.20\npython3 -m sglang.launch_server --model-path Qwen/Qwen3-32B --disaggregation-mode prefill --page-size 128 &\npython3 -m sglang.launch_server --model-path Qwen/Qwen3-32B --disaggregation-mode decode --page-size 64\n", "pair", "prefill's page_size 128 with decode's 64"},
}

// finding is one of the output of lint.
type finding struct {
	Code, Severity, Message string
	Line                    int
}

// TestThreads: what people posted is found by lint, from the command.
func TestThreads(t *testing.T) {
	for _, th := range threads {
		t.Run(th.address, func(t *testing.T) {
			found := lintedText(t, th.file, th.text)
			if !slices.ContainsFunc(found, func(d finding) bool { return d.Code == th.code && strings.Contains(d.Message, th.says) }) {
				t.Errorf("no %s with %q in %v", th.code, th.says, found)
			}
		})
	}
}

// lintedText are the findings of a file.
func lintedText(t *testing.T, name, text string) []finding {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &said, getenv: func(string) string { return "" }}
	if status := a.run([]string{"mlcfg", "lint", "--format", "json", file}); status > 1 {
		t.Fatalf("status %d\n%s", status, said.String())
	}
	var all struct{ Diagnostics []finding }
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	return all.Diagnostics
}
