package compile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/schema"
	"mlcfg/tools/sharedata"
)

// readers are the files that carry keys of the harness out.
var readers = map[string]string{
	"config.benchmark_name": "internal/compile/loadgen.go", "config.scenario": "internal/compile/loadgen.go", "config.test_mode": "internal/compile/loadgen.go",
	"config.backend": "internal/check/rule_backend.go", "config.engine_version": "internal/compile/manifest.go",

	"harness_config.target_qps": "internal/compile/loadgen.go", "harness_config.total_sample_count": "internal/compile/loadgen.go",
	"harness_config.duration_sec": "internal/compile/loadgen.go", "harness_config.user_conf_path": "internal/compile/loadgen.go",
	"harness_config.accuracy_sample_count": "internal/compile/harness.go", "harness_config.accuracy_dataset_path": "internal/compile/harness.go",
	"harness_config.mlperf_conf_path": "internal/compile/round.go", "harness_config.device_count": "internal/compile/spell/spell.go",
	"harness_config.dataset_path": "internal/run/plan.go", "harness_config.dataset_digest": "internal/run/resources.go",
	"harness_config.model_digest": "internal/run/resources.go", "harness_config.resource_checker_abort_on_failure": "internal/run/resources.go",
	"harness_config.enable_warmup": "internal/run/warmup.go", "harness_config.schedule_algo": "internal/run/scenario.go",
	"harness_config.load_balance_token_weight": "internal/run/scenario.go", "harness_config.load_balance_window_size": "internal/run/scenario.go",
	"harness_config.prefill_backlog_weight": "internal/run/scenario.go", "harness_config.sorting": "internal/run/scenario.go",
	"sorting.strategy": "internal/run/scenario.go", "sorting.buckets": "internal/run/scenario.go", "sorting.capacities": "internal/run/scenario.go",
}

// asking are values that ask for something, where the kind of the key does not say.
var asking = map[string]string{
	"harness_config.accuracy_dataset_path": "/data/a.pkl", "harness_config.warmup_config": "{prefill_concurrency: 3}",
	"sampling_params.stop_seq_ids_config": "[[1, 2]]", "config.headnode_address": "10.0.0.1:12345",
}

// TestEveryHarnessKey holds each key of the harness in each round to this: there is a
// file that carries it out, or a word in lint that it has no effect.
func TestEveryHarnessKey(t *testing.T) {
	root := sharedata.Root(t)
	asked := 0
	for _, round := range schema.Releases(schema.Harness) {
		s, err := schema.Load(schema.Harness, round)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range []string{"config", "harness_config", "sorting", "sampling_params"} {
			for _, key := range s.Section(section).Keys() {
				id := section + "." + key.Name
				if section == "config" && key.Kinds&schema.Map != 0 && !strings.HasSuffix(key.Name, "_prefill") && !strings.HasSuffix(key.Name, "_decode") {
					continue // a section
				}
				if file := readers[id]; file != "" && !key.Unread {
					text, err := os.ReadFile(filepath.Join(root, file))
					if err != nil || !strings.Contains(string(text), `"`+key.Name+`"`) {
						t.Errorf("%s: %s does not read it: %v", id, file, err)
					}
					continue
				}
				if key.Required && key.NotRun != "" {
					continue // explain says it; lint would say it of every overlay
				}
				asked++
				t.Run(round+" "+id, func(t *testing.T) {
					found := lintKey(t, round, section, key, asks(id, key))
					if !slices.ContainsFunc(found, func(d diag.Diagnostic) bool {
						return strings.HasSuffix("."+d.Key, "."+key.Name) && d.Severity != diag.Error && slices.Contains([]string{"no-effect", "unread-key"}, d.Code)
					}) {
						t.Errorf("%s: %s is taken in silence: %v", id, asks(id, key), found)
					}
				})
			}
		}
	}
	if asked < 60 {
		t.Errorf("%d keys were asked for", asked)
	}
}

// TestEveryHarnessVariable holds each variable of the harness in each round to a word in
// lint that it has no effect, or that another tree reads it.
func TestEveryHarnessVariable(t *testing.T) {
	asked := 0
	for _, round := range schema.Releases(schema.Harness) {
		s, err := schema.Load(schema.Harness, round)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range s.Section("harness_env").Keys() {
			asked++
			found := lintKey(t, round, "vllm_env_config", key, "3")
			if !slices.ContainsFunc(found, func(d diag.Diagnostic) bool {
				return d.Key == "vllm_env_config."+key.Name && slices.Contains([]string{"no-effect", "unread-key", "inert-variable"}, d.Code)
			}) {
				t.Errorf("round %s: %s is taken in silence: %v", round, key.Name, found)
			}
		}
	}
	if asked < 36 {
		t.Errorf("%d variables were asked for", asked)
	}
}

// TestRoundsOfKeys gives every round each key that only another one has: it is an error
// at the key, which names a round that has it.
func TestRoundsOfKeys(t *testing.T) {
	asked := 0
	all := schema.Releases(schema.Harness)
	for _, round := range all {
		s, err := schema.Load(schema.Harness, round)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range []string{"config", "harness_config", "sorting"} {
			for _, other := range all {
				o, err := schema.Load(schema.Harness, other)
				if err != nil {
					t.Fatal(err)
				}
				for _, key := range o.Section(section).Keys() {
					if _, known := s.Section(section).Key(key.Name); known {
						continue
					}
					asked++
					value := asks(section+"."+key.Name, key)
					found := lintKey(t, round, section, key, value)
					if !slices.ContainsFunc(found, func(d diag.Diagnostic) bool {
						return d.Severity == diag.Error && d.Code == schema.UnknownKey && strings.HasSuffix("."+d.Key, "."+key.Name) && strings.Contains(d.Message+d.Hint, "v6")
					}) {
						t.Errorf("round %s: %s.%s: %v", round, section, key.Name, found)
					}
				}
			}
		}
	}
	if asked < 20 {
		t.Errorf("%d keys were asked for", asked)
	}
}

// TestAsTheHarness: what the harness of a round makes of values before it runs.
func TestAsTheHarness(t *testing.T) {
	const gptOSS = "benchmark_name: gpt-oss-120b\nscenario: offline\n"
	for _, tt := range []struct {
		name, round, text, harness string
		// want are fields of the manifest, found the codes of findings, as "code at key".
		want  map[string]string
		found []string
	}{
		{
			name: "upper case", round: "v6.0", text: "benchmark_name: llama2-70b\nscenario: SERVER\ntest_mode: Accuracy\nengine_version: Async\n",
			want: map[string]string{"scenario": "server", "mode": "accuracy", "engine_version": "async", "loadgen.scenario": "Server"},
		},
		{
			name: "upper case offline", round: "v6.0", text: "benchmark_name: llama2-70b\nscenario: Offline\nengine_version: Async\n",
			found: []string{"not-in-enum at engine_version"},
		},
		{
			name: "accuracy, the set left open", round: "v6.1", text: gptOSS + "test_mode: accuracy\nharness_config:\n  accuracy_sample_count: -1\n",
			want: map[string]string{"max_tokens": "32768"}, found: []string{"accuracy-set at harness_config.accuracy_sample_count"},
		},
		{
			name: "accuracy, no such keys", round: "v6.0", text: gptOSS + "test_mode: accuracy\n",
			want: map[string]string{"max_tokens": "32768"}, found: []string{"accuracy-set at test_mode"},
		},
		{
			name: "accuracy, the set named", round: "v6.1", text: gptOSS + "test_mode: ACCURACY\n", harness: "  accuracy_sample_count: 4395\n  accuracy_dataset_path: /data/a.pkl\n",
			want: map[string]string{"max_tokens": "32768", "dataset_path": "/data/a.pkl", "performance_sample_count_override": "6396"},
		},
		{
			name: "accuracy in a tree without it", round: "v6.1", text: gptOSS + "test_mode: accuracy\n", harness: "  prefill_backlog_weight: 4.0\n",
			want: map[string]string{"max_tokens": "10240"}, found: []string{"accuracy-set at test_mode"},
		},
		{
			name: "a set in a tree that reads none", round: "v6.1", text: "benchmark_name: llama3_1-8b\nscenario: offline\ntest_mode: accuracy\nharness_config:\n  accuracy_sample_count: 5\n",
			want: map[string]string{"mode": "accuracy"},
		},
		{
			name: "performance", round: "v6.1", text: gptOSS, harness: "  total_sample_count: 100\n",
			want: map[string]string{"max_tokens": "10240", "performance_sample_count_override": "100"},
		},
		{
			name: "performance in v6.0", round: "v6.0", text: gptOSS, harness: "  total_sample_count: 100\n",
			want: map[string]string{"performance_sample_count_override": "6396"},
		},
		{
			name: "performance in the other tree", round: "v6.1", text: gptOSS, harness: "  total_sample_count: 100\n  prefill_backlog_weight: 4.0\n",
			want: map[string]string{"performance_sample_count_override": "6396"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := checkTexts(t, tt.round, "test_mode: performance\nvllm_sampling_config:\n  max_tokens: 10240\n"+harnessBase+tt.harness, tt.text+"vllm_engine_config:\n  model: /model/x\n")
			var found []string
			for _, d := range out.Found {
				if d.Code == "accuracy-set" || d.Severity == diag.Error {
					found = append(found, d.Code+" at "+d.Key)
				}
			}
			if !slices.Equal(found, tt.found) {
				t.Fatalf("found %q, want %q: %v", found, tt.found, out.Found)
			}
			m := out.Targets[0].Manifest
			if m == nil {
				return
			}
			got := map[string]any{
				"scenario": m.Scenario, "mode": m.TestMode, "engine_version": m.EngineVersion, "max_tokens": m.SamplingConfig["max_tokens"],
				"dataset_path": m.HarnessConfig["dataset_path"], "loadgen.scenario": m.Loadgen["scenario"],
				"performance_sample_count_override": m.Loadgen["performance_sample_count_override"],
			}
			for name, want := range tt.want {
				if fmt.Sprint(got[name]) != want {
					t.Errorf("%s is %v, want %s", name, got[name], want)
				}
			}
		})
	}
}

// TestLibraryTakesAnyCase: a value that only the engine as a library took runs: on a release
// that took it, as long as that one knows as many keys, and with the command line's letters.
func TestLibraryTakesAnyCase(t *testing.T) {
	for _, tt := range []struct{ keys, release string }{
		{"", "0.9.0.1"},
		{"  async_scheduling: true\n", ""}, // a key that came later
	} {
		out := checkTexts(t, "v6.0", "test_mode: performance\n"+harnessBase, "benchmark_name: llama2-70b\nscenario: offline\nvllm_engine_config:\n  model: /model/x\n  dtype: BFloat16\n"+tt.keys)
		if tt.release == "" {
			if !slices.ContainsFunc(out.Found, func(d diag.Diagnostic) bool {
				return d.Severity == diag.Error && d.Key == "vllm_engine_config.dtype" && strings.Contains(d.Hint, "up to 0.9.0.1")
			}) {
				t.Errorf("no word of the release: %v", out.Found)
			}
			continue
		}
		if out.Found.HasErrors() || out.Targets[0].Release != tt.release {
			t.Fatalf("%s: %v", out.Targets[0].Release, out.Found)
		}
		m := out.Targets[0].Manifest
		if m.EngineConfig["dtype"] != "BFloat16" {
			t.Errorf("dtype is %v", m.EngineConfig["dtype"])
		}
		spelled := fmt.Sprint(m.Roles)
		if !strings.Contains(spelled, "--dtype bfloat16") {
			t.Errorf("the command line is %s", spelled)
		}
	}
}

// asks is a value of a key that is not its default and asks for something.
func asks(id string, key *schema.Key) string {
	if value := asking[id]; value != "" {
		return value
	}
	if len(key.Enum) > 0 && key.Kinds&schema.String != 0 {
		value, _ := key.Enum[len(key.Enum)-1].(string)
		return value
	}
	switch {
	case key.Kinds&schema.Bool != 0:
		return "true"
	case key.Kinds&(schema.Int|schema.Float) != 0:
		return "3"
	case key.Kinds&schema.String != 0:
		return "/x/y"
	case key.Kinds&schema.List != 0:
		return "[1]"
	}
	return "{max_num_seqs: 3}"
}

// lintKey checks an overlay that is fine but for one key.
func lintKey(t *testing.T, round, section string, key *schema.Key, value string) diag.List {
	t.Helper()
	line := key.Name + ": " + value + "\n"
	text := "benchmark_name: llama2-70b\nscenario: server\nengine_version: async\nvllm_engine_config:\n  model: /model/x\n"
	switch section {
	case "config":
		text += line
	case "sampling_params":
		text += "vllm_sampling_config:\n  " + line
	case "sorting":
		text += "harness_config:\n  sorting:\n    " + line
	default:
		text += section + ":\n  " + line
	}
	return checkTexts(t, round, "test_mode: performance\n"+harnessBase, text).Found
}

const harnessBase = "harness_config:\n  device_count: 8\n  dataset_path: /data/x.pkl\n  user_conf_path: user.conf\n  output_log_dir: /logs\n  sorting:\n    strategy: ignore\n"

// checkTexts checks an overlay on a base.
func checkTexts(t *testing.T, round, base, overlay string) Outcome {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string]string{"config.yaml": base, "x.yaml": overlay, "user.conf": "*.Server.target_qps = 5\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.New(config.Options{Base: filepath.Join(dir, "config.yaml")}).Load(filepath.Join(dir, "x.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Backends: []string{"vllm"}, Round: round}).Check(c)
}
