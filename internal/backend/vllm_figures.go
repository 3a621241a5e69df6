package backend

// vllmFigures are what vLLM's Prometheus page has, from 0.6.0 on (vllm/v1/metrics/loggers.py,
// before 0.8.0 vllm/engine/metrics.py), as far as the simulated engine or a run needs them.
var vllmFigures = []Figure{
	{Name: "vllm:num_requests_running", Of: Running, Help: "Number of requests in model execution batches."},
	{Name: "vllm:num_requests_waiting", Of: Waiting, Help: "Number of requests waiting to be processed."},
	{Name: "vllm:kv_cache_usage_perc", Of: KVCache, Mean: true, From: "0.9.2", Help: "KV-cache usage. 1 means 100 percent usage."},
	{Name: "vllm:gpu_cache_usage_perc", Of: KVCache, Mean: true, Old: true, Until: "0.12.0", Help: "GPU KV-cache usage. 1 means 100 percent usage."},
	{Name: "vllm:prefix_cache_queries_total", Of: CacheQueries, From: "0.9.2", Help: "Tokens looked up in the prefix cache."},
	{Name: "vllm:prefix_cache_hits_total", Of: CacheHits, From: "0.9.2", Help: "Tokens found in the prefix cache."},
	{Name: "vllm:gpu_prefix_cache_queries_total", Of: CacheQueries, From: "0.8.0", Until: "0.12.0", Help: "Tokens looked up in the prefix cache."},
	{Name: "vllm:gpu_prefix_cache_hits_total", Of: CacheHits, From: "0.8.0", Until: "0.12.0", Help: "Tokens found in the prefix cache."},
	{Name: "vllm:num_preemptions_total", Of: Preemptions, Help: "Cumulative number of preemption from the engine."},
	{Name: "vllm:prompt_tokens_total", Of: PromptTokens, Help: "Number of prefill tokens processed."},
	{Name: "vllm:prompt_tokens_cached_total", Of: CacheHits, From: "0.16.0", Help: "Prompt tokens that were in a cache."},
	{Name: "vllm:generation_tokens_total", Of: GenerationTokens, Help: "Number of generation tokens processed."},
	{Name: "vllm:request_success_total", Of: EndedByCause, Help: "Count of successfully processed requests."},
	{Name: "vllm:request_prompt_tokens", Of: PromptLength, Help: "Number of prefill tokens processed."},
	{Name: "vllm:request_generation_tokens", Of: OutputLength, Help: "Number of generation tokens processed."},
	{Name: "vllm:iteration_tokens_total", Of: StepTokens, From: "0.6.4", Help: "Tokens of each step of the engine."},
	{Name: "vllm:request_max_num_generation_tokens", Of: OutputLength, From: "0.6.4", Help: "Most tokens of an answer to a request."},
	{Name: "vllm:request_params_n", Of: AnswersAsked, Help: "Answers asked for by a request."},
	{Name: "vllm:request_params_max_tokens", Of: TokensAsked, From: "0.6.4", Help: "Tokens asked for by a request."},
	{Name: "vllm:time_to_first_token_seconds", Of: FirstToken, Help: "Histogram of time to first token in seconds."},
	{Name: "vllm:inter_token_latency_seconds", Of: NextToken, From: "0.10.2", Help: "Histogram of inter-token latency in seconds."},
	{Name: "vllm:time_per_output_token_seconds", Of: NextToken, Until: "0.15.0", Help: "Histogram of time per output token in seconds."},
	{Name: "vllm:request_time_per_output_token_seconds", Of: TokenTime, From: "0.11.0", Help: "Histogram of the mean time of an output token of a request in seconds."},
	{Name: "vllm:e2e_request_latency_seconds", Of: WholeTime, Help: "Histogram of e2e request latency in seconds."},
	{Name: "vllm:request_queue_time_seconds", Of: QueueTime, From: "0.6.4", Help: "Histogram of time spent in WAITING phase for request."},
	{Name: "vllm:request_inference_time_seconds", Of: ServedTime, From: "0.6.4", Help: "Histogram of time spent in RUNNING phase for request."},
	{Name: "vllm:request_prefill_time_seconds", Of: PrefillTime, From: "0.6.4", Help: "Histogram of time spent in PREFILL phase for request."},
	{Name: "vllm:request_decode_time_seconds", Of: DecodeTime, From: "0.6.4", Help: "Histogram of time spent in DECODE phase for request."},
	{Name: "vllm:cache_config_info", Of: CacheSettings, Help: "1; the labels are settings of the KV cache."},
	{Name: "vllm:avg_prompt_throughput_toks_per_s", Of: PromptRate, Until: "0.7.0"},
	{Name: "vllm:avg_generation_throughput_toks_per_s", Of: GenerationRate, Until: "0.7.0"},
}

// vllmBuckets stand in vllm/v1/metrics/loggers.py.
var vllmBuckets = Buckets{
	FirstToken: []float64{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560},
	Token:      []float64{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80},
	Request:    []float64{0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680},
}
