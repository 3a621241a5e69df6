package schema

import (
	"slices"
	"testing"
)

func TestHistory(t *testing.T) {
	tests := []struct {
		engine, section, key string
		want                 []Span
	}{
		{"vllm", EngineConfig, "num_scheduler_steps", []Span{{"0.6.0", "0.10.0"}}},
		{"vllm", EngineConfig, "max_num_seqs", []Span{{"0.6.0", newest("vllm")}}}, // over several definitions
		{"vllm", EngineConfig, "speculative_config", []Span{{"0.7.3", newest("vllm")}}},
		{"vllm", EnvConfig, "VLLM_USE_V1", []Span{{"0.6.4", "0.11.0"}}},
		{"vllm", EngineConfig, "no_such_key", nil},
		{"vllm", "no_such_section", "model", nil},
		{"tgi", EngineConfig, "model", nil},
	}
	for _, tt := range tests {
		got := History(tt.engine, tt.section, tt.key)
		if tt.key == "speculative_config" && len(got) == 1 {
			tt.want[0].First = got[0].First // its first release is not the point
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("History(%s, %s, %s) = %v, want %v", tt.engine, tt.section, tt.key, got, tt.want)
		}
	}
}

func TestWhere(t *testing.T) {
	type place struct {
		engine, section string
		here            bool
	}
	tests := []struct {
		engine, release, name string
		want                  []place
	}{
		{"vllm", "0.9.2", "max_num_seqs", []place{{"vllm", EngineConfig, true}}},
		{"sglang", "0.5.9", "max_num_seqs", []place{{"vllm", EngineConfig, false}}},
		{"vllm", "0.9.2", "top_p", []place{{"vllm", SamplingConfig, true}, {"sglang", SamplingConfig, false}, {"trtllm", SamplingConfig, false}}},
		{"vllm", "0.9.2", "disable_log_requests", []place{{"vllm", EngineConfig, true}, {"vllm", CLIOnly, false}}},
		{"vllm", "0.10.1", "disable_log_requests", []place{{"vllm", CLIOnly, true}, {"vllm", EngineConfig, false}}},
		{"vllm", "0.33.0", "num_scheduler_steps", []place{{"vllm", EngineConfig, false}}},
		{"", "", "mem_fraction_static", []place{{"sglang", EngineConfig, false}}},
		{"vllm", "0.9.2", "no_such_key", nil},
	}
	for _, tt := range tests {
		var got []place
		for _, p := range Where(tt.engine, tt.release, tt.name) {
			if len(p.Spans) == 0 {
				t.Errorf("%s in %s %s has no releases", tt.name, p.Engine, p.Section)
			}
			got = append(got, place{p.Engine, p.Section, p.Here})
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("Where(%s, %s, %s) = %v, want %v", tt.engine, tt.release, tt.name, got, tt.want)
		}
	}
}

func TestDefinitions(t *testing.T) {
	all := Definitions("vllm", EngineConfig, "gpu_memory_utilization")
	if len(all) < 2 || all[0].Default != 0.9 || all[len(all)-1].Default != 0.92 {
		t.Fatalf("%d definitions", len(all))
	}
	for i, k := range all {
		if !k.In(k.First) || i > 0 && k.In(all[i-1].First) {
			t.Errorf("definition %d does not know its releases", i)
		}
	}
	if last := all[len(all)-1]; last.Last != "" || !last.In(newest("vllm")) {
		t.Error("the last definition is not that of the newest release")
	}
}

// TestResolvePost: a release that has only post releases means the newest of them.
func TestResolvePost(t *testing.T) {
	for spec, want := range map[string]string{"0.4.9": "0.4.9", "0.4.9.post6": "0.4.9.post6", "0.5.4.post2": "0.5.4.post2"} {
		if got, err := Resolve("sglang", spec); got != want || err != nil {
			t.Errorf("Resolve(%q) = %q, %v", spec, got, err)
		}
	}
	known := []string{"0.4.9.post1", "0.4.9.post2", "0.5.0"}
	if got, err := resolve("sglang", known, "0.4.9"); got != "0.4.9.post2" || err != nil {
		t.Errorf("0.4.9 of %v is %q, %v", known, got, err)
	}
}

func TestFlag(t *testing.T) {
	s, err := Load("vllm", "0.9.2")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Flag{
		"tensor_parallel_size": {Names: []string{"--tensor-parallel-size", "-tp"}, Action: "store"},
		"enforce_eager":        {Names: []string{"--enforce-eager"}, Negative: "--no-enforce-eager", Action: "bool"},
		"served_model_name":    {Names: []string{"--served-model-name"}, Action: "store", Nargs: "+"},
		"disable_log_stats":    {Names: []string{"--disable-log-stats"}, Action: "store_true"},
		"port":                 {Names: []string{"--port"}, Action: "store"},
	} {
		got, ok := s.Flag(name)
		if !ok || !slices.Equal(got.Names, want.Names) || got.Negative != want.Negative || got.Action != want.Action || got.Nargs != want.Nargs {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
	}
	for _, name := range []string{"swop_space", "V"} {
		if f, ok := s.Flag(name); ok {
			t.Errorf("%s is spelled %+v", name, f)
		}
	}
}
