package main

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// odd are values that a key may get.
var odd = []any{
	nil, true, "", "None", "MISSING", "\x1b[31m", "../../etc/passwd", "/dev/zero", strings.Repeat("x", 10_000), "${a.b}",
	int64(0), int64(1), int64(-1), int64(2), int64(math.MaxInt32), int64(math.MaxInt64), int64(math.MinInt64), int64(1 << 40),
	0.5, math.Copysign(0, -1), 1e-300, 1e300, 0.999999,
	[]any{},
	[]any{int64(1), "a", nil},
	map[string]any{},
	map[string]any{"a": map[string]any{"b": []any{}}},
	"server", "offline", "round_robin", "buckets", "PerformanceOnly", "AccuracyOnly",
}

// changed is a section with a value changed, a key taken out or added.
func changed(rng *rand.Rand, section map[string]any) map[string]any {
	out := maps.Clone(section)
	if out == nil {
		out = map[string]any{}
	}
	keys := slices.Sorted(maps.Keys(out))
	value := odd[rng.IntN(len(odd))]
	if len(keys) == 0 || rng.IntN(10) == 0 {
		out["key_"+string(rune('a'+rng.IntN(26)))] = value
		return out
	}
	key := keys[rng.IntN(len(keys))]
	inner, nested := out[key].(map[string]any)
	switch {
	case nested && rng.IntN(2) == 0:
		out[key] = changed(rng, inner)
	case rng.IntN(8) == 0:
		delete(out, key)
	default:
		out[key] = value
	}
	return out
}
