package check

import (
	"fmt"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// mainSwitches are variables that do nothing unless another one is on.
var mainSwitches = []struct {
	engine, first, main string
	// or is another switch that does as well as main, empty where there is none.
	or string
	// parts are read beside main alone, together with it; texts are parts that are on
	// wherever they are set.
	parts []string
	texts bool
	// alone are the releases from which on a part is read without main too.
	alone map[string]string
	// source is where the engine reads them so.
	source string
}{
	{
		engine: backend.VLLM, first: "0.11.1", main: "VLLM_ROCM_USE_AITER",
		parts: []string{
			"VLLM_ROCM_USE_AITER_CUSTOM_AR", "VLLM_ROCM_USE_AITER_LINEAR", "VLLM_ROCM_USE_AITER_MOE", "VLLM_ROCM_USE_AITER_MLA",
			"VLLM_ROCM_USE_AITER_MHA", "VLLM_ROCM_USE_AITER_UNIFIED_ATTENTION", "VLLM_ROCM_USE_AITER_FP8BMM", "VLLM_ROCM_USE_AITER_FP4BMM",
			"VLLM_ROCM_USE_AITER_RMSNORM", "VLLM_ROCM_USE_AITER_TRITON_ROPE", "VLLM_ROCM_USE_AITER_TRITON_GEMM",
			"VLLM_ROCM_USE_AITER_PAGED_ATTN", "VLLM_ROCM_USE_AITER_FP4_ASM_GEMM", "VLLM_ROCM_USE_AITER_LINEAR_HIPBMM",
			"VLLM_ROCM_USE_AITER_FUSION_SHARED_EXPERTS", "VLLM_ROCM_USE_AITER_TRITON_SPARSE_MLA", "VLLM_ROCM_USE_AITER_MOE_SITUV2_A8W4",
		},
		// Models and platforms that look at these by themselves.
		alone:  map[string]string{"VLLM_ROCM_USE_AITER_FUSION_SHARED_EXPERTS": "0.25.0", "VLLM_ROCM_USE_AITER_FP8BMM": "0.31.0"},
		source: "vllm 0.11.1 to 0.33.0, vllm/_aiter_ops.py: cls._AITER_ENABLED and cls._X_ENABLED",
	},
	{
		engine: backend.VLLM, first: "0.22.0", main: "VLLM_USE_RUST_FRONTEND", or: "VLLM_USE_RUST_BENCH",
		parts: []string{"VLLM_RUST_FRONTEND_PATH"}, texts: true,
		source: "vllm 0.33.0, vllm/envs.py, _resolve_rust_cli_path: if not use_rust: return None",
	},
}

// switchesWork warns of a variable that is on while the switch it hangs on is off.
func switchesWork(c *Config, found *diag.List) {
	for _, s := range mainSwitches {
		main, known := c.Schema.Section(schema.EnvConfig).Key(s.main)
		if s.engine != c.Schema.Engine || schema.CompareReleases(c.Schema.Release, s.first) < 0 || !known || isOn(c.Env[s.main], main) || c.unclear(s.main) {
			continue
		}
		if other, known := c.Schema.Section(schema.EnvConfig).Key(s.or); known && (isOn(c.Env[s.or], other) || c.unclear(s.or)) {
			continue
		}
		for _, name := range s.parts {
			if since := s.alone[name]; since != "" && schema.CompareReleases(c.Schema.Release, since) >= 0 {
				continue
			}
			part, known := c.Schema.Section(schema.EnvConfig).Key(name)
			if text, set := c.Env[name]; !known || !set || !isOn(text, part) && (!s.texts || text == "") {
				continue
			}
			c.report(found, diag.Diagnostic{
				Severity: diag.Warning, Code: "inert-variable", Key: strings.Join(c.variable(name).path, "."),
				Message: fmt.Sprintf("%s turns nothing on in %s %s without %s", name, c.Schema.Engine, c.Schema.Release, s.main),
				Hint:    fmt.Sprintf("set %s: 1 beside it", s.main),
			}, c.variable(name))
		}
	}
}

// unclear reports whether a variable's value is not known for a fault of it.
func (c *Config) unclear(name string) bool {
	return c.faulty[envSection+"."+name] || c.faulty[c.Backend.EnvSection()+"."+name]
}

// isOn reports whether a variable's text, or its default where it has none, is an
// engine's true.
func isOn(text string, key *schema.Key) bool {
	if text == "" {
		return key.Default == true || key.Default == int64(1)
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "1", "true":
		return true
	}
	return false
}
