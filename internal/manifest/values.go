package manifest

import "math/big"

// Int takes a whole number out of a section; ok is false where the key is
// absent, null, or something else. A float without a fraction counts.
func Int(section map[string]any, key string) (n int64, ok bool) {
	switch v := section[key].(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case float64:
		n = int64(v)
		return n, float64(n) == v && v < 1<<62 && v > -1<<62
	}
	return 0, false
}

// Float takes a number out of a section; ok is false where the key is absent,
// null, or no number.
func Float(section map[string]any, key string) (f float64, ok bool) {
	switch v := section[key].(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case *big.Int:
		f, _ = new(big.Float).SetInt(v).Float64()
		return f, true
	}
	return 0, false
}

// Text takes a string out of a section; ok is false where the key is absent,
// null, or no text.
func Text(section map[string]any, key string) (s string, ok bool) {
	s, ok = section[key].(string)
	return s, ok
}

// Bool takes a boolean out of a section; ok is false where the key is absent,
// null, or no boolean.
func Bool(section map[string]any, key string) (b, ok bool) {
	b, ok = section[key].(bool)
	return b, ok
}

// Section takes a nested map out of a section; it is nil where the key is
// absent, null, or no map.
func Section(section map[string]any, key string) map[string]any {
	m, _ := section[key].(map[string]any)
	return m
}

// kindOf names a value's kind for messages.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int, int64, *big.Int:
		return "a whole number"
	case float64:
		return "a float"
	case string:
		return "text"
	case []any:
		return "a list"
	}
	return "a map"
}
