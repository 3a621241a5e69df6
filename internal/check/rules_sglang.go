package check

import (
	"math"
	"strings"
)

// sglangRules are checks of SGLang over its arguments (srt/server_args.py).
// Limits of one argument are the schema's. The releases are those in which the check was seen; a rule ends where the next release
// looked at no longer has it.
var sglangRules = []engineRule{
	{
		last: "0.5.9", keys: []string{"tp_size", "pp_size", "nnodes"},
		broken: func(v args) bool {
			return v.num("nnodes") >= 1 && math.Mod(v.num("tp_size")*v.num("pp_size"), v.num("nnodes")) != 0
		},
		message: "tp_size x pp_size is no multiple of nnodes",
		source:  engineSource{"check_server_args", "self.tp_size * self.pp_size % self.nnodes == 0"},
	},
	{
		last: "0.5.9", keys: []string{"dp_size", "nnodes", "enable_dp_attention"},
		broken: func(v args) bool {
			return v.num("dp_size") > 1 && v.num("nnodes") != 1 && !v.on("enable_dp_attention")
		},
		message: "dp_size above 1 on several nodes needs enable_dp_attention",
		source:  engineSource{"check_server_args", "self.dp_size > 1 and self.nnodes != 1"},
	},
	{
		last: "0.5.9", keys: []string{"pp_size", "disable_overlap_schedule", "speculative_algorithm", "enable_mixed_chunk"},
		broken: func(v args) bool {
			return v.num("pp_size") > 1 && !(v.on("disable_overlap_schedule") && !v.has("speculative_algorithm") && !v.on("enable_mixed_chunk"))
		},
		message: "pp_size above 1 needs disable_overlap_schedule, no speculative_algorithm and no enable_mixed_chunk",
		source:  engineSource{"check_server_args", "self.disable_overlap_schedule and self.speculative_algorithm is None"},
	},
	{
		first: "0.5.3", last: "0.5.9", keys: []string{"enable_priority_scheduling", "schedule_policy"},
		broken: func(v args) bool {
			p := v.text("schedule_policy")
			return v.on("enable_priority_scheduling") && p != "fcfs" && p != "lof"
		},
		message: "enable_priority_scheduling needs schedule_policy fcfs or lof",
		source:  engineSource{"check_server_args", "self.schedule_policy in ['fcfs', 'lof']"},
	},
	{
		last: "0.4.9.post6", keys: []string{"lora_paths", "disable_radix_cache"},
		broken:  func(v args) bool { return v.has("lora_paths") && !v.on("disable_radix_cache") },
		message: "lora_paths needs disable_radix_cache",
		source:  engineSource{"check_lora_server_args", "self.lora_paths is None or self.disable_radix_cache"},
	},
	{
		first: "0.5.3", last: "0.5.9", keys: []string{"enable_hierarchical_cache", "disable_radix_cache"},
		broken:  func(v args) bool { return v.on("enable_hierarchical_cache") && v.on("disable_radix_cache") },
		message: "enable_hierarchical_cache and disable_radix_cache exclude each other",
		source:  engineSource{"_handle_cache_compatibility", "self.enable_hierarchical_cache and self.disable_radix_cache"},
	},
	{
		first: "0.5.9", last: "0.5.9", keys: []string{"served_model_name"},
		broken:  func(v args) bool { return strings.Contains(v.text("served_model_name"), ":") },
		message: "served_model_name holds a colon",
		source:  engineSource{"check_server_args", "':' not in self.served_model_name"},
	},
	{
		first: "0.5.9", last: "0.5.9", keys: []string{"export_metrics_to_file", "export_metrics_to_file_dir"},
		broken:  func(v args) bool { return v.on("export_metrics_to_file") && !v.has("export_metrics_to_file_dir") },
		message: "export_metrics_to_file needs export_metrics_to_file_dir",
		source:  engineSource{"check_server_args", "self.export_metrics_to_file_dir is None"},
	},
	{
		first: "0.5.9", last: "0.5.9", keys: []string{"enable_two_batch_overlap", "moe_a2a_backend"},
		broken:  func(v args) bool { return v.on("enable_two_batch_overlap") && v.text("moe_a2a_backend") == "none" },
		message: "enable_two_batch_overlap needs a moe_a2a_backend other than none",
		source:  engineSource{"check_server_args", "self.enable_two_batch_overlap and self.moe_a2a_backend == 'none'"},
	},
	{
		first: "0.5.9", last: "0.5.9", keys: []string{"multi_item_scoring_delimiter", "disable_radix_cache"},
		broken:  func(v args) bool { return v.has("multi_item_scoring_delimiter") && !v.on("disable_radix_cache") },
		message: "multi_item_scoring_delimiter needs disable_radix_cache",
		source:  engineSource{"check_server_args", "self.multi_item_scoring_delimiter is not None && not (self.disable_radix_cache)"},
	},
	{
		first: "0.5.9", last: "0.5.9", keys: []string{"multi_item_scoring_delimiter", "chunked_prefill_size"},
		broken: func(v args) bool {
			return v.has("multi_item_scoring_delimiter") && v.has("chunked_prefill_size") && v.num("chunked_prefill_size") != -1
		},
		message: "multi_item_scoring_delimiter needs chunked_prefill_size -1",
		source:  engineSource{"check_server_args", "self.multi_item_scoring_delimiter is not None && not (self.chunked_prefill_size == -1)"},
	},
	{
		first: "0.5.3", last: "0.5.9", keys: []string{"enable_lora", "max_loaded_loras", "max_loras_per_batch"},
		broken: func(v args) bool {
			return v.on("enable_lora") && v.has("max_loaded_loras") && v.num("max_loaded_loras") < v.num("max_loras_per_batch")
		},
		message: "max_loaded_loras is below max_loras_per_batch",
		source:  engineSource{"check_lora_server_args", "self.max_loaded_loras >= self.max_loras_per_batch"},
	},
	{
		last: "0.4.9.post6", keys: []string{"enable_dp_attention", "dp_size"},
		broken:  func(v args) bool { return v.on("enable_dp_attention") && v.num("dp_size") <= 1 },
		message: "enable_dp_attention needs dp_size above 1",
		source:  engineSource{"__post_init__", "not (self.dp_size > 1)"},
	},
	{
		last: "0.5.9", keys: []string{"speculative_algorithm", "enable_mixed_chunk"},
		broken:  func(v args) bool { return v.has("speculative_algorithm") && v.on("enable_mixed_chunk") },
		message: "speculative_algorithm excludes enable_mixed_chunk",
		source:  engineSource{"check_server_args", "self.speculative_algorithm is not None && not (not self.enable_mixed_chunk)"},
	},
}
