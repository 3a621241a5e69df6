package fit

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
)

// FuzzConfig: no config.json makes the computation panic or run for long.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"num_hidden_layers":2,"num_attention_heads":4,"hidden_size":256,"vocab_size":1000,"max_position_embeddings":4096}`))
	f.Add([]byte(`{"text_config":{"num_hidden_layers":4,"num_attention_heads":4,"num_key_value_heads":2,"hidden_size":256,"head_dim":64,"layer_types":["full_attention","sliding_attention","linear_attention","full_attention"],"sliding_window":128,"linear_num_key_heads":2,"linear_num_value_heads":2,"linear_key_head_dim":8,"linear_value_head_dim":8,"linear_conv_kernel_dim":4}}`))
	f.Add([]byte(`{"num_hidden_layers":2,"num_attention_heads":4,"hidden_size":256,"kv_lora_rank":512,"qk_rope_head_dim":64,"index_head_dim":128,"vocab_size":10,"quantization_config":{"quant_method":"fp8","weight_block_size":[0,0]}}`))
	f.Add([]byte(`{"hybrid_override_pattern":"M*E-","num_attention_heads":4,"hidden_size":256,"mamba_num_heads":4,"mamba_head_dim":8,"ssm_state_size":4,"n_groups":1,"conv_kernel":4}`))
	f.Add([]byte(`{"num_hidden_layers":1e400}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		m, err := ReadConfig("config.json", data)
		if err != nil {
			return
		}
		gpu := gpus[0]
		told := 3.0
		for _, q := range []Request{
			{Engine: "vllm", Args: Args{"tensor_parallel_size": int64(3), "pipeline_parallel_size": int64(2), "speculative_config": map[string]any{"method": "mtp", "num_speculative_tokens": int64(2)}}},
			{Engine: "vllm", Release: "0.11.0", Args: Args{"kv_cache_dtype": "nvfp4", "block_size": int64(128)}, KVGiB: &told},
			{Engine: "sglang", Args: Args{"tp_size": int64(2), "kv_cache_dtype": "fp8_e4m3"}},
		} {
			q.Model, q.GPU = m, &gpu
			Compute(q)
		}
	})
}

// FuzzCard: no card makes its reader panic, and what is read can be computed with.
func FuzzCard(f *testing.F) {
	f.Add([]byte(`{"kind":"mlcfg/model-card","format":1,"name":"x","config":{"num_hidden_layers":1,"num_attention_heads":1,"hidden_size":8},"weights":{"source":"here","parts":[{"name":"all","bytes":1e9,"split":"tensor","where":"layers"}]}}`))
	f.Add([]byte(`{"kind":"mlcfg/model-card","format":2}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if m, err := ReadCard("card", data); err == nil {
			Compute(Request{Model: m, Engine: "vllm", GPU: &gpus[3]})
		}
	})
}

// FuzzWeights: no index and no header of a safetensors file makes the reader of a folder panic.
func FuzzWeights(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":1000},"weight_map":{"a":"model.safetensors"}}`), []byte("\x40\x00\x00\x00\x00\x00\x00\x00{\"a\":{\"dtype\":\"BF16\",\"shape\":[2,2],\"data_offsets\":[0,8]}}     "))
	f.Add([]byte(`{"weight_map":{"a":"../x"}}`), []byte("\xff\xff\xff\xff\xff\xff\xff\xff"))
	config := []byte(`{"num_hidden_layers":1,"num_attention_heads":1,"hidden_size":8,"vocab_size":10}`)
	f.Fuzz(func(t *testing.T, index, header []byte) {
		if tensors, err := ReadHeader("model.safetensors", bytes.NewReader(header)); err == nil {
			sorted(nil, tensors, 1)
		}
		dir := t.TempDir()
		for name, data := range map[string][]byte{"config.json": config, "model.safetensors.index.json": index, "model.safetensors": header} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if m, err := FindModel(context.Background(), dir, ""); err == nil {
			Compute(Request{Model: m, Engine: "vllm", GPU: &gpus[3]})
		}
	})
}
