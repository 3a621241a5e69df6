package engine

import (
	"fmt"
	"regexp"
	"strings"

	"mlcfg/schema"
)

// Failure is an engine that did not start, or ended by itself. Error is one
// line: what happened, why, and the manifest's key that leads to it.
type Failure struct {
	Replica int
	// What happened: "ended with exit status 1 while starting".
	What string
	// Cause is what the engine's log says, in one line; empty where it says
	// nothing known.
	Cause string
	// Key is the manifest's key to look at ("engine_config.max_model_len"), empty
	// where there is none.
	Key string
	// Lines are the log's last lines, Log its path.
	Lines []string
	Log   string
}

func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "engine replica %d %s", f.Replica, f.What)
	if f.Cause != "" {
		fmt.Fprintf(&b, ": %s", f.Cause)
	}
	if f.Key != "" {
		fmt.Fprintf(&b, " (%s)", f.Key)
	}
	return b.String()
}

// Report is the error, and below it the log's last lines and its path.
func (f *Failure) Report() string {
	var b strings.Builder
	b.WriteString(f.Error())
	if len(f.Lines) > 0 {
		b.WriteString("\nits last lines:")
	}
	for _, line := range f.Lines {
		b.WriteString("\n  " + line)
	}
	if f.Log != "" {
		b.WriteString("\nlog: " + f.Log)
	}
	return b.String()
}

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
// are those of vLLM 0.9 to 0.32, SGLang 0.4 to 0.5, PyTorch, huggingface_hub,
// uvicorn and argparse.
var symptoms = []symptom{
	{message: rx(`error: unrecognized arguments: (.*)`), cause: "the release does not know these arguments: $1", flagGroup: 1},
	{message: rx(`error: argument (\S+): (invalid choice: .*|invalid .* value: .*|expected .*)`), cause: "argument $1: $2", flagGroup: 1},
	{message: rx(`error: ((?:the following arguments are required|ambiguous option): .*)`), cause: "$1"},
	{message: rx(`(?i)address already in use|EADDRINUSE`), cause: "the port is taken"},
	{message: rx(`No module named '?(vllm|sglang)\b`), cause: "$1 is not installed for this Python"},
	{message: rx(`The NVIDIA driver on your system is too old( \(found version \d+\))?`), cause: "the NVIDIA driver is too old for this PyTorch$1"},
	{message: rx(`CUDA driver version is insufficient for CUDA runtime version`), cause: "the NVIDIA driver is too old for this CUDA"},
	{message: rx(`no kernel image is available for execution on the device|HIP error: invalid device function`), cause: "this build of the engine has no code for this device"},
	{message: rx(`No (HIP|CUDA) GPUs are available`), cause: "no device is visible to the engine", vllm: "env_config", sglang: "env_config"},
	{message: rx(`Found no NVIDIA driver on your system|Failed to infer device type|libcuda\.so\.1: cannot open shared object`), cause: "no driver or device was found on this machine"},
	{message: rx(`invalid device ordinal`), cause: "a device that was asked for does not exist", vllm: "harness_config.device_count", sglang: "harness_config.device_count"},
	{message: rx(`World size \((\d+)\) is larger than the number of available GPUs \((\d+)\)`), cause: "$1 devices are needed, $2 are visible", vllm: "engine_config.tensor_parallel_size"},
	{message: rx(`number of required GPUs exceeds the total number of available GPUs`), cause: "more devices are needed than Ray has", vllm: "engine_config.tensor_parallel_size"},
	{message: rx(`Total number of attention heads \((\d+)\) must be divisible by tensor parallel size \((\d+)\)`), cause: "$1 attention heads cannot be shared by tensor parallel size $2", vllm: "engine_config.tensor_parallel_size"},

	{message: rx(`Free memory on device.*\((\S+ GiB|\S+/\S+ GiB)\) on startup is less than desired GPU memory utilization \((\S+), (\S+ GiB)\)`), cause: "only $1 of device memory is free, $3 is wanted; something else uses the device, or the share is too large", vllm: "engine_config.gpu_memory_utilization"},
	{message: rx(`No available memory for the cache blocks`), cause: "the model leaves no device memory for the KV cache", vllm: "engine_config.gpu_memory_utilization"},
	{message: rx(`(?:max seq len|maximum sequence length) \((\d+)\).*(?:is larger than the maximum number of tokens that can be stored in KV cache|KV cache is needed)`), cause: "the KV cache does not hold one request of $1 tokens", vllm: "engine_config.max_model_len"},
	{message: rx(`Not enough memory\. Please try to increase --mem-fraction-static`), cause: "the model leaves no device memory for the KV cache", sglang: "engine_config.mem_fraction_static"},
	{message: rx(`(?:CUDA|HIP) out of memory\.?( Tried to allocate [\d.]+ \w+)?`), cause: "out of device memory.$1", vllm: "engine_config.gpu_memory_utilization", sglang: "engine_config.mem_fraction_static"},
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

	{message: rx(`User-specified max_model_len \((\d+)\) is greater than the derived max_model_len \(([^)]*)`), cause: "max_model_len $1 is more than the model's own ($2)", vllm: "engine_config.max_model_len"},
	{message: rx(`max_num_batched_tokens \((\d+)\) is smaller than max_model_len \((\d+)\)`), cause: "max_num_batched_tokens $1 is less than max_model_len $2", vllm: "engine_config.max_num_batched_tokens"},
	{message: rx(`max_num_batched_tokens \((\d+)\) must be greater than or equal to max_num_seqs \((\d+)\)`), cause: "max_num_batched_tokens $1 is less than max_num_seqs $2", vllm: "engine_config.max_num_batched_tokens"},
	{message: rx(`Quantization method specified in the model config \((\S+)\) does not match the quantization method specified in the .quantization. argument \((\S+)\)`), cause: "the model is quantized with $1, not $2", vllm: "engine_config.quantization"},
	{message: rx(`Unknown quantization method: (\S+?)\. Must be one of`), cause: "quantization $1 is not known to this release", vllm: "engine_config.quantization"},
	{message: rx(`[Cc]ontext_length.*is greater than the derived context_length \((\d+)\)`), cause: "context_length is more than the model's own $1", sglang: "engine_config.context_length"},
}

func rx(s string) *regexp.Regexp { return regexp.MustCompile(s) }

// diagnose finds the first known symptom in a log.
func diagnose(log string, p Protocol, flags map[string]schema.Flag) (cause, key string) {
	for _, s := range symptoms {
		at := s.message.FindStringSubmatchIndex(log)
		if at == nil {
			continue
		}
		cause = cleanLine(string(s.message.ExpandString(nil, s.cause, log, at)))
		if key = s.vllm; p == SGLang {
			key = s.sglang
		}
		if s.flagGroup > 0 {
			key = keyOfFlag(flags, log[at[2*s.flagGroup]:at[2*s.flagGroup+1]])
		}
		return cause, key
	}
	return "", ""
}

// keyOfFlag is the key behind the first argument that is named in text, which
// argparse may write as --long/-short.
func keyOfFlag(flags map[string]schema.Flag, text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	for word := range strings.SplitSeq(first, "/") {
		word, _, _ = strings.Cut(word, "=")
		for key, flag := range flags {
			for _, name := range append(flag.Names[:len(flag.Names):len(flag.Names)], flag.Negative) {
				if name == word && name != "" {
					return "engine_config." + key
				}
			}
		}
	}
	return ""
}
