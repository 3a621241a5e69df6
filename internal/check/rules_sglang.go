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
	{ // the third of the check's conditions, disable_overlap_schedule, it sets itself
		last: "0.5.9", keys: []string{"pp_size", "speculative_algorithm", "enable_mixed_chunk"},
		broken: func(v args) bool {
			return v.num("pp_size") > 1 && (v.has("speculative_algorithm") || v.on("enable_mixed_chunk"))
		},
		message: "pp_size above 1 excludes speculative_algorithm and enable_mixed_chunk",
		source:  engineSource{"check_server_args", "self.disable_overlap_schedule and self.speculative_algorithm is None"},
	},
	{
		first: "0.5.3", keys: []string{"enable_priority_scheduling", "schedule_policy"},
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
		first: "0.5.3", keys: []string{"enable_hierarchical_cache", "disable_radix_cache"},
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
		first: "0.5.9", keys: []string{"export_metrics_to_file", "export_metrics_to_file_dir"},
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
		first: "0.5.3", keys: []string{"enable_lora", "max_loaded_loras", "max_loras_per_batch"},
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
		first: "0.5.23", keys: []string{"tp_size", "pp_size", "nnodes", "ep_join_mode"},
		broken: func(v args) bool {
			return v.text("ep_join_mode") != "scale" && v.num("nnodes") >= 1 && math.Mod(v.num("tp_size")*v.num("pp_size"), v.num("nnodes")) != 0
		},
		message: "tp_size x pp_size is no multiple of nnodes",
		source:  engineSource{"check_server_args", "cfg.tp_size * cfg.pp_size % cfg.nnodes == 0"},
	},
	{
		first: "0.5.23", keys: []string{"dp_size", "nnodes"},
		broken:  func(v args) bool { return v.num("dp_size") > 1 && v.num("nnodes") != 1 },
		message: "dp_size above 1 is for one node only, several take attn_dp_size",
		source:  engineSource{"check_server_args", "cfg.dp_size > 1 and cfg.nnodes != 1"},
	},
	{
		first: "0.5.23", keys: []string{"attn_dp_size", "dp_size"},
		broken:  func(v args) bool { return v.num("attn_dp_size") > 1 && v.num("dp_size") > 1 },
		message: "attn_dp_size and dp_size above 1 exclude each other",
		source:  engineSource{"handle_data_parallelism", "cfg.attn_dp_size > 1 and cfg.dp_size > 1"},
	},
	{
		first: "0.5.23", keys: []string{"pp_size", "speculative_algorithm", "enable_multi_layer_eagle"},
		broken: func(v args) bool {
			algorithm := strings.ToUpper(v.text("speculative_algorithm"))
			return v.num("pp_size") > 1 && algorithm != "" && algorithm != "DSPARK" && (algorithm != "EAGLE" || v.on("enable_multi_layer_eagle"))
		},
		message: "pp_size above 1 takes speculative_algorithm EAGLE of one layer only",
		source:  engineSource{"check_pipeline_parallel_compat", "cfg.speculative_algorithm.upper() == 'EAGLE'"},
	},
	{
		first: "0.5.23", keys: []string{"disable_cuda_graph_padding", "enable_torch_compile"},
		broken:  func(v args) bool { return v.on("disable_cuda_graph_padding") && v.on("enable_torch_compile") },
		message: "disable_cuda_graph_padding and enable_torch_compile exclude each other",
		source:  engineSource{"check_server_args", "cfg.disable_cuda_graph_padding and cfg.enable_torch_compile"},
	},
	{
		first: "0.5.23", keys: []string{"retraction_policy", "enable_priority_scheduling"},
		broken: func(v args) bool {
			return v.text("retraction_policy") == "priority" && !v.on("enable_priority_scheduling")
		},
		message: "retraction_policy priority needs enable_priority_scheduling",
		source:  engineSource{"check_server_args", "cfg.retraction_policy == 'priority'"},
	},
	{
		first: "0.5.23", keys: []string{"enable_lmcache", "enable_hierarchical_cache"},
		broken:  func(v args) bool { return v.on("enable_lmcache") && v.on("enable_hierarchical_cache") },
		message: "enable_lmcache and enable_hierarchical_cache exclude each other",
		source:  engineSource{"handle_cache_compatibility", "cfg.enable_lmcache && cfg.enable_hierarchical_cache"},
	},
	{
		first: "0.5.23", keys: []string{"enable_lmcache", "disable_radix_cache"},
		broken:  func(v args) bool { return v.on("enable_lmcache") && v.on("disable_radix_cache") },
		message: "enable_lmcache excludes disable_radix_cache",
		source:  engineSource{"handle_cache_compatibility", "cfg.enable_lmcache && cfg.disable_radix_cache"},
	},
	{
		first: "0.5.23", keys: []string{"served_model_name"},
		broken: func(v args) bool {
			name := v.text("served_model_name")
			return strings.Contains(name, ":") && !strings.Contains(name, "://")
		},
		message: "served_model_name holds a colon",
		source:  engineSource{"check_server_args", "':' not in cfg.served_model_name"},
	},
	{
		first: "0.5.23", keys: []string{"moe_dense_tp_size", "tp_size"},
		broken: func(v args) bool {
			return v.has("moe_dense_tp_size") && v.num("moe_dense_tp_size") != 1 && v.num("moe_dense_tp_size") != v.num("tp_size")
		},
		message: "moe_dense_tp_size is neither 1 nor tp_size",
		source:  engineSource{"check_server_args", "cfg.moe_dense_tp_size in (None, 1, cfg.tp_size)"},
	},
}
