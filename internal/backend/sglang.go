package backend

import (
	"slices"

	"mlcfg/internal/lazyregexp"
)

// SGLang is SGLang's name.
const SGLang = "sglang"

// sglang is SGLang's server, "python3 -m sglang.launch_server".
var sglang = Backend{
	Name: SGLang, Engine: SGLang, Title: "SGLang",
	Model: "model_path", TP: "tp_size", PP: "pp_size", DP: "dp_size",
	// With attention data parallel the ranks share the devices of tensor parallel.
	DPShares:  "enable_dp_attention",
	Tokenizer: "tokenizer_path", Batch: "max_running_requests", Memory: "mem_fraction_static",

	// json.loads, orjson.loads and model_validate_json of them in srt/arg_groups, srt/server_args.py,
	// srt/configs/load_config.py and srt/disaggregation/kv_events.py.
	JSONTexts: []JSONText{
		{"json_model_override_args", false},
		{"model_loader_extra_config", false},
		{"preferred_sampling_params", false},
		{"kv_events_config", false},
		{"limit_mm_data_per_request", false},
		{"deepep_config", true},
		{"hicache_storage_backend_extra_config", true},
	},
	Programs: []Program{
		{Module: "sglang.launch_server"},
		{Words: []string{"sglang", "serve"}, Positional: true, Not: diffusionFlags},
		// Dynamo takes its own flags out and hands the rest on (dynamo/sglang/args.py).
		{Module: "dynamo.sglang", Own: slices.Concat(dynamoSGLang, dynamoFlags)},
	},
	Official:   sglangOfficial,
	SRTFronts:  map[int]string{1: SGLang, 2: SGLang},
	SRTRouters: map[int]string{1: SGLang, 2: SGLang + "-router"},
	Images: []Image{
		{Repository: "lmsysorg/sglang", Tag: lazyregexp.New(`^v(\d+\.\d+\.\d+(?:\.post\d+|rc\d+)?)(?:[-+.]|$)`)},
		// With a date behind, a build that is newer than the release.
		{Repository: "lmsysorg/sglang-rocm", Tag: lazyregexp.New(`^v(\d+\.\d+\.\d+(?:\.post\d+|rc\d+)?)(?:[-+.]|$)`), Later: lazyregexp.New(`-\d{8}$`)},
		{Repository: "rocm/sgl-dev", Tag: lazyregexp.New(`^(?:sglang-|v)(\d+\.\d+\.\d+(?:\.post\d+|rc\d+)?)(?:[-+.]|$)`), Later: lazyregexp.New(`.`)},
		{Repository: "nvidia/ai-dynamo/sglang-runtime", Table: map[string]string{
			"0.8.1": "0.5.6.post2", "0.9.0": "0.5.8", "1.0.": "0.5.9", "1.1.": "0.5.10.post1", "1.2.0": "0.5.11", "1.2.1": "0.5.11",
		}},
	},
	// srt/utils/server_args_config_parser.py (srt/server_args_config_parser.py).
	ConfigFile: &ConfigFile{From: "0.5.3", Lists: "0.5.3", Maps: "0.5.14", Hyphens: true, SwitchWords: true},
	// srt/utils/common.py, human_readable_int.
	Units: map[string]float64{
		"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
	},
	Program:    []string{"python3", "-m", "sglang.launch_server"},
	Listen:     []string{"--host", "{host}", "--port", "{port}"},
	ListenKeys: []string{"host", "port"},
	// nullable_str of srt/server_args.py.
	NullTexts: []string{"", "None"}, NullTextKeys: []string{"quantization_param_path"},
	// normalize of srt/sampling/sampling_params.py.
	Functions: []string{"custom_sigquit_handler"},
	Computed:  []string{"is_normalized", "stop_regex_max_len", "stop_regex_strs", "stop_str_max_len", "stop_strs"},
	Nodes: []NodeArgument{
		// SGLang has no usual port.
		{Key: "dist_init_addr", Value: "{head-address:29500}", When: Nodes},
		{Key: "nnodes", Value: "{nodes}", When: Nodes},
		{Key: "node_rank", Value: "{node}", When: Nodes},
	},

	WarmUp: "its server gets none",

	// Requires-Dist of the wheels.
	Transformers: []Requirement{
		{"0.4.6.post5", "4"}, // ==4.51.1, to 4.57.1 in 0.5.9
		{"0.5.10", "5"},      // ==5.3.0, to 5.19.0 in 0.5.23
	},
	Requests: Generate, MinTokens: "min_new_tokens", MaxTokens: "max_new_tokens",
	// A streamed chat has no ids of tokens in any release, another has them from 0.5.23 on.
	ChatLacksTokenIDs: true,
	// By default chats, and no other requests, get what they leave out from the model folder's
	// generation_config.json (srt/configs/model_config.py, get_default_sampling_params).
	Kept: map[string]Kept{"sampling_defaults": {Value: "openai", Instead: "model", Since: "0.5.3.post1", Chats: true}},
	// A chat has a value for everything before these are asked (srt/managers/tokenizer_manager.py).
	Adds:     []Adds{{Key: "preferred_sampling_params"}},
	ChatAdds: map[string]any{"temperature": 0.7}, ChatAddsUntil: "0.5.3.post1",
	// ChatCompletionRequest.to_sampling_params of srt/entrypoints/openai/protocol.py, before 0.5.3
	// _build_sampling_params of serving_chat.py.
	ChatFields: map[string]ChatField{
		"custom_params":       {Since: "0.5.4"},
		"ebnf":                {},
		"frequency_penalty":   {},
		"ignore_eos":          {},
		"logit_bias":          {},
		"max_new_tokens":      {Name: "max_tokens"},
		"min_new_tokens":      {Name: "min_tokens"},
		"min_p":               {Since: "0.4.0.post2"},
		"no_stop_trim":        {},
		"presence_penalty":    {},
		"regex":               {},
		"repetition_penalty":  {},
		"sampling_seed":       {Name: "seed", Since: "0.5.7"},
		"skip_special_tokens": {},
		"stop":                {},
		"stop_regex":          {},
		"stop_token_ids":      {},
		"temperature":         {},
		"top_k":               {Since: "0.4.0.post2"},
		"top_p":               {},
		"watermark":           {},
	},

	Health: "/health", Models: "/v1/models",
	// Newer releases have renamed the path, and log a complaint at the old one.
	Version: []string{"/server_info", "/get_server_info"},
	Metrics: "/metrics",
	// srt/metrics/collector.py, later srt/observability/metrics_collector.py.
	Figures: []Figure{
		{Name: "sglang:num_running_reqs", Of: Running, Help: "The number of running requests."},
		{Name: "sglang:num_queue_reqs", Of: Waiting, Help: "The number of requests in the waiting queue."},
		{Name: "sglang:num_used_tokens", Of: UsedTokens, Help: "The number of used tokens."},
		{Name: "sglang:token_usage", Of: KVCache, Mean: true, Help: "The token usage."},
		{Name: "sglang:max_total_num_tokens", Of: CacheTokens, Help: "Maximum total number of tokens in the KV cache pool."},
		{Name: "sglang:cache_hit_rate", Of: CacheHits, Help: "The prefix cache hit rate."},
		{Name: "sglang:num_retracted_reqs", Of: Retracted, Help: "The number of retracted requests."},
		{Name: "sglang:prompt_tokens_total", Of: PromptTokens, AtEnd: true, Help: "Number of prefill tokens processed."},
		{Name: "sglang:generation_tokens_total", Of: GenerationTokens, AtEnd: true, Help: "Number of generation tokens processed."},
		{Name: "sglang:num_requests_total", Of: Ended, Help: "Number of requests processed."},
		{Name: "sglang:time_to_first_token_seconds", Of: FirstToken, Help: "Histogram of time to first token in seconds."},
		{Name: "sglang:inter_token_latency_seconds", Of: NextToken, Help: "Histogram of inter-token latency in seconds."},
		{Name: "sglang:e2e_request_latency_seconds", Of: WholeTime, Help: "Histogram of End-to-end request latency in seconds"},
		{Name: "sglang:queue_time_seconds", Of: QueueTime, Help: "Histogram of queueing time in seconds."},
		{Name: "sglang:gen_throughput", Of: GenerationRate},
	},
	// The words are those of 0.5.23.
	Server: Server{
		Paths: map[string]Page{
			"GET /health_generate": HealthPage,
			"GET /get_model_info":  ModelPage, "GET /model_info": ModelPage,
			"GET /get_server_info": SettingsPage, "GET /server_info": SettingsPage,
			"POST /generate": GeneratePage, "PUT /generate": GeneratePage,
		},
		OpensEarly:           true,
		AnyModel:             true,
		LooseStreamOptions:   true,
		MaxTokens:            16,
		ZeroTokens:           true, // it computes the prompt alone
		MaxRepetitionPenalty: 2,
		TopKOff:              []int{-1},
		Answers: Answers{
			StopKey: "matched_stop", StopID: true, PromptIDs: true,
			Usage: `"prompt_tokens_details":null,"reasoning_tokens":0`, NullUsage: true,
		},
		Refusals: map[Refusal]Refused{
			LongPrompt:      {"", "The input ({prompt} tokens) is longer than the model's context length ({length} tokens)."},
			FewTokens:       {"", "max_new_tokens must be at least 0, got {most}."},
			NegativeMin:     {"", "min_new_tokens must be in [0, max_new_tokens], got {value}."},
			MinAboveMax:     {"", "min_new_tokens must be in [0, max_new_tokens({most})], got {value}."},
			LongTotal:       {"", "Requested token count exceeds the model's maximum context length of {length} tokens. You requested a total of {value} tokens: {prompt} tokens from the input messages and {most} tokens for the completion. Please reduce the number of tokens in the input messages or the completion to fit within the limit."},
			ColdTemperature: {"", "temperature must be a non-negative finite number, got {value}."},
			WrongTopK:       {"", "top_k must be -1 (disable) or at least 1, got {value}."},
			WrongRepetition: {"", "repetition_penalty must be in (0, 2] (1.0 = no penalty), got {value}."},
		},
		Labels: `engine_type="unified",model_name={model},pp_rank="0",tp_rank="0"`,
		// sglang/srt/metrics/collector.py
		Buckets: Buckets{
			FirstToken: []float64{0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400},
			Token:      []float64{0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8},
			Request:    []float64{0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400, 800},
		},
	},

	Start: sglangStart,
	// The second is the older name (srt/entrypoints/http_server.py).
	Info: Info{Paths: []string{"/server_info", "/get_server_info"}, Tokens: "max_total_num_tokens"},
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

// diffusionFlags are of the server for images and video that sglang serve is for a diffusion
// model (multimodal_gen/runtime/server_args of 0.5.23), and that no server for language models has.
var diffusionFlags = []string{
	"--num-gpus", "--ulysses-degree", "--ring-degree", "--sp-degree", "--cfg-parallel-size", "--enable-cfg-parallel", "--hsdp-*", "--use-fsdp-inference",
	"--dit-*", "--vae-cpu-offload", "--text-encoder-*", "--image-encoder-*", "--denoiser-*", "--encoder-parallel", "--encoder-urls", "--decoder-urls", "--pin-cpu-memory",
	"--layerwise-*", "--component-*", "--pipeline-class-name", "--transformer-weights-path", "--enable-cache-dit", "--cache-dit-*", "--enable-teacache", "--enable-spectrum",
	"--adjust-frames", "--warmup-resolutions", "--boundary-ratio", "--disagg-role", "--performance-mode", "--webui",
}

// sglangStart is what SGLang 0.4.6 to 0.5.23 print: srt/entrypoints/engine.py, srt/managers/scheduler.py,
// srt/mem_cache/memory_pool.py and srt/model_executor.
var sglangStart = []StartLine{
	{StartAllCall, `server_args=ServerArgs\(`},
	{StartAll, `server_args=\{`},
	{StartTokens, `max_total_num_tokens=([0-9]+)`},
	{StartKV, `#tokens: [0-9]+, K size: ([0-9.]+) GB, V size: ([0-9.]+) GB`},
	{StartKV, `#tokens: [0-9]+, KV size: ([0-9.]+) GB`},
	{StartWeights, `Load weight end\..*mem usage=([0-9.]+) GB`},
	{StartAttention, `Use (\w+) backend by default`},
}
