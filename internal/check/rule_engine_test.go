package check

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
	"mlcfg/tools/sharedata"
)

// refusals are values that break each rule and values that do not, as YAML;
// in the order of vllmRules and sglangRules, in the release that is named.
var refusals = map[string][]struct{ release, broken, fine string }{
	"vllm": {
		{"0.9.2", "data_parallel_size_local: 4, data_parallel_size: 2", "data_parallel_size_local: 2, data_parallel_size: 2"},
		{"0.9.2", "enable_eplb: false, num_redundant_experts: 2", "enable_eplb: true, num_redundant_experts: 2"},
		{"0.9.2", "enable_eplb: true, num_redundant_experts: -1", "enable_eplb: true, num_redundant_experts: 0"},
		{"0.10.1", "enable_eplb: true, enable_expert_parallel: false, tensor_parallel_size: 2", "enable_eplb: true, enable_expert_parallel: true, tensor_parallel_size: 2"},
		{"0.10.1", "enable_eplb: true, enable_expert_parallel: true, tensor_parallel_size: 1, data_parallel_size: 1", "enable_eplb: true, enable_expert_parallel: true, tensor_parallel_size: 2, data_parallel_size: 1"},
		{"0.9.2", "max_num_partial_prefills: 2, enable_chunked_prefill: false", "max_num_partial_prefills: 2, enable_chunked_prefill: true"},
		{"0.9.2", "max_num_partial_prefills: 2, enable_chunked_prefill: true, long_prefill_token_threshold: 3000, max_model_len: 2048", "max_num_partial_prefills: 2, enable_chunked_prefill: true, long_prefill_token_threshold: 2048, max_model_len: 2048"},
		{"0.9.2", "max_long_partial_prefills: 3, max_num_partial_prefills: 2", "max_long_partial_prefills: 2, max_num_partial_prefills: 2"},
		{"0.9.2", "num_scheduler_steps: 8, speculative_config: {model: m}", "num_scheduler_steps: 1, speculative_config: {model: m}"},
		{"0.9.2", "num_scheduler_steps: 8, enable_chunked_prefill: true, pipeline_parallel_size: 2", "num_scheduler_steps: 8, enable_chunked_prefill: true, pipeline_parallel_size: 1"},
		{"0.9.2", "max_cpu_loras: 1, max_loras: 2", "max_cpu_loras: 2, max_loras: 2"},
		{"0.10.1", "async_scheduling: true, pipeline_parallel_size: 2", "async_scheduling: true, pipeline_parallel_size: 1"},
		{"0.10.1", "async_scheduling: true, speculative_config: {model: m}", "async_scheduling: false, speculative_config: {model: m}"},
		{"0.10.1", "async_scheduling: true, distributed_executor_backend: uni", "async_scheduling: true, distributed_executor_backend: mp"},
		{"0.32.0", "data_parallel_hybrid_lb: true, data_parallel_external_lb: true, data_parallel_size: 2", "data_parallel_hybrid_lb: true, data_parallel_external_lb: false, data_parallel_size: 2"},
		{"0.32.0", "data_parallel_external_lb: true, data_parallel_size: 1", "data_parallel_external_lb: true, data_parallel_size: 2"},
		{"0.32.0", "nnodes: 2, data_parallel_backend: ray", "nnodes: 2, data_parallel_backend: mp"},
		{"0.32.0", "nnodes: 2, node_rank: 2", "nnodes: 2, node_rank: 1"},
		{"0.32.0", "enable_elastic_ep: true, enable_eplb: false", "enable_elastic_ep: true, enable_eplb: true, enable_expert_parallel: true"},
		{"0.9.2", "ray_workers_use_nsight: true, distributed_executor_backend: mp", "ray_workers_use_nsight: true, distributed_executor_backend: ray"},
		{"0.32.0", "nnodes: 2, tensor_parallel_size: 3, data_parallel_backend: mp", "nnodes: 2, tensor_parallel_size: 4, data_parallel_backend: mp"},
		{"0.32.0", "attention_backend: TRITON_ATTN, attention_config: {backend: TRITON_ATTN}", "attention_backend: TRITON_ATTN, attention_config: {}"},
		{"0.32.0", "cudagraph_capture_sizes: [8], compilation_config: {cudagraph_capture_sizes: [8]}", "compilation_config: {cudagraph_capture_sizes: [8]}"},
	},
	"sglang": {
		{"0.5.9", "tp_size: 4, pp_size: 1, nnodes: 3", "tp_size: 4, pp_size: 1, nnodes: 2"},
		{"0.5.9", "dp_size: 2, nnodes: 2, tp_size: 2", "dp_size: 2, nnodes: 2, tp_size: 2, enable_dp_attention: true"},
		{"0.5.9", "pp_size: 2, disable_overlap_schedule: true, speculative_algorithm: NGRAM", "pp_size: 2, disable_overlap_schedule: true"},
		{"0.5.9", "enable_priority_scheduling: true, schedule_policy: lpm", "enable_priority_scheduling: true, schedule_policy: fcfs"},
		{"0.4.9.post6", "lora_paths: [a], disable_radix_cache: false", "lora_paths: [a], disable_radix_cache: true"},
		{"0.5.9", "enable_hierarchical_cache: true, disable_radix_cache: true", "enable_hierarchical_cache: true, disable_radix_cache: false"},
		{"0.5.9", "served_model_name: 'a:b'", "served_model_name: ab"},
		{"0.5.9", "export_metrics_to_file: true", "export_metrics_to_file: true, export_metrics_to_file_dir: d"},
		{"0.5.9", "enable_two_batch_overlap: true, moe_a2a_backend: none", "enable_two_batch_overlap: true, moe_a2a_backend: deepep"},
		{"0.5.9", "multi_item_scoring_delimiter: 5, disable_radix_cache: false, chunked_prefill_size: -1", "multi_item_scoring_delimiter: 5, disable_radix_cache: true, chunked_prefill_size: -1"},
		{"0.5.9", "multi_item_scoring_delimiter: 5, disable_radix_cache: true, chunked_prefill_size: 64", "multi_item_scoring_delimiter: 5, disable_radix_cache: true, chunked_prefill_size: -1"},
		{"0.5.9", "enable_lora: true, max_loaded_loras: 2, max_loras_per_batch: 4", "enable_lora: true, max_loaded_loras: 4, max_loras_per_batch: 4"},
		{"0.4.9.post6", "enable_dp_attention: true, dp_size: 1", "enable_dp_attention: true, dp_size: 2, tp_size: 2"},
		{"0.5.23", "tp_size: 4, pp_size: 1, nnodes: 3", "tp_size: 4, pp_size: 1, nnodes: 2"},
		{"0.5.23", "dp_size: 2, nnodes: 2, tp_size: 2", "dp_size: 2, nnodes: 1, tp_size: 2"},
		{"0.5.23", "attn_dp_size: 2, dp_size: 2, tp_size: 2", "attn_dp_size: 2, dp_size: 1, tp_size: 2"},
		{"0.5.23", "pp_size: 2, speculative_algorithm: NGRAM", "pp_size: 2, speculative_algorithm: EAGLE"},
		{"0.5.23", "disable_cuda_graph_padding: true, enable_torch_compile: true", "disable_cuda_graph_padding: true, enable_torch_compile: false"},
		{"0.5.23", "retraction_policy: priority, enable_priority_scheduling: false", "retraction_policy: priority, enable_priority_scheduling: true"},
		{"0.5.23", "enable_lmcache: true, enable_hierarchical_cache: true", "enable_lmcache: true, enable_hierarchical_cache: false"},
		{"0.5.23", "enable_lmcache: true, disable_radix_cache: true", "enable_lmcache: true, disable_radix_cache: false"},
		{"0.5.23", "served_model_name: 'a:b'", "served_model_name: 's3://ab'"},
		{"0.5.23", "moe_dense_tp_size: 2, tp_size: 4", "moe_dense_tp_size: 4, tp_size: 4"},
	},
}

// still are rules that hold in a newer release than that of their case, whose
// check has other words there: by their message, release and a part of the condition.
var still = map[string]struct{ release, function, condition string }{
	"enable_priority_scheduling needs schedule_policy fcfs or lof":         {"0.5.23", "check_server_args", "cfg.schedule_policy in ['fcfs', 'lof']"},
	"enable_hierarchical_cache and disable_radix_cache exclude each other": {"0.5.23", "handle_cache_compatibility", "cfg.enable_hierarchical_cache and cfg.disable_radix_cache"},
	"export_metrics_to_file needs export_metrics_to_file_dir":              {"0.5.23", "check_server_args", "cfg.export_metrics_to_file_dir is None"},
	"max_loaded_loras is below max_loras_per_batch":                        {"0.5.23", "check_lora_server_args", "cfg.max_loaded_loras >= cfg.max_loras_per_batch"},
	"data_parallel_size_local is above data_parallel_size":                 {"0.32.0", "ParallelConfig", "self.data_parallel_size_local > self.data_parallel_size"},
	"enable_eplb needs enable_expert_parallel":                             {"0.32.0", "ParallelConfig", "not self.enable_expert_parallel"},
	"max_cpu_loras is below max_loras":                                     {"0.32.0", "LoRAConfig", "self.max_cpu_loras < self.max_loras"},
	"ray_workers_use_nsight needs distributed_executor_backend ray":        {"0.32.0", "ParallelConfig", "self.ray_workers_use_nsight and (not self.use_ray)"},
}

// TestEngineRefuses holds every rule against the engine's own condition: the
// values that break the rule are evaluated by Python in the condition as it
// stands in the engine's source, and so are those that do not.
func TestEngineRefuses(t *testing.T) {
	python := startPython(t)
	for engine, rules := range map[string][]engineRule{"vllm": vllmRules, "sglang": sglangRules} {
		if len(refusals[engine]) != len(rules) {
			t.Fatalf("%s has %d rules and %d cases", engine, len(rules), len(refusals[engine]))
		}
		for i, rule := range rules {
			c := refusals[engine][i]
			t.Run(engine+"/"+strings.ReplaceAll(rule.message, " ", "-"), func(t *testing.T) {
				releases := map[string]engineSource{c.release: rule.source}
				if newer, ok := still[rule.message]; ok && rule.last == "" {
					releases[newer.release] = engineSource{newer.function, newer.condition}
				}
				for release, from := range releases {
					for text, want := range map[string]bool{c.broken: true, c.fine: false} {
						if got := refused(t, engine, release, text, rule.message); got != want {
							t.Errorf("%s %s: found %v, want %v", release, text, got, want)
						}
						if refuses, ok := python.refuses(t, engine, release, text, from); ok && refuses != want {
							t.Errorf("%s %s: the engine refuses it: %v, want %v", release, text, refuses, want)
						}
					}
				}
			})
		}
	}
}

// limits are values that the schema alone refuses, in the same way.
var limits = []struct {
	engine, release, broken, fine string
	source                        engineSource
}{
	{"sglang", "0.5.9", "max_loras_per_batch: 0", "max_loras_per_batch: 1", engineSource{"check_lora_server_args", "self.max_loras_per_batch > 0"}},
	{"sglang", "0.5.9", "swa_full_tokens_ratio: 1.5", "swa_full_tokens_ratio: 1.0", engineSource{"_handle_cache_compatibility", "not 0 < self.swa_full_tokens_ratio <= 1.0"}},
	{"sglang", "0.5.9", "base_gpu_id: -1", "base_gpu_id: 0", engineSource{"check_server_args", "self.base_gpu_id >= 0"}},
	{"sglang", "0.5.9", "gpu_id_step: 0", "gpu_id_step: 1", engineSource{"check_server_args", "self.gpu_id_step >= 1"}},
	{"sglang", "0.5.9", "schedule_conservativeness: -0.5", "schedule_conservativeness: 0.0", engineSource{"check_server_args", "self.schedule_conservativeness >= 0"}},
	{"sglang", "0.5.9", "enable_lora: true, max_lora_chunk_size: 24", "enable_lora: true, max_lora_chunk_size: 32", engineSource{"check_lora_server_args", "16 <= self.max_lora_chunk_size <= 128"}},
	{"vllm", "0.9.2", "num_scheduler_steps: 0", "num_scheduler_steps: 1", engineSource{"SchedulerConfig", "self.num_scheduler_steps < 1"}},
	{"vllm", "0.9.2", "gpu_memory_utilization: 1.5", "gpu_memory_utilization: 1.0", engineSource{"CacheConfig", "self.gpu_memory_utilization > 1.0"}},
	{"vllm", "0.9.2", "cpu_offload_gb: -1", "cpu_offload_gb: 0", engineSource{"CacheConfig", "self.cpu_offload_gb < 0"}},
	{"vllm", "0.9.2", "max_num_partial_prefills: 0", "max_num_partial_prefills: 1", engineSource{"SchedulerConfig", "self.max_num_partial_prefills < 1"}},
}

// TestSchemaRefuses holds the limits of single arguments against the engines' conditions.
func TestSchemaRefuses(t *testing.T) {
	python := startPython(t)
	for _, c := range limits {
		t.Run(c.engine+"/"+c.broken, func(t *testing.T) {
			for text, want := range map[string]bool{c.broken: true, c.fine: false} {
				if got := refused(t, c.engine, c.release, text, ""); got != want {
					t.Errorf("%s: found %v, want %v", text, got, want)
				}
				if refuses, ok := python.refuses(t, c.engine, c.release, text, c.source); ok && refuses != want {
					t.Errorf("%s: the engine refuses it: %v, want %v", text, refuses, want)
				}
			}
		})
	}
}

func engineSection(engine string) (name, model string) {
	b, _ := backend.Of(engine)
	return b.EngineSection(), b.Model
}

// refused reports whether the check finds the rule's message, or with an empty one any error in the section.
func refused(t *testing.T, engine, release, text, message string) bool {
	t.Helper()
	section, model := engineSection(engine)
	yaml := fmt.Sprintf("benchmark_name: llama2-70b\nscenario: offline\ntest_mode: performance\nharness_config: {device_count: 64, dataset_path: d}\n%s: {%s: m, %s}\n", section, model, text)
	root, found := source.Parse("x.yaml", []byte(yaml))
	if found.HasErrors() {
		t.Fatal(found)
	}
	s, err := schema.Load(engine, release)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := backend.Of(engine)
	r := Check(Input{Tree: merge.Merge(merge.Layer{Name: "overlay", Root: root}), Overlay: "x.yaml", Targets: []Target{{Backend: b, Schema: s}}})
	for _, d := range r.Found {
		ours := d.Code == "engine-refuses" && strings.Contains(d.Message, message)
		if message == "" {
			ours = d.Severity == diag.Error && strings.HasPrefix(d.Key, section)
		}
		if ours {
			if d.Pos.Line != 5 {
				t.Errorf("the finding stands at %v", d.Pos)
			}
			return true
		}
		if strings.HasPrefix(d.Key, section) && d.Code == "unknown-key" {
			t.Errorf("%s: %s", text, d.Message)
		}
	}
	return false
}

// evaluate is the program that Python runs: for each line, values as attributes
// of self and the engine's conditions, it answers whether all of them hold, so
// that the engine refuses.
const evaluate = `
import json, sys
class Args:
    def __init__(self, values): self.values = values
    def __getattr__(self, name):
        if name == "chunked_prefill_enabled": return bool(self.values.get("enable_chunked_prefill"))
        if name == "use_ray": return self.values.get("distributed_executor_backend") == "ray"
        return self.values.get(name)
for line in sys.stdin:
    values, conditions = json.loads(line)
    nested = {name: Args(values.get(name) or {}) for name in ("attention_config", "compilation_config")}
    world_size = (values.get("tensor_parallel_size") or 1) * (values.get("pipeline_parallel_size") or 1)
    names = {**nested, "world_size": world_size, "self": Args(values), "cfg": Args(values), "speculative_config": values.get("speculative_config"), "is_runai_obj_uri": lambda s: "://" in s}
    try:
        print(all(eval(c, {"__builtins__": {}}, names) for c in conditions), flush=True)
    except Exception as e:
        print(repr(e), flush=True)
`

// evaluator is a Python that evaluates conditions, nil where there is none.
type evaluator struct {
	in  io.Writer
	out *bufio.Scanner
}

func startPython(t *testing.T) *evaluator {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("SKIPPED: no python3 to evaluate the engine's own conditions")
		return nil
	}
	cmd := exec.Command(python, "-I", "-c", evaluate)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("python3: %v", err)
		}
	})
	return &evaluator{in, bufio.NewScanner(out)}
}

// dump is the part of a constraints file that the test needs.
type dump struct {
	Constraints []struct {
		Where string
		When  []string
	}
}

// dumps keeps the files that were read, which are large.
var dumps sync.Map

func readDump(t *testing.T, path string) dump {
	t.Helper()
	if d, ok := dumps.Load(path); ok {
		return d.(dump)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var d dump
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	dumps.Store(path, d)
	return d
}

// refuses evaluates the engine's condition; ok is false where there is no
// reference data, or no Python.
func (e *evaluator) refuses(t *testing.T, engine, release, text string, from engineSource) (refuses, ok bool) {
	t.Helper()
	if e == nil {
		return false, false
	}
	dump := readDump(t, filepath.Join(sharedata.Engines(t), engine+"_constraints_"+release+".json"))
	root, found := source.Parse("x.yaml", []byte("{"+text+"}"))
	if found.HasErrors() {
		t.Fatal(found)
	}
	values := root.Interface().(map[string]any)
	s, err := schema.Load(engine, release)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range s.Section(schema.EngineConfig).Keys() {
		if _, given := values[k.Name]; !given && k.HasDefault {
			values[k.Name] = k.Default
		}
	}
	for _, c := range dump.Constraints {
		when := strings.Join(c.When, " && ")
		if !strings.Contains(c.Where, from.function) || !strings.Contains(when, from.condition) || !strings.Contains(when, "self.") && !strings.Contains(when, "cfg.") {
			continue
		}
		input, err := json.Marshal([]any{values, c.When})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(e.in, "%s\n", input); err != nil || !e.out.Scan() {
			t.Fatalf("evaluating %q: %v", when, err)
		}
		answer := e.out.Text()
		if answer != "True" && answer != "False" {
			t.Fatalf("evaluating %q: %s", when, answer)
		}
		return answer == "True", true
	}
	t.Errorf("%s %s has no check in %s with %q", engine, release, from.function, from.condition)
	return false, false
}
