package schema

import (
	"testing"
)

// TestCondition evaluates conditions as Python does, with what is not known left open.
func TestCondition(t *testing.T) {
	values := map[string]any{
		"profiler": "torch", "dir": "", "n": int64(3), "ratio": 0.5, "on": true, "off": false, "nothing": nil,
		"list": []any{"a", "b"}, "maybe": unknown{},
	}
	for text, want := range map[string]answer{
		"profiler == 'torch' and (not dir)":               yes,
		"profiler != 'torch' or n > 5":                    no,
		"not 0 <= n < 3":                                  yes,
		"1 <= n <= 3":                                     yes,
		"n in (1, 2, 3)":                                  yes,
		"n not in (3,)":                                   no,
		"profiler in ('a', 'b\\'c', \"d\")":               no,
		"nothing is None and on is not None":              yes,
		"count(on, off, n == 3, nothing is not None) > 1": yes,
		"count(on, maybe) > 1":                            open,
		"len(list) == 2 and len(profiler) == 5":           yes,
		"maybe == 1":                                      open,
		"maybe and off":                                   no,
		"off and maybe":                                   no,
		"maybe or on":                                     yes,
		"maybe or off":                                    open,
		"not maybe":                                       open,
		"profiler < 3":                                    open, // Python raises
		"ratio == 0.5 and ratio > -1e-3":                  yes,
		"on == 1":                                         yes,
		"off or dir or nothing":                           no,
	} {
		v, err := evaluate(text, func(name string) any { return values[name] })
		if got := truth(v); err != nil || got != want {
			t.Errorf("%s: %v (%v), want %v", text, got, err, want)
		}
	}
}

// TestConditionRefused: a condition that nobody here can read is no condition.
func TestConditionRefused(t *testing.T) {
	for _, text := range []string{"", "a b", "a ==", "(a", "a)", "f(a)", "a; b", "a in", "not", "a == 'b", "len()", "a[0]"} {
		if err := (Refusal{When: text}).Valid(); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// FuzzCondition: whatever the text, it is refused or has a value, and no more than that.
func FuzzCondition(f *testing.F) {
	for _, text := range []string{"a and not b", "count(a, b) > 1", "a in ('x', \"y\")", "0 <= a < len(b)", "(((", "a is not None or b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if (Refusal{When: text}).Valid() != nil {
			return
		}
		if _, err := evaluate(text, func(string) any { return int64(1) }); err != nil {
			t.Errorf("%q is valid and cannot be evaluated: %v", text, err)
		}
	})
}
