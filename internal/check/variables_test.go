package check

import (
	"fmt"
	"strings"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// TestVariables: what is said about one variable in one release, as "severity code
// suggestion"; empty is silence.
func TestVariables(t *testing.T) {
	for _, c := range []struct{ engine, release, text, want string }{
		// SGLang turned the arguments of its helper round in 0.5.11 and wrote a table in 0.5.18.
		{"sglang", "0.5.10", "SGLANG_MOE_NVFP4_DISPATCH: 1", ""},
		{"sglang", "0.5.14", "SGLANG_MOE_NVFP4_DISPATCH: 1", ""},
		{"sglang", "0.5.14", "SGLANG_CUTEDSL_MOE_NVFP4_DISPATCH: 1", "warning deprecated-key SGLANG_MOE_NVFP4_DISPATCH"},
		{"sglang", "0.5.17", "SGLANG_DEFAULT_THINKING: 1", ""},
		{"sglang", "0.5.17", "SGLANG_ENABLE_THINKING: 1", "warning deprecated-key SGLANG_DEFAULT_THINKING"},
		{"sglang", "0.5.17", "SGLANG_LOG_GC: 1", ""},
		{"sglang", "0.5.17", "SGLANG_QUEUED_TIMEOUT_MS: 100", "warning deprecated-key"},
		{"sglang", "0.5.18", "SGLANG_DEFAULT_THINKING: 1", ""},
		// SGL_X is copied to SGLANG_X.
		{"sglang", "0.5.12", "SGL_ENABLE_JIT_DEEPGEMM: 0", "warning deprecated-key SGLANG_ENABLE_JIT_DEEPGEMM"},
		{"sglang", "0.5.12", "SGL_ENABLE_JIT_DEEPGEMM: '12'", "warning deprecated-key SGLANG_ENABLE_JIT_DEEPGEMM, error misspelt-boolean"},
		// Read by keyword, and under another file's helper.
		{"sglang", "0.5.23", "SGLANG_USE_AITER_AR: 0", ""},
		{"sglang", "0.5.14", "SGLANG_MOE_CONFIG_DIR: /x", ""},
		{"vllm", "0.12.0", "VLLM_BATCH_INVARIANT: 1", ""},
		// No release ever read these.
		{"vllm", "0.32.0", "VLLM_NIGHTLY_THING: 1", "info unknown-variable"},
		{"sglang", "0.5.23", "SGLANG_NIGHTLY_THING: 1", "info unknown-variable"},
		{"sglang", "0.5.23", "VLLM_NIGHTLY_THING: 1", ""},
		// int() fails on these, where "== '1'" only means no.
		{"vllm", "0.32.0", "VLLM_USE_FLASHINFER_SAMPLER: true", "error wrong-type 1"},
		{"vllm", "0.32.0", "VLLM_USE_FLASHINFER_SAMPLER: 1", ""},
		{"vllm", "0.32.0", "VLLM_USE_FLASHINFER_SAMPLER: 1_0", "warning retyped-variable \"1_0\""},
		{"vllm", "0.32.0", "VLLM_SKIP_P2P_CHECK: true", "warning wrong-type 1"},
		{"vllm", "0.32.0", "VLLM_DEBUG_LOG_API_SERVER_RESPONSE: 1", "warning wrong-type true"},
		{"vllm", "0.32.0", "VLLM_DEBUG_LOG_API_SERVER_RESPONSE: true", ""},
		{"vllm", "0.32.0", "VLLM_HUMMING_INPUT_QUANT_CONFIG: '{\"a\": 1'", "error wrong-type"},
		{"vllm", "0.32.0", "VLLM_HUMMING_INPUT_QUANT_CONFIG: '{\"a\": 1}'", ""},
		{"vllm", "0.32.0", "VLLM_GPT_OSS_SYSTEM_TOOL_MCP_LABELS: 'container, code'", "error not-in-enum"},
		{"vllm", "0.32.0", "VLLM_GPT_OSS_SYSTEM_TOOL_MCP_LABELS: 'container, code_interpreter'", ""},
		{"vllm", "0.32.0", "VLLM_ROCM_QUICK_REDUCE_QUANTIZATION: NONE", ""},
		{"vllm", "0.32.0", "VLLM_ROCM_QUICK_REDUCE_QUANTIZATION: none", "error not-in-enum NONE"},
		{"vllm", "0.32.0", "VLLM_FLOAT32_MATMUL_PRECISION: HiGh", ""},
		// A word for nothing is a value here.
		{"vllm", "0.32.0", "NVSHMEM_REMOTE_TRANSPORT: none", ""},
		{"vllm", "0.32.0", "NVSHMEM_REMOTE_TRANSPORT: None", "warning null-text null"},
		{"vllm", "0.32.0", "ROCR_VISIBLE_DEVICES: '4,5', HIP_VISIBLE_DEVICES: '4,5'", "error visible-devices"},
		{"vllm", "0.32.0", "ROCR_VISIBLE_DEVICES: '0,1,2', HIP_VISIBLE_DEVICES: '2,3'", "warning visible-devices"},
		{"vllm", "0.32.0", "ROCR_VISIBLE_DEVICES: '4,5', HIP_VISIBLE_DEVICES: '0,1'", ""},
		{"vllm", "0.33.0", "VLLM_RUST_FRONTEND_PATH: /bin/vllm-rs", "warning inert-variable"},
		{"vllm", "0.33.0", "VLLM_RUST_FRONTEND_PATH: /bin/vllm-rs, VLLM_USE_RUST_BENCH: 1", ""},
		{"vllm", "0.26.0", "VLLM_RUST_FRONTEND_PATH: /bin/vllm-rs, VLLM_USE_RUST_FRONTEND: 1", ""},
		{"vllm", "0.33.0", "VLLM_LOG_STATS_INTERVAL: 0", "warning out-of-range"},
		{"vllm", "0.33.0", "VLLM_LOG_STATS_INTERVAL: '0'", "warning out-of-range"},
		{"vllm", "0.33.0", "VLLM_LOG_STATS_INTERVAL: 0.5", ""},
		{"vllm", "0.33.0", "VLLM_TPU_USING_PATHWAYS: 1", "warning deprecated-key"},
		{"vllm", "0.9.2", "VLLM_KEEP_ALIVE_ON_ENGINE_DEATH: 0", "warning not-in-enum"}, // bool(text)
		{"vllm", "0.9.2", "VLLM_KEEP_ALIVE_ON_ENGINE_DEATH: 1", ""},
		{"vllm", "0.9.2", "VLLM_KEEP_ALIVE_ON_ENGINE_DEATH: 'yes'", ""},
		{"sglang", "0.5.23", "SGLANG_AITER_K3_OPT: 'yes'", "error misspelt-boolean true"}, // of two helpers of one name the stricter
		{"sglang", "0.5.23", "SGLANG_AITER_K3_OPT: 1", ""},
		{"sglang", "0.5.23", "SGLANG_USE_ROCM_FLYDSL: 'yes'", ""}, // the other one
		{"sglang", "0.5.23", "SGLANG_CPU_WORKERS: many", "error wrong-type"},
		{"sglang", "0.5.23", "SGLANG_CLOUD_STORAGE_TYPE: s3", ""},
		{"sglang", "0.5.23", "SGLANG_CLOUD_STORAGE_TYPE: gcs", "warning not-in-enum"}, // compared with s3 alone
		{"sglang", "0.5.23", "SGLANG_ROCM_K3_KDA_FUSED_BACKEND: AITER", ""},
		{"sglang", "0.5.23", "SGLANG_ENABLE_FUSED_QKNORM_ROPE: 'off'", ""},
		{"sglang", "0.5.23", "SGLANG_ENABLE_FUSED_QKNORM_ROPE: abc", "error misspelt-boolean"},
		{"sglang", "0.5.23", "SGLANG_USE_AITER_FP8_PER_TOKEN: '1'", ""}, // a switch, and no credential
		{"vllm", "0.25.1", "VLLM_ROCM_USE_AITER_MOE: 1", "warning inert-variable"},
		{"vllm", "0.25.1", "VLLM_ROCM_USE_AITER_MOE: 1, VLLM_ROCM_USE_AITER: 1", ""},
		{"vllm", "0.25.1", "VLLM_ROCM_USE_AITER_MOE: 0", ""},
		{"vllm", "0.24.0", "VLLM_ROCM_USE_AITER_FUSION_SHARED_EXPERTS: 1", "warning inert-variable"},
		{"vllm", "0.25.1", "VLLM_ROCM_USE_AITER_FUSION_SHARED_EXPERTS: 1", ""}, // read by models alone
	} {
		if got := about(t, c.engine, c.release, c.engine+"_env_config", c.text); got != c.want {
			t.Errorf("%s %s, %s: %q, want %q", c.engine, c.release, c.text, got, c.want)
		}
	}
}

// TestNested: what the engine's settings classes refuse inside a map, and texts
// that the engine holds to a list when it starts.
func TestNested(t *testing.T) {
	for _, c := range []struct{ engine, release, text, want string }{
		{"vllm", "0.32.0", "speculative_config: {method: ngramm, num_speculative_tokens: 1}", "error not-in-enum ngram"},
		{"vllm", "0.32.0", "speculative_config: {method: ngram, num_speculative_tokens: 0}", "error out-of-range"},
		{"vllm", "0.32.0", "speculative_config: {method: ngram, num_speculative_token: 2}", "error unknown-key num_speculative_tokens"},
		{"vllm", "0.32.0", "speculative_config: {method: ngram, num-speculative-tokens: 2}", ""},
		{"vllm", "0.25.1", "speculative_config: {method: ngram, num-speculative-tokens: 2}", "error unknown-key num_speculative_tokens"},
		{"vllm", "0.32.0", "speculative_config: {method: ngram, tensor_parallel_size: 1}", "error engine-refuses draft_tensor_parallel_size"},
		{"vllm", "0.32.0", "speculative_config: {num_speculative_tokens: 2, method: ngram}, spec_tokens: 3", "error engine-refuses"},
		{"vllm", "0.32.0", "speculative_config: {method: ngram}, spec_tokens: 3", ""},
		{"vllm", "0.32.0", "kv_transfer_config: {kv_connector: NixlConnector}", "error engine-refuses"},
		{"vllm", "0.32.0", "kv_transfer_config: {kv_connector: NixlConnector, kv_role: kv_both}", ""},
		{"vllm", "0.9.0.1", "kv_transfer_config: {kv_connector: NixlConnector}", "error engine-refuses"},
		{"vllm", "0.33.0", "kv_transfer_config: {kv_connector: null}", ""},
		// Read out of the classes, each in the releases that have it.
		{"vllm", "0.33.0", "profiler_config: {profiler: torch}", "error engine-refuses"},
		{"vllm", "0.33.0", "profiler_config: {profiler: torch, torch_profiler_dir: d}", ""},
		{"vllm", "0.33.0", "profiler_config: {proton_hook: triton}", "error engine-refuses"},
		{"vllm", "0.33.0", "eplb_config: {communicator: pynccl}", "error engine-refuses"},
		{"vllm", "0.33.0", "eplb_config: {communicator: pynccl, use_async: false}", ""},
		{"vllm", "0.33.0", "structured_outputs_config: {disable_any_whitespace: true}", "error engine-refuses"},
		{"vllm", "0.33.0", "structured_outputs_config: {disable_any_whitespace: true, backend: xgrammar}", ""},
		{"vllm", "0.33.0", "pooler_config: {logit_sigma: 0}", "error engine-refuses"},
		{"vllm", "0.33.0", "compilation_config: {mode: vllm_compile, cudagraph_mode: full}", ""},
		{"vllm", "0.33.0", "compilation_config: {mode: abc}", "error not-in-enum"},
		{"vllm", "0.33.0", "compilation_config: {mode: 4}", "error not-in-enum"},
		{"vllm", "0.33.0", "compilation_config: {custom_ops: [all, +a, b]}", "error engine-refuses"},
		{"vllm", "0.33.0", "compilation_config: {custom_ops: [none, -a]}", ""},
		{"vllm", "0.33.0", "speculative_config: {attention_backend: abc}", "error not-in-enum"},
		{"vllm", "0.33.0", "show_hidden_metrics_for_version: abc", "error engine-refuses"},
		{"vllm", "0.33.0", "show_hidden_metrics_for_version: 0.32.1rc2", ""},
		{"vllm", "0.33.0", "numa_bind_cpus: ['0-3', a]", "error engine-refuses"},
		{"vllm", "0.33.0", "numa_bind_cpus: ['0-3', '0,2,4-7']", ""},
		{"vllm", "0.33.0", "data_parallel_multi_port_external_lb: true", "error engine-refuses"},
		{"vllm", "0.33.0", "data_parallel_multi_port_external_lb: true, data_parallel_size: 2", ""},
		{"vllm", "0.33.0", "all2all_backend: passthrough", "error not-in-enum"},
		{"vllm", "0.9.2", "compilation_config: 3", ""},
		{"vllm", "0.9.0", "compilation_config: 3", ""},
		{"vllm", "0.9.2", "distributed_executor_backend: abc", "error not-in-enum"},
		{"vllm", "0.9.2", "reasoning_parser: abc", "error not-in-enum"},
		{"vllm", "0.33.0", "reasoning_parser: abc", "warning not-built-in"},
		{"vllm", "0.33.0", "reasoning_parser: none", ""},
		{"sglang", "0.5.23", "preferred_sampling_params: ''", "error wrong-type"},
		{"vllm", "0.33.0", "attention_backend: FLASH_ATTNN", "error not-in-enum FLASH_ATTN"},
		{"vllm", "0.33.0", "attention_config: {backend: FLASH_ATTNN}", "error not-in-enum FLASH_ATTN"},
		{"vllm", "0.33.0", "attention_backend: flash_attn", ""},
		{"vllm", "0.33.0", "quantization: fp88", "warning not-built-in fp8"},
		{"vllm", "0.27.1", "quantization: auto_round", ""},
		{"vllm", "0.33.0", "load_format: safetensor", "warning not-built-in safetensors"},
		{"vllm", "0.33.0", "load_format: safetensors, quantization: fp8", ""},
		{"vllm", "0.33.0", "kv_cache_dtype: fp-8", "warning not-built-in fp8"},
		{"vllm", "0.33.0", "kv_cache_dtype: octave_k3v4", ""},
		{"sglang", "0.5.23", "speculative_algorithm: EAGLE4", "warning not-built-in EAGLE"},
		{"sglang", "0.5.23", "speculative_algorithm: NEXTN", ""},
		{"sglang", "0.5.23", "enable_lora: false, lora_paths: [a]", "error no-spelling"},
		{"sglang", "0.5.23", "enable_lora: false", ""},
		{"sglang", "0.5.23", "enable_multimodal: false", "error no-spelling"},
		{"sglang", "0.5.23", "enable_multimodal: true", ""},
		{"sglang", "0.4.9.post6", "debug_tensor_dump_inject: false", "error no-spelling"},
		{"sglang", "0.4.9.post6", "debug_tensor_dump_inject: true", ""},
		{"sglang", "0.5.12", "custom_sigquit_handler: cleanup", "error no-spelling"},
		{"sglang", "0.5.12", "custom_sigquit_handler: null", ""},
		{"vllm", "0.33.0", "hf_token: false", "error no-spelling"},
		// optional_type reads these as null.
		{"vllm", "0.33.0", "revision: 'None'", "warning null-text null"},
		{"vllm", "0.9.2", "download_dir: ''", "warning null-text null"},
		{"vllm", "0.33.0", "revision: 'none'", ""},
		{"vllm", "0.33.0", "served_model_name: [a, 'None']", "error no-spelling"},
		{"sglang", "0.5.23", "quantization_param_path: 'None'", "warning null-text null"},
		{"sglang", "0.5.23", "download_dir: 'None'", ""},
		{"vllm", "0.9.0.1", "dtype: BFloat16", "warning not-in-enum bfloat16"},
		{"vllm", "0.9.1", "dtype: BFloat16", "error not-in-enum bfloat16"},
		{"vllm", "0.9.0.1", "dtype: BFloat61", "error not-in-enum bfloat16"},
		{"vllm", "0.9.0.1", "kv_cache_dtype: FP8", "error not-in-enum fp8"},
		{"sglang", "0.5.23", "enable_lora: false", ""},
		{"sglang", "0.5.23", "enable_lora: false, lora_paths: [a]", "error no-spelling"},
		{"vllm", "0.33.0", "optimization_level: 7", "error not-in-enum"},
		{"vllm", "0.33.0", "optimization_level: '7'", "error not-in-enum"},
		{"vllm", "0.33.0", "optimization_level: 2", ""},
		{"vllm", "0.33.0", "mm_processor_device: cpus", "error not-in-enum cpu"},
		{"vllm", "0.33.0", "data_parallel_rpc_port: 0", "warning out-of-range"},
		{"sglang", "0.5.23", "log_level: eror", "error not-in-enum error"},
		{"sglang", "0.4.9.post6", "log_level: warning", ""},
	} {
		if got := about(t, c.engine, c.release, c.engine+"_engine_config", c.text); got != c.want {
			t.Errorf("%s %s, %s: %q, want %q", c.engine, c.release, c.text, got, c.want)
		}
	}
}

// TestSamplingSaid: what is said about sampling parameters.
func TestSamplingSaid(t *testing.T) {
	for _, c := range []struct{ engine, release, text, want string }{
		{"vllm", "0.9.2", "bad_words: [a]", "warning not-sent"},
		{"vllm", "0.33.0", "bad_words: [a]", ""},
		{"vllm", "0.33.0", "skip_clone: true", "error not-sent"},
		{"sglang", "0.5.23", "stop_strs: [a]", "warning replaced-value"},
		{"sglang", "0.5.23", "stop: [a]", ""},
	} {
		if got := about(t, c.engine, c.release, c.engine+"_sampling_config", c.text); got != c.want {
			t.Errorf("%s %s, %s: %q, want %q", c.engine, c.release, c.text, got, c.want)
		}
	}
}

// about is what a check says of a section's content, one finding after the other.
func about(t *testing.T, engine, release, section, text string) string {
	t.Helper()
	own, model := engineSection(engine)
	lines := map[string]string{own: model + ": m"}
	if section == own {
		text = lines[own] + ", " + text
	}
	lines[section] = text
	yaml := "benchmark_name: llama2-70b\nscenario: offline\ntest_mode: performance\nharness_config: {device_count: 64, dataset_path: d}\n"
	for name, content := range lines {
		yaml += fmt.Sprintf("%s: {%s}\n", name, content)
	}
	root, found := source.Parse("x.yaml", []byte(yaml))
	if found.HasErrors() {
		t.Fatal(yaml, found)
	}
	s, err := schema.Load(engine, release)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := backend.Of(engine)
	var out []string
	for _, d := range Check(Input{Tree: merge.Merge(merge.Layer{Name: "overlay", Root: root}), Overlay: "x.yaml", Targets: []Target{{Backend: b, Schema: s}}}).Found {
		if strings.HasPrefix(d.Key, section) {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", d.Severity, d.Code, d.Suggestion)))
		}
	}
	return strings.Join(out, ", ")
}

// TestRequests: sampling values that the server ignores, refuses or replaces.
func TestRequests(t *testing.T) {
	for _, c := range []struct{ engine, release, text, want string }{
		{"vllm", "0.32.0", "skip_reading_prefix_cache: true", "error not-sent"},
		{"vllm", "0.32.0", "flat_logprobs: true", "error not-sent"},
		{"vllm", "0.32.0", "flat_logprobs: false", ""},
		{"vllm", "0.32.0", "detokenize: false", ""},
		{"vllm", "0.32.0", "extra_args: {a: 1}", ""},
		{"vllm", "0.32.0", "temperature: 0.005", "warning replaced-value 0.01"},
		{"vllm", "0.32.0", "temperature: 0.01", ""},
		{"vllm", "0.32.0", "stop: ''", "error engine-refuses"},
		{"vllm", "0.32.0", "stop: ['']", "error engine-refuses"},
		{"vllm", "0.32.0", "bad_words: ['']", "error engine-refuses"},
		{"vllm", "0.32.0", "bad_words: [a], stop: [b]", ""},
	} {
		if got := about(t, c.engine, c.release, c.engine+"_sampling_config", c.text); got != c.want {
			t.Errorf("%s %s, %s: %q, want %q", c.engine, c.release, c.text, got, c.want)
		}
	}
}

// TestFormerNames: what a release's command line still takes is a warning with the
// new name, and an error where it is gone.
func TestFormerNames(t *testing.T) {
	for _, c := range []struct{ engine, release, text, want string }{
		{"sglang", "0.5.13", "cuda_graph_max_bs: 4", ""},
		{"sglang", "0.5.14", "cuda_graph_max_bs: 4", "warning deprecated-key cuda_graph_max_bs_decode"},
		{"sglang", "0.5.23", "cuda_graph_max_bs: 4", "error unknown-key cuda_graph_max_bs_decode"},
		{"sglang", "0.5.17", "mamba_scheduler_strategy: auto", "warning deprecated-key mamba_radix_cache_strategy"},
		{"sglang", "0.5.23", "mamba_scheduler_strategy: auto", "error unknown-key mamba_radix_cache_strategy"},
		{"sglang", "0.5.17", "nsa_prefill_backend: fa3", "warning deprecated-key dsa_prefill_backend"},
		{"sglang", "0.5.23", "nsa_prefill_backend: fa3", "error unknown-key dsa_prefill_backend"},
		{"sglang", "0.5.17", "nsa_prefill_backend: fa4", "warning deprecated-key dsa_prefill_backend, error not-in-enum fa3"},
	} {
		if got := about(t, c.engine, c.release, c.engine+"_engine_config", c.text); got != c.want {
			t.Errorf("%s %s, %s: %q, want %q", c.engine, c.release, c.text, got, c.want)
		}
	}
}

// TestHintsKeepWhatWasMeant: the replacement that a hint names, put in the value's
// place, leaves nothing of the kind to find and is the value that was meant.
func TestHintsKeepWhatWasMeant(t *testing.T) {
	for _, c := range []struct{ engine, key, value, want string }{
		{"vllm", "revision", "12e5", `"12e5"`},
		{"vllm", "tokenizer_revision", "0123456", `"0123456"`},
		{"vllm", "revision", "1_000", `"1_000"`},
		{"vllm", "revision", "yes", `"yes"`},
		{"vllm", "max_model_len", "32k", "32000"},
		{"vllm", "max_model_len", "8K", "8192"},
		{"vllm", "max_model_len", "25.6k", "25600"},
		{"vllm", "max_model_len", "auto", "-1"},
		{"vllm", "kv_cache_memory_bytes", "25G", "26843545600"},
		{"vllm", "speculative_config", `'{"method": "ngram", "num_speculative_tokens": 2}'`, `{"method": "ngram", "num_speculative_tokens": 2}`},
		{"sglang", "model_loader_extra_config", "{num_threads: 64}", `"{\"num_threads\":64}"`},
		{"vllm", "max_num_seqs", `"16"`, "16"},
	} {
		release := map[string]string{"vllm": "0.32.0", "sglang": "0.5.23"}[c.engine]
		section := c.engine + "_engine_config"
		got := about(t, c.engine, release, section, c.key+": "+c.value)
		if !strings.HasSuffix(got, " "+c.want) {
			t.Errorf("%s: %s: %q, want the suggestion %s", c.key, c.value, got, c.want)
			continue
		}
		if again := about(t, c.engine, release, section, c.key+": "+c.want); again != "" {
			t.Errorf("%s: %s, as the hint says: %q", c.key, c.want, again)
		}
	}
	if got := about(t, "vllm", "0.32.0", "vllm_engine_config", "no_enable_prefix_caching: true"); got != "error unknown-key enable_prefix_caching: false" {
		t.Errorf("no_enable_prefix_caching: %q", got)
	}
}

// TestJSONTexts: a text that the engine reads as JSON, and that is none.
func TestJSONTexts(t *testing.T) {
	for text, want := range map[string]string{
		`model_loader_extra_config: '{"num_threads": 64'`:                       "error wrong-type",
		`model_loader_extra_config: '{"num_threads": 64}'`:                      "",
		`json_model_override_args: "{'a': 1}"`:                                  `error wrong-type "{\"a\":1}"`,
		`preferred_sampling_params: hello`:                                      "error wrong-type",
		`kv_events_config: '[1]'`:                                               "error wrong-type",
		`deepep_config: /conf/deepep.json`:                                      "",
		`deepep_config: '{"normal_dispatch": }'`:                                "error wrong-type",
		`hicache_storage_backend_extra_config: '@/conf/{x}.yaml'`:               "",
		`limit_mm_data_per_request: {image: 1}`:                                 "",
		`preferred_sampling_params: '{"temperature": 0.5, "stop": ["a", "b"]}'`: "",
	} {
		if got := about(t, "sglang", "0.5.23", "sglang_engine_config", text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
