package backend

import "testing"

func TestTransformersOf(t *testing.T) {
	for _, c := range []struct{ engine, version, major string }{
		{"vllm", "0.9.2", "4 or 5"},
		{"vllm", "0.11.0", "4 or 5"},
		{"vllm", "0.11.1", "4"},
		{"vllm", "0.19.0", "4"},
		{"vllm", "0.19.1", "4 or 5"},
		{"vllm", "0.23.0", "4 or 5"},
		{"vllm", "0.24.0+cu128", "5"},
		{"vllm", "0.5.5", ""},
		{"vllm", "main", ""},
		{"sglang", "0.4.0", ""},
		{"sglang", "0.5.9", "4"},
		{"sglang", "0.5.10", "5"},
		{"trtllm", "1.2.0", ""},
	} {
		b, _ := Of(c.engine)
		if r, ok := b.TransformersOf(c.version); r.Major != c.major || ok != (c.major != "") {
			t.Errorf("%s %s: %+v, want %q", c.engine, c.version, r, c.major)
		}
	}
}
