package schema

import (
	"encoding/json"
	"strconv"
	"strings"
)

// suggestType offers the same value in a type that is wanted: "16" where 16
// was meant, 3.0 for 3, "true" for true.
func suggestType(alts []Alternative, value any) string {
	var candidates []any
	switch v := value.(type) {
	case string:
		if text := jsonInText(v); text != "" {
			if checkAlternatives(alts, decoded(text)) == nil {
				return text
			}
		}
		candidates = meantBy(alts, strings.TrimSuffix(strings.TrimSpace(v), ","))
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

// meantBy are the values that a text may stand for, the likeliest first.
func meantBy(alts []Alternative, text string) (all []any) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		all = append(all, n)
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		all = append(all, x)
	}
	if x, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64); err == nil && strings.HasSuffix(text, "%") && checkAlternatives(alts, x) != nil {
		all = append(all, x/100) // what takes 90 itself may want it so
	}
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		all = append(all, true)
	case "false", "no", "off", "0":
		all = append(all, false)
	case "none", "null", "":
		all = append(all, nil)
	}
	return append(all, separated(text)...)
}

// separated are a list, of numbers and of texts, and a map that a text with commas holds,
// as command lines take them: 0,1 and image=2,video=1.
func separated(text string) []any {
	var numbers, texts []any
	pairs := map[string]any{}
	for _, word := range strings.Split(text, ",") {
		word = strings.TrimSpace(word)
		texts = append(texts, word)
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			numbers = append(numbers, n)
		}
		if key, value, ok := strings.Cut(word, "="); ok && key != "" {
			pairs[key] = value
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				pairs[key] = n
			}
		}
	}
	var all []any
	if len(numbers) == len(texts) {
		all = append(all, numbers)
	}
	all = append(all, texts)
	if len(pairs) == len(texts) {
		all = append(all, pairs)
	}
	return all
}

// jsonInText is the map or list that a text holds as JSON, in one line as YAML reads it
// too; empty where it holds none.
func jsonInText(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || text[0] != '{' && text[0] != '[' || !json.Valid([]byte(text)) {
		return ""
	}
	if !strings.ContainsAny(text, "\\\n\t") {
		return text
	}
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber() // as it was written
	if d.Decode(&v) != nil {
		return ""
	}
	return Format(v)
}

// decoded is what JSON holds, in the types that a check takes.
func decoded(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return plainNumbers(v)
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
