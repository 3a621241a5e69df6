package schema

import "testing"

func TestResolve(t *testing.T) {
	tests := []struct{ engine, spec, want, wantErr string }{
		{"vllm", "0.10.1", "0.10.1", ""},
		{"vllm", "v0.10.1", "0.10.1", ""},
		{"sglang", "0.4.9.post6", "0.4.9.post6", ""},
		{"vllm", "99.0", "", "no schema for vllm 99.0; the nearest known are " + newest("vllm")},
		{"vllm", "latest", "", `vllm "latest" is not a release number; known are ` + Releases("vllm")[0] + " to " + newest("vllm")},
		{"trtllm", "1.4.0rc0", "1.4.0rc0", ""},
		{"trtllm", "1.4.0", "", "no schema for trtllm 1.4.0; the nearest known are " + newest("trtllm")},
		{"tgi", "1.0", "", `no engine "tgi"; known are sglang, trtllm or vllm`},
	}
	for _, tt := range tests {
		got, err := Resolve(tt.engine, tt.spec)
		msg := ""
		if err != nil {
			msg = err.Error()
		}
		if got != tt.want || msg != tt.wantErr {
			t.Errorf("Resolve(%q, %q) = %q, %q; want %q, %q", tt.engine, tt.spec, got, msg, tt.want, tt.wantErr)
		}
	}
}

// TestNearestRelease: builds that have no release of their own; a number that is not known is none.
func TestNearestRelease(t *testing.T) {
	for _, tt := range []struct{ engine, spec, want string }{
		{"vllm", "nightly", newest("vllm")},
		{"vllm", "main", newest("vllm")},
		{"vllm", "0.10.1.dev12", "0.10.1"},
		{"vllm", "==v0.10.1rc1+g12345", "0.10.1"},
		{"sglang", "0.4.9.dev3", "0.4.9"},
		{"vllm", "99.0", ""},
		{"vllm", "99.0rc1", ""},
		{"vllm", "", ""},
		{"tgi", "nightly", ""},
	} {
		if got := NearestRelease(tt.engine, tt.spec); got != tt.want {
			t.Errorf("NearestRelease(%q, %q) = %q, want %q", tt.engine, tt.spec, got, tt.want)
		}
	}
}

func newest(engine string) string {
	r := Releases(engine)
	return r[len(r)-1]
}

func TestCompareReleases(t *testing.T) {
	sorted := []string{"0.4.9", "0.4.9.post1", "0.4.9.post10", "0.4.10", "0.4.10.post2", "0.5.0", "0.10.1", "0.10.1.1", "1.0rc0", "1.0rc2", "1.0rc2.post1", "1.0rc10", "1.0"}
	for i := range sorted[1:] {
		if CompareReleases(sorted[i], sorted[i+1]) >= 0 || CompareReleases(sorted[i+1], sorted[i]) <= 0 {
			t.Errorf("%s does not go before %s", sorted[i], sorted[i+1])
		}
	}
	if CompareReleases("0.9", "0.9.0") != 0 {
		t.Error("0.9 is not 0.9.0")
	}
}

// probes are values that tell definitions apart.
var probes = []any{
	nil, true, false, int64(-2), int64(-1), int64(0), int64(1), int64(2), int64(8), int64(1 << 40),
	-2.5, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, "", "auto", "1", "true", "bfloat16", "fcfs", "no such value",
	[]any{},
	[]any{int64(1)},
	[]any{"a"},
	[]any{1.5, nil},
	map[string]any{},
	map[string]any{"a": int64(1)},
	map[string]any{"a": "b"},
}

func TestFaults(t *testing.T) {
	s, err := Load("vllm", "0.9.2")
	if err != nil {
		t.Fatal(err)
	}
	engine := s.Section(EngineConfig)
	tests := []struct {
		key        string
		value      any
		code, want string
		suggestion string
	}{
		{"max_num_seqs", int64(256), "", "", ""},
		{"max_num_seqs", nil, "", "", ""},
		{"max_num_seqs", 3.0, WrongType, "the fraction 3.0 where an integer of at least 1 or null is wanted", "3"},
		{"max_num_seqs", "256", WrongType, `the string "256" where an integer of at least 1 or null is wanted`, "256"},
		{"enforce_eager", "true", WrongType, `the string "true" where a boolean is wanted`, "true"},
		{"scheduling_policy", "fcsf", NotInEnum, `"fcsf" where one of "fcfs", "priority" is wanted`, "fcfs"},
		{"gpu_memory_utilization", int64(1), "", "", ""},
		{"compilation_config", map[string]any{"level": int64(3)}, "", "", ""},
		{"compilation_config", map[string]any{"levle": int64(3)}, UnknownKey, `CompilationConfig has no key "levle"`, "level"},
	}
	for _, tt := range tests {
		k, ok := engine.Key(tt.key)
		if !ok {
			t.Errorf("no key %s", tt.key)
			continue
		}
		faults := k.Check(tt.value)
		switch {
		case tt.code == "" && len(faults) > 0:
			t.Errorf("%s: %v is refused: %s", tt.key, tt.value, faults[0].Message)
		case tt.code != "" && len(faults) != 1:
			t.Errorf("%s: %v has %d faults, want 1", tt.key, tt.value, len(faults))
		case tt.code != "" && (faults[0].Code != tt.code || faults[0].Message != tt.want || faults[0].Suggestion != tt.suggestion):
			t.Errorf("%s: %v gives %q %q %q\nwant %q %q %q", tt.key, tt.value,
				faults[0].Code, faults[0].Message, faults[0].Suggestion, tt.code, tt.want, tt.suggestion)
		}
	}
}

func TestInert(t *testing.T) {
	for _, tt := range []struct {
		release, name string
		want          bool
	}{
		{"0.9.2", "VLLM_ENGINE_ITERATION_TIMEOUT_S", false},
		{"0.11.0", "VLLM_ENGINE_ITERATION_TIMEOUT_S", true}, // listed in envs.py, read nowhere
		{"0.11.0", "VLLM_RPC_TIMEOUT", true},
		{"0.33.0", "VLLM_BUILD_URL", false}, // no source ever read it: for the build
		{"0.33.0", "VLLM_LOGGING_LEVEL", false},
	} {
		s, err := Load("vllm", tt.release)
		if err != nil {
			t.Fatal(err)
		}
		k, ok := s.Section(EnvConfig).Key(tt.name)
		if !ok || k.Inert != tt.want {
			t.Errorf("vllm %s %s: known %v, inert %v, want %v", tt.release, tt.name, ok, ok && k.Inert, tt.want)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load("vllm", "0.9.2"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAllKeys(b *testing.B) {
	for b.Loop() {
		s, _ := Load("vllm", "0.9.2")
		for _, name := range s.Sections() {
			s.Section(name).Keys()
		}
	}
}

func BenchmarkInfer(b *testing.B) {
	keys := map[string][]string{
		EngineConfig:   {"model", "dtype", "tensor_parallel_size", "max_num_seqs", "swap_space", "num_scheduler_steps", "no_such_key"},
		SamplingConfig: {"temperature", "top_p", "top_k", "max_tokens"},
		EnvConfig:      {"VLLM_USE_V1", "VLLM_LOGGING_LEVEL"},
	}
	for b.Loop() {
		Infer("vllm", keys)
	}
}
