package fit

import (
	"slices"
	"strings"
)

// undrafted are the model types of which no checkpoint has a draft of its own (the model types that
// hf_config_override of vllm/config/speculative.py makes a draft of are others, in all releases from 0.17.0 to 0.33.0).
var undrafted = []string{
	"gemma2", "gemma3_text", "gpt_oss", "gptj", "llama", "llama4_text", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "qwen3_vl_moe_text", "qwen3_vl_text",
}

// ownDraft holds a speculative method that runs the model's own draft (MTP) against the model.
func ownDraft(c *checked) string {
	s := c.Args.in("speculative_config")
	method := s.text("method")
	if method != "mtp" && !strings.HasSuffix(method, "_mtp") || s["model"] != nil || !since(c.Release, "0.17.0") {
		return ""
	}
	if slices.Contains(undrafted, c.Model.Type) {
		return text("speculative method %s, and models of type %s have no draft of their own", method, c.Model.Type)
	}
	return ""
}
