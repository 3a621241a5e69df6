package backend

// VLLM is vLLM's name.
const VLLM = "vllm"

// vllm is vLLM's server, "vllm serve MODEL".
var vllm = Backend{
	Name: VLLM, Engine: VLLM, Title: "vLLM",
	Model: "model", TP: "tensor_parallel_size", PP: "pipeline_parallel_size", DP: "data_parallel_size",
	Tokenizer: "tokenizer", Batch: "max_num_seqs", Memory: "gpu_memory_utilization",

	Program: []string{"vllm", "serve"}, ModelPositional: true,
	// By default the server fills sampling values that a request leaves out from the
	// model folder's generation_config.json (vllm/config/model.py, get_diff_sampling_param).
	Kept:       map[string]Kept{"generation_config": {Value: VLLM, Instead: "auto"}},
	CommaLists: []string{"device_ids"},
	Listen:     []string{"--host", "{host}", "--port", "{port}"},
	ListenKeys: []string{"host", "port"},
	Negative:   "--no-",
	Nodes: []NodeArgument{
		{Key: "headless", Value: true, When: Worker},
		{Key: "master_addr", Value: "{head}", When: Nodes},
		// The port of vLLM's documentation on several nodes.
		{Key: "master_port", Value: "{head-port:29501}", When: Nodes},
		{Key: "nnodes", Value: "{nodes}", When: Nodes},
		{Key: "node_rank", Value: "{node}", When: Nodes},
	},
	NodesHint: "compile for backend ray, or for vllm 0.11.1 or newer",
	OneNodeDP: true,
	Variables: []Variable{{Name: "VLLM_HOST_IP", Value: "{address}", When: Address}},
	Companion: vllmCompanion,

	Requests: Completions, AskTokenIDs: map[string]any{"return_token_ids": true}, TokenIDsFrom: "0.10.2", MinTokens: "min_tokens", MaxTokens: "max_tokens",

	Health: "/health", Models: "/v1/models", Version: []string{"/version"},
	Metrics: "/metrics",
	// vllm/v1/metrics/loggers.py, before it vllm/engine/metrics.py; the KV cache's
	// was gpu_cache_usage_perc until 0.10, which has both.
	Figures: map[string]Figure{
		"vllm:num_requests_running":                 {Of: Running},
		"vllm:num_requests_waiting":                 {Of: Waiting},
		"vllm:kv_cache_usage_perc":                  {Of: KVCache, Mean: true},
		"vllm:gpu_cache_usage_perc":                 {Of: KVCache, Mean: true, Old: true},
		"vllm:prompt_tokens_total":                  {Of: PromptTokens},
		"vllm:generation_tokens_total":              {Of: GenerationTokens},
		"vllm:avg_prompt_throughput_toks_per_s":     {Of: PromptRate},
		"vllm:avg_generation_throughput_toks_per_s": {Of: GenerationRate},
		"vllm:num_preemptions_total":                {Of: Preemptions},
	},

	Symptoms: vllmSymptoms,
	OnCPU: []CPU{
		{Key: "device", Value: "cpu"},
		{Variable: "VLLM_TARGET_DEVICE", Value: "cpu"},
		{Variable: "VLLM_CPU_KVCACHE_SPACE"},
		{Variable: "VLLM_CPU_OMP_THREADS_BIND"},
	},
	VendorVariables: []string{"VLLM_ROCM_"},
	SimLimits: []SimLimit{
		{"block_size", "--block-size"},
		{"max_model_len", "--max-model-len"},
		{"max_num_batched_tokens", "--max-num-batched-tokens"},
		{"max_num_seqs", "--max-num-seqs"},
	},
}

// vllmSymptoms are vLLM 0.9's to 0.33's.
var vllmSymptoms = []Symptom{
	{AtDevices, `World size \((\d+)\) is larger than the number of available GPUs \((\d+)\)`, "$1 devices are needed, $2 are visible", "engine_config.tensor_parallel_size"},
	{AtDevices, `current platform (\S+) does not support ray`, "vLLM for $1 has no support for Ray", "backend"},
	{AtDevices, `number of required GPUs exceeds the total number of available GPUs`, "more devices are needed than Ray has", "engine_config.tensor_parallel_size"},
	{AtDevices, `Please use HIP_VISIBLE_DEVICES instead of ROCR_VISIBLE_DEVICES`, "Ray refuses ROCR_VISIBLE_DEVICES; bind devices with HIP_VISIBLE_DEVICES (--device-env)", "env_config"},
	{AtDevices, `Total number of attention heads \((\d+)\) must be divisible by tensor parallel size \((\d+)\)`, "$1 attention heads cannot be shared by tensor parallel size $2", "engine_config.tensor_parallel_size"},

	{AtMemory, `Free memory on device.*\((\S+ GiB|\S+/\S+ GiB)\) on startup is less than desired GPU memory utilization \((\S+), (\S+ GiB)\)`, "only $1 of device memory is free, $3 is wanted; something else uses the device, or the share is too large", "engine_config.gpu_memory_utilization"},
	{AtMemory, `No available memory for the cache blocks`, "the model leaves no device memory for the KV cache", "engine_config.gpu_memory_utilization"},
	{AtMemory, `max seq len \((\d+)\).*KV cache is needed.*estimated maximum model length is (\d+)`, "the KV cache does not hold one request of $1 tokens; $2 would fit", "engine_config.max_model_len"},
	{AtMemory, `(?:max seq len|maximum sequence length) \((\d+)\).*(?:is larger than the maximum number of tokens that can be stored in KV cache|KV cache is needed)`, "the KV cache does not hold one request of $1 tokens", "engine_config.max_model_len"},

	{AtChecks, `VLLM_USE_V1=1 is not supported with (.*)\.`, "vLLM's engine V1 does not take $1", "env_config.VLLM_USE_V1"},
	{AtChecks, `(\S+) quantization is currently not supported in (.+)\.`, "quantization $1 is not supported on $2", "engine_config.quantization"},
	{AtChecks, `Bfloat16 is only supported on GPUs with compute capability of at least 8\.0`, "this device has no bfloat16", "engine_config.dtype"},
	{AtChecks, `torch\.(\w+) is not supported for quantization method (\S+)\. Supported dtypes: (.*)`, "dtype $1 does not go with quantization $2, which takes $3", "engine_config.dtype"},
	{AtChecks, `User-specified max_model_len \((\d+)\) is greater than the derived max_model_len \(([^)]*)`, "max_model_len $1 is more than the model's own ($2)", "engine_config.max_model_len"},
	{AtChecks, `max_num_batched_tokens \((\d+)\) is smaller than max_model_len \((\d+)\)`, "max_num_batched_tokens $1 is less than max_model_len $2", "engine_config.max_num_batched_tokens"},
	{AtChecks, `max_num_batched_tokens \((\d+)\) must be greater than or equal to max_num_seqs \((\d+)\)`, "max_num_batched_tokens $1 is less than max_num_seqs $2", "engine_config.max_num_batched_tokens"},
	{AtChecks, `Quantization method specified in the model config \((\S+)\) does not match the quantization method specified in the .quantization. argument \((\S+)\)`, "the model is quantized with $1, not $2", "engine_config.quantization"},
	{AtChecks, `Unknown quantization method: (\S+?)\. Must be one of`, "quantization $1 is not known to this release", "engine_config.quantization"},
	{AtChecks, `Failed core proc\(s\): \{'(\w+)': -(\d+)\}`, "its process $1 was killed by signal $2; 9 is what the kernel sends where memory runs out", ""},

	{AtLast, `Cannot provide a placement group`, "Ray's nodes do not have the devices that are needed", "engine_config.tensor_parallel_size"},
	{AtLast, `Failed to connect to GCS at address (\S+)`, "Ray's head at $1 is not reached (--head)", ""},
}
