package attest

import (
	"reflect"
	"strings"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/fit"
)

// The lines are of the forms that the releases print; the figures are of public reports.
const vllmLog = `(APIServer pid=7) INFO 11-28 22:27:00 [api_server.py:1839] vLLM API server version 0.11.0
(APIServer pid=7) INFO 11-28 22:27:00 [utils.py:233] non-default args: {'model_tag': 'Qwen/Qwen3-30B-A3B', 'max_model_len': 32768, 'tensor_parallel_size': 2, 'trust_remote_code': True, 'api_key': ['s3cret'], 'hf_token': 'hf_abc', 'speculative_config': {'method': 'mtp', 'num_speculative_tokens': 1}, 'x': <A.b: 3>, 'c': C(a=[1, 2], b='q'), 'none': None, 'it\'s': (1.5, "a")}
(APIServer pid=7) WARNING 11-28 22:27:00 [envs.py:1742] Unknown vLLM environment variable detected: VLLM_USE_FAST
(EngineCore pid=8) INFO 11-28 22:27:07 [core.py:133] Initializing a V1 LLM engine (v0.11.0) with config: model='Qwen/Qwen3-30B-A3B', speculative_config=None, dtype=torch.bfloat16, max_seq_len=32768, tensor_parallel_size=2, quantization=None, enforce_eager=True, kv_cache_dtype=fp8_e4m3, structured_outputs_config=S(backend='auto', b=False), seed=0
` + "(Worker_TP1 pid=9) \x1b[32mINFO\x1b[0m [gpu_model_runner.py:2653] Model loading took 28.50 GiB and 12 seconds" + `
(Worker_TP0 pid=8) INFO [gpu_model_runner.py:2653] Model loading took 28.40 GiB and 12 seconds
INFO [cuda.py:366] Using Flash Attention backend on V1 engine.
INFO [fp8.py:180] Using Triton backend for FP8 MoE
(Worker_TP1 pid=9) INFO [gpu_worker.py:298] Available KV cache memory: 25.91 GiB
(Worker_TP0 pid=8) INFO [gpu_worker.py:298] Available KV cache memory: 26.01 GiB
INFO [kv_cache_utils.py:1087] GPU KV cache size: 566,016 tokens
INFO [kv_cache_utils.py:1091] Maximum concurrency for 32,768 tokens per request: 17.27x
`

const sglangLog = `[2025-11-01 10:00:00] server_args=ServerArgs(model_path='Qwen/Qwen3-235B-A22B-FP8', tp_size=4, ep_size=1, mem_fraction_static=0.93, quantization=None, enable_dp_attention=False, json_model_override_args='{}')
[2025-11-01 10:00:30 TP0] Attention backend not explicitly specified. Use fa3 backend by default.
[2025-11-01 10:01:00 TP0] Load weight end. type=Qwen3MoeForCausalLM, dtype=torch.bfloat16, avail mem=20.00 GB, mem usage=58.20 GB.
[2025-11-01 10:01:10 TP0] KV Cache is allocated. dtype: torch.bfloat16, #tokens: 367404, K size: 8.23 GB, V size: 8.23 GB
[2025-11-01 10:01:10 TP1] KV Cache is allocated. dtype: torch.bfloat16, #tokens: 367404, K size: 8.24 GB, V size: 8.23 GB
[2025-11-01 10:02:00 TP0] max_total_num_tokens=367404, chunked_prefill_size=8192
`

func read(t *testing.T, text string) *Said {
	t.Helper()
	said, err := ReadLog(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func TestReadLog(t *testing.T) {
	v := read(t, vllmLog)
	if v.Engine != "vllm" || v.Release != "0.11.0" || *v.KV != 25.91 || *v.Tokens != 566016 || *v.Concurrency != 17.27 || *v.Length != 32768 || *v.Weights != 28.4 || v.Attention != "FLASH_ATTN" || v.All {
		t.Errorf("%+v", v)
	}
	want := map[string]any{
		"model_tag": "Qwen/Qwen3-30B-A3B", "max_model_len": int64(32768), "tensor_parallel_size": int64(2), "trust_remote_code": true, "api_key": "(hidden)", "hf_token": "(hidden)",
		"speculative_config": map[string]any{"method": "mtp", "num_speculative_tokens": int64(1)},
		"x":                  "<A.b: 3>", "c": "C(a=[1, 2], b='q')", "none": nil, "it's": []any{1.5, "a"},
	}
	if !reflect.DeepEqual(v.Args, want) {
		t.Errorf("%#v", v.Args)
	}
	if r := v.Resolved; r["max_model_len"] != int64(32768) || r["dtype"] != "torch.bfloat16" || r["seed"] != int64(0) {
		t.Errorf("%#v", r)
	}
	s := read(t, sglangLog)
	if s.Engine != "sglang" || !s.All || *s.Tokens != 367404 || *s.KV != 16.46 || *s.Weights != 58.2 || s.Args["tp_size"] != int64(4) || s.Args["json_model_override_args"] != "{}" || s.Attention != "fa3" {
		t.Errorf("%+v", s)
	}
}

// What releases print otherwise.
func TestForms(t *testing.T) {
	for text, check := range map[string]func(*Said) bool{
		"CPU KV cache size: 2,048,000 tokens, Maximum concurrency for 250 tokens per request: 8192.00x":                func(s *Said) bool { return *s.Tokens == 2048000 && *s.Concurrency == 8192 },
		"Using FLASHINFER attention backend out of potential backends: ['FLASHINFER', 'TRITON_ATTN'].":                 func(s *Said) bool { return s.Attention == "FLASHINFER" },
		"Using AttentionBackendEnum.TRITON_ATTN backend.":                                                              func(s *Said) bool { return s.Attention == "TRITON_ATTN" },
		"Using FlexAttention backend for torch.float32 on V1 engine.":                                                  func(s *Said) bool { return s.Attention == "FLEX_ATTENTION" },
		"vLLM server version 0.30.0, serving model m":                                                                  func(s *Said) bool { return s.Release == "0.30.0" },
		"Model loading took 14.2 GiB memory and 1.0 seconds":                                                           func(s *Said) bool { return *s.Weights == 14.2 },
		"[2026 TP0] server_args={'tp_size': 8, 'mem_fraction_static': 0.8, 'speculative_algorithm': None}":             func(s *Said) bool { return s.All && s.Args["tp_size"] == int64(8) },
		"[x TP0] KV Cache is allocated. #tokens: 524288, KV size: 17.16 GB":                                            func(s *Said) bool { return *s.KV == 17.16 },
		"[x TP0] #tokens: 9, KV size: 2.5 GB\n[x TP0] #tokens: 9, KV size: 1.25 GB\n[x TP1] #tokens: 9, KV size: 4 GB": func(s *Said) bool { return *s.KV == 3.75 },
		strings.Repeat("x", maxLine+1) + "\nCPU KV cache size: 5 tokens":                                               func(s *Said) bool { return *s.Tokens == 5 },
	} {
		if said := read(t, text); !check(said) {
			t.Errorf("%.80s: %+v", text, said)
		}
	}
}

func TestReadInfo(t *testing.T) {
	sglang, _ := backend.Of(backend.SGLang)
	var s Said
	if err := s.ReadInfo(sglang, "x", []byte(`{"tp_size": 4, "max_total_num_tokens": 1000, "version": "0.5.23", "api_key": "k", "internal_states": [1]}`)); err != nil {
		t.Fatal(err)
	}
	if !s.All || s.Args["tp_size"] != 4.0 || *s.Tokens != 1000 || s.Release != "0.5.23" || s.Args["api_key"] != "(hidden)" || s.Args["internal_states"] != nil {
		t.Errorf("%+v", s)
	}
	vllm, _ := backend.Of(backend.VLLM)
	var v Said
	if err := v.ReadInfo(vllm, "x", []byte(`{"vllm_config": "model='m', max_seq_len=250, dtype=torch.float16"}`)); err != nil || v.Resolved["max_model_len"] != int64(250) {
		t.Errorf("%+v, %v", v, err)
	}
	if err := v.ReadInfo(vllm, "http://x/server_info", []byte("<html>")); err == nil || !strings.HasPrefix(err.Error(), "http://x/server_info: ") {
		t.Error(err)
	}
}

// faults are the kinds and keys of what is a fault.
func faults(s Start) string {
	var out []string
	for _, d := range s.Differences {
		if !d.Info {
			out = append(out, strings.TrimSuffix(d.Kind+" "+d.Key, " "))
		}
	}
	return strings.Join(out, ", ")
}

// TestNew: what is configured and not in force is found, and what is in force is not.
func TestNew(t *testing.T) {
	said := read(t, vllmLog)
	args := func(more ...any) fit.Args {
		a := fit.Args{
			"tensor_parallel_size": int64(2), "max_model_len": int64(32768), "trust_remote_code": true, "dtype": "bfloat16", "kv_cache_dtype": "fp8",
			"speculative_config": map[string]any{"method": "mtp"}, "port": int64(8000), "seed": nil, "enforce_eager": true,
		}
		for i := 0; i < len(more); i += 2 {
			a[more[i].(string)] = more[i+1]
		}
		return a
	}
	isDefault := func(key string, _ any) bool { return key == "block_size" }
	model := fit.FindCard("Qwen3-30B-A3B")
	for name, c := range map[string]struct {
		q         fit.Request
		isDefault func(string, any) bool
		want      string
	}{
		"as configured":           {fit.Request{Args: args("block_size", int64(16))}, isDefault, ""},
		"another value":           {fit.Request{Args: args("max_model_len", int64(16384))}, isDefault, "other-value max_model_len"},
		"dropped":                 {fit.Request{Args: args("enable_expert_parallel", true)}, isDefault, "not-in-force enable_expert_parallel"},
		"dropped, or its default": {fit.Request{Args: args("enable_expert_parallel", true)}, nil, ""},
		"made another":            {fit.Request{Args: args("quantization", "fp8", "enforce_eager", false)}, nil, "other-value enforce_eager"},
		"a variable":              {fit.Request{Args: args(), Env: map[string]string{"VLLM_USE_FAST": "1", "A": "1"}}, isDefault, "variable-not-read VLLM_USE_FAST"},
		"a backend":               {fit.Request{Args: args("attention_backend", "FLASHINFER")}, isDefault, "attention-backend attention_backend"},
		"the backend's old name":  {fit.Request{Args: args(), Env: map[string]string{"VLLM_ATTENTION_BACKEND": "FLASH_ATTN_VLLM_V1"}}, isDefault, ""},
		"another release":         {fit.Request{Args: args(), Release: "0.10.2"}, isDefault, "release"},
		"tokens of another type":  {fit.Request{Args: args(), Release: "0.11.0", Model: model}, isDefault, "tokens"},
		"tokens":                  {fit.Request{Args: args("kv_cache_dtype", "auto", "speculative_config", nil), Release: "0.11.0", Model: model}, isDefault, ""},
	} {
		c.q.Engine = "vllm"
		if got := faults(New(c.q, said, c.isDefault)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	s := New(fit.Request{Engine: "sglang", Args: fit.Args{"tp_size": int64(4), "ep_size": int64(4), "enable_dp_attention": false, "flag": true}}, read(t, sglangLog), nil)
	if got := faults(s); got != "other-value ep_size, not-in-force flag" {
		t.Error(got)
	}
}

// FuzzReadLog: no log makes the reader panic or run for long.
func FuzzReadLog(f *testing.F) {
	f.Add(vllmLog)
	f.Add(sglangLog)
	f.Add("non-default args: {'a': {'b': [(<x")
	f.Fuzz(func(_ *testing.T, text string) {
		if said, err := ReadLog(strings.NewReader(text)); err == nil {
			New(fit.Request{Engine: "vllm", Args: said.Args}, said, nil)
		}
	})
}

// TestCredentialsWithin holds that credentials are hidden inside lists and maps too.
func TestCredentialsWithin(t *testing.T) {
	said := read(t, "INFO [utils.py:233] non-default args: {'middleware': ['a', 'hf_abcdefghijklmnopqrstu'], 'config': {'stores': [{'api_key': 'zzz', 'n': 1}]}}\n")
	want := map[string]any{
		"middleware": []any{"a", "(hidden)"},
		"config":     map[string]any{"stores": []any{map[string]any{"api_key": "(hidden)", "n": int64(1)}}},
	}
	if !reflect.DeepEqual(said.Args, want) {
		t.Errorf("%#v", said.Args)
	}
}
