package check

import (
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/diag/secret"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// The findings themselves are golden: testdata/err, walked by cmd/mlcfg.

func TestOneSlip(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"ABC", "ABC", false},
		{"ABC", "AB", true},
		{"ABC", "BC", true},
		{"ABC", "AXBC", true},
		{"ABC", "ABX", true},
		{"ABC", "ACB", true},
		{"ABC", "BAC", true},
		{"ABC", "CBA", false},
		{"ABC", "AXX", false},
		{"ABC", "A", false},
		{"", "A", true},
		{"MAX_T", "MIN_T", false},
	} {
		if oneSlip(tt.a, tt.b) != tt.want || oneSlip(tt.b, tt.a) != tt.want {
			t.Errorf("oneSlip(%s, %s) is not %v", tt.a, tt.b, tt.want)
		}
	}
}

func TestSecrets(t *testing.T) {
	for name, want := range map[string]bool{
		"HF_TOKEN": true, "hf_token": true, "HUGGING_FACE_HUB_TOKEN": true, "AWS_SECRET_ACCESS_KEY": true, "VLLM_API_KEY": true, "api_key": true,
		"ssl_keyfile_password": true, "DB_PASSWD": true, "MY_CREDENTIALS": true, "PRIVATE_KEY": true,
		"TOKENIZERS_PARALLELISM": false, "max_tokens": false, "MAX_NUM_BATCHED_TOKENS": false, "watermark_key": false, "TOKEN": false, "KEY": false,
		"VLLM_USE_V1": false, "bucket_time_to_first_token_ms": false,
	} {
		if secret.Name(name) != want {
			t.Errorf("secretName(%s) is not %v", name, want)
		}
	}
	for value, want := range map[string]bool{
		"hf_abcdefghijklmnopqrst": true, "sk-abcdefghijklmnopqrst": true, "hf_short": false, "/model/hf_abcdefghijklmnopqrst": false, "fp8": false,
		"sk-learn is a library of its own": false,
	} {
		if secret.Value(value) != want {
			t.Errorf("secretValue(%s) is not %v", value, want)
		}
	}
}

// TestFaultyKeysAreLeftOut: a faulty value is in no section, and no rule looks at it.
func TestFaultyKeysAreLeftOut(t *testing.T) {
	root, found := source.Parse("x.yaml", []byte(`
benchmark_name: llama2-70b
scenario: offline
test_mode: performance
harness_config: {device_count: many, dataset_path: d, user_conf_path: u, output_log_dir: o}
vllm_engine_config: {model: m, tensor_parallel_size: 16, max_num_seqs: -1, quantization: None}
vllm_env_config: {A: True, B: 1e-05, C: null, D: None, E: [1]}
`))
	if found.HasErrors() {
		t.Fatal(found)
	}
	s, err := schema.Load("vllm", "0.9.2")
	if err != nil {
		t.Fatal(err)
	}
	vllm, _ := backend.Of("vllm")
	r := Check(Input{Tree: merge.Merge(merge.Layer{Name: "overlay", Root: root}), Overlay: "x.yaml", Targets: []Target{{Backend: vllm, Schema: s}}})
	c := r.Configs[0]
	if _, ok := c.Harness["device_count"]; ok {
		t.Error("a faulty device_count is kept")
	}
	if _, ok := c.EngineConfig["max_num_seqs"]; ok {
		t.Error("a faulty max_num_seqs is kept")
	}
	if v, ok := c.EngineConfig["quantization"]; !ok || v != nil {
		t.Errorf("quantization: None is %v, want null", v)
	}
	if c.Env["A"] != "True" || c.Env["B"] != "1e-05" || len(c.Env) != 2 {
		t.Errorf("environment %v", c.Env)
	}
	codes := map[string]int{}
	for _, d := range r.Found {
		if d.Severity == diag.Error {
			codes[d.Code]++
		}
	}
	if codes["replicas"] != 0 || codes[schema.WrongType] != 2 || codes[schema.OutOfRange] != 1 || len(codes) != 2 {
		t.Errorf("errors by code: %v", codes)
	}
}

// TestRay: the backend's name is a layer of its own.
func TestRay(t *testing.T) {
	ray, ok := backend.Of("ray")
	layer, has := LayerOf(ray)
	if !ok || !has || layer.Name != BackendLayer || layer.Root.Lookup("vllm_engine_config", "distributed_executor_backend").Str != "ray" {
		t.Errorf("layer %+v", layer)
	}
	vllm, _ := backend.Of("vllm")
	if _, has := LayerOf(vllm); has {
		t.Error("vllm has a layer")
	}
	if _, ok := backend.Of("tensorrt"); ok {
		t.Error("tensorrt is known")
	}
}
