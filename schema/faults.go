package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// faults explains why a value fits no alternative.
func (k *Key) faults(alts []Alternative, value any, path []string) []Fault {
	kind := kindOf(value)
	want := describe(alts)
	f := Fault{Path: path, Want: want}
	miss := checkAlternatives(alts, value)
	if miss == nil {
		return nil
	}
	if miss.kind == 0 {
		f.Code = WrongType
		f.Message = fmt.Sprintf("%s where %s is wanted", found(value), want)
		f.Suggestion = suggestType(alts, value)
		return []Fault{f}
	}
	var literals []any
	for i := range alts {
		a := &alts[i]
		if a.Kinds&kind == 0 {
			continue
		}
		switch {
		case a.IsLiteral:
			literals = append(literals, a.Literal)
		case a.Pattern != "":
			f.Code = WrongType
			f.Suggestion = suggestType(alts, value)
		case a.Elem != nil:
			return k.elementFaults(a, value, path)
		default:
			f.Code = OutOfRange
		}
	}
	if f.Code == "" {
		f.Code = NotInEnum
		f.Suggestion = nearestLiteral(literals, value)
	}
	f.Message = fmt.Sprintf("%s where %s is wanted", Format(value), want)
	return []Fault{f}
}

func (k *Key) elementFaults(a *Alternative, value any, path []string) []Fault {
	var all []Fault
	at := func(step string) []string { return append(slices.Clone(path), step) }
	switch v := value.(type) {
	case []any:
		for i, x := range v {
			all = append(all, k.faults(a.Elem, x, at(strconv.Itoa(i)))...)
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			all = append(all, k.faults(a.Elem, v[name], at(name))...)
		}
	}
	return all
}

// found names a value with its type, for a message about a wrong type.
func found(value any) string {
	kind := kindOf(value)
	switch kind {
	case Null:
		return "null"
	case List, Map:
		return kind.String()
	case Float:
		return "the fraction " + Format(value)
	}
	return "the " + strings.TrimPrefix(strings.TrimPrefix(kind.String(), "a "), "an ") + " " + Format(value)
}

// describe says in words what the alternatives take.
func describe(alts []Alternative) string {
	var words []string
	var literals []string
	null := false
	for i := range alts {
		a := &alts[i]
		if a.Pattern != "" && len(alts) > 1 {
			continue // the text of what another alternative takes
		}
		if a.IsLiteral {
			if a.Kinds == Null {
				null = true
			} else if !covered(alts, a) {
				literals = append(literals, Format(a.Literal))
			}
			continue
		}
		word := a.describe()
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	switch {
	case len(literals) == 1:
		words = append(words, literals[0])
	case len(literals) > 1:
		words = append(words, "one of "+strings.Join(literals, ", "))
	}
	if null {
		words = append(words, "null")
	}
	return joinOr(words)
}

// covered reports whether a general alternative takes the literal too.
func covered(alts []Alternative, literal *Alternative) bool {
	return slices.ContainsFunc(alts, func(b Alternative) bool {
		return !b.IsLiteral && b.Kinds&literal.Kinds != 0 && b.accepts(literal.Literal, literal.Kinds)
	})
}

func (a *Alternative) describe() string {
	word := a.Kinds.String()
	switch {
	case a.Pattern != "":
		return "text that matches " + a.Pattern
	case a.Kinds == List && a.Elem != nil:
		return "a list of (" + describe(a.Elem) + ")"
	case a.Kinds == Map && a.Elem != nil:
		return "a map to (" + describe(a.Elem) + ")"
	case a.Min != nil && a.Max != nil:
		word = fmt.Sprintf("%s %s and %s", word, a.Min.lower(), a.Max.upper())
	case a.Min != nil:
		word += " " + a.Min.lower()
	case a.Max != nil:
		word += " " + a.Max.upper()
	}
	return word + a.except()
}

// except names the numbers of a range that are refused.
func (a *Alternative) except() string {
	var numbers []string
	for _, n := range a.Not {
		numbers = append(numbers, (&Bound{Value: n}).text())
	}
	if numbers == nil {
		return ""
	}
	return " other than " + joinOr(numbers)
}

func (b *Bound) lower() string {
	if b.Exclusive {
		return "above " + b.text()
	}
	return "of at least " + b.text()
}

func (b *Bound) upper() string {
	if b.Exclusive {
		return "below " + b.text()
	}
	return "of at most " + b.text()
}

func (b *Bound) text() string { return strconv.FormatFloat(b.Value, 'g', -1, 64) }

// scaled is a number with a letter behind it as vLLM's command line reads it: k, m, g
// and t are powers of 1,000, K, M, G and T of 1,024 (argparse_utils, human_readable_int).
func scaled(text string) []any {
	if text == "" {
		return nil
	}
	at := strings.IndexByte("kmgtKMGT", text[len(text)-1])
	x, err := strconv.ParseFloat(text[:len(text)-1], 64)
	if at < 0 || err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	base := 1000.0
	if at >= 4 {
		base = 1024
	}
	n := x * math.Pow(base, float64(at%4+1))
	if n != math.Trunc(n) || math.Abs(n) > 1<<53 {
		return nil
	}
	return []any{int64(n)}
}

// mapInText is the map that a text holds as JSON.
func mapInText(text string) (map[string]any, bool) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if d.Decode(&m) != nil {
		return nil, false
	}
	return plainNumbers(m).(map[string]any), true
}

// plainNumbers turns JSON's numbers into those that a check takes.
func plainNumbers(v any) any {
	switch x := v.(type) {
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n
		}
		f, _ := x.Float64()
		return f
	case []any:
		for i := range x {
			x[i] = plainNumbers(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = plainNumbers(x[k])
		}
	}
	return v
}

// suggestType offers the same value in a type that is wanted: "16" where 16
// was meant, 3.0 for 3, "true" for true.
func suggestType(alts []Alternative, value any) string {
	var candidates []any
	switch v := value.(type) {
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			candidates = append(candidates, n)
		}
		if x, err := strconv.ParseFloat(v, 64); err == nil {
			candidates = append(candidates, x)
		}
		switch strings.ToLower(v) {
		case "true", "yes", "on":
			candidates = append(candidates, true)
		case "false", "no", "off":
			candidates = append(candidates, false)
		case "none", "null", "":
			candidates = append(candidates, nil)
		}
		candidates = append(candidates, scaled(v)...)
		if m, ok := mapInText(v); ok {
			candidates = append(candidates, m)
		}
		candidates = append(candidates, []any{v})
	case map[string]any:
		if text, err := json.Marshal(v); err == nil {
			candidates = append(candidates, string(text))
		}
	case float64:
		if n := int64(v); float64(n) == v {
			candidates = append(candidates, n)
		}
		candidates = append(candidates, Format(v))
	case int64:
		if v == 0 || v == 1 {
			candidates = append(candidates, v == 1)
		}
		candidates = append(candidates, Format(v))
	case bool:
		candidates = append(candidates, Format(v))
	}
	for _, c := range candidates {
		if checkAlternatives(alts, c) == nil {
			return Format(c)
		}
	}
	return ""
}

func nearestLiteral(literals []any, value any) string {
	text, ok := value.(string)
	if !ok {
		return ""
	}
	var names []string
	for _, l := range literals {
		if s, ok := l.(string); ok {
			names = append(names, s)
		}
	}
	return Nearest(names, text)
}
