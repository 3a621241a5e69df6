package fit

import "testing"

// TestLeft checks which layers' parts patterns leave in the model's own type.
func TestLeft(t *testing.T) {
	for _, test := range []struct {
		pattern, part string
		layer         int
		want          bool
	}{
		{"lm_head", "lm_head", 0, true},
		{"model.layers.10.self_attn*", "self_attn.o_proj", 10, true},
		{"model.layers.10.self_attn*", "self_attn.o_proj", 1, false},
		{"model.layers.10.self_attn*", "mlp.down_proj", 10, false},
		{"model.layers.0*", "mlp.down_proj", 0, true},
		{"model.layers.0*", "mlp.down_proj", 1, false},
		{"model.layers.3.*", "self_attn.q_proj", 3, true},
		{"*.mlp.*", "mlp.down_proj", 7, true},
		{"*self_attn*", "mlp.down_proj", 7, false},
		{"mtp*", "mlp.down_proj", 7, false},
		{"*", "mlp.down_proj", 7, false},
		{"model.layers.3.mlp.down_proj", "mlp.down_proj", 3, true},
		{"model.layers.3.mlp.down_proj", "mlp.down_proj", 4, false},
		{`re:.*self_attn.*`, "self_attn.q_proj", 5, true},
	} {
		q := Quantization{ignored: []string{test.pattern}}
		if left := q.left(test.part); left.in(test.layer) != test.want {
			t.Errorf("%s leaves %s of layer %d: %v, want %v", test.pattern, test.part, test.layer, !test.want, test.want)
		}
	}
}
