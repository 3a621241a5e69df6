package check

import (
	"fmt"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
)

// nestedRefuses finds what vLLM's settings classes refuse of the maps that they are
// made from, and that no type of a single key says (vllm/config/kv_transfer.py,
// ec_transfer.py, speculative.py, vllm/engine/arg_utils.py create_speculative_config).
func nestedRefuses(c *Config, found *diag.List) {
	if c.Schema.Engine != backend.VLLM {
		return
	}
	for _, kind := range []string{"kv", "ec"} {
		name := kind + "_transfer_config"
		m, _ := c.EngineConfig[name].(map[string]any)
		if m[kind+"_connector"] != nil && m[kind+"_role"] == nil {
			c.refuseNested(found, name, kind+"_connector", fmt.Sprintf("%s_connector needs %s_role", kind, kind), fmt.Sprintf("add %s_role: kv_producer, kv_consumer or kv_both", kind), "")
		}
	}
	spec, _ := c.EngineConfig["speculative_config"].(map[string]any)
	if spec == nil {
		return
	}
	if spec["tensor_parallel_size"] != nil {
		c.refuseNested(found, "speculative_config", "tensor_parallel_size",
			"speculative_config takes no tensor_parallel_size", "write draft_tensor_parallel_size", "draft_tensor_parallel_size")
	}
	for _, pair := range [][2]string{{"spec_method", "method"}, {"spec_model", "model"}, {"spec_tokens", "num_speculative_tokens"}} {
		if _, here := spec[pair[1]]; here && c.EngineConfig[pair[0]] != nil {
			c.refuseNested(found, "speculative_config", pair[1],
				fmt.Sprintf("%s and speculative_config.%s exclude each other", pair[0], pair[1]), "leave one of them out", "")
		}
	}
}

// refuseNested refuses a key inside a map; rename is the name that takes its value, empty for none.
func (c *Config) refuseNested(found *diag.List, name, inner, message, hint, rename string) {
	t := c.tree.Lookup(c.Backend.EngineSection(), name)
	if t == nil {
		return
	}
	at := descend(t, []string{inner})
	found.Add(diag.Diagnostic{
		Pos: at.keyPos, Severity: diag.Error, Code: "engine-refuses", Key: strings.Join([]string{c.Backend.EngineSection(), name, inner}, "."),
		Message: fmt.Sprintf("%s %s refuses this: %s", c.Schema.Engine, c.Schema.Release, message), Hint: hint, Suggestion: rename, Backend: c.Backend.Name,
	})
}
