package enginefile

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// TestWords holds the words that the functions of the releases make of the same files
// (load_config_file, merge_config_with_args); JSON is spaced otherwise there.
func TestWords(t *testing.T) {
	const vllm = `model: /m
port: 8000
tensor_parallel_size: 4
enforce-eager: true
enable-prefix-caching: false
enable_chunked_prefill: false
max-model-len: 32k
gpu-memory-utilization: 0.9
seed: 010
served-model-name: [a, b]
lora-modules: []
compilation-config: {pass_config: {x: true}}
quantization: null
revision: 1e3
`
	const head = "--model /m --port 8000 --tensor_parallel_size 4 --enforce-eager"
	for _, tt := range []struct{ engine, release, text, want string }{
		{"vllm", "0.9.2", vllm, head + ` --max-model-len 32k --gpu-memory-utilization 0.9 --seed 8 --served-model-name ['a', 'b'] --lora-modules [] --compilation-config {'pass_config': {'x': True}} --quantization None --revision 1e3`},
		{"vllm", "0.12.0", vllm, head + ` --max-model-len 32k --gpu-memory-utilization 0.9 --seed 8 --served-model-name a b --compilation-config {'pass_config': {'x': True}} --quantization None --revision 1e3`},
		{"vllm", "0.25.1", vllm, head + ` --max-model-len 32k --gpu-memory-utilization 0.9 --seed 8 --served-model-name a b --compilation-config {"pass_config":{"x":true}} --quantization None --revision 1e3`},
		{"vllm", "0.32.0", vllm, head + ` --no-enable-prefix-caching --max-model-len 32k --gpu-memory-utilization 0.9 --seed 8 --served-model-name a b --compilation-config {"pass_config":{"x":true}} --quantization None --revision 1e3`},
		{"sglang", "0.5.23", "tp-size: 4\nenable-metrics: true\ncontext-length: 32k\nskip-server-warmup: false\nstream-interval: 1.5e+3\n", "--tp-size 4 --enable-metrics --context-length 32k --stream-interval 1500.0"},
		{"sglang", "0.5.10", "lora-paths: [a=/x, b=/y]\n", "--lora-paths a=/x b=/y"},
	} {
		file, _ := Read("x.yaml", []byte(tt.text), load(t, tt.engine, tt.release))
		var words []string
		for _, a := range file.Arguments {
			words = append(words, a.Words...)
		}
		if diff := cmp.Diff(tt.want, strings.Join(words, " ")); diff != "" {
			t.Errorf("%s %s (-engine +ours): %s", tt.engine, tt.release, diff)
		}
	}
}

// TestFindings holds what is said of entries that the server drops, refuses or reads otherwise.
func TestFindings(t *testing.T) {
	for _, tt := range []struct{ engine, release, name, text, want string }{
		{"vllm", "0.32.0", "x.yaml", "tensor-parallel-size: 4\n", ""},
		{"vllm", "0.32.0", "x.yaml", "enable-prefix-caching: false\n", ""},
		{"vllm", "0.32.0", "x.yaml", "no-enable-prefix-caching: true\n", ""},
		{"vllm", "0.32.0", "x.yaml", "enforce_eager: false\n", ""}, // the default
		{"vllm", "0.32.0", "x.yaml", "enable_prefix_caching: false\n", "error engine-file no-enable-prefix-caching: true"},
		{"vllm", "0.25.1", "x.yaml", "enable-prefix-caching: false\n", "error engine-file no-enable-prefix-caching: true"},
		{"vllm", "0.32.0", "x.yaml", "no-enable-prefix-caching: false\n", "warning engine-file "},
		{"vllm", "0.32.0", "x.yaml", "tensor-paralel-size: 4\n", "error unknown-key tensor-parallel-size"},
		{"vllm", "0.32.0", "x.yaml", "compilation-config: {mode: 3}\ncompilation-config.mode: 0\n", "error engine-file "},
		{"vllm", "0.32.0", "x.yaml", "compilation_config: {mode: 3}\ncompilation-config.mode: 0\n", "error engine-file "},
		{"vllm", "0.32.0", "x.yaml", "compilation-config.mode: 0\ncompilation-config.custom_ops: [a]\n", ""},
		{"vllm", "0.12.0", "x.yaml", "compilation-config: {mode: 3}\n", "error engine-file "},
		{"vllm", "0.9.2", "x.yaml", "served-model-name: [a]\n", "error engine-file "},
		{"vllm", "0.32.0", "x.yaml", "served-model-name: []\n", "warning engine-file "},
		{"vllm", "0.32.0", "x.yaml", "quantization: null\n", "warning engine-file "},
		{"vllm", "0.32.0", "x.json", "seed: 1\n", "error engine-file "},
		{"vllm", "0.32.0", "x.yaml", "- 1\n", "error not-a-map "},
		{"sglang", "0.5.23", "x.yaml", "tp-size: 4\n", ""},
		{"sglang", "0.5.23", "x.yaml", "tp: 4\n", ""}, // argparse takes the beginning of one flag alone
		{"sglang", "0.5.23", "x.yaml", "pp: 2\n", "error unknown-key "},
		{"sglang", "0.5.21", "x.yaml", "enable-dp-attention: true\n", ""},
		{"sglang", "0.5.23", "x.yaml", "enable-dp-attention: true\n", "error engine-file "},
		{"sglang", "0.5.23", "x.yaml", "tp_size: 4\n", "error unknown-key tp-size"},
		{"sglang", "0.5.2", "x.yaml", "tp-size: 4\n", "error engine-file "},
	} {
		_, found := Read(tt.name, []byte(tt.text), load(t, tt.engine, tt.release))
		var got []string
		for _, d := range found {
			got = append(got, d.Severity.String()+" "+d.Code+" "+d.Suggestion)
			if d.Pos.File == "" {
				t.Errorf("%q: no place", tt.text)
			}
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s %s %q: %q, want %q (%v)", tt.engine, tt.release, tt.text, got, tt.want, found)
		}
	}
}

func TestNamed(t *testing.T) {
	s := load(t, "vllm", "0.32.0")
	for _, tt := range []struct {
		words []string
		file  string
		fault bool
	}{
		{[]string{"serve", "--config", "a.yaml"}, "a.yaml", false},
		{[]string{"serve", "--config=a.yaml"}, "", true},
		{[]string{"--config", "a.yaml", "--config", "b.yaml"}, "b.yaml", true},
		{[]string{"serve", "--config"}, "", false},
	} {
		file, found := Named(tt.words, s)
		if file != tt.file || found.HasErrors() != tt.fault {
			t.Errorf("%v: %q, %v", tt.words, file, found)
		}
	}
}

// FuzzRead holds that every entry is an argument, with words that begin with its flag or none.
func FuzzRead(f *testing.F) {
	f.Add("model: /m\nenable_prefix_caching: false\ncompilation-config.mode: 3\n", true)
	f.Add("a: {b: [1, null]}\nseed: .nan\n", false)
	vllm, sglang := load(f, "vllm", "0.32.0"), load(f, "sglang", "0.5.23")
	f.Fuzz(func(t *testing.T, text string, second bool) {
		s := vllm
		if second {
			s = sglang
		}
		file, found := Read("x.yaml", []byte(text), s)
		if file == nil {
			if !found.HasErrors() {
				t.Fatal("no file and no error")
			}
			return
		}
		for _, a := range file.Arguments {
			if len(a.Words) > 0 && !strings.HasPrefix(a.Words[0], "--") || a.Words == nil && a.Key == "" && !found.HasErrors() {
				t.Errorf("%+v", a)
			}
		}
		if !slices.IsSortedFunc(found, func(a, b diag.Diagnostic) int { return a.Pos.Compare(b.Pos) }) {
			t.Error("findings out of order")
		}
	})
}
