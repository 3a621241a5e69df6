package check

import (
	"fmt"
	"strings"
	"testing"

	"mlcfg/internal/launch"
	"mlcfg/schema"
)

// pairFindings are the findings about the halves of a deployment, by place and key.
func pairFindings(t *testing.T, text string) string {
	t.Helper()
	f := launch.NewFile("x", []byte(text))
	launches := launch.Read(f)
	if len(launches) < 2 {
		t.Fatalf("%d launches in\n%s", len(launches), text)
	}
	var out []string
	for _, d := range NewLaunchChecker(LaunchOptions{}).File(f, launches) {
		if d.Code == pairCode {
			out = append(out, fmt.Sprintf("%d:%d %v %s", d.Pos.Line, d.Pos.Column, d.Severity, d.Key[strings.LastIndexByte(d.Key, '.')+1:]))
		}
	}
	return strings.Join(out, " ")
}

// TestPairRules holds each rule at the first and the last release in which its check was seen, one
// case that breaks it and one that does not.
func TestPairRules(t *testing.T) {
	cases := map[string][]struct{ prefill, decode string }{ // the last is fine
		"vllm block_size 0.9.2":                       {{"block-size: 16", "block-size: 32"}, {"block-size: 16", "block-size: 16"}},
		"vllm block_size 0.11.1":                      {{"block-size: 64", "block-size: 32"}, {"block-size: 32", "block-size: 64"}},
		"vllm tensor_parallel_size 0.9.2":             {{"tensor-parallel-size: 4", "tensor-parallel-size: 2"}, {"tensor-parallel-size: 4", "seed: 1"}, {"tensor-parallel-size: 2", "tensor-parallel-size: 4"}},
		"vllm tensor_parallel_size 0.14.1":            {{"tensor-parallel-size: 6", "tensor-parallel-size: 4"}, {"tensor-parallel-size: 4", "tensor-parallel-size: 2"}},
		"vllm kv_cache_dtype 0.13.0":                  {{"kv-cache-dtype: fp8", "kv-cache-dtype: bfloat16"}, {"kv-cache-dtype: fp8", "kv-cache-dtype: auto"}},
		"vllm disable_hybrid_kv_cache_manager 0.19.1": {{"disable-hybrid-kv-cache-manager: true", "no-disable-hybrid-kv-cache-manager: true"}, {"disable-hybrid-kv-cache-manager: true", "seed: 1"}},
		"vllm speculative_config 0.28.0":              {{"seed: 1", `speculative-config: '{"method": "mtp", "num_speculative_tokens": 2}'`}, {"seed: 1", `speculative-config: '{"method": "ngram", "num_speculative_tokens": 2}'`}},
		"sglang page_size 0.5.8":                      {{"page-size: 1", "page-size: 64"}, {"page-size: 64", "seed: 1"}},
		"sglang kv_cache_dtype 0.5.10.post1":          {{"kv-cache-dtype: fp8_e4m3", "kv-cache-dtype: fp8_e5m2"}, {"kv-cache-dtype: fp8_e4m3", "random-seed: 1"}},
		"sglang pp_size 0.5.7":                        {{"pp-size: 2", "pp-size: 4"}, {"pp-size: 4", "random-seed: 1"}},
	}
	for _, r := range pairRules {
		name := r.engine + " " + r.key + " " + r.first
		if len(cases[name]) < 2 {
			t.Errorf("no case of %s", name)
			continue
		}
		all := schema.Releases(r.engine)
		last := r.last
		if last == "" {
			last = all[len(all)-1]
		}
		for _, release := range []string{r.first, last} {
			for i, c := range cases[name] {
				recipe := fmt.Sprintf("schema: 2\nmodel: {path: m, container: x}\nidentity: {frameworks: {%s: %q}}\nengine: %s\nroles:\n  prefill:\n    args:\n      %s\n  decode:\n    args:\n      %s\n", r.engine, release, r.engine, c.prefill, c.decode)
				want := "error " + r.key
				if i == len(cases[name])-1 {
					want = ""
				}
				_, got, _ := strings.Cut(pairFindings(t, recipe), " ")
				if got != want {
					t.Errorf("%s %s, %s and %s: %q, want %q", r.engine, release, c.prefill, c.decode, got, want)
				}
			}
		}
	}
}

// TestPairs holds which launches are halves of one deployment.
func TestPairs(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a script", "#!/bin/sh\n# mlcfg: engine=sglang=0.5.12\npython3 -m sglang.launch_server --model-path m --disaggregation-mode prefill --page-size 1 &\npython3 -m sglang.launch_server --model-path m --disaggregation-mode decode --page-size 64\n", "4:77 error page_size"},
		{"a value from outside", "#!/bin/sh\n# mlcfg: engine=sglang=0.5.12\npython3 -m sglang.launch_server --model-path m --disaggregation-mode prefill --page-size 1 &\npython3 -m sglang.launch_server --model-path m --disaggregation-mode decode --page-size $N\n", ""},
		{"no release told", "#!/bin/sh\npython3 -m sglang.launch_server --model-path m --disaggregation-mode prefill --page-size 1 &\npython3 -m sglang.launch_server --model-path m --disaggregation-mode decode --page-size 64\n", "3:77 warning page_size"},
		{"switched off", "#!/bin/sh\n# mlcfg: engine=sglang=0.5.12\npython3 -m sglang.launch_server --model-path m --disaggregation-mode prefill --page-size 1 &\n# mlcfg: ignore=pair another deployment\npython3 -m sglang.launch_server --model-path m --disaggregation-mode decode --page-size 64\n", ""},
		{"another connector", "#!/bin/sh\n# mlcfg: engine=vllm=0.27.1\nvllm serve m --block-size 64 --kv-transfer-config '{\"kv_connector\":\"MooncakeConnector\",\"kv_role\":\"kv_producer\"}' &\nvllm serve m --block-size 16 --kv-transfer-config '{\"kv_connector\":\"MooncakeConnector\",\"kv_role\":\"kv_consumer\"}'\n", ""},
		{"NIXL", "#!/bin/sh\n# mlcfg: engine=vllm=0.27.1\nvllm serve m --block-size 64 --kv-transfer-config '{\"kv_connector\":\"NixlConnector\",\"kv_role\":\"kv_producer\"}' &\nvllm serve m --block-size 16 --kv-transfer-config '{\"kv_connector\":\"NixlConnector\",\"kv_role\":\"kv_consumer\"}'\n", "4:14 error block_size"},
		{"a check that is switched off", "#!/bin/sh\n# mlcfg: engine=vllm=0.27.1\nvllm serve m --block-size 64 --kv-transfer-config '{\"kv_connector\":\"NixlConnector\",\"kv_role\":\"kv_producer\",\"kv_connector_extra_config\":{\"enforce_handshake_compat\":false}}' &\nvllm serve m --block-size 16 --kv-transfer-config '{\"kv_connector\":\"NixlConnector\",\"kv_role\":\"kv_consumer\"}'\n", ""},
		{"overrides of a recipe, each by itself", "base:\n  model: {path: /m, container: 'lmsysorg/sglang:v0.5.12'}\n  resources: {}\n  backend: {type: sglang, sglang_config: {prefill: {page-size: 64}, decode: {page-size: 64}}}\noverride_a: {name: a}\noverride_b:\n  backend: {sglang_config: {decode: {page-size: 1}}}\n", "7:38 error page_size"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := pairFindings(t, tt.text); got != tt.want {
				t.Errorf("%s\nfinds %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

// TestVariablesOfAnotherBlock holds that a variable of a recipe is not missed where a block for
// hardware, or a feature, sets it.
func TestVariablesOfAnotherBlock(t *testing.T) {
	const recipe = `model: {model_id: a/b, min_vllm_version: "0.24.0"}
variants:
  default: {}
  fp4: {extra_env: {VLLM_ROCM_USE_AITER_MOE: "1"}}
`
	for text, want := range map[string]int{
		recipe: 1,
		recipe + "hardware_overrides: {amd: {extra_env: {VLLM_ROCM_USE_AITER: \"1\"}}}\n":                  0,
		recipe + "features: {f: {hardware_overrides: {amd: {extra_env: {VLLM_ROCM_USE_AITER: \"1\"}}}}}\n": 0,
	} {
		f := launch.NewFile("x.yaml", []byte(text))
		found := NewLaunchChecker(LaunchOptions{}).File(f, launch.Read(f))
		if len(found) != want {
			t.Errorf("%d findings of\n%s\nwant %d: %v", len(found), text, want, found)
		}
	}
}

// Values that cannot be compared as Go compares them are told apart all the same.
func TestDifferent(t *testing.T) {
	list := func(n int64) any { return []any{n} }
	if different(list(1), list(1)) || !different(list(1), list(2)) || different(nil, list(1)) || !different(int64(1), "auto") {
		t.Error("lists are not told apart")
	}
}
