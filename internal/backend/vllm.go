package backend

import (
	"slices"

	"mlcfg/internal/lazyregexp"
)

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
	Kept:       map[string]Kept{"generation_config": {Value: VLLM, Instead: "auto", Since: "0.8.0"}},
	Adds:       []Adds{{Key: "override_generation_config", Chats: true}},
	CommaLists: []string{"device_ids"},
	// vllm/utils/argparse_utils.py, human_readable_int; auto is max_model_len's own there.
	Units: map[string]float64{"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40},
	Words: map[string]map[string]int64{"max_model_len": {"auto": -1}},
	// -O3, and the number for the whole map until 0.10.0.
	Shorthands: map[string][]string{"compilation_config": {"mode", "level"}},
	// optional_type of vllm/engine/arg_utils.py, nullable_str before 0.8.5.
	NullTexts: []string{"", "None"},
	// CompletionRequest.to_sampling_params sets them.
	Computed:   []string{"output_kind", "skip_clone"},
	Listen:     []string{"--host", "{host}", "--port", "{port}"},
	ListenKeys: []string{"host", "port"},
	Negative:   "--no-",
	Programs: []Program{
		{Words: []string{"vllm", "serve"}, Positional: true, Not: []string{"--omni"}},
		{Module: "vllm.entrypoints.openai.api_server"},
		{Module: "vllm.entrypoints.api_server"},
		// Dynamo takes its own flags out and hands the rest on (dynamo/vllm/args.py).
		{Module: "dynamo.vllm", EngineOnly: true, Own: slices.Concat(dynamoVLLM, dynamoFlags)},
	},
	Official:   vllmOfficial,
	SRTFronts:  map[int]string{1: VLLM, 2: VLLM},
	SRTRouters: map[int]string{2: VLLM + "-router"},
	Images: []Image{
		{Repository: "vllm/vllm-openai", Tag: vllmTag, Later: vllmTagLater, Entry: true},
		{Repository: "vllm/vllm-openai-rocm", Tag: vllmTag, Entry: true},
		{Repository: "vllm/vllm-openai-cpu", Tag: vllmTag, Entry: true},
		{Repository: "vllm/vllm-openai-xpu", Tag: vllmTag, Entry: true},
		{Repository: "vllm/vllm-tpu", Tag: vllmTag},
		{Repository: "q9t5s3a7/vllm-cpu-release-repo", Tag: vllmTag, Entry: true},
		{Repository: "rocm/vllm", Tag: lazyregexp.New(`vllm_?(\d+\.\d+\.\d+(?:\.post\d+)?)|^v(\d+\.\d+\.\d+)`), Later: lazyregexp.New(`.`)},
		{Repository: "rocm/vllm-dev"},
		// Dynamo's own number, with the engine's by its release notes.
		{Repository: "nvidia/ai-dynamo/vllm-runtime", Table: map[string]string{
			"0.8.1": "0.12.0", "0.9.0": "0.14.1", "1.0.": "0.16.0", "1.1.": "0.19.0", "1.2.0": "0.20.1", "1.2.1": "0.21.0",
		}},
		// NVIDIA's month, likewise.
		{Repository: "nvidia/vllm", Table: map[string]string{"25.10": "0.10.2", "26.03": "0.17.1", "26.05": "0.20.1"}},
	},
	Spelling: Spelling{
		Underscores: true, Dotted: "0.9.0", Level: "-O", LevelFlag: "--optimization-level",
		// parse_type of vllm/engine/arg_utils.py.
		PairsFrom: "0.8.5", PairsUntil: "0.10.0",
		// The only arguments of the type human_readable_int.
		UnitKeys: []string{
			"max_model_len", "max_num_batched_tokens", "max_num_scheduled_tokens", "max_num_queued_tokens", "kv_cache_memory_bytes", "safetensors_prefetch_block_size",
		},
	},
	// vllm/utils/argparse_utils.py (vllm/utils.py), load_config_file.
	ConfigFile: &ConfigFile{From: "0.6.0", Lists: "0.10.2", Maps: "0.16.0", Negatives: "0.28.0"},
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

	// Requires-Dist of the wheels. Before 0.11.1 a container has what was new at its time, 4.
	Transformers: []Requirement{
		{"0.6.0", "4 or 5"},  // >=4.43.2, to >=4.55.2 in 0.11.0
		{"0.11.1", "4"},      // >=4.56.0,<5
		{"0.19.1", "4 or 5"}, // >=4.56.0, and of 5 from 5.5.1 on
		{"0.24.0", "5"},      // >=5.5.3, to >=5.16.1,<5.21.0 in 0.33.0
	},
	Requests: Completions, AskTokenIDs: map[string]any{"return_token_ids": true}, TokenIDsFrom: "0.10.2", MinTokens: "min_tokens", MaxTokens: "max_tokens",
	ChatFields: map[string]ChatField{"logprobs": chatLogprobs},

	Health: "/health", Models: "/v1/models", Version: []string{"/version"},
	Metrics: "/metrics",
	Figures: vllmFigures,
	Server: Server{
		Paths:          map[string]Page{"GET /version": ReleasePage, "GET /ping": HealthPage, "POST /ping": HealthPage, "GET /load": LoadPage, "POST /tokenize": TokenizePage, "POST /detokenize": DetokenizePage},
		MaxTokens:      16,
		MaxTemperature: 2,
		TopKOff:        []int{-1, 0},
		Answers:        Answers{StopKey: "stop_reason", PromptIDs: true, NullIDs: true},
		Refusals:       openAIRefusals,
		NestedErrors:   true, // since 0.10.1
		Labels:         `engine="0",model_name={model}`,
		Buckets:        vllmBuckets,
	},

	Symptoms: vllmSymptoms,
	Start:    vllmStart,
	// With VLLM_SERVER_DEV_MODE=1 alone (vllm/entrypoints/serve/instrumentator/server_info.py).
	Info:     Info{Paths: []string{"/server_info"}, Text: "vllm_config"},
	Resolved: map[string]string{"max_seq_len": "max_model_len"},
	AttentionNames: map[string]string{
		"Flash Attention": "FLASH_ATTN", "FlashInfer": "FLASHINFER", "Triton": "TRITON_ATTN", "Triton Attention": "TRITON_ATTN", "FlexAttention": "FLEX_ATTENTION",
		"XFormers": "XFORMERS", "Tree Attention": "TREE_ATTN", "Cutlass MLA": "CUTLASS_MLA", "FlashInfer MLA": "FLASHINFER_MLA", "FlashAttention MLA": "FLASH_ATTN_MLA",
		"FlashMLA": "FLASHMLA", "Sparse MLA": "FLASHMLA_SPARSE", "Triton MLA": "TRITON_MLA", "AITER MLA": "ROCM_AITER_MLA", "Rocm/Aiter Attention": "ROCM_AITER_FA",
		"Rocm Attention": "ROCM_ATTN", "Aiter Flash Attention": "ROCM_AITER_FA", "Aiter Unified Attention": "ROCM_AITER_UNIFIED_ATTN",
	},
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

// Tags of vLLM's own images: v0.21.0-ubuntu2404, and a build of a later commit,
// vllm-x86_64-cu13-0.25.1-7a33ba9.
var (
	vllmTag      = lazyregexp.New(`^v(\d+\.\d+\.\d+(?:\.post\d+|rc\d+)?)(?:[-+.]|$)|^vllm-.*-(\d+\.\d+\.\d+)-[0-9a-f]{7,}$`)
	vllmTagLater = lazyregexp.New(`^vllm-`)
)

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

// vllmStart is what vLLM 0.8 to 0.32 print: vllm/entrypoints (api_server.py, later
// serve/utils/api_utils.py), vllm/v1/engine/core.py, vllm/v1/core/kv_cache_utils.py,
// vllm/v1/worker and vllm/platforms.
var vllmStart = []StartLine{
	{StartRelease, `vLLM (?:API )?server version v?([0-9][\w.+]*)`},
	{StartRelease, `Initializing a V[01] LLM engine \(v([0-9][\w.+]*)\)`},
	{StartArguments, `non-default args: \{`},
	{StartResolved, `LLM engine \(v[0-9][\w.+]*\) with config: `},
	{StartTokens, `KV cache size: ([0-9,]+) tokens`},
	{StartConcurrency, `Maximum concurrency for ([0-9,]+) tokens per request: ([0-9.]+)x`},
	{StartKV, `Available KV cache memory: (-?[0-9.]+) GiB`},
	{StartWeights, `odel loading took ([0-9.]+) Gi?B`},
	{StartAttention, `Using (?:AttentionBackendEnum\.|_Backend\.)?([A-Z][A-Z0-9_]+) (?:attention )?backend(?:\.| out of)`},
	{StartAttention, `Using ([A-Z][\w/ ]*?) backend (?:for \S+ )?on V1 engine`},
	{StartAttention, `Using ((?:Triton|Rocm|Aiter Flash|Aiter Unified) Attention|Triton MLA|AITER MLA) backend\.`}, // ROCm's, since 0.11.1
	{StartUnread, `Unknown vLLM environment variable detected: (\w+)`},
}
