package compile

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/tools/sharedata"
)

// suggestionCase is a fault with a suggestion: what to put instead of what stands
// there.
type suggestionCase struct {
	// by are the functions that the suggestion comes from, as producers names them.
	by string
	// release is the engine's, as vllm=0.32.0; empty for vLLM's of suggestionRelease.
	release string
	// engine and env are lines of the engine's sections, top of the file itself, conf of
	// user.conf; override is one of the command line's.
	engine, env, sampling, top, conf, override string
	// code and suggestion are what is found; both empty: nothing may be suggested.
	code, suggestion string
	// key has the value want once the suggestion is in its place; empty where that is not a
	// value of the overlay.
	key  string
	want any
}

const suggestionRelease = "vllm=0.32.0"

// suggestionCases have every function that makes a suggestion at least once.
var suggestionCases = []suggestionCase{
	// What looks like a number and is a text.
	{by: "check.faultOf", engine: "revision: 12e5", code: "wrong-type", suggestion: `"12e5"`, key: "revision", want: "12e5"},
	{by: "check.faultOf", engine: "tokenizer_revision: 0123456", code: "wrong-type", suggestion: `"0123456"`, key: "tokenizer_revision", want: "0123456"},
	{by: "check.faultOf", engine: "revision: 1_000", code: "wrong-type", suggestion: `"1_000"`, key: "revision", want: "1_000"},
	{by: "check.faultOf", engine: "revision: 12:30", code: "wrong-type", suggestion: `"12:30"`, key: "revision", want: "12:30"},
	{by: "check.faultOf", engine: "revision: on", code: "wrong-type", suggestion: `"on"`, key: "revision", want: "on"},
	{by: "check.faultOf", engine: "served_model_name: [7]", code: "wrong-type", suggestion: `"7"`, key: "served_model_name", want: []any{"7"}},
	// What is a number and was written as a text.
	{by: "schema.suggestType", engine: `seed: "42"`, code: "wrong-type", suggestion: "42", key: "seed", want: int64(42)},
	{by: "schema.suggestType", engine: "max_num_seqs: 8,", code: "wrong-type", suggestion: "8", key: "max_num_seqs", want: int64(8)},
	{by: "schema.suggestType", engine: "max_num_seqs: 8.0", code: "wrong-type", suggestion: "8", key: "max_num_seqs", want: int64(8)},
	{by: "schema.suggestType", engine: "gpu_memory_utilization: 90%", code: "wrong-type", suggestion: "0.9", key: "gpu_memory_utilization", want: 0.9},
	{by: "check.checker.asOnCommandLine", engine: "max_model_len: 32k", code: "wrong-type", suggestion: "32000", key: "max_model_len", want: int64(32000)},
	{by: "check.checker.asOnCommandLine", engine: "max_model_len: 32K", code: "wrong-type", suggestion: "32768", key: "max_model_len", want: int64(32768)},
	{by: "check.checker.asOnCommandLine", engine: "max_model_len: 25.6k", code: "wrong-type", suggestion: "25600", key: "max_model_len", want: int64(25600)},
	{by: "check.checker.asOnCommandLine", engine: "max_model_len: 25.6K", code: "wrong-type"},
	{by: "check.checker.asOnCommandLine", engine: "kv_cache_memory_bytes: 25G", code: "wrong-type", suggestion: "26843545600", key: "kv_cache_memory_bytes", want: int64(26843545600)},
	{by: "check.checker.asOnCommandLine", engine: "max_model_len: auto", code: "wrong-type", suggestion: "-1", key: "max_model_len", want: int64(-1)},
	{by: "check.checker.asOnCommandLine", release: "sglang=0.5.23", engine: "max_total_tokens: 1M", code: "wrong-type", suggestion: "1000000", key: "max_total_tokens", want: int64(1000000)},
	{by: "check.checker.asOnCommandLine", release: "sglang=0.5.23", engine: "max_total_tokens: 1Mi", code: "wrong-type", suggestion: "1048576", key: "max_total_tokens", want: int64(1048576)},
	{by: "check.checker.asOnCommandLine", release: "sglang=0.5.23", engine: "max_total_tokens: 8K", code: "wrong-type"},
	// Texts of variables that YAML 1.1 takes for something else.
	{by: "check.checker.retyped", env: "VLLM_LOGGING_PREFIX: 010", code: "retyped-variable", suggestion: `"010"`},
	// Booleans.
	{by: "check.nearestBool", engine: "trust_remote_code: treu", code: "misspelt-boolean", suggestion: "true", key: "trust_remote_code", want: true},
	{by: "check.faultOf", engine: "enforce_eager: \"no\" # not yet", code: "misspelt-boolean", suggestion: "false", key: "enforce_eager", want: false},
	{by: "schema.suggestType", engine: "enforce_eager: 1", code: "wrong-type", suggestion: "true", key: "enforce_eager", want: true},
	{by: "schema.suggestType", engine: `enforce_eager: "0"`, code: "misspelt-boolean", suggestion: "false", key: "enforce_eager", want: false},
	// Lists and maps.
	{by: "schema.suggestType", engine: "device_ids: 0,1", code: "wrong-type", suggestion: "[0,1]", key: "device_ids", want: []any{int64(0), int64(1)}},
	{by: "schema.suggestType", engine: "cudagraph_capture_sizes: 1, 2, 4", code: "wrong-type", suggestion: "[1,2,4]", key: "cudagraph_capture_sizes", want: []any{int64(1), int64(2), int64(4)}},
	{by: "schema.suggestType", engine: "limit_mm_per_prompt: image=2,video=1", code: "wrong-type", suggestion: `{"image":2,"video":1}`, key: "limit_mm_per_prompt", want: map[string]any{"image": int64(2), "video": int64(1)}},
	{
		by: "schema.suggestType", engine: `speculative_config: '{"method":"ngram","num_speculative_tokens":3,"prompt_lookup_max":4}'`, code: "wrong-type",
		suggestion: `{"method":"ngram","num_speculative_tokens":3,"prompt_lookup_max":4}`, key: "speculative_config",
		want: map[string]any{"method": "ngram", "num_speculative_tokens": int64(3), "prompt_lookup_max": int64(4)},
	},
	{by: "schema.suggestType", engine: `hf_overrides: '{"a": 1.0, "b": "c\nd"}'`, code: "wrong-type", suggestion: `{"a":1.0,"b":"c\nd"}`, key: "hf_overrides", want: map[string]any{"a": 1.0, "b": "c\nd"}},
	{by: "check.checker.asOnCommandLine", engine: `hf_overrides: "{'a': 1}"`, code: "wrong-type", suggestion: "{'a': 1}", key: "hf_overrides", want: map[string]any{"a": int64(1)}},
	{by: "check.checker.asOnCommandLine", engine: "compilation_config: 3", code: "wrong-type", suggestion: `{"mode":3}`, key: "compilation_config", want: map[string]any{"mode": int64(3)}},
	{by: "check.checker.asOnCommandLine", release: "vllm=0.11.0", engine: "compilation_config: 3", code: "wrong-type", suggestion: `{"level":3}`, key: "compilation_config", want: map[string]any{"level": int64(3)}},
	{
		by: "schema.suggestType", release: "sglang=0.5.23", engine: "model_loader_extra_config: {num_threads: 64}", code: "wrong-type",
		suggestion: `"{\"num_threads\":64}"`, key: "model_loader_extra_config", want: `{"num_threads":64}`,
	},
	{by: "check.jsonOfYAML", release: "sglang=0.5.23", engine: `json_model_override_args: "{'a': 1}"`, code: "wrong-type", suggestion: `"{\"a\":1}"`, key: "json_model_override_args", want: `{"a":1}`},
	{by: "check.jsonOfYAML", release: "sglang=0.5.23", engine: `model_loader_extra_config: '{"num_threads": 64'`, code: "wrong-type"},
	{by: "check.jsonOfYAML", release: "sglang=0.5.23", engine: `json_model_override_args: "{'a': None}"`, code: "wrong-type"},
	{by: "check.checker.asOnCommandLine", engine: `hf_overrides: "{'a': None}"`, code: "wrong-type"},
	{by: "check.asDevices", env: "CUDA_VISIBLE_DEVICES: [0, 1]", code: "wrong-type", suggestion: `"0,1"`},
	{by: "check.asVariables", env: "- A=1\n  - VLLM_LOGGING_LEVEL=DEBUG", code: "wrong-type", suggestion: `{A: "1", VLLM_LOGGING_LEVEL: "DEBUG"}`},
	// Names.
	{by: "check.checker.unknownEngine", engine: "max_num_seq: 4", code: "unknown-key", suggestion: "max_num_seqs", key: "max_num_seqs", want: int64(4)},
	{by: "check.checker.unknownEngine", engine: "tp: 8", code: "unknown-key", suggestion: "tensor_parallel_size", key: "tensor_parallel_size", want: int64(8)},
	{by: "check.checker.unknownEngine", engine: "tp_size: 8", code: "unknown-key", suggestion: "tensor_parallel_size", key: "tensor_parallel_size", want: int64(8)},
	{by: "check.checker.unknownEngine", release: "sglang=0.5.23", engine: "tensor_parallel_size: 8", code: "unknown-key", suggestion: "tp_size", key: "tp_size", want: int64(8)},
	{by: "check.negatedMeans", engine: "no_enable_prefix_caching: true", code: "unknown-key", suggestion: "enable_prefix_caching: false", key: "enable_prefix_caching", want: false},
	{by: "check.negatedMeans", engine: "no-enable-prefix-caching: false", code: "unknown-key", suggestion: "enable_prefix_caching: true", key: "enable_prefix_caching", want: true},
	{by: "check.checker.tookItsPlace", engine: "cuda_graph_sizes: [1, 2]", code: "unknown-key", suggestion: "cudagraph_capture_sizes", key: "cudagraph_capture_sizes", want: []any{int64(1), int64(2)}},
	{by: "check.checker.unknownShared", top: "scenari: offline", code: "unknown-key", suggestion: "scenario"},
	{by: "check.checker.inside", sampling: "structured_outputs: {choce: [a]}", code: "unknown-key", suggestion: "choice"},
	{by: "schema.Section.lacks", engine: "compilation_config: {mod: 3}", code: "unknown-key", suggestion: "mode", key: "compilation_config", want: map[string]any{"mode": int64(3)}},
	{by: "schema.Section.lacks", engine: "compilation_config: {level: 3}", code: "unknown-key", suggestion: "mode", key: "compilation_config", want: map[string]any{"mode": int64(3)}},
	// Inside maps a name of another release is none of this one's, and a new name that does not take the value is none to write.
	{by: "schema.Section.lacks", engine: "compilation_config: {use_inductor: false}", code: "unknown-key"},
	{by: "schema.Section.lacks", engine: "compilation_config: {full_cuda_graph: true}", code: "unknown-key"},
	{by: "schema.Section.lacks", engine: "compilation_config: {level: fast}", code: "unknown-key"},
	{by: "schema.Section.lacks", engine: "compilation_config: {pass_config: {fuse_norm_qant: true}}", code: "unknown-key", suggestion: "fuse_norm_quant", key: "compilation_config", want: map[string]any{"pass_config": map[string]any{"fuse_norm_quant": true}}},
	{by: "schema.suggestType", engine: `compilation_config: {pass_config: {fuse_norm_quant: "yes"}}`, code: "wrong-type", suggestion: "true", key: "compilation_config", want: map[string]any{"pass_config": map[string]any{"fuse_norm_quant": true}}},
	{by: "schema.suggestType", engine: `compilation_config: {cudagraph_capture_sizes: "1,2,4"}`, code: "wrong-type", suggestion: "[1,2,4]", key: "compilation_config", want: map[string]any{"cudagraph_capture_sizes": []any{int64(1), int64(2), int64(4)}}},
	{by: "schema.suggestType", engine: "eplb_config: {window_size: 1000.0}", code: "wrong-type", suggestion: "1000", key: "eplb_config", want: map[string]any{"window_size": int64(1000)}},
	{by: "schema.suggestType", engine: `compilation_config: {mode: "3"}`, code: "not-in-enum", suggestion: "3", key: "compilation_config", want: map[string]any{"mode": int64(3)}},
	{by: "schema.nearestLiteral", engine: "structured_outputs_config: {backend: xgramar}", code: "not-in-enum", suggestion: "xgrammar", key: "structured_outputs_config", want: map[string]any{"backend": "xgrammar"}},
	{by: "check.checker.inBuiltIn", engine: "attention_config: {backend: FLASH_ATTNN}", code: "not-in-enum", suggestion: "FLASH_ATTN", key: "attention_config", want: map[string]any{"backend": "FLASH_ATTN"}},
	{by: "check.checker.deprecated", release: "sglang=0.5.14", engine: "cuda_graph_max_bs: 16", code: "deprecated-key", suggestion: "cuda_graph_max_bs_decode", key: "cuda_graph_max_bs_decode", want: int64(16)},
	{by: "check.checker.deprecated", release: "sglang=0.5.17", env: "SGLANG_ENABLE_THINKING: 1", code: "deprecated-key", suggestion: "SGLANG_DEFAULT_THINKING"},
	{by: "check.checker.tookItsPlace", release: "sglang=0.5.23", env: "SGLANG_ENABLE_THINKING: 1", code: "inert-variable", suggestion: "SGLANG_DEFAULT_THINKING"},
	{by: "check.Config.refuseNested", engine: "speculative_config: {method: ngram, num_speculative_tokens: 3, tensor_parallel_size: 1}", code: "engine-refuses", suggestion: "draft_tensor_parallel_size"},
	{by: "schema.nearestLiteral", engine: "kv_cache_dtype: FP8", code: "not-in-enum", suggestion: "fp8", key: "kv_cache_dtype", want: "fp8"},
	{by: "schema.Union.fault", release: "trtllm=1.4.0rc0", engine: "speculative_config: {decoding_type: EAGL}", code: "not-in-enum", suggestion: "Eagle"},
	{by: "check.checker.inBuiltIn", engine: "load_format: safetensor", code: "not-built-in", suggestion: "safetensors", key: "load_format", want: "safetensors"},
	{by: "check.checker.inBuiltIn", engine: "attention_backend: FLASH_ATTNN", code: "not-in-enum", suggestion: "FLASH_ATTN", key: "attention_backend", want: "FLASH_ATTN"},
	{by: "check.checker.otherCase", release: "vllm=0.9.0", engine: "dtype: BFloat16", code: "not-in-enum", suggestion: "bfloat16", key: "dtype", want: "bfloat16"},
	{by: "check.textsAreHeld", engine: "mm_processor_device: cpus", code: "not-in-enum", suggestion: "cpu", key: "mm_processor_device", want: "cpu"},
	// Variables.
	{by: "check.checker.copied", release: "sglang=0.5.12", env: "SGL_ENABLE_JIT_DEEPGEMM: 0", code: "deprecated-key", suggestion: "SGLANG_ENABLE_JIT_DEEPGEMM"},
	{by: "check.asNumber", env: "VLLM_HTTP_TIMEOUT_KEEP_ALIVE: true", code: "wrong-type", suggestion: "1"},
	{by: "check.checker.notOfHarness", env: "HARNESS_GC_LIMITTT: 5", code: "inert-variable", suggestion: "HARNESS_GC_LIMIT"},
	{by: "check.checker.nearMiss", env: "VLLM_LOGGING_LEVLE: DEBUG", code: "near-variable-name", suggestion: "VLLM_LOGGING_LEVEL"},
	{by: "check.checker.readable", env: "VLLM_WORKER_MULTIPROC_METHOD: spwan", code: "not-in-enum", suggestion: "spawn"},
	// Values with a meaning of their own.
	{by: "check.checker.text", engine: "quantization: None", code: "null-text", suggestion: "null", key: "quantization", want: nil},
	{by: "check.samplingIsTaken", sampling: "seed: -1", code: "replaced-value", suggestion: "null"},
	{by: "check.samplingIsTaken", sampling: "temperature: 0.005", code: "replaced-value", suggestion: "0.01"},
	{by: "source.builder.value", engine: "revision: =", code: "bad-scalar", suggestion: `"="`, key: "revision", want: "="},
	{by: "source.builder.key", engine: "hf_overrides: {yes: 1}", code: "bool-key", suggestion: `"yes"`, key: "hf_overrides", want: map[string]any{"yes": int64(1)}},
	{by: "source.builder.checkFlowSpace", engine: "compilation_config: {mode:3}", code: "text-like-key", suggestion: "mode: 3", key: "compilation_config", want: map[string]any{"mode": int64(3)}},
	{by: "source.builder.checkSpace", engine: "compilation_config:\n    mode:3", code: "text-like-key", suggestion: "mode: 3", key: "compilation_config", want: map[string]any{"mode": int64(3)}},
	{by: "source.text.noSpace", engine: "seed:3", code: "syntax", suggestion: "seed: 3", key: "seed", want: int64(3)},
	{by: "source.text.noSpace", engine: "seed=3", code: "syntax", suggestion: "seed: 3", key: "seed", want: int64(3)},
	// Interpolations.
	{by: "merge.resolver.at", engine: "served_model_name: ${.modle}", code: "interpolation", suggestion: "${.model}", key: "served_model_name", want: "${.model}"},
	{by: "merge.refuseResolver", engine: "served_model_name: ${oc.env:NAME,fast}", code: "interpolation", suggestion: "fast", key: "served_model_name", want: "fast"},
	{by: "merge.refuseResolver", engine: "served_model_name: 'a: ${oc.env:NAME,fast}'", code: "interpolation", suggestion: `"a: fast"`, key: "served_model_name", want: "a: fast"},
	// Overrides.
	{by: "merge.hydra", override: "+vllm_engine_config.seed=3", code: "bad-override", suggestion: "vllm_engine_config.seed=3", key: "seed", want: int64(3)},
	{by: "merge.hydra", override: "~vllm_engine_config.quantization", code: "bad-override", suggestion: "vllm_engine_config.quantization=null", key: "quantization", want: nil},
	{by: "source.Dialect.ParseOverride", override: "vllm_engine_config.quantization", code: "override-without-value", suggestion: "vllm_engine_config.quantization=null", key: "quantization", want: nil},
	{by: "schema.suggestType", override: "vllm_engine_config.max_num_seqs=8,", code: "wrong-type", suggestion: "8", key: "max_num_seqs", want: int64(8)},
	// LoadGen's files.
	{by: "loadgen.separatedNumber", conf: "llama2-70b.Offline.target_qps = 5,5", code: "conf-value", suggestion: "5.5"},
	{by: "loadgen.separatedNumber", conf: "llama2-70b.Offline.target_qps = 1,000,000", code: "conf-value", suggestion: "1000000"},
	{by: "loadgen.separatedNumber", conf: "llama2-70b.Offline.target_qps = 5,000", code: "conf-value"},
	{by: "loadgen.separatedNumber", conf: "llama2-70b.Offline.target_qps = 1_000", code: "conf-value", suggestion: "1000"},
	{by: "loadgen.confParser.notNumber", conf: "llama2-70b.Offline.sample_concatenate_permutation = yes", code: "conf-value", suggestion: "1"},
	{by: "loadgen.confParser.ignored", conf: "llama2-70b.Offline.target_qps=5", code: "conf-syntax", suggestion: "llama2-70b.Offline.target_qps = 5"},
	{by: "loadgen.confParser.rejected", conf: "llama2-70b.Offline.target_qps= 5", code: "conf-syntax", suggestion: "llama2-70b.Offline.target_qps = 5"},
	{by: "loadgen.confParser.rejected", conf: "llama2-70b.Offline.target_qps 5", code: "conf-syntax", suggestion: "llama2-70b.Offline.target_qps = 5"},
	{by: "loadgen.confParser.name", conf: "llama2-70b.Ofline.target_qps = 5", code: "conf-scenario", suggestion: "llama2-70b.Offline.target_qps"},
	{by: "loadgen.confParser.name", conf: "llama2-70b.Offline.target_qp = 5", code: "conf-key", suggestion: "llama2-70b.Offline.target_qps"},
	{by: "loadgen.confParser.checkModel", conf: "llama2-70.Offline.target_qps = 5", code: "conf-model", suggestion: "llama2-70b.Offline.target_qps"},
	{by: "loadgen.confParser.checkModel", conf: "llama2_70b.Offline.target_qps = 5", code: "conf-model", suggestion: "llama2-70b.Offline.target_qps"},
	{by: "loadgen.confParser.checkReading", conf: "llama2-70b.Offline.min_duration = 600e3", code: "conf-value", suggestion: "600000"},
	{by: "loadgen.confParser.checkReading", conf: "llama2-70b.Offline.min_duration = 0600000", code: "conf-value", suggestion: "600000"},
	{by: "loadgen.confParser.checkReading", conf: "llama2-70b.Server.target_latency_percentile = 0.99", code: "conf-value", suggestion: "99"},
	{by: "loadgen.freezer.benchmark", top: "benchmark_name: llama2-70", code: "loadgen-benchmark", suggestion: "llama2-70b"},
}

// notApplied are the functions whose suggestion no case here applies, with the reason.
var notApplied = map[string]string{
	"compile.Compiler.machine": "the overlay's name is changed, nothing in a file",
	"check.bare":               "the suggestion of another finding, as a word of a launch",
	"check.launchCheck.placed": "the suggestion of another finding, in a launch",
	"check.Site":               "a site's own schema; the name of its key is the site's choice",
}

// TestSuggestions puts every suggestion in its place and lints again: nothing of that kind is
// left, and the value is the one meant.
func TestSuggestions(t *testing.T) {
	for _, tt := range suggestionCases {
		name := strings.TrimSpace(tt.engine + tt.env + tt.sampling + tt.top + tt.conf + tt.override)
		t.Run(name, func(t *testing.T) { tt.run(t) })
	}
}

// lint is what is found, and the configuration.
func (tt *suggestionCase) lint(t *testing.T, files map[string]string, override string) (diag.List, *config.Config) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	options := config.Options{Base: "config.yaml"}
	if override != "" {
		options.Overrides = []string{override}
	}
	c, err := config.New(options).Load("offline_x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	engine, release, _ := strings.Cut(tt.engineRelease(), "=")
	out := New(Options{Backends: []string{engine}, Releases: map[string]string{engine: release}, Round: "v5.1"}).Check(c)
	if out.Err != nil {
		t.Fatal(out.Err)
	}
	return out.Found, c
}

func (tt *suggestionCase) engineRelease() string {
	if tt.release != "" {
		return tt.release
	}
	return suggestionRelease
}

// files are a configuration with nothing wrong but the case.
func (tt *suggestionCase) files() map[string]string {
	engine, _, _ := strings.Cut(tt.engineRelease(), "=")
	section := func(name, lines string) string {
		if lines == "" {
			return ""
		}
		return engine + "_" + name + ":\n  " + lines + "\n"
	}
	model := "  model: /model/x\n"
	if engine == "sglang" {
		model = "  model_path: /model/x\n"
	}
	overlay := "benchmark_name: llama2-70b\nscenario: offline\n"
	if key, _, ok := strings.Cut(tt.top, ":"); ok {
		overlay = strings.Join(slices.DeleteFunc(strings.SplitAfter(overlay, "\n"), func(l string) bool { return strings.HasPrefix(l, key) }), "") + tt.top + "\n"
	}
	overlay += engine + "_engine_config:\n" + model
	if tt.engine != "" {
		overlay += "  " + tt.engine + "\n"
	}
	conf := "llama2-70b.Offline.target_qps = 10\n"
	if tt.conf != "" {
		conf = tt.conf + "\n"
	}
	return map[string]string{
		"offline_x.yaml": overlay + section("env_config", tt.env) + section("sampling_config", tt.sampling), "user.conf": conf,
		"config.yaml": "test_mode: performance\nharness_config:\n  device_count: 8\n  dataset_path: /data/x.jsonl\n  user_conf_path: user.conf\n  output_log_dir: /logs\n",
	}
}

func (tt *suggestionCase) run(t *testing.T) {
	files := tt.files()
	found, _ := tt.lint(t, files, tt.override)
	at := slices.IndexFunc(found, func(d diag.Diagnostic) bool { return d.Code == tt.code && (d.Suggestion != "" || tt.suggestion == "") })
	if at < 0 {
		t.Fatalf("no %s with a suggestion in %v", tt.code, found)
	}
	d := found[at]
	if d.Suggestion != tt.suggestion {
		t.Fatalf("suggests %q, not %q: %s", d.Suggestion, tt.suggestion, d.Message)
	}
	if tt.suggestion == "" {
		return
	}
	override := tt.override
	if text, ok := files[d.Pos.File]; ok {
		files[d.Pos.File] = put(t, text, d.Pos, d.Suggestion)
	} else if strings.HasPrefix(d.Pos.File, "--set") {
		override = put(t, override, d.Pos, d.Suggestion)
	} else {
		t.Fatalf("%v is no place of these files", d.Pos)
	}
	again, c := tt.lint(t, files, override)
	for _, left := range again {
		if left.Code == tt.code && (left.Pos == d.Pos || left.Key == d.Key) {
			t.Errorf("%s is left: %s\n%s", left.Code, left.Message, files[d.Pos.File])
		}
	}
	if tt.key == "" {
		return
	}
	engine, _, _ := strings.Cut(tt.engineRelease(), "=")
	got := c.Tree.Lookup(engine+"_engine_config", tt.key)
	if got == nil || fmt.Sprintf("%#v", got.Interface()) != fmt.Sprintf("%#v", tt.want) {
		t.Errorf("%s is %#v, not %#v\n%s", tt.key, got.Interface(), tt.want, files[d.Pos.File])
	}
}

// put puts a suggestion instead of what stands at a position: in YAML what source.Instead
// says, in an override the rest of it, in a conf file a word or the line.
func put(t *testing.T, text string, pos diag.Pos, suggestion string) string {
	t.Helper()
	from, to := pos.Column-1, len(text)
	switch {
	case strings.HasPrefix(pos.File, "--set"):
	case pos.File == "user.conf":
		if to = from + len(strings.Fields(text[from:])[0]); strings.Contains(suggestion, "= ") {
			from, to = 0, len(text)-1
		}
	default:
		var ok bool
		if from, to, ok = source.Instead(text, pos, suggestion); !ok {
			t.Fatalf("no place for %q at %v in\n%s", suggestion, pos, text)
		}
	}
	return text[:from] + suggestion + text[to:]
}

// TestSuggestionsAreTried finds the functions that make suggestions and holds that each has a
// case above.
func TestSuggestionsAreTried(t *testing.T) {
	root := sharedata.Root(t)
	tried := map[string]bool{}
	for _, tt := range suggestionCases {
		tried[tt.by] = true
	}
	made := map[string]bool{}
	for _, dir := range []string{"internal/check", "internal/compile", "internal/loadgen", "internal/merge", "internal/source", "schema"} {
		for _, name := range producers(t, filepath.Join(root, dir)) {
			made[name] = true
		}
	}
	if len(made) < 20 {
		t.Fatalf("only %d functions make suggestions: the search is broken", len(made))
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		if !tried[name] && notApplied[name] == "" {
			t.Errorf("%s makes a suggestion that no case of suggestionCases applies", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tried)) {
		if !made[name] {
			t.Errorf("%s makes no suggestion", name)
		}
	}
}

// adviceOnly are the functions whose hints say to write something that nothing can put in its
// place, with the reason.
var adviceOnly = map[string]string{
	"source.text.badEscape":          "an escape, or a backslash, may be meant",
	"check.checker.text":             "None where a number or switch is wanted: which one is not known",
	"check.write":                    "the hint of any suggestion",
	"check.serverNeedsEngineVersion": "sync or async is the author's choice",
	"loadgen.confParser.notNumber":   "a comma may part thousands, or a fraction",
	"merge.argument":                 "the value that is missing",
	"merge.resolver.covered":         "the values that the interpolation brings in",
	"merge.resolver.text":            "which of the values that lead to one another is written out",
	"merge.resolver.at":              "the value of a key that no interpolation finds",
	"check.nestedRefuses":            "suggested by refuseNested",
	"check.samplingIsTaken":          "suggested too",
	"check.checker.readable":         "suggested too",
	"check.checker.retyped":          "suggested too",
	"check.faultOf":                  "suggested too",
	"merge.refuseResolver":           "suggested where the interpolation has a default",
	"merge.hydra":                    "suggested too",
	"source.builder.checkFlowSpace":  "suggested too",
	"compile.scenarioOfName":         "the file's name may be the wrong one",
	"loadgen.freezer.limits":         "lines of another file, and the limits are the author's choice",
	"compile.accuracyRun.noSet":      "-1 is suggested in words: the count may be meant, and the benchmark wrong",
}

// TestAdviceIsSuggested finds the functions whose hints say what to write, and holds that each
// makes a suggestion or has a reason.
func TestAdviceIsSuggested(t *testing.T) {
	root := sharedata.Root(t)
	advice := map[string]bool{}
	for _, dir := range []string{"internal/check", "internal/compile", "internal/loadgen", "internal/merge", "internal/source", "schema"} {
		eachFunction(t, filepath.Join(root, dir), func(name string, f *ast.FuncDecl) {
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && adviceForm.MatchString(lit.Value) {
					advice[name] = true
				}
				return true
			})
		})
	}
	for _, name := range slices.Sorted(maps.Keys(advice)) {
		if adviceOnly[name] == "" {
			t.Errorf("%s says what to write: make it a suggestion, with a case, or give the reason why not", name)
		}
	}
	for name := range adviceOnly {
		if !advice[name] {
			t.Errorf("%s says nothing of the kind", name)
		}
	}
}

// adviceForm is a hint that says what to write.
var adviceForm = regexp.MustCompile("^[\"`](write|set it to) ")

// handOn are functions that only put a suggestion into a finding: who calls them, or what they
// call, makes it.
var handOn = []string{
	"check.write", "check.didYouMean", "loadgen.offer", "loadgen.confParser.suggest", "merge.nearestOf", "check.Credentials.Hide", "check.Credentials.Shown",
	"merge.ParseArgs", "merge.resolver.node", "check.checker.otherRound", "check.checker.fault", "check.checker.variable", "check.textsAreJSON",
	"loadgen.ParseConf", "schema.Key.faults",
}

// producers are the functions of a package that make a suggestion: those that set one, and
// those whose result is set as one.
func producers(t *testing.T, dir string) (names []string) {
	functions, results := map[string][]string{}, map[string]bool{}
	eachFunction(t, dir, func(name string, f *ast.FuncDecl) {
		functions[f.Name.Name] = append(functions[f.Name.Name], name)
		values := suggested(f)
		for _, v := range values {
			for _, called := range calls(v) {
				results[called] = true
			}
		}
		if !slices.Contains(handOn, name) && len(values) > 0 {
			names = append(names, name)
		}
	})
	for called := range results {
		for _, name := range functions[called] {
			if !slices.Contains(handOn, name) && !slices.Contains(notMakers, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// eachFunction calls do for each function of a package outside its tests.
func eachFunction(t *testing.T, dir string, do func(name string, f *ast.FuncDecl)) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s (%v)", dir, err)
	}
	set := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				do(parsed.Name.Name+"."+receiver(f)+f.Name.Name, f)
			}
		}
	}
}

// notMakers are functions whose results are parts of suggestions, no values of their own.
var notMakers = []string{
	"schema.Nearest", "schema.Section.Nearest", "merge.fault.inPlace", "loadgen.confName.String", "loadgen.Mode.String", "loadgen.Program.String", "loadgen.Scenario.String",
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name + "."
	}
	return ""
}

// suggested are the expressions that a function makes suggestions of.
func suggested(f *ast.FuncDecl) (values []ast.Expr) {
	short := map[string]bool{}
	for _, name := range handOn {
		short[name[strings.LastIndexByte(name, '.')+1:]] = true
	}
	isSuggestion := func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.Ident:
			return strings.EqualFold(e.Name, "suggestion")
		case *ast.SelectorExpr:
			return strings.EqualFold(e.Sel.Name, "suggestion")
		}
		return false
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if isSuggestion(n.Key) {
				values = append(values, n.Value)
			}
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				if _, isField := to.(*ast.SelectorExpr); !isField || !isSuggestion(to) || len(n.Rhs) != len(n.Lhs) {
					continue
				}
				if lit, isLit := n.Rhs[i].(*ast.BasicLit); !isLit || lit.Value != `""` {
					values = append(values, n.Rhs[i])
				}
			}
		case *ast.CallExpr:
			switch called := n.Fun.(type) {
			case *ast.Ident:
				if short[called.Name] && len(n.Args) > 0 {
					values = append(values, n.Args[len(n.Args)-1])
				}
			case *ast.SelectorExpr:
				if called.Sel.Name == "suggest" {
					values = append(values, n.Args[2])
				}
			}
		}
		return true
	})
	return values
}

// calls is the name of the function whose result an expression is, if it is one's.
func calls(e ast.Expr) []string {
	if call, ok := e.(*ast.CallExpr); ok {
		switch called := call.Fun.(type) {
		case *ast.Ident:
			return []string{called.Name}
		case *ast.SelectorExpr:
			return []string{called.Sel.Name}
		}
	}
	return nil
}
