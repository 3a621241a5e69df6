package manifest

import (
	"math"
	"testing"
)

func TestLine(t *testing.T) {
	for want, v := range map[string]any{
		"null": nil, "1": int64(1), "1.0": 1.0, "a": "a", `"1"`: "1", `"a b"`: "a b", "[]": []any{}, "{}": map[string]any{},
		"[1, a, [true]]": []any{int64(1), "a", []any{true}}, "{a: 1, b: {c: null}}": map[string]any{"b": map[string]any{"c": nil}, "a": int64(1)},
		`"NaN"`: math.NaN(), `"x\ny"`: "x\ny",
	} {
		if got := Line(v); got != want {
			t.Errorf("Line(%#v) = %s, want %s", v, got, want)
		}
	}
}
