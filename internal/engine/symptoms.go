package engine

import (
	"regexp"
	"sync"
)

// A symptom is a message of an engine and what it means. In cause, $1 stands for
// the first group. vllm and sglang are the keys that lead there.
type symptom struct {
	message      *regexp.Regexp
	cause        string
	vllm, sglang string
	// flagGroup is the group that holds an argument (--max-model-len) whose key
	// is to be named; 0 is none.
	flagGroup int
}

// symptoms come in order: the first that matches any line is the cause, so
// causes stand before the consequences that follow them in a log. The messages
// are those of vLLM 0.9 to 0.33, SGLang 0.4 to 0.5, PyTorch, huggingface_hub,
// uvicorn and argparse. They are made when an engine has failed, not at each start.
var symptoms = sync.OnceValue(func() []symptom {
	return []symptom{
		{message: rx(`error: unrecognized arguments: (.*)`), cause: "the release does not know these arguments: $1", flagGroup: 1},
		{message: rx(`error: argument (\S+): (.+)`), cause: "argument $1: $2", flagGroup: 1},
		{message: rx(`error: ((?:the following arguments are required|ambiguous option): .*)`), cause: "$1"},
		{message: rx(`(?i)address already in use|EADDRINUSE`), cause: "the port is taken"},
		{message: rx(`No module named '?(vllm|sglang)\b`), cause: "$1 is not installed for this Python"},
		{message: rx(`The NVIDIA driver on your system is too old( \(found version \d+\))?`), cause: "the NVIDIA driver is too old for this PyTorch$1"},
		{message: rx(`CUDA driver version is insufficient for CUDA runtime version`), cause: "the NVIDIA driver is too old for this CUDA"},
		{message: rx(`the provided PTX was compiled with an unsupported toolchain`), cause: "the NVIDIA driver is too old for this build of the engine"},
		{message: rx(`Error 80[34]: (system has unsupported display driver / cuda driver combination|forward compatibility was attempted on non supported HW)`), cause: "the NVIDIA driver does not fit the CUDA libraries here: $1"},
		{message: rx(`Unable to open /dev/kfd|hsa_init failed|HSA_STATUS_ERROR_OUT_OF_RESOURCES`), cause: "the AMD driver cannot be opened (/dev/kfd; groups video and render)"},
		{message: rx(`no kernel image is available for execution on the device|HIP error: invalid device function|hipErrorNoBinaryForGpu|HSA_STATUS_ERROR_INVALID_ISA|SGLang only supports sm\d+ and above`), cause: "this build of the engine has no code for this device"},
		{message: rx(`No (HIP|CUDA) GPUs are available`), cause: "no device is visible to the engine", vllm: "env_config", sglang: "env_config"},
		{message: rx(`Found no NVIDIA driver on your system|Failed to infer device type|libcuda\.so\.1: cannot open shared object`), cause: "no driver or device was found on this machine"},
		{message: rx(`Please use HIP_VISIBLE_DEVICES instead of ROCR_VISIBLE_DEVICES`), cause: "Ray refuses ROCR_VISIBLE_DEVICES; bind devices with HIP_VISIBLE_DEVICES (--device-env)", vllm: "env_config"},
		{message: rx(`(lib[\w.+-]+\.so[\w.]*): cannot open shared object file`), cause: "the library $1 is not found (LD_LIBRARY_PATH)"},
		{message: rx(`invalid device ordinal`), cause: "a device that was asked for does not exist", vllm: "harness_config.device_count", sglang: "harness_config.device_count"},
		{message: rx(`World size \((\d+)\) is larger than the number of available GPUs \((\d+)\)`), cause: "$1 devices are needed, $2 are visible", vllm: "engine_config.tensor_parallel_size"},
		{message: rx(`current platform (\S+) does not support ray`), cause: "vLLM for $1 has no support for Ray", vllm: "backend"},
		{message: rx(`number of required GPUs exceeds the total number of available GPUs`), cause: "more devices are needed than Ray has", vllm: "engine_config.tensor_parallel_size"},
		{message: rx(`Total number of attention heads \((\d+)\) must be divisible by tensor parallel size \((\d+)\)`), cause: "$1 attention heads cannot be shared by tensor parallel size $2", vllm: "engine_config.tensor_parallel_size"},

		{message: rx(`Free memory on device.*\((\S+ GiB|\S+/\S+ GiB)\) on startup is less than desired GPU memory utilization \((\S+), (\S+ GiB)\)`), cause: "only $1 of device memory is free, $3 is wanted; something else uses the device, or the share is too large", vllm: "engine_config.gpu_memory_utilization"},
		{message: rx(`No available memory for the cache blocks`), cause: "the model leaves no device memory for the KV cache", vllm: "engine_config.gpu_memory_utilization"},
		{message: rx(`max seq len \((\d+)\).*KV cache is needed.*estimated maximum model length is (\d+)`), cause: "the KV cache does not hold one request of $1 tokens; $2 would fit", vllm: "engine_config.max_model_len"},
		{message: rx(`(?:max seq len|maximum sequence length) \((\d+)\).*(?:is larger than the maximum number of tokens that can be stored in KV cache|KV cache is needed)`), cause: "the KV cache does not hold one request of $1 tokens", vllm: "engine_config.max_model_len"},
		{message: rx(`Loaded weights leave no GPU memory for the KV cache`), cause: "the model leaves no device memory for the KV cache", sglang: "engine_config.mem_fraction_static"},
		{message: rx(`Not enough memory\. Please try to increase --mem-fraction-static`), cause: "the model leaves no device memory for the KV cache", sglang: "engine_config.mem_fraction_static"},
		{message: rx(`(?:CUDA|HIP) out of memory\.?( Tried to allocate [\d.]+ \w+)?`), cause: "out of device memory.$1", vllm: "engine_config.gpu_memory_utilization", sglang: "engine_config.mem_fraction_static"},
		{message: rx(`(?:CUDA|HIP) error: out of memory`), cause: "out of device memory", vllm: "engine_config.gpu_memory_utilization", sglang: "engine_config.mem_fraction_static"},
		{message: rx(`DefaultCPUAllocator: can't allocate memory|std::bad_alloc|\[Errno 12\] Cannot allocate memory`), cause: "out of the machine's own memory"},
		{message: rx(`No space left on device`), cause: "no space left on a disk (or in /dev/shm)"},

		{message: rx(`(?:GatedRepoError|401 Client Error|Cannot access gated repo)`), cause: "the model may not be downloaded without a token: pass HF_TOKEN through", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx(`Invalid repository ID or local directory specified: '?([^'\n]*)`), cause: "no model at $1", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx(`(\S+) does not appear to have a file named config\.json`), cause: "$1 holds no config.json", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx(`No supported config format found in (\S+)`), cause: "$1 holds no model configuration", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx(`Incorrect path_or_model_id: '?([^'\n]*)`), cause: "no model at $1", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx(`(\S+) is not a local folder and is not a valid model identifier`), cause: "no model at $1", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx(`Repo id must be in the form 'repo_name' or 'namespace/repo_name': '([^'\n]*)'`), cause: "no model at $1", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx(`Cannot find any model weights with .?([^'\x60\s]*)`), cause: "no weights at $1", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx("(?i)Please pass the argument `trust_remote_code=True`|set the option `trust_remote_code=True`"), cause: "the model brings code of its own, which is not trusted", vllm: "engine_config.trust_remote_code", sglang: "engine_config.trust_remote_code"},

		{message: rx(`(?i)cannot find the requested files in the (?:disk|local) cache|Cannot find an appropriate cached snapshot folder|OfflineModeIsEnabled|We couldn't connect to 'http`), cause: "the model is not in the Hugging Face cache and cannot be downloaded", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx("has model type `([^`]*)` but Transformers does not recognize this architecture"), cause: "the installed transformers does not know model type $1", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx(`Model architectures (\[[^\]]*\]) (?:are not supported for now|failed)`), cause: "this release does not serve models of architecture $1", vllm: "engine_config.model", sglang: "engine_config.model_path"},
		{message: rx(`SafetensorError: (.*)`), cause: "a file of the model is damaged: $1", vllm: "engine_config.model", sglang: "engine_config.model_path"},

		{message: rx(`VLLM_USE_V1=1 is not supported with (.*)\.`), cause: "vLLM's engine V1 does not take $1", vllm: "env_config.VLLM_USE_V1"},
		{message: rx(`The quantization method (\S+) is not supported for the current GPU\. Minimum capability: (\d+)\. Current capability: (\d+)`), cause: "quantization $1 needs a device of capability $2, this one has $3", vllm: "engine_config.quantization", sglang: "engine_config.quantization"},
		{message: rx(`(\S+) quantization is currently not supported in (.+)\.`), cause: "quantization $1 is not supported on $2", vllm: "engine_config.quantization"},
		{message: rx(`Bfloat16 is only supported on GPUs with compute capability of at least 8\.0`), cause: "this device has no bfloat16", vllm: "engine_config.dtype"},
		{message: rx(`torch\.(\w+) is not supported for quantization method (\S+)\. Supported dtypes: (.*)`), cause: "dtype $1 does not go with quantization $2, which takes $3", vllm: "engine_config.dtype"},
		{message: rx(`User-specified max_model_len \((\d+)\) is greater than the derived max_model_len \(([^)]*)`), cause: "max_model_len $1 is more than the model's own ($2)", vllm: "engine_config.max_model_len"},
		{message: rx(`max_num_batched_tokens \((\d+)\) is smaller than max_model_len \((\d+)\)`), cause: "max_num_batched_tokens $1 is less than max_model_len $2", vllm: "engine_config.max_num_batched_tokens"},
		{message: rx(`max_num_batched_tokens \((\d+)\) must be greater than or equal to max_num_seqs \((\d+)\)`), cause: "max_num_batched_tokens $1 is less than max_num_seqs $2", vllm: "engine_config.max_num_batched_tokens"},
		{message: rx(`Quantization method specified in the model config \((\S+)\) does not match the quantization method specified in the .quantization. argument \((\S+)\)`), cause: "the model is quantized with $1, not $2", vllm: "engine_config.quantization"},
		{message: rx(`Unknown quantization method: (\S+?)\. Must be one of`), cause: "quantization $1 is not known to this release", vllm: "engine_config.quantization"},
		{message: rx(`Failed core proc\(s\): \{'(\w+)': -(\d+)\}`), cause: "its process $1 was killed by signal $2; 9 is what the kernel sends where memory runs out"},
		{message: rx(`[Cc]ontext_length.*is greater than the derived context_length \((\d+)\)`), cause: "context_length is more than the model's own $1", sglang: "engine_config.context_length"},

		// What follows is as often the consequence of something above.
		{message: rx(`\w+ at (\d+) is not available`), cause: "port $1 is taken"},
		{message: rx(`Cannot provide a placement group`), cause: "Ray's nodes do not have the devices that are needed", vllm: "engine_config.tensor_parallel_size"},
		{message: rx(`Failed to connect to GCS at address (\S+)`), cause: "Ray's head at $1 is not reached (--head)"},
		{message: rx(`Gloo connectFullMesh failed`), cause: "the nodes or workers do not reach each other; GLOO_SOCKET_IFNAME names the network to use", vllm: "env_config", sglang: "env_config"},
		{message: rx(`[NR]CCL error(?: in: [^,\n]*, |: )([^,(\n]*[^,(\n ])`), cause: "the devices cannot talk to each other: $1 (NCCL_DEBUG=INFO says more)", vllm: "env_config", sglang: "env_config"},
	}
})

func rx(s string) *regexp.Regexp { return regexp.MustCompile(s) }
