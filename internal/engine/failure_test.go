package engine

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/compile/spell"
	"mlcfg/internal/manifest"
)

// planOf plans a manifest for a machine of which nothing is known.
func planOf(t testing.TB, m *manifest.Manifest) *Plan {
	t.Helper()
	if err := spell.Load(m); err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestDiagnose: the messages are the engines' own, as they stand in their
// sources and in logs that users published with their issues.
func TestDiagnose(t *testing.T) {
	m := server("vllm", "0.9.2")
	m.EngineConfig["swap_space"], m.EngineConfig["dtype"] = int64(4), "float17"
	v, s := planOf(t, m), planOf(t, server("sglang", "0.5.23"))
	for _, c := range []struct {
		plan            *Plan
		log, cause, key string
	}{
		{v, "usage: vllm [-h]\nvllm: error: unrecognized arguments: --swap-space 4\n", "the release does not know these arguments: --swap-space 4", "engine_config.swap_space"},
		{s, "launch_server.py: error: unrecognized arguments: --swop 4", "the release does not know these arguments: --swop 4", ""},
		{v, "vllm serve: error: argument --dtype: invalid choice: 'float17' (choose from auto, half)", "argument --dtype: invalid choice: 'float17' (choose from auto, half)", "engine_config.dtype"},
		{v, "vllm serve: error: argument --tensor-parallel-size/-tp: invalid int value: 'two'", "argument --tensor-parallel-size/-tp: invalid int value: 'two'", "engine_config.tensor_parallel_size"},
		{s, "launch_server.py: error: argument --mem-fraction-static: expected one argument", "argument --mem-fraction-static: expected one argument", "engine_config.mem_fraction_static"},
		{v, `  File "api_server.py", line 530, in run_server
    temp_socket.bind(("", args.port))
OSError: [Errno 98] Address already in use`, "the port is taken", ""},
		{s, "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 30000): address already in use", "the port is taken", ""},
		{v, "RuntimeError: The server socket has failed to listen on any local network address. useIpv6: 0, code: -98, name: EADDRINUSE, message: address already in use", "the port is taken", ""},
		{s, "/usr/bin/python3: Error while finding module specification for 'sglang.launch_server' (ModuleNotFoundError: No module named 'sglang')", "sglang is not installed for this Python", ""},
		{v, "RuntimeError: The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver", "the NVIDIA driver is too old for this PyTorch (found version 11040)", ""},
		{v, "RuntimeError: CUDA error: no kernel image is available for execution on the device", "this build of the engine has no code for this device", ""},
		{v, "RuntimeError: HIP error: invalid device function", "this build of the engine has no code for this device", ""},
		{v, "RuntimeError: No HIP GPUs are available", "no device is visible to the engine", "env_config"},
		{v, "RuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG`", "no driver or device was found on this machine", ""},
		{s, "RuntimeError: CUDA error: invalid device ordinal", "a device that was asked for does not exist", "harness_config.device_count"},
		{v, "ValueError: World size (8) is larger than the number of available GPUs (4) in this node.", "8 devices are needed, 4 are visible", "engine_config.tensor_parallel_size"},
		{v, "ValueError: Total number of attention heads (64) must be divisible by tensor parallel size (6).", "64 attention heads cannot be shared by tensor parallel size 6", "engine_config.tensor_parallel_size"},
		{v, "(EngineCore pid=17) ValueError: current platform cpu does not support ray.", "vLLM for cpu has no support for Ray", "backend"},
		{v, `(EngineCore_DP0 pid=17374) ERROR 09-28 15:47:24 [core.py:718] ValueError: Free memory on device (3.22/4.0 GiB) on startup is less than desired GPU memory utilization (0.9, 3.6 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.
(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}`, "only 3.22/4.0 GiB of device memory is free, 3.6 GiB is wanted; something else uses the device, or the share is too large", "engine_config.gpu_memory_utilization"},
		{v, "ValueError: Free memory on device cuda:0 (3.22/4.0 GiB) on startup is less than desired GPU memory utilization (0.9, 3.6 GiB).", "only 3.22/4.0 GiB of device memory is free, 3.6 GiB is wanted; something else uses the device, or the share is too large", "engine_config.gpu_memory_utilization"},
		{v, "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.", "the model leaves no device memory for the KV cache", "engine_config.gpu_memory_utilization"},
		{v, "ValueError: The model's max seq len (32768) is larger than the maximum number of tokens that can be stored in KV cache (18336). Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine.", "the KV cache does not hold one request of 32768 tokens", "engine_config.max_model_len"},
		{v, "ValueError: To serve at least one request with the models's max seq len (40960), (5.62 GiB KV cache is needed, which is larger than the available KV cache memory (4.31 GiB).", "the KV cache does not hold one request of 40960 tokens", "engine_config.max_model_len"},
		{s, "RuntimeError: Not enough memory. Please try to increase --mem-fraction-static. Current value: self.server_args.mem_fraction_static=0.2", "the model leaves no device memory for the KV cache", "engine_config.mem_fraction_static"},
		{s, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 44.39 GiB", "out of device memory. Tried to allocate 2.00 GiB", "engine_config.mem_fraction_static"},
		{v, "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 896.00 MiB.", "out of device memory. Tried to allocate 896.00 MiB", "engine_config.gpu_memory_utilization"},
		{v, `pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig
  Value error, Invalid repository ID or local directory specified: '/model/llama2-70b'.
Please verify the following requirements:`, "no model at /model/llama2-70b", "engine_config.model"},
		{s, "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/model/x'. Use `repo_type` argument if needed.", "no model at /model/x", "engine_config.model_path"},
		{v, "OSError: /model/x does not appear to have a file named config.json. Checkout 'https://huggingface.co//model/x/tree/main'", "/model/x holds no config.json", "engine_config.model"},
		{v, "OSError: meta/llama9 is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'", "no model at meta/llama9", "engine_config.model"},
		{v, "RuntimeError: Cannot find any model weights with `/model/x`", "no weights at /model/x", "engine_config.model"},
		{v, "huggingface_hub.errors.GatedRepoError: 401 Client Error.", "the model may not be downloaded without a token: pass HF_TOKEN through", "engine_config.model"},
		{v, "ValueError: User-specified max_model_len (8192) is greater than the derived max_model_len (max_position_embeddings=2048 or model_max_length=None in model's config.json).", "max_model_len 8192 is more than the model's own (max_position_embeddings=2048 or model_max_length=None in model's config.json)", "engine_config.max_model_len"},
		{v, "ValueError: max_num_batched_tokens (512) is smaller than max_model_len (2048). This effectively limits", "max_num_batched_tokens 512 is less than max_model_len 2048", "engine_config.max_num_batched_tokens"},
		{v, "ValueError: Quantization method specified in the model config (fp8) does not match the quantization method specified in the `quantization` argument (awq).", "the model is quantized with fp8, not awq", "engine_config.quantization"},
		{v, "ValueError: To serve at least one request with the model's max seq len (32768), (4.00 GiB KV cache is needed, which is larger than the available KV cache memory (1.00 GiB). Based on the available memory, the estimated maximum model length is 8192. Try increasing", "the KV cache does not hold one request of 32768 tokens; 8192 would fit", "engine_config.max_model_len"},
		{v, "vllm serve: error: argument --compilation-config/-cc: Value {level:3} cannot be converted to <function loads>.", "argument --compilation-config/-cc: Value {level:3} cannot be converted to <function loads>.", "engine_config.compilation_config"},
		{s, "ValueError: Loaded weights leave no GPU memory for the KV cache under --mem-fraction-static=0.88.", "the model leaves no device memory for the KV cache", "engine_config.mem_fraction_static"},
		{s, "RuntimeError: SGLang only supports sm75 and above.", "this build of the engine has no code for this device", ""},
		{v, "RuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.", "the NVIDIA driver is too old for this build of the engine", ""},
		{v, "RuntimeError: Unexpected error from cudaGetDeviceCount(). Error 803: system has unsupported display driver / cuda driver combination", "the NVIDIA driver does not fit the CUDA libraries here: system has unsupported display driver / cuda driver combination", ""},
		{v, "Unable to open /dev/kfd read-write: Permission denied", "the AMD driver cannot be opened (/dev/kfd; groups video and render)", ""},
		{v, "RuntimeError: Please use HIP_VISIBLE_DEVICES instead of ROCR_VISIBLE_DEVICES", "Ray refuses ROCR_VISIBLE_DEVICES; bind devices with HIP_VISIBLE_DEVICES (--device-env)", "env_config"},
		{v, "ImportError: libamdhip64.so.6: cannot open shared object file: No such file or directory", "the library libamdhip64.so.6 is not found (LD_LIBRARY_PATH)", ""},
		{v, "RuntimeError: CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported", "out of device memory", "engine_config.gpu_memory_utilization"},
		{v, "RuntimeError: [enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 939524096 bytes.", "out of the machine's own memory", ""},
		{v, "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find the requested files in the disk cache and outgoing traffic has been disabled.", "the model is not in the Hugging Face cache and cannot be downloaded", "engine_config.model"},
		{s, "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the cached files.", "the model is not in the Hugging Face cache and cannot be downloaded", "engine_config.model_path"},
		{v, "ValueError: The checkpoint you are trying to load has model type `llama9` but Transformers does not recognize this architecture.", "the installed transformers does not know model type llama9", "engine_config.model"},
		{v, "  Value error, Model architectures ['Llama9ForCausalLM'] are not supported for now. Supported architectures: dict_keys([", "this release does not serve models of architecture ['Llama9ForCausalLM']", "engine_config.model"},
		{s, "safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata, file not fully covered", "a file of the model is damaged: Error while deserializing header: incomplete metadata, file not fully covered", "engine_config.model_path"},
		{v, "NotImplementedError: VLLM_USE_V1=1 is not supported with --kv-cache-dtype.", "vLLM's engine V1 does not take --kv-cache-dtype", "env_config.VLLM_USE_V1"},
		{v, "ValueError: The quantization method fp8 is not supported for the current GPU. Minimum capability: 89. Current capability: 80.", "quantization fp8 needs a device of capability 89, this one has 80", "engine_config.quantization"},
		{v, "ValueError: awq_marlin quantization is currently not supported in rocm.", "quantization awq_marlin is not supported on rocm", "engine_config.quantization"},
		{v, "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your Tesla T4 GPU has compute capability 7.5.", "this device has no bfloat16", "engine_config.dtype"},
		{v, "ValueError: torch.bfloat16 is not supported for quantization method awq. Supported dtypes: [torch.float16]", "dtype bfloat16 does not go with quantization awq, which takes [torch.float16]", "engine_config.dtype"},
		{s, "ValueError: nccl_port at 28000 is not available in 10 seconds.", "port 28000 is taken", ""},
		{v, "ValueError: Cannot provide a placement group requiring 16 GPUs (placement_group_specs=[", "Ray's nodes do not have the devices that are needed", "engine_config.tensor_parallel_size"},
		{v, "[2026-11-25 14:16:58,174 W 20578 20578] rpc_client.h:153: Failed to connect to GCS at address 10.0.0.1:6379 within 5 seconds.", "Ray's head at 10.0.0.1:6379 is not reached (--head)", ""},
		{s, "RuntimeError: Gloo connectFullMesh failed with [/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:144] no error", "the nodes or workers do not reach each other; GLOO_SOCKET_IFNAME names the network to use", "env_config"},
		{v, "RuntimeError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO for details)", "the devices cannot talk to each other: unhandled system error (NCCL_DEBUG=INFO says more)", "env_config"},
		{s, "torch.distributed.DistBackendError: NCCL error in: ../torch/csrc/distributed/c10d/NCCLUtils.hpp:268, unhandled cuda error (run with NCCL_DEBUG=INFO for details), NCCL version 2.21.5", "the devices cannot talk to each other: unhandled cuda error (NCCL_DEBUG=INFO says more)", "env_config"},
		// The rank that ran out of memory is the cause, the others' broken connection is not.
		{v, "RuntimeError: NCCL error: remote process exited or there was a network error\ntorch.OutOfMemoryError: HIP out of memory. Tried to allocate 2.00 GiB.", "out of device memory. Tried to allocate 2.00 GiB", "engine_config.gpu_memory_utilization"},
		{v, "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore': -9}", "its process EngineCore was killed by signal 9; 9 is what the kernel sends where memory runs out", ""},
		{v, "everything is fine\nINFO: Application startup complete.", "", ""},
		{v, "", "", ""},
	} {
		cause, key := c.plan.diagnose(c.log)
		if cause != c.cause || key != c.key {
			t.Errorf("%s\n got  %q, %q\n want %q, %q", c.log, cause, key, c.cause, c.key)
		}
	}
}

func TestCleanLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain\n": "plain",
		"Loading:   0%|  \rLoading:  50%|##\rLoading: 100%|####\n": "Loading: 100%|####",
		"\x1b[31mred\x1b[0m\a":          "red",
		"bad \xff utf\r\n":              "bad ? utf",
		strings.Repeat("x", longLine+1): strings.Repeat("x", longLine) + " ...",
	} {
		if got := cleanLine(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestFollower(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f := follower{path: path}
	if got := f.lines(); got != nil {
		t.Errorf("%q of a file that is not there", got)
	}
	for _, step := range []struct {
		add  string
		want []string
	}{
		{"one\ntw", []string{"one", "tw"}},
		{"", nil},
		{"o\nthree: 10%", []string{"two", "three: 10%"}},
		{"\rthree: 20%", []string{"three: 20%"}},
		{"\n", []string{"three: 20%"}},
	} {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		file.WriteString(step.add)
		file.Close()
		if got := f.lines(); !slices.Equal(got, step.want) {
			t.Errorf("after %q: %q, want %q", step.add, got, step.want)
		}
	}
}

func TestTailIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("0123456789\n", tailSize/5)), 0o644); err != nil {
		t.Fatal(err)
	}
	text := tail(path)
	if len(text) > tailSize || !strings.HasPrefix(text, "0123456789\n") {
		t.Errorf("%d bytes, beginning with %q", len(text), text[:20])
	}
	if got := lastLines(text, 2); !slices.Equal(got, []string{"0123456789", "0123456789"}) {
		t.Errorf("%q", got)
	}
}

func TestProgress(t *testing.T) {
	for line, want := range map[string]struct {
		stage   string
		percent int
	}{
		"Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:01<00:01,  2.00it/s]": {"Loading safetensors checkpoint shards", 50},
		"Capturing CUDA graph shapes: 100%|██████████| 35/35 [00:20<00:00,  1.75it/s]":         {"Capturing CUDA graph shapes", 100},
		"(EngineCore_0 pid=1) Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):   3%|":  {"Capturing CUDA graphs (mixed prefill-decode, PIECEWISE)", 3},
		"INFO 05-07 02:13:52 [loader.py:458] Loading weights took 0.10 seconds":                {"", -1},
	} {
		stage, percent := progressOf(line)
		if stage != want.stage || percent != want.percent {
			t.Errorf("%s: %q %d, want %q %d", line, stage, percent, want.stage, want.percent)
		}
	}
}

func TestCommandLine(t *testing.T) {
	got := CommandLine([]string{"vllm", "serve", "/a b", "--x", `{"a":1}`, "it's", "", "--port", "{port}"})
	if want := `vllm serve '/a b' --x '{"a":1}' 'it'\''s' '' --port {port}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Words that a shell would read otherwise are quoted, others stand as they are.
func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"azAZ09-_=./,:+@%": "azAZ09-_=./,:+@%", "Z": "Z", "A": "A", "a": "a", "z": "z", "0": "0", "9": "9",
		"": "''", "a b": "'a b'", "$x": "'$x'", "a`b": "'a`b'", "a{b": "'a{b'", "[": "'['", "é": "'é'", "a;b": "'a;b'", "*": "'*'", "~": "'~'", "{port}": "{port}", "x{port}": "'x{port}'",
		"{file:a.yaml}": "{file:a.yaml}", "{file:a b}": "'{file:a b}'", "{file:a": "'{file:a'", "{file:}": "{file:}", "file:a}": "'file:a}'",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}

// A file is known under the name that the process table shows: absolute, links followed.
func TestKernelName(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, link := filepath.Join(dir, "python3.12"), filepath.Join(dir, "python")
	if err := errors.Join(os.WriteFile(file, nil, 0o700), os.Symlink(file, link)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, path := range []string{file, link, "python", "./python3.12"} {
		if got := kernelName(path); got != file {
			t.Errorf("%s is %s, want %s", path, got, file)
		}
	}
	if got, want := kernelName("none"), filepath.Join(dir, "none"); got != want {
		t.Errorf("what is not there is %s, want %s", got, want)
	}
}

// FuzzDiagnose: no log makes the reading of it fail.
func FuzzDiagnose(f *testing.F) {
	f.Add("vllm: error: unrecognized arguments: ")
	f.Add("error: argument /: invalid choice: ")
	p := planOf(f, server("vllm", "0.9.2"))
	f.Fuzz(func(t *testing.T, log string) {
		cause, _ := p.diagnose(log)
		if strings.ContainsAny(cause, "\n\r") {
			t.Errorf("%q is no line", cause)
		}
		lastLines(log, 5)
	})
}
