package backend

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Symptom is a message of an engine's log and what it means.
type Symptom struct {
	// Stage orders symptoms; see [Stage].
	Stage Stage
	// Message is a regular expression over the log.
	Message string
	// Cause is what it means; $1 stands for the first group.
	Cause string
	// Key is the manifest's key that leads there, empty where there is none; $1 is
	// the first group here too. In
	// rows that all engines share, {model}, {memory} and {tp} are the engine's
	// own keys, and {flag} is the key of the argument that the first group names.
	Key string
}

// Stage is how near to its cause a message is: a log is searched for all
// messages of a stage before those of the next.
type Stage int

// The stages, in order. A message that is as often the consequence of another is last.
const (
	AtStart Stage = iota
	AtDevices
	AtMemory
	AtModel
	AtChecks
	AtLast
)

// common are messages of what all engines stand on: Python's argparse, PyTorch,
// huggingface_hub, uvicorn, the drivers.
var common = []Symptom{
	{AtStart, `error: unrecognized arguments: (.*)`, "the release does not know these arguments: $1", "{flag}"},
	{AtStart, `error: argument (\S+): (.+)`, "argument $1: $2", "{flag}"},
	{AtStart, `error: ((?:the following arguments are required|ambiguous option): .*)`, "$1", ""},
	{AtStart, `(?i)address already in use|EADDRINUSE`, "the port is taken", ""},
	{AtStart, `The NVIDIA driver on your system is too old( \(found version \d+\))?`, "the NVIDIA driver is too old for this PyTorch$1", ""},
	{AtStart, `CUDA driver version is insufficient for CUDA runtime version`, "the NVIDIA driver is too old for this CUDA", ""},
	{AtStart, `the provided PTX was compiled with an unsupported toolchain`, "the NVIDIA driver is too old for this build of the engine", ""},
	{AtStart, `Error 80[34]: (system has unsupported display driver / cuda driver combination|forward compatibility was attempted on non supported HW)`, "the NVIDIA driver does not fit the CUDA libraries here: $1", ""},
	{AtStart, `Unable to open /dev/kfd|hsa_init failed|HSA_STATUS_ERROR_OUT_OF_RESOURCES`, "the AMD driver cannot be opened (/dev/kfd; groups video and render)", ""},
	{AtStart, `no kernel image is available for execution on the device|HIP error: invalid device function|hipErrorNoBinaryForGpu|HSA_STATUS_ERROR_INVALID_ISA`, "this build of the engine has no code for this device", ""},
	{AtStart, `No (HIP|CUDA) GPUs are available`, "no device is visible to the engine", "env_config"},
	{AtStart, `Found no NVIDIA driver on your system|Failed to infer device type|libcuda\.so\.1: cannot open shared object`, "no driver or device was found on this machine", ""},
	{AtStart, `(lib[\w.+-]+\.so[\w.]*): cannot open shared object file`, "the library $1 is not found (LD_LIBRARY_PATH)", ""},
	{AtStart, `invalid device ordinal`, "a device that was asked for does not exist", "harness_config.device_count"},

	{AtMemory, `(?:CUDA|HIP) out of memory\.?( Tried to allocate [\d.]+ \w+)?`, "out of device memory.$1", "{memory}"},
	{AtMemory, `(?:CUDA|HIP) error: out of memory`, "out of device memory", "{memory}"},
	{AtMemory, `torch\.(?:cuda\.)?OutOfMemoryError`, "out of device memory", "{memory}"},
	{AtMemory, `Memory access fault by GPU node-(\d+)`, "a kernel reached beyond its memory (GPU node $1): a fault of the engine, its kernels or the driver", ""},
	{AtMemory, `DefaultCPUAllocator: can't allocate memory|std::bad_alloc|\[Errno 12\] Cannot allocate memory`, "out of the machine's own memory", ""},
	{AtMemory, `No space left on device`, "no space left on a disk (or in /dev/shm)", ""},

	{AtModel, `(?:GatedRepoError|401 Client Error|Cannot access gated repo)`, "the model may not be downloaded without a token: pass HF_TOKEN through", "{model}"},
	{AtModel, `Invalid repository ID or local directory specified: '?([^'\n]*)`, "no model at $1", "{model}"},
	{AtModel, `(\S+) does not appear to have a file named config\.json`, "$1 holds no config.json", "{model}"},
	{AtModel, `No supported config format found in (\S+)`, "$1 holds no model configuration", "{model}"},
	{AtModel, `Incorrect path_or_model_id: '?([^'\n]*)`, "no model at $1", "{model}"},
	{AtModel, `(\S+) is not a local folder and is not a valid model identifier`, "no model at $1", "{model}"},
	{AtModel, `Repo id must be in the form 'repo_name' or 'namespace/repo_name': '([^'\n]*)'`, "no model at $1", "{model}"},
	{AtModel, `Cannot find any model weights with .?([^'\x60\s]*)`, "no weights at $1", "{model}"},
	{AtModel, "(?i)Please pass the argument `trust_remote_code=True`|set the option `trust_remote_code=True`", "the model brings code of its own, which is not trusted", "engine_config.trust_remote_code"},
	{AtModel, `(?i)cannot find the requested files in the (?:disk|local) cache|Cannot find an appropriate cached snapshot folder|OfflineModeIsEnabled|We couldn't connect to 'http`, "the model is not in the Hugging Face cache and cannot be downloaded", "{model}"},
	{AtModel, "has model type `([^`]*)` but Transformers does not recognize this architecture", "the installed transformers does not know model type $1", "{model}"},
	{AtModel, `Model architectures (\[[^\]]*\]) (?:are not supported for now|failed)`, "this release does not serve models of architecture $1", "{model}"},
	{AtModel, `SafetensorError: (.*)`, "a file of the model is damaged: $1", "{model}"},

	{AtChecks, `The quantization method (\S+) is not supported for the current GPU\. Minimum capability: (\d+)\. Current capability: (\d+)`, "quantization $1 needs a device of capability $2, this one has $3", "engine_config.quantization"},

	{AtLast, `Gloo connectFullMesh failed`, "the nodes or workers do not reach each other; GLOO_SOCKET_IFNAME names the network to use", "env_config"},
	{AtLast, `[NR]CCL error(?: in: [^,\n]*, |: )([^,(\n]*[^,(\n ])`, "the devices cannot talk to each other: $1 (NCCL_DEBUG=INFO says more)", "env_config"},
}

// Diagnose finds the first known symptom in a log and returns what it means and
// the manifest's key to look at; both are empty where nothing is known, the key
// alone where no key leads there. keyOf finds the key behind the first argument
// that a text of the log names. Patterns are compiled when an engine has failed,
// not at each start.
func (b *Backend) Diagnose(log string, keyOf func(text string) string) (cause, key string) {
	rows := slices.Concat(b.Symptoms, []Symptom{b.notInstalled()}, common)
	slices.SortStableFunc(rows, func(x, y Symptom) int { return cmp.Compare(x.Stage, y.Stage) })
	for _, s := range rows {
		message := regexp.MustCompile(s.Message)
		at := message.FindStringSubmatchIndex(log)
		if at == nil {
			continue
		}
		cause = string(message.ExpandString(nil, s.Cause, log, at))
		if s.Key == "{flag}" {
			return cause, keyOf(log[at[2]:at[3]])
		}
		return cause, b.symptomKey(string(message.ExpandString(nil, s.Key, log, at)))
	}
	return "", ""
}

func (b *Backend) symptomKey(key string) string {
	for mark, name := range map[string]string{"{model}": b.Model, "{memory}": b.Memory, "{tp}": b.TP} {
		if key == mark && name == "" {
			return ""
		}
		key = strings.Replace(key, mark, "engine_config."+name, 1)
	}
	return key
}

// notInstalled is Python's word where the engine's package is not there.
func (b *Backend) notInstalled() Symptom {
	return Symptom{AtStart, `No module named '?(` + regexp.QuoteMeta(b.Module()) + `)\b`, "$1 is not installed for this Python", ""}
}
