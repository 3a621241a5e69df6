package check

import (
	"fmt"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// nestedRefuses finds what vLLM refuses of a map together with its other arguments, or
// under another name; what a settings class refuses of its own keys stands in the schema
// (vllm/config/speculative.py, vllm/engine/arg_utils.py create_speculative_config).
func nestedRefuses(c *Config, found *diag.List) {
	if c.Schema.Engine != backend.VLLM {
		return
	}
	// validate_dp_supervisor_args of vllm/entrypoints/launchers/dp_supervisor.py, since 0.22.0.
	ports, set := c.engine("data_parallel_multi_port_external_lb")
	size, _ := c.engine("data_parallel_size")
	if n, known := size.int(); set && ports.value == true && ports.setting != nil && (!known || n < 2) {
		c.report(found, diag.Diagnostic{
			Code:    schema.Refused,
			Message: fmt.Sprintf("%s %s refuses this: data_parallel_multi_port_external_lb needs data_parallel_size above 1", c.Schema.Engine, c.Schema.Release),
		}, ports, size)
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
