package backend

// Dynamo's own flags, which its adapters take out before the engine's parser sees the rest: those of
// ai-dynamo 0.7.1, 0.8.1, 1.0.0, 1.2.1 and 1.6.1 (argument parsers of the package).

// dynamoFlags are those of every adapter: dynamo/common/configuration/groups/runtime_args.py and
// frontend_decoding_args.py, dynamo/common/config_dump.
var dynamoFlags = []string{
	"--connector", "--custom-jinja-template", "--discovery-backend", "--dump-config-to", "--durable-kv-events", "--no-durable-kv-events", "--dyn-*", "--no-dyn-enable-structural-tag",
	"--endpoint", "--endpoint-types", "--engine-request-limit", "--event-plane", "--exclude-tools-when-tool-choice-none", "--no-exclude-tools-when-tool-choice-none",
	"--fpm-trace", "--no-fpm-trace", "--frontend-decoding", "--no-frontend-decoding", "--health-check-payload", "--kv-state-endpoint", "--media-output-fs-url", "--media-output-http-url",
	"--migration-limit", "--multimodal-embedding-cache-*", "--no-multimodal-embedding-cache-publisher", "--namespace", "--nats-tls-*", "--no-nats-tls-insecure",
	"--output-modalities", "--request-plane", "--response-plane", "--store-kv", "--tcp-tls-*", "--no-tcp-tls-insecure",
}

// dynamoVLLM are those of dynamo/vllm/backend_args.py, before 1.0 dynamo/vllm/args.py.
var dynamoVLLM = []string{
	"--benchmark-*", "--no-benchmark-*", "--classify-worker", "--no-classify-worker", "--custom-encoder-class", "--decode-max-batch-size-samples", "--decode-max-kv-read-token-samples",
	"--default-video-fps", "--disaggregation-mode", "--embedding-frontend-tokenization", "--no-embedding-frontend-tokenization", "--embedding-transfer-mode", "--embedding-worker",
	"--no-embedding-worker", "--embedding-worker-processes", "--enable-local-indexer", "--enable-multimodal", "--no-enable-multimodal", "--enable-rl", "--no-enable-rl",
	"--gms-shadow-mode", "--no-gms-shadow-mode", "--headless", "--no-headless", "--is-decode-worker", "--no-is-decode-worker", "--is-prefill-worker", "--no-is-prefill-worker",
	"--mm-prompt-template", "--model-express-url", "--multimodal-*", "--no-multimodal-*", "--omni", "--omni-*", "--no-omni", "--no-omni-*",
	"--prefill-max-kv-read-token-samples", "--prefill-max-new-token-samples", "--prefix-max-batch-size-samples", "--realtime", "--no-realtime",
	"--route-to-encoder", "--no-route-to-encoder", "--sleep-mode-level", "--stage-configs-path", "--use-vllm-tokenizer", "--no-use-vllm-tokenizer",
}

// dynamoSGLang are those of dynamo/sglang/backend_args.py; --disaggregation-mode is the engine's own there.
var dynamoSGLang = []string{
	"--config-key", "--dedicated-mm-encoder", "--no-dedicated-mm-encoder", "--disagg-config", "--disagg-config-key", "--embedding-transfer-mode", "--embedding-worker", "--no-embedding-worker",
	"--enable-multimodal", "--no-enable-multimodal", "--enable-rl", "--no-enable-rl", "--engine-route", "--gateway-workers", "--image-diffusion-worker", "--no-image-diffusion-worker",
	"--multimodal-encode-worker", "--no-multimodal-encode-worker", "--multimodal-processor", "--no-multimodal-processor", "--multimodal-worker", "--no-multimodal-worker",
	"--rerank-worker", "--no-rerank-worker", "--sglang-trace-level", "--use-sglang-tokenizer", "--no-use-sglang-tokenizer", "--video-generation-worker", "--no-video-generation-worker",
}
