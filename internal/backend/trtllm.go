package backend

import "slices"

// TRTLLM is TensorRT-LLM's name.
const TRTLLM = "trtllm"

// trtllm is TensorRT-LLM's server, "trtllm-serve MODEL". A YAML file is its
// configuration: few of its keys have an argument, null is a value there (it turns
// CUDA graphs off), and releases differ in whether the file or an argument wins, so
// that every key is said in the file alone.
var trtllm = Backend{
	Name: TRTLLM, Engine: TRTLLM, Title: "TensorRT-LLM", Package: "tensorrt_llm",
	// Attention data parallel and expert parallel share the ranks of tensor parallel.
	Model: "model", TP: "tensor_parallel_size", PP: "pipeline_parallel_size", CP: "context_parallel_size",
	Tokenizer: "tokenizer", Batch: "max_batch_size", Memory: "kv_cache_config.free_gpu_memory_fraction",

	Official: trtllmOfficial, SRTFronts: map[int]string{1: "trtllm_serve", 2: "trtllm_serve"},
	Program: []string{"trtllm-serve"}, ModelPositional: true,
	Listen: []string{"--host", "{host}", "--port", "{port}"},
	// Every release knows this spelling; --config is the newer one.
	File: &File{Flag: "--extra_llm_api_options", Name: "trtllm-serve.yaml"},
	// Its ranks over several machines are started by MPI or Slurm, with the same
	// command line on each.
	NodesHint: "trtllm-llmapi-launch starts its ranks over machines, under MPI or Slurm; start it yourself and use --external",

	// A request with a field that it does not know is refused. Text and ids exclude
	// one another, and a chat has no ids at all.
	Requests: Completions, AskTokenIDs: map[string]any{"detokenize": false}, ChatLacksTokenIDs: true,
	MinTokens: "min_tokens", MaxTokens: "max_tokens",
	ChatFields: map[string]ChatField{"logprobs": chatLogprobs},

	Health: "/health", Models: "/v1/models", Version: []string{"/version"},
	// Served with return_perf_metrics alone. /metrics is JSON and empties the queue
	// that this page is made of.
	Metrics: "/prometheus/metrics",
	// metrics/collector.py
	Figures: []Figure{
		{Name: "trtllm_num_requests_running", Of: Running, Help: "Requests in the batch."},
		{Name: "trtllm_num_requests_waiting", Of: Waiting, Help: "Requests that wait."},
		{Name: "trtllm_kv_cache_utilization", Of: KVCache, Mean: true, Help: "Share of the KV cache in use."},
		{Name: "trtllm_kv_cache_hit_rate", Of: CacheHits, Help: "Share of prompt tokens found in the KV cache."},
		{Name: "trtllm_prompt_tokens_total", Of: PromptTokens, Help: "Prompt tokens computed."},
		{Name: "trtllm_generation_tokens_total", Of: GenerationTokens, Help: "Tokens generated."},
		{Name: "trtllm_request_success_total", Of: EndedByCause, Help: "Requests that ended well."},
		{Name: "trtllm_time_to_first_token_seconds", Of: FirstToken, Help: "Time to first token."},
		{Name: "trtllm_time_per_output_token_seconds", Of: NextToken, Help: "Time per output token."},
		{Name: "trtllm_e2e_request_latency_seconds", Of: WholeTime, Help: "Time of a request."},
		{Name: "trtllm_request_queue_time_seconds", Of: QueueTime, Help: "Time in the queue."},
	},
	Server: Server{
		Paths:            map[string]Page{"GET /version": ReleasePage, "GET /metrics": StepsPage},
		CompletionFields: slices.Concat(trtllmFields, []string{"prompt", "echo", "suffix", "detokenize", "prompt_ignore_length"}),
		ChatFields: slices.Concat(trtllmFields, []string{
			"messages", "max_completion_tokens", "prompt_token_ids", "tools", "tool_choice", "top_logprobs", "add_generation_prompt",
			"chat_template", "chat_template_kwargs", "documents", "reasoning_effort",
		}),
		TopKOff:        []int{0},
		Answers:        Answers{StopKey: "stop_reason", NullIDs: true, IDsForText: true},
		Refusals:       openAIRefusals,
		BareValidation: true,
		Labels:         `engine_type="trtllm",model_name={model}`,
		Buckets:        vllmBuckets,
	},

	Symptoms: []Symptom{
		{AtDevices, `No GPU devices found on the node`, "no device is visible", ""},
		{AtMemory, `Executor creation failed due to insufficient GPU memory`, "the model leaves no device memory for the KV cache or for its buffers", "engine_config.kv_cache_config.free_gpu_memory_fraction"},
		{AtChecks, `No such option: (--?[\w-]+)`, "this release of TensorRT-LLM has no option $1", "engine_version"},
		{AtChecks, `(?m)^(\S+)\n\s+Extra inputs are not permitted`, "this release of TensorRT-LLM has no key $1", "engine_config.$1"},
		{AtChecks, `MoE load balancer config file not found: (\S+)`, "the file $1 is not there", "engine_config.moe_config.load_balancer"},
		{AtChecks, `Cannot auto-detect tool parser for model`, "no tool parser is known for this model", ""},
		{AtLast, `Failed to bind socket to (\S+):(\d+)`, "port $2 of $1 is taken", ""},
		{AtLast, `Executor worker (?:died during initialization|initialization error|returned error)`, "a worker process ended while the model was loaded; the cause stands further above in the log", ""},
	},
	SimLimits: []SimLimit{
		{"max_seq_len", "--max-model-len"},
		{"max_num_tokens", "--max-num-batched-tokens"},
		{"max_batch_size", "--max-num-seqs"},
	},
}

// trtllmFields are the fields that requests for completions and for chats may both
// have (serve/openai_protocol.py, CompletionRequest and ChatCompletionRequest).
var trtllmFields = []string{
	"model", "best_of", "frequency_penalty", "logit_bias", "logprobs", "max_tokens", "n", "presence_penalty", "seed",
	"stop", "stream", "stream_options", "temperature", "top_p", "user", "lora_request",
	"use_beam_search", "top_k", "top_p_min", "min_p", "repetition_penalty", "length_penalty", "early_stopping", "stop_token_ids",
	"include_stop_str_in_output", "ignore_eos", "min_tokens", "skip_special_tokens", "spaces_between_special_tokens",
	"truncate_prompt_tokens", "return_context_logits", "thinking_token_budget", "add_special_tokens",
	"response_format", "disaggregated_params", "priority", "conversation_params",
}
