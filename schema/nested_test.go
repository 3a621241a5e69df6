package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNested: the keys of a nested map are those of the class that it says it is.
func TestNested(t *testing.T) {
	s, err := Load("trtllm", "1.4.0rc0")
	if err != nil {
		t.Fatal(err)
	}
	decodings := `one of "AUTO", "DFlash", "DSpark", "Draft_Target", "Eagle", "Eagle3", "MTP", "NGram", "PARD", "SA", "SaveState", "User_Provided"`
	tests := []struct {
		key   string
		value map[string]any
		want  []Fault
	}{
		{"kv_cache_config", map[string]any{"free_gpu_memory_fraction": 0.8, "max_attention_window": []any{int64(4096)}}, nil},
		{"kv_cache_config", map[string]any{"free_gpu_memory_fraction": 1.5}, []Fault{{Code: OutOfRange, Path: []string{"free_gpu_memory_fraction"}, Want: "a number of at least 0 and of at most 1 or null", Message: "1.5 where a number of at least 0 and of at most 1 or null is wanted"}}},
		{"kv_cache_config", map[string]any{"free_gpu_mem_fraction": 0.5}, []Fault{{Code: UnknownKey, Path: []string{"free_gpu_mem_fraction"}, Want: "a key of KvCacheConfig", Suggestion: "free_gpu_memory_fraction", Message: `KvCacheConfig has no key "free_gpu_mem_fraction"`}}},
		{"speculative_config", map[string]any{"decoding_type": "MTP", "max_draft_len": int64(3)}, nil},
		{"speculative_config", map[string]any{"decoding_type": "NGram", "relaxed_topk": int64(3)}, []Fault{{Code: UnknownKey, Path: []string{"relaxed_topk"}, Want: "a key of NGramDecodingConfig", Message: `NGramDecodingConfig has no key "relaxed_topk"`}}},
		{"speculative_config", map[string]any{"decoding_type": "Mtp"}, []Fault{{Code: NotInEnum, Path: []string{"decoding_type"}, Want: decodings, Suggestion: "MTP", Message: `"Mtp" where ` + decodings + " is wanted"}}},
		{"speculative_config", map[string]any{"max_draft_len": int64(3)}, []Fault{{Code: NotInEnum, Want: decodings, Message: "a map without decoding_type, which has to be " + decodings}}},
		{"cuda_graph_config", map[string]any{"enable_padding": true}, nil},
		{"cuda_graph_config", map[string]any{"mode": "encode", "num_tokens": []any{int64(8)}}, nil},
		{"cuda_graph_config", map[string]any{"num_tokens": []any{int64(8)}}, []Fault{{Code: UnknownKey, Path: []string{"num_tokens"}, Want: "a key of DecodeCudaGraphConfig", Message: `DecodeCudaGraphConfig has no key "num_tokens"`}}},
	}
	for _, tt := range tests {
		k, ok := s.Section(EngineConfig).Key(tt.key)
		if !ok {
			t.Fatalf("no key %s", tt.key)
		}
		if diff := cmp.Diff(tt.want, k.Check(tt.value)); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", tt.key, tt.value, diff)
		}
	}
}

// TestNamesAreTold: of an Enum that is read by name in either case the names are told.
func TestNamesAreTold(t *testing.T) {
	s, err := Load("vllm", "0.33.0")
	if err != nil {
		t.Fatal(err)
	}
	mode, _ := s.Section("CompilationConfig").Key("mode")
	if want := `one of "NONE", "STOCK_TORCH_COMPILE", "DYNAMO_TRACE_ONCE", "VLLM_COMPILE", 0, 1, 2, 3 or null`; mode.Want() != want {
		t.Errorf("mode takes %s, want %s", mode.Want(), want)
	}
}
