package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// CheckSampling holds every parameter that requests carry to what sampling_types
// says the engine takes. A manifest that mlcfg made always passes; one that was
// changed and sealed again might have a request refused by the engine after the
// model was loaded.
func (m *Manifest) CheckSampling() error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(m.SamplingConfig)) {
		value := m.SamplingConfig[key]
		if value == nil {
			continue // not passed on
		}
		want, known := m.SamplingTypes[key]
		if !known {
			errs = append(errs, fmt.Errorf("sampling_config.%s: sampling_types does not say what it takes", key))
			continue
		}
		t, err := parseTypes(want)
		if err == nil {
			err = t.check(value)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("sampling_config.%s: %w", key, err))
		}
	}
	return errors.Join(errs...)
}

// valueTypes are types of values, and bounds of those that are numbers.
type valueTypes struct {
	text   string
	kinds  []string
	bounds []bound
}

// bound is one end of a range: >=1.
type bound struct {
	sign  string
	limit float64
}

// parseTypes reads "int >=1 | null": kinds (null, bool, int, number, text,
// list, map, any), each with the bounds of its numbers.
func parseTypes(text string) (valueTypes, error) {
	t := valueTypes{text: text}
	for alternative := range strings.SplitSeq(text, "|") {
		words := strings.Fields(alternative)
		if len(words) == 0 || !slices.Contains([]string{"null", "bool", "int", "number", "text", "list", "map", "any"}, words[0]) {
			return t, fmt.Errorf("%q does not say of which type the value is", text)
		}
		t.kinds = append(t.kinds, words[0])
		for _, word := range words[1:] {
			sign := word[:len(word)-len(strings.TrimLeft(word, "<>="))]
			limit, err := strconv.ParseFloat(word[len(sign):], 64)
			if err != nil || !slices.Contains([]string{">=", "<=", ">", "<"}, sign) {
				return t, fmt.Errorf("%q is no bound of a number, in %q", word, text)
			}
			t.bounds = append(t.bounds, bound{sign, limit})
		}
	}
	return t, nil
}

func (t valueTypes) check(value any) error {
	if !slices.ContainsFunc(t.kinds, func(kind string) bool { return isOf(kind, value) }) {
		return fmt.Errorf("it is %s, the engine takes %s", kindOf(value), t.text)
	}
	n, ok := Float(map[string]any{"": value}, "")
	for _, b := range t.bounds {
		c := cmp.Compare(n, b.limit)
		if ok && (c < 0 && b.sign[0] == '>' || c > 0 && b.sign[0] == '<' || c == 0 && len(b.sign) == 1) {
			return fmt.Errorf("it is %v, the engine takes %s", value, t.text)
		}
	}
	return nil
}

func isOf(kind string, value any) bool {
	switch v := value.(type) {
	case bool:
		return kind == "bool" || kind == "any"
	case int, int64, *big.Int:
		return kind == "int" || kind == "number" || kind == "any"
	case float64: // 1.0 is sent as 1
		return kind == "number" || kind == "any" || kind == "int" && v == math.Trunc(v)
	case string:
		return kind == "text" || kind == "any"
	case []any:
		return kind == "list" || kind == "any"
	}
	return kind == "map" || kind == "any"
}
