package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/python"
	"mlcfg/schema"
)

// common are values that every key is tried with, whatever its type.
var common = []any{
	true, false,
	int64(0), int64(1), int64(2), int64(7), int64(-1), int64(64), int64(4294967297),
	0.0, 0.5, 1.5, 1e-9,
	"", "abc", "auto", "none", "None", "null", "a b", "a,b", "-x", "1k", "é", "/path/x",
	`{"a": 1}`, `{"a": `, "[1]",
	[]any{},
	[]any{"a"},
	[]any{"a", "b c"},
	[]any{int64(1), int64(2)},
	[]any{""},
	[]any{"None"},
	map[string]any{},
	map[string]any{"a": int64(1)},
}

// mostEnum bounds how many values of a list a key is tried with.
const mostEnum = 40

// values are those that a key is tried with: the common ones, its default, each value
// that its type lists with a slip of each, and for a map each key of its class.
func values(s *schema.Schema, key *schema.Key) []any {
	list := slices.Clone(common)
	if key.HasDefault && key.Default != nil {
		list = append(list, key.Default)
	}
	for i, v := range key.Enum {
		if i == mostEnum {
			break
		}
		list = append(list, v)
		if name, isText := v.(string); isText {
			list = append(list, name+"x", strings.ToUpper(name))
		}
	}
	if built, known := s.Section(schema.BuiltIn).Key(key.Name); known {
		list = append(list, built.Enum...)
	}
	if in := s.Section(key.Config); key.Config != "" && in != nil {
		for _, k := range in.Keys() {
			for _, v := range nested(k) {
				list = append(list, map[string]any{k.Name: v})
			}
		}
	}
	return distinct(list)
}

// nested are the values of a key of a class: fewer, for there are many.
func nested(k *schema.Key) []any {
	list := []any{true, int64(0), int64(1), int64(-1), 0.5, "abc", "None", []any{"a"}, map[string]any{"a": int64(1)}}
	if k.HasDefault && k.Default != nil {
		list = append(list, k.Default)
	}
	return append(list, k.Enum...)
}

func distinct(list []any) []any {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(v any) bool {
		t := fmt.Sprintf("%T %s", v, yamlText(v))
		was := seen[t]
		seen[t] = true
		return was || v == nil
	})
}

// yamlText is a value as a configuration has it, texts in quotes.
func yamlText(v any) string {
	switch v := v.(type) {
	case float64:
		return python.Float(v)
	case []any:
		items := make([]string, len(v))
		for i := range v {
			items[i] = yamlText(v[i])
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var items []string
		for name, value := range v {
			items = append(items, yamlText(name)+": "+yamlText(value))
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(b)
}
