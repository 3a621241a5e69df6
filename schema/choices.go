package schema

import "slices"

// Choices are values that the key takes, as far as they can be listed and written
// on one line: the default first, then literals, booleans, null.
func (k *Key) Choices() []any {
	var all []any
	add := func(v any) {
		switch v.(type) {
		case []any, map[string]any:
			return
		}
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	if k.HasDefault && k.Kinds&Map == 0 {
		add(k.Default)
	}
	for _, v := range k.Enum {
		add(v)
	}
	if k.Kinds == AnyKind {
		return all
	}
	if k.Kinds&Bool != 0 {
		add(true)
		add(false)
	}
	if k.Kinds&Null != 0 {
		add(nil)
	}
	return all
}
