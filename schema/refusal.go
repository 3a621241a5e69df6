package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// Refusal is a condition over several keys of a section under which the engine
// refuses them, read out of its source.
type Refusal struct {
	// When is the condition, in the part of Python's grammar that [Refusal.Valid] takes.
	When string `json:"when"`
	// Says is the engine's own message; a key in braces stands for its value.
	Says string `json:"says"`
}

// Valid reports a condition that cannot be evaluated.
func (r Refusal) Valid() error {
	_, err := evaluate(r.When, func(string) any { return unknown{} })
	if err != nil {
		return fmt.Errorf("the condition %q: %w", r.When, err)
	}
	return nil
}

// refuses returns what the engine refuses of the values of a section's keys together.
// A key that is not set has its default.
func (s *Section) refuses(set map[string]any) (found []Fault) {
	for _, k := range s.Keys() {
		for _, r := range k.Refusals {
			var first string
			value := func(name string) any {
				v, isSet := set[name]
				if isSet && first == "" {
					first = name
				}
				if key, known := s.Key(name); !isSet && known && key.HasDefault {
					return key.Default
				} else if !isSet {
					return unknown{}
				}
				return v
			}
			if v, err := evaluate(r.When, value); err != nil || truth(v) != yes {
				continue
			}
			f := Fault{Code: Refused, Message: r.message(value)}
			if first != "" {
				f.Path = []string{first}
			}
			found = append(found, f)
		}
	}
	return found
}

var inBraces = lazyregexp.New(`\{(\w+)\}`)

func (r Refusal) message(value func(string) any) string {
	text := inBraces.ReplaceAllStringFunc(r.Says, func(name string) string {
		v := value(name[1 : len(name)-1])
		if truthless(v) {
			return "…"
		}
		return Format(v)
	})
	return strings.TrimSuffix(text, ".")
}

// unknown is the value of a key whose default the source does not tell. What it
// decides is not decided.
type unknown struct{}

func truthless(v any) bool {
	_, is := v.(unknown)
	return is
}

// answer is a truth that may not be known.
type answer int

const (
	no answer = iota
	yes
	open
)

// truth is Python's bool(v).
func truth(v any) answer {
	is := false
	switch x := v.(type) {
	case unknown:
		return open
	case nil:
	case bool:
		is = x
	case string:
		is = x != ""
	case []any:
		is = len(x) > 0
	case map[string]any:
		is = len(x) > 0
	default:
		n, isNumber := Number(v)
		is = !isNumber || n != 0
	}
	if is {
		return yes
	}
	return no
}

// compared is what a comparison of two values comes to in Python.
func compared(op string, a, b any) answer {
	if truthless(a) || truthless(b) {
		return open
	}
	var is bool
	switch op {
	case "==", "is":
		is = same(a, b)
	case "!=", "is not":
		is = !same(a, b)
	case "in", "not in":
		list, isList := b.([]any)
		if !isList {
			return open
		}
		is = slices.ContainsFunc(list, func(v any) bool { return same(a, v) }) == (op == "in")
	default:
		x, isX := Number(a)
		y, isY := Number(b)
		if !isX || !isY {
			return open // of texts no engine asks which is more
		}
		is = map[string]bool{"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]
	}
	if is {
		return yes
	}
	return no
}

// same is Python's ==: 1 equals 1.0, and True.
func same(a, b any) bool {
	x, isX := numeric(a)
	y, isY := numeric(b)
	if isX || isY {
		return isX && isY && x == y
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, same)
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && maps.EqualFunc(x, y, same)
	}
	switch b.(type) {
	case []any, map[string]any:
		return false
	}
	return a == b
}

func numeric(v any) (float64, bool) {
	if b, ok := v.(bool); ok {
		if b {
			return 1, true
		}
		return 0, true
	}
	return Number(v)
}
