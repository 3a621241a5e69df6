package launch

import (
	"fmt"
	"strings"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/schema"
)

func load(t testing.TB, engine, release string) *schema.Schema {
	t.Helper()
	s, err := schema.Load(engine, release)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// of makes a launch of words that are cut at spaces.
func of(engine, text string) *Launch {
	b, _ := backend.Of(engine)
	l := &Launch{Backend: b, Program: &b.Programs[0]}
	column := 1
	for _, word := range strings.Split(text, " ") {
		l.Words = append(l.Words, NewWord(word, diag.Pos{File: "x", Line: 1, Column: column}))
		column += len(word) + 1
	}
	return l
}

// TestLine holds what the engines' own parsers made of the same words.
func TestLine(t *testing.T) {
	for _, tt := range []struct{ engine, release, words, want string }{
		{"vllm", "0.32.0", "m --max_model_len 8192", "model_tag=m max_model_len=8192"},
		{"vllm", "0.7.0", "--limit-mm-per-prompt image=4,Video=2", "limit_mm_per_prompt={'image': 4, 'video': 2}"},
		{"vllm", "0.7.0", `--limit-mm-per-prompt {"image":4}`, "limit_mm_per_prompt=? !wrong-type"},
		{"vllm", "0.9.2", "--limit-mm-per-prompt image=4", "limit_mm_per_prompt={'image': 4}"},
		{"vllm", "0.9.2", `--limit-mm-per-prompt {"image":4}`, "limit_mm_per_prompt={'image': 4}"},
		{"vllm", "0.10.0", "--limit-mm-per-prompt image=4", "limit_mm_per_prompt='image=4'"},
		{"vllm", "0.7.0", "m --seed 1", "model_tag=m seed=1"},
		{"vllm", "0.32.0", "m --max_model-len=8k", "model_tag=m max_model_len=8000"},
		{"vllm", "0.32.0", "m --max-model-len 8K", "model_tag=m max_model_len=8192"},
		{"vllm", "0.32.0", "m --max-model-len 1.5k", "model_tag=m max_model_len=1500"},
		{"vllm", "0.32.0", "m --max-model-len 1M", "model_tag=m max_model_len=1048576"},
		{"vllm", "0.32.0", "m --max-model-len auto", "model_tag=m max_model_len=-1"},
		{"vllm", "0.32.0", "--max-model-len=-1", "max_model_len=-1"},
		{"vllm", "0.32.0", "--max-num-seqs 1k", "max_num_seqs='1k'"},
		{"vllm", "0.32.0", "--max-model 8192 --gpu-mem 0.9 --tensor 2", "max_model_len=8192 gpu_memory_utilization=0.9 tensor_parallel_size=2"},
		{"vllm", "0.32.0", "--MAX-MODEL-LEN 8", "!unknown-key"},
		{"vllm", "0.32.0", "-tp 4 -tp=2", "tensor_parallel_size=4 tensor_parallel_size=2"},
		{"vllm", "0.32.0", "--tp 4", "!unknown-key"},
		{"vllm", "0.32.0", "-O3", "optimization_level=3"},
		{"vllm", "0.32.0", "-O 3", "optimization_level=3"},
		{"vllm", "0.9.2", "-O3", "compilation_config=3"},
		{"vllm", "0.32.0", "-cc.mode=3", "compilation_config={'mode': 3}"},
		{"vllm", "0.32.0", "--hf-overrides.f 2K", "hf_overrides={'f': 2048}"},
		{"vllm", "0.32.0", `--compilation-config {"mode":3}`, "compilation_config={'mode': 3}"},
		{"vllm", "0.32.0", `--compilation-config {mode:3}`, "compilation_config=? !wrong-type"},
		{"vllm", "0.32.0", `--compilation-config {"mode":3} -cc.level=2`, "compilation_config=? compilation_config={'level': 2} !command-line"},
		{"vllm", "0.32.0", "--served-model-name a b c", "served_model_name=['a', 'b', 'c']"},
		{"vllm", "0.32.0", "--enable-expert-parallel=false", "!command-line"},
		{"vllm", "0.32.0", "--no-enable-expert-parallel --no_enable_prefix_caching", "enable_expert_parallel=False enable_prefix_caching=False"},
		{"vllm", "0.32.0", "m n", "model_tag=m !command-line"},
		{"vllm", "0.32.0", "--swap-space 4", "!unknown-key"},
		{"vllm", "0.32.0", "--quantization None", "quantization=None"},
		{"vllm", "0.32.0", "--port", "!command-line"},
		{"vllm", "0.32.0", "--max-model-len \ue000 --dtype=\ue000", "max_model_len=? dtype=?"},
		{"vllm", "0.32.0", "--max-model-len <tokens>", "max_model_len=?"},
		{"vllm", "0.32.0", "--\ue000 4", ""},
		{"sglang", "0.5.23", "--model-path m --tp 4 --mem-frac 0.8", "model_path='m' tp_size=4 mem_fraction_static=0.8"},
		{"sglang", "0.5.23", "--model m", "model_path='m'"},
		{"sglang", "0.5.23", "--pp 2", "!unknown-key"},
		{"sglang", "0.5.23", "--mem_fraction_static 0.8", "!unknown-key"},
		{"sglang", "0.5.23", "--trust-remote-code true", "trust_remote_code=True !command-line"},
		{"sglang", "0.5.23", "--no-trust-remote-code", "!unknown-key"},
		{"sglang", "0.5.23", "--no-enable-tf32-matmul", "enable_tf32_matmul=False"},
		{"sglang", "0.5.23", "--context-length 8Ki", "context_length=8192"},
		{"sglang", "0.5.23", "--context-length 8K", "context_length='8K'"},
		{"sglang", "0.5.23", "--cuda-graph-max-bs 128", "!unknown-key"},
		{"sglang", "0.5.17", "--cuda-graph-max-bs 128", "cuda_graph_max_bs=?"},
		{"sglang", "0.5.23", "--cuda-graph-bs-decode 1 2 4", "cuda_graph_bs_decode=[1, 2, 4]"},
		{"sglang", "0.5.23", "--random-seed -5", "random_seed=-5"},
		{"sglang", "0.5.23", "--json-model-override-args.a 1", "!unknown-key"},
	} {
		line := of(tt.engine, tt.words).Line(load(t, tt.engine, tt.release))
		var got []string
		for _, a := range line.Arguments {
			value := "?"
			if a.Value != nil {
				value = a.Value.PyStr()
				if a.Flag != "" && a.Value.Kind == 5 {
					value = "'" + value + "'"
				}
			}
			got = append(got, a.Key.Name+"="+value)
		}
		for _, f := range line.Found {
			got = append(got, "!"+f.Code)
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s %s %q: %q, want %q (%v)", tt.engine, tt.release, tt.words, text, tt.want, line.Found)
		}
	}
}

// FuzzLine holds that no words make the reader panic, and that findings stand at words.
func FuzzLine(f *testing.F) {
	f.Add("m --max-model-len 8k -O3 -cc.mode=3 --x {\"a\": 1}", true)
	f.Add("--a=b --no-a \ue000 -- x", false)
	vllm, sglang := load(f, "vllm", "0.32.0"), load(f, "sglang", "0.5.23")
	f.Fuzz(func(t *testing.T, words string, second bool) {
		s := vllm
		if second {
			s = sglang
		}
		for _, found := range of(s.Engine, words).Line(s).Found {
			if found.Pos.Line == 0 || found.Message == "" {
				t.Error(fmt.Sprint(found))
			}
		}
	})
}
