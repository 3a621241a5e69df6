package check

import (
	"math"

	"mlcfg/internal/backend"
)

// vllmRules are checks of vLLM over several of its arguments (vllm/config and
// vllm/engine/arg_utils.py). Those over the batch and over sampling are rules of
// their own files.
var vllmRules = []engineRule{
	{
		keys:    []string{"data_parallel_size_local", "data_parallel_size"},
		broken:  func(v args) bool { return v.num("data_parallel_size_local") > v.num("data_parallel_size") },
		message: "data_parallel_size_local is above data_parallel_size",
		source:  engineSource{"ParallelConfig", "self.data_parallel_size_local > self.data_parallel_size"},
	},
	{
		keys:    []string{"enable_eplb", "num_redundant_experts"},
		broken:  func(v args) bool { return !v.on("enable_eplb") && v.num("num_redundant_experts") != 0 },
		message: "num_redundant_experts needs enable_eplb",
		source:  engineSource{"ParallelConfig", "self.num_redundant_experts != 0"},
	},
	{
		keys:    []string{"enable_eplb", "num_redundant_experts"},
		broken:  func(v args) bool { return v.on("enable_eplb") && v.num("num_redundant_experts") < 0 },
		message: "num_redundant_experts is below 0",
		source:  engineSource{"ParallelConfig", "self.num_redundant_experts < 0"},
	},
	{
		first: "0.10.1", keys: []string{"enable_eplb", "enable_expert_parallel"},
		broken:  func(v args) bool { return v.on("enable_eplb") && !v.on("enable_expert_parallel") },
		message: "enable_eplb needs enable_expert_parallel",
		source:  engineSource{"ParallelConfig", "not self.enable_expert_parallel"},
	},
	{
		first: "0.10.1", last: "0.10.1.1", keys: []string{"enable_eplb", "tensor_parallel_size", "data_parallel_size"},
		broken: func(v args) bool {
			return v.on("enable_eplb") && v.num("tensor_parallel_size")*v.num("data_parallel_size") <= 1
		},
		message: "enable_eplb needs more than one device by tensor or data parallel",
		source:  engineSource{"ParallelConfig", "self.tensor_parallel_size * self.data_parallel_size <= 1"},
	},
	{
		first: "0.9.2", last: "0.10.1.1", keys: []string{"max_num_partial_prefills", "enable_chunked_prefill"},
		broken: func(v args) bool {
			return v.num("max_num_partial_prefills") > 1 && v.has("enable_chunked_prefill") && !v.on("enable_chunked_prefill")
		},
		message: "max_num_partial_prefills above 1 needs enable_chunked_prefill",
		source:  engineSource{"SchedulerConfig", "self.max_num_partial_prefills > 1 && not self.chunked_prefill_enabled"},
	},
	{
		first: "0.9.2", last: "0.10.1.1", keys: []string{"max_num_partial_prefills", "long_prefill_token_threshold", "max_model_len"},
		broken: func(v args) bool {
			return v.num("max_num_partial_prefills") > 1 && v.has("max_model_len") && v.num("long_prefill_token_threshold") > v.num("max_model_len")
		},
		message: "long_prefill_token_threshold is above max_model_len",
		source:  engineSource{"SchedulerConfig", "self.long_prefill_token_threshold > self.max_model_len"},
	},
	{
		first: "0.9.2", last: "0.10.1.1", keys: []string{"max_long_partial_prefills", "max_num_partial_prefills"},
		broken: func(v args) bool {
			return v.num("max_long_partial_prefills") < 1 || v.num("max_long_partial_prefills") > v.num("max_num_partial_prefills")
		},
		message: "max_long_partial_prefills must be from 1 to max_num_partial_prefills",
		source:  engineSource{"SchedulerConfig", "self.max_long_partial_prefills > self.max_num_partial_prefills"},
	},
	{
		first: "0.9.2", last: "0.10.0", keys: []string{"num_scheduler_steps", "speculative_config"},
		broken:  func(v args) bool { return v.num("num_scheduler_steps") > 1 && v.has("speculative_config") },
		message: "num_scheduler_steps above 1 excludes speculative_config",
		source:  engineSource{"EngineArgs", "speculative_config is not None"},
	},
	{
		first: "0.9.2", last: "0.10.0", keys: []string{"num_scheduler_steps", "enable_chunked_prefill", "pipeline_parallel_size"},
		broken: func(v args) bool {
			return v.num("num_scheduler_steps") > 1 && v.on("enable_chunked_prefill") && v.num("pipeline_parallel_size") > 1
		},
		message: "num_scheduler_steps above 1 with enable_chunked_prefill excludes pipeline parallel",
		source:  engineSource{"EngineArgs", "self.enable_chunked_prefill and self.pipeline_parallel_size > 1"},
	},
	{
		keys:    []string{"max_cpu_loras", "max_loras"},
		broken:  func(v args) bool { return v.has("max_cpu_loras") && v.num("max_cpu_loras") < v.num("max_loras") },
		message: "max_cpu_loras is below max_loras",
		source:  engineSource{"LoRAConfig", "self.max_cpu_loras < self.max_loras"},
	},
	{
		first: "0.10.1", last: "0.10.1.1", keys: []string{"async_scheduling", "pipeline_parallel_size"},
		broken:  func(v args) bool { return v.on("async_scheduling") && v.num("pipeline_parallel_size") > 1 },
		message: "async_scheduling excludes pipeline parallel",
		source:  engineSource{"EngineArgs", "self.pipeline_parallel_size > 1"},
	},
	{
		first: "0.10.1", last: "0.10.1.1", keys: []string{"async_scheduling", "speculative_config"},
		broken:  func(v args) bool { return v.on("async_scheduling") && v.has("speculative_config") },
		message: "async_scheduling excludes speculative_config",
		source:  engineSource{"EngineArgs", "self.speculative_config is not None"},
	},
	{
		first: "0.10.1", last: "0.10.1.1", keys: []string{"async_scheduling", "distributed_executor_backend"},
		broken:  func(v args) bool { return v.on("async_scheduling") && v.text("distributed_executor_backend") == "uni" },
		message: "async_scheduling excludes distributed_executor_backend uni",
		source:  engineSource{"EngineArgs", "self.distributed_executor_backend == 'uni'"},
	},
	{
		first: "0.32.0", keys: []string{"data_parallel_hybrid_lb", "data_parallel_external_lb"},
		broken:  func(v args) bool { return v.on("data_parallel_hybrid_lb") && v.on("data_parallel_external_lb") },
		message: "data_parallel_hybrid_lb and data_parallel_external_lb exclude each other",
		source:  engineSource{"EngineArgs", "self.data_parallel_hybrid_lb and self.data_parallel_external_lb"},
	},
	{
		first: "0.32.0", keys: []string{"data_parallel_external_lb", "data_parallel_size"},
		broken:  func(v args) bool { return v.num("data_parallel_size") <= 1 && v.on("data_parallel_external_lb") },
		message: "data_parallel_external_lb needs data_parallel_size above 1",
		source:  engineSource{"ParallelConfig", "self.data_parallel_size <= 1 and self.data_parallel_external_lb"},
	},
	{
		first: "0.32.0", keys: []string{"nnodes", "data_parallel_backend"},
		broken:  func(v args) bool { return v.num("nnodes") > 1 && v.text("data_parallel_backend") != "mp" },
		message: "nnodes above 1 needs data_parallel_backend mp",
		source:  engineSource{"EngineArgs", "self.nnodes > 1 and self.data_parallel_backend != 'mp'"},
	},
	{
		first: "0.32.0", keys: []string{"nnodes", "node_rank"},
		broken: func(v args) bool {
			return v.num("nnodes") > 1 && !(0 <= v.num("node_rank") && v.num("node_rank") < v.num("nnodes"))
		},
		message: "node_rank must be from 0 to below nnodes",
		source:  engineSource{"EngineArgs", "not 0 <= self.node_rank < self.nnodes"},
	},
	{
		first: "0.32.0", keys: []string{"enable_elastic_ep", "enable_eplb"},
		broken:  func(v args) bool { return v.on("enable_elastic_ep") && !v.on("enable_eplb") },
		message: "enable_elastic_ep needs enable_eplb",
		source:  engineSource{"ParallelConfig", "self.enable_elastic_ep"},
	},
	{
		first: "0.9.2", keys: []string{"ray_workers_use_nsight", "distributed_executor_backend"},
		broken: func(v args) bool {
			executor := v.text("distributed_executor_backend")
			return v.on("ray_workers_use_nsight") && executor != "" && executor != backend.Ray
		},
		message: "ray_workers_use_nsight needs distributed_executor_backend ray",
		source:  engineSource{"ParallelConfig", "self.ray_workers_use_nsight and (not self.use_ray)"},
	},
	{
		first: "0.32.0", keys: []string{"nnodes", "tensor_parallel_size", "pipeline_parallel_size"},
		broken: func(v args) bool {
			return v.num("nnodes") > 1 && math.Mod(v.num("tensor_parallel_size")*v.num("pipeline_parallel_size"), v.num("nnodes")) != 0
		},
		message: "tensor_parallel_size x pipeline_parallel_size is no multiple of nnodes",
		source:  engineSource{"EngineArgs", "world_size % self.nnodes != 0"},
	},
	{
		first: "0.32.0", keys: []string{"attention_backend", "attention_config"},
		broken:  func(v args) bool { return v.has("attention_backend") && v.in("attention_config", "backend") != nil },
		message: "attention_backend and attention_config.backend exclude each other",
		source:  engineSource{"EngineArgs", "attention_config.backend is not None"},
	},
	{
		first: "0.32.0", keys: []string{"cudagraph_capture_sizes", "compilation_config"},
		broken: func(v args) bool {
			return v.has("cudagraph_capture_sizes") && v.in("compilation_config", "cudagraph_capture_sizes") != nil
		},
		message: "cudagraph_capture_sizes and compilation_config.cudagraph_capture_sizes exclude each other",
		source:  engineSource{"EngineArgs", "compilation_config.cudagraph_capture_sizes is not None"},
	},
}
