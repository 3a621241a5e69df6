package backend

// SGLang is SGLang's name.
const SGLang = "sglang"

// sglang is SGLang's server, "python3 -m sglang.launch_server".
var sglang = Backend{
	Name: SGLang, Engine: SGLang, Title: "SGLang",
	Model: "model_path", TP: "tp_size", PP: "pp_size", DP: "dp_size",
	// With attention data parallel the ranks share the devices of tensor parallel.
	DPShares:  "enable_dp_attention",
	Tokenizer: "tokenizer_path", Batch: "max_running_requests", Memory: "mem_fraction_static",

	Program:    []string{"python3", "-m", "sglang.launch_server"},
	Listen:     []string{"--host", "{host}", "--port", "{port}"},
	ListenKeys: []string{"host", "port"},
	Nodes: []NodeArgument{
		// SGLang has no usual port.
		{Key: "dist_init_addr", Value: "{head-address:29500}", When: Nodes},
		{Key: "nnodes", Value: "{nodes}", When: Nodes},
		{Key: "node_rank", Value: "{node}", When: Nodes},
	},

	Requests: Generate, MinTokens: "min_new_tokens", MaxTokens: "max_new_tokens",

	Health: "/health", Models: "/v1/models",
	// Newer releases have renamed the path, and log a complaint at the old one.
	Version: []string{"/server_info", "/get_server_info"},
	Metrics: "/metrics",
	// srt/metrics/collector.py, later srt/observability/metrics_collector.py.
	Figures: map[string]Figure{
		"sglang:num_running_reqs":        {Of: Running},
		"sglang:num_queue_reqs":          {Of: Waiting},
		"sglang:token_usage":             {Of: KVCache, Mean: true},
		"sglang:prompt_tokens_total":     {Of: PromptTokens},
		"sglang:generation_tokens_total": {Of: GenerationTokens},
		"sglang:gen_throughput":          {Of: GenerationRate},
	},

	Symptoms: []Symptom{
		{AtDevices, `SGLang only supports sm\d+ and above`, "this build of the engine has no code for this device", ""},
		{AtMemory, `Loaded weights leave no GPU memory for the KV cache`, "the model leaves no device memory for the KV cache", "engine_config.mem_fraction_static"},
		{AtMemory, `Not enough memory\. Please try to increase --mem-fraction-static`, "the model leaves no device memory for the KV cache", "engine_config.mem_fraction_static"},
		{AtChecks, `[Cc]ontext_length.*is greater than the derived context_length \((\d+)\)`, "context_length is more than the model's own $1", "engine_config.context_length"},
		{AtLast, `\w+ at (\d+) is not available`, "port $1 is taken", ""},
	},
	OnCPU: []CPU{
		{Key: "device", Value: "cpu"},
		{Variable: "SGLANG_USE_CPU_ENGINE", Value: "1"},
	},
	SimLimits: []SimLimit{
		{"context_length", "--max-model-len"},
		{"chunked_prefill_size", "--max-num-batched-tokens"},
		{"max_running_requests", "--max-num-seqs"},
		{"max_total_tokens", "--kv-cache-tokens"},
		{"page_size", "--block-size"},
	},
}
