package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"

	"mlcfg/internal/python"
)

// The codes of a Fault.
const (
	WrongType  = "wrong-type"
	OutOfRange = "out-of-range"
	NotInEnum  = "not-in-enum"
	UnknownKey = "unknown-key"
	Refused    = "engine-refuses" // several keys together
)

// Alternative is one form that a value may have.
type Alternative struct {
	// Kinds is one kind, Int|Float for a number, or AnyKind.
	Kinds Kind
	// Literal is the one value of a constant, where IsLiteral says so.
	Literal   any
	IsLiteral bool
	// Pattern is the regular expression that text must match, empty for any text.
	Pattern string
	// Min and Max are the range of a number, nil where open; Not are numbers in it
	// that are refused all the same.
	Min, Max *Bound
	Not      []float64
	// Elem are the alternatives of a list's elements or of a map's values; nil
	// takes anything.
	Elem []Alternative

	matches func(string) bool
}

// Fault is one thing wrong with a value.
type Fault struct {
	// Code is wrong-type, out-of-range, not-in-enum, or unknown-key for a key
	// of a nested map.
	Code string
	// Path leads to the faulty part of a nested value: map keys and list
	// indexes from 0; empty for the value itself.
	Path []string
	// Message says what was found and what is legal.
	Message string
	// Want says what is legal: "an integer of at least 1 or null".
	Want string
	// Suggestion is the replacement text that would mend the fault, empty
	// where there is none.
	Suggestion string
}

// Check returns the faults of a value: nil, bool, int64, *big.Int, float64,
// string, []any or map[string]any. The maps and lists in it hold the same.
func (k *Key) Check(value any) []Fault {
	if checkAlternatives(k.alts, value) == nil {
		if m, ok := value.(map[string]any); ok && (k.Config != "" || k.Union != nil) {
			return k.checkConfig(m)
		}
		return nil
	}
	return k.faults(k.alts, value, nil)
}

// miss says how far a value came: the alternative of its kind that it fails.
type miss struct {
	kind Kind // the value's kind is taken by some alternative
}

func checkAlternatives(alts []Alternative, value any) *miss {
	kind := kindOf(value)
	m := &miss{}
	for i := range alts {
		a := &alts[i]
		if a.Kinds&kind == 0 {
			continue
		}
		m.kind |= kind
		if a.accepts(value, kind) {
			return nil
		}
	}
	return m
}

func (a *Alternative) accepts(value any, kind Kind) bool {
	switch {
	case a.IsLiteral:
		return equal(a.Literal, value)
	case a.Pattern != "":
		text, _ := value.(string)
		return a.matches(text)
	case a.Min != nil && !above(*a.Min, value), a.Max != nil && !below(*a.Max, value):
		return false
	case slices.ContainsFunc(a.Not, func(n float64) bool { c, ok := compareNumber(value, n); return ok && c == 0 }):
		return false
	case a.Elem == nil:
		return true
	case kind == List:
		list, _ := value.([]any)
		return !slices.ContainsFunc(list, func(v any) bool { return checkAlternatives(a.Elem, v) != nil })
	case kind == Map:
		m, _ := value.(map[string]any)
		for _, v := range m {
			if checkAlternatives(a.Elem, v) != nil {
				return false
			}
		}
	}
	return true
}

func above(b Bound, value any) bool {
	c, ok := compareNumber(value, b.Value)
	return ok && (c > 0 || c == 0 && !b.Exclusive)
}

func below(b Bound, value any) bool {
	c, ok := compareNumber(value, b.Value)
	return ok && (c < 0 || c == 0 && !b.Exclusive)
}

// compareNumber is exact for integers of any size; NaN compares with nothing.
func compareNumber(value any, to float64) (int, bool) {
	switch n := value.(type) {
	case int64:
		return new(big.Float).SetInt64(n).Cmp(big.NewFloat(to)), true
	case *big.Int:
		return new(big.Float).SetInt(n).Cmp(big.NewFloat(to)), true
	case float64:
		if math.IsNaN(n) {
			return 0, false
		}
		return big.NewFloat(n).Cmp(big.NewFloat(to)), true
	}
	return 0, false
}

// Number returns the number that a value is; false where it is none.
func Number(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(n).Float64()
		return f, true
	}
	return 0, false
}

// equal compares a literal with a value; 1 equals 1.0 only where both are of one kind,
// as in CUE.
func equal(literal, value any) bool {
	switch l := literal.(type) {
	case *big.Int:
		v, ok := value.(*big.Int)
		return ok && l.Cmp(v) == 0
	case []any:
		v, ok := value.([]any)
		return ok && slices.EqualFunc(l, v, equal)
	case map[string]any:
		v, ok := value.(map[string]any)
		if !ok || len(l) != len(v) {
			return false
		}
		for name, x := range l {
			if y, ok := v[name]; !ok || !equal(x, y) {
				return false
			}
		}
		return true
	case int64:
		if v, ok := value.(*big.Int); ok {
			return v.IsInt64() && v.Int64() == l
		}
	}
	switch value.(type) {
	case []any, map[string]any:
		return false
	}
	return literal == value
}

func kindOf(value any) Kind {
	switch value.(type) {
	case nil:
		return Null
	case bool:
		return Bool
	case int64, *big.Int:
		return Int
	case float64:
		return Float
	case string:
		return String
	case []any:
		return List
	case map[string]any:
		return Map
	}
	return 0
}

// Format writes a value as a file would hold it: text in quotes, 1.0 for a whole
// float, maps and lists as JSON.
func Format(v any) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(x)
	case float64:
		return python.Float(x)
	case *big.Int:
		return x.String()
	case []any, map[string]any:
		text, err := json.Marshal(x)
		if err != nil {
			return fmt.Sprint(x)
		}
		return string(text)
	}
	return fmt.Sprint(v)
}
