package fit

import "strings"

const gib = 1 << 30

// bytesOf is the size of an element of a type, 0 where the name is not known.
func bytesOf(dtype string) float64 {
	switch strings.ToLower(strings.TrimPrefix(dtype, "torch.")) {
	case "float64", "double", "int64":
		return 8
	case "float32", "float", "fp32":
		return 4
	case "bfloat16", "bf16", "float16", "half", "fp16":
		return 2
	case "fp8", "fp8_e4m3", "fp8_e5m2", "fp8_e4m3fn", "fp8_inc", "int8", "float8_e4m3fn", "float8_e5m2":
		return 1
	}
	return 0
}

// cell is the bytes that one token takes in one head of keys and values under a type of the KV
// cache; ok is false where the type's layout is not known here. Types below 8 bits keep a scale
// for each 16 elements (vllm/utils/torch_utils.py, nvfp4_kv_cache_full_dim), types with a scale
// for each token and head four bytes more on either side (vllm/v1/attention/backends/triton_attn.py).
func cell(kv string, key, value int64) (bytes int64, ok bool) {
	switch {
	case kv == "nvfp4" || kv == "fp4_e2m1":
		return key/2 + key/16 + value/2 + value/16, true
	case kv == "int8_per_token_head" || kv == "fp8_per_token_head":
		return key + value + 8, true
	}
	if b := bytesOf(kv); b > 0 {
		return int64(b) * (key + value), true
	}
	return 0, false
}

// indexBytes is the size of an element of a key that sparse attention chooses by.
func indexBytes(kv string) int64 {
	if bytesOf(kv) == 1 {
		return 1
	}
	return 2
}
