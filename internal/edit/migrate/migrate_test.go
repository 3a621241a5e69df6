package migrate

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/source"
	"mlcfg/tools/goldenfile"
	"mlcfg/tools/sharedata"
)

// TestGolden migrates every .yaml in testdata and compares with the .out beside
// it: the text, then the changes.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range cases {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r, found := File(filepath.Base(path), data, source.OmegaConf23)
			var b strings.Builder
			if r != nil {
				b.Write(r.Text)
				for _, c := range r.Changes {
					fmt.Fprintf(&b, "\n%s %s %s -> %s: %s", c.Pos, c.Kind, c.Key, c.To, c.Reason)
				}
			}
			for _, d := range found {
				fmt.Fprintf(&b, "\n%s %s %s", d.Pos, d.Code, d.Message)
			}
			b.WriteString("\n")
			golden := strings.TrimSuffix(path, ".yaml") + ".out"
			goldenfile.Check(t, golden, b.String())
		})
	}
}

// checkCarried holds that each value of the older file is in the new one or in the
// changes, and each comment in the new one.
func checkCarried(t *testing.T, data []byte) {
	t.Helper()
	older, found := source.Parse("x", data)
	r, more := File("x", data, source.OmegaConf23)
	if r == nil {
		t.Fatalf("%v %v\n%s", found, more, data)
	}
	now, found := source.Parse("x", r.Text)
	if found.HasErrors() {
		t.Fatalf("%v\n%s", found, r.Text)
	}
	to := map[string]string{}
	gone := map[string]bool{}
	for _, c := range r.Changes {
		switch c.Kind {
		case Renamed:
			to[c.Key] = c.To
		case Lost, Dropped, Computed:
			gone[c.Key] = true
		}
		if c.Kind != Added && c.Pos.Line == 0 {
			t.Errorf("%v has no place", c)
		}
		if c.To != "" && now.Lookup(strings.Split(c.To, ".")...) == nil {
			t.Errorf("%v: there is no %s in\n%s", c, c.To, r.Text)
		}
	}
	var visit func(n *source.Node, path []string)
	visit = func(n *source.Node, path []string) {
		key := strings.Join(path, ".")
		if gone[key] {
			return
		}
		if n.Kind == source.Map && len(n.Fields) > 0 {
			for _, f := range n.Fields {
				visit(f.Value, append(slices.Clip(path), f.Key))
			}
			return
		}
		target := key
		for i := len(path); i > 0; i-- {
			if new, ok := to[strings.Join(path[:i], ".")]; ok {
				target = strings.Join(append([]string{new}, path[i:]...), ".")
				break
			}
		}
		got := now.Lookup(strings.Split(target, ".")...)
		if got == nil || got.PyStr() != n.PyStr() || got.Kind != n.Kind {
			t.Errorf("%s is not at %s:\n%s---\n%s", key, target, data, r.Text)
		}
	}
	visit(older, nil)
	for line := range strings.Lines(string(data)) {
		if _, c, ok := strings.Cut(line, "#"); ok && !strings.Contains(string(r.Text), "#"+strings.TrimRight(c, " \r\n")) {
			t.Errorf("comment #%s is lost:\n%s---\n%s", c, data, r.Text)
		}
	}
	if again, _ := File("x", r.Text, source.OmegaConf23); again != nil {
		t.Errorf("what was migrated is still of the older format:\n%s", r.Text)
	}
}

func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedata.Corpus(t), "hydra_era", "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkCarried(t, data)
		})
	}
}

// olderFile makes up a file of the older format.
func olderFile(r *rand.Rand) string {
	var b strings.Builder
	n := 0
	note := func(indent string, behind bool) {
		if r.IntN(6) != 0 {
			return
		}
		n++
		if behind {
			fmt.Fprintf(&b, " # behind %d", n)
		} else {
			fmt.Fprintf(&b, "%s# above %d\n", indent, n)
		}
	}
	put := func(indent, line string) {
		if r.IntN(8) == 0 {
			b.WriteString("\n")
		}
		note(indent, false)
		b.WriteString(indent + line)
		note("", true)
		b.WriteString("\n")
	}
	some := func(values ...string) (chosen []string) {
		for _, v := range values {
			if options := strings.Split(v, "|"); r.IntN(3) > 0 {
				chosen = append(chosen, options[r.IntN(len(options))])
			}
		}
		r.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		return chosen
	}
	for _, line := range some("defaults: []|defaults: [_self_]|defaults: [base, _self_]", "scenario: offline|scenario: server", "server_version: sync|server_version: async|server_version: ~",
		"test_mode: accuracy", "hydra: {run: {dir: .}}", "backend: vllm") {
		put("", line)
	}
	put("", "benchmark_name: llama2-70b")
	sections := map[string][]string{
		"env_config": some("VLLM_USE_V1: 0", "A: null", "B: 'x'", "C: 1.50"),
		"llm_config": some("model: /m", "tensor_parallel_size: 1|tensor_parallel_size: 2|tensor_parallel_size: ${x.y}", "pipeline_parallel_size: 2", "quantization: None|quantization: fp8",
			"fork_flag: True|fork_flag: False", "max_num_seqs: 256"),
		"sampling_params": some("temperature: 0.0", "ppl_measurement: False|ppl_measurement: True", "future_context: null", "stop: [a, b]|stop:\n    - a"),
		"harness_config": some("data_parallel_size: 8|data_parallel_size: MISSING", "device_count: 8", "enable_warm_up: True|enable_warm_up: no", "warm_up_sample_count_per_server: 10|warm_up_sample_count_per_server: 50|warm_up_sample_count_per_server: 0",
			"warmup_duration: 0|warmup_duration: 0.0|warmup_duration: 3", "sort_samples: ignore|sort_samples: descending|sort_samples: sideways|sort_samples: null", "target_qps: -1", "total_sample_count: 24576", "stale: 1"),
	}
	for _, name := range []string{"env_config", "llm_config", "sampling_params", "harness_config"} {
		if len(sections[name]) == 0 {
			continue
		}
		put("", name+":")
		for _, line := range sections[name] {
			put("  ", line)
		}
		note("  ", false)
	}
	return b.String()
}

func TestMadeUpFiles(t *testing.T) {
	for seed := range uint64(2000) {
		data := []byte(olderFile(rand.New(rand.NewPCG(seed, 3))))
		root, found := source.Parse("x", data)
		if found.HasErrors() {
			t.Fatalf("%v\n%s", found, data)
		}
		if !older(root) {
			continue
		}
		checkCarried(t, data)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzFile(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(olderFile(rand.New(rand.NewPCG(seed, 3))))
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, found := File("x", []byte(s), source.OmegaConf23); r != nil && len(found) > 0 {
			t.Errorf("%v", found)
		}
	})
}
