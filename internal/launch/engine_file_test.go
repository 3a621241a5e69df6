package launch

import (
	"strings"
	"testing"
)

// TestEngineFile holds which files are taken for an engine's arguments, and what they come to.
func TestEngineFile(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"model: m\ntensor-parallel-size: 4\nmax-model-len: 8k\n", "vllm model=m@1:8 tensor_parallel_size=4@2:23 max_model_len=8000@3:16"},
		{"model_path: m\n", ""},
		{"model-path: m\ntp-size: 2\nmem-fraction-static: 0.8\n", "sglang model_path=m@1:13 tp_size=2@2:10 mem_fraction_static=0.8@3:22"},
		{"tensor-parallel-size: 4\nname: x\nimage: y\nports: []\n", ""},
		{"vllm_engine_config:\n  tensor_parallel_size: 4\n  max_num_seqs: 3\n  max_model_len: 3\n", ""},
		{"tensor_parallel_size: 4\nmax_num_tokens: 3\nmax_batch_size: 4\ncuda_graph_config: {}\n", ""},
		{"max-num-seqs: 4\nseed: 1\nenforce-eager: true\nmax-modl-len: 5\n", "vllm max_num_seqs=4@1:15 seed=1@2:7 enforce_eager=True@3:1 !unknown-key@4:1"},
	} {
		var got []string
		for _, l := range Read(NewFile("x.yaml", []byte(tt.text))) {
			got = append(got, l.Backend.Name)
			release := map[string]string{"vllm": "0.32.0", "sglang": "0.5.23"}[l.Backend.Name]
			line := l.Line(load(t, l.Backend.Name, release))
			for _, a := range line.Arguments {
				pos := a.Value.Pos.String()
				got = append(got, a.Key.Name+"="+a.Value.PyStr()+"@"+strings.TrimPrefix(pos, "x.yaml:"))
			}
			for _, f := range line.Found {
				got = append(got, "!"+f.Code+"@"+strings.TrimPrefix(f.Pos.String(), "x.yaml:"))
			}
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s gives %q, want %q", tt.text, text, tt.want)
		}
	}
}

// TestWrittenFile holds that the server reads what the script writes, under the script's own words.
func TestWrittenFile(t *testing.T) {
	const script = "#!/bin/sh\ncat > c.yaml <<EOF\ntensor-parallel-size: 4\nmax-num-seqs: $N\nno-such: 1\nEOF\nvllm serve m --config c.yaml -tp 2\n"
	found := Read(NewFile("x.sh", []byte(script)))
	if len(found) != 1 {
		t.Fatalf("%d launches", len(found))
	}
	line := found[0].Line(load(t, "vllm", "0.32.0"))
	var got []string
	for _, a := range line.Arguments {
		value := "?"
		if a.Value != nil {
			value = a.Value.PyStr()
		}
		got = append(got, a.Key.Name+"="+value+"@"+a.Pos.String())
	}
	for _, f := range line.Found {
		got = append(got, "!"+f.Code+"@"+f.Pos.String())
	}
	want := "tensor_parallel_size=4@x.sh:3:1 max_num_seqs=?@x.sh:4:1 model_tag=m@x.sh:7:12 config=c.yaml@x.sh:7:14 tensor_parallel_size=2@x.sh:7:30 !unknown-key@x.sh:5:1"
	if text := strings.Join(got, " "); text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
}

// FuzzEngineFile holds that nothing makes the adapter panic.
func FuzzEngineFile(f *testing.F) {
	f.Add("tensor-parallel-size: 4\nmax-model-len: 8k\nseed: 1\n")
	f.Add("tp-size: [1]\nmem-fraction-static: {a: b}\nmodel-path: null\n")
	vllm, sglang := load(f, "vllm", "0.32.0"), load(f, "sglang", "0.5.23")
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range Read(NewFile("x.yaml", []byte(text))) {
			s := vllm
			if l.Backend.Engine == sglang.Engine {
				s = sglang
			}
			for _, found := range l.Line(s).Found {
				if found.Message == "" {
					t.Error("no message")
				}
			}
		}
	})
}
