package spell

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/manifest"
	"mlcfg/internal/python"
	"mlcfg/schema"
)

// argument spells one value, which is not nil.
func argument(flag schema.Flag, value any) ([]string, error) {
	name := flag.Names[0]
	if on, ok := value.(bool); ok {
		return boolArgument(flag, name, on)
	}
	if flag.Nargs == "0" || flag.Action == "store_true" || flag.Action == "store_false" || flag.Action == "bool" {
		return nil, fmt.Errorf("%s is a switch, and %v no boolean", name, value)
	}
	if m, isMap := value.(map[string]any); isMap && len(m) == 0 && (flag.Nargs == "+" || flag.Nargs == "*") {
		return nil, fmt.Errorf("%s needs at least one value, the map is empty; null leaves the argument out", name)
	}
	if m, isMap := value.(map[string]any); isMap && flag.Action == schema.Pairs {
		return pairsArgument(name, m)
	}
	list, isList := value.([]any)
	if !isList {
		text, err := word(value)
		if err != nil {
			return nil, err
		}
		return pair(name, text), nil
	}
	switch {
	case flag.Action == "append":
		var args []string
		for _, element := range list {
			text, err := word(element)
			if err != nil {
				return nil, err
			}
			args = append(args, pair(name, text)...)
		}
		return args, nil
	case flag.Nargs == "+" || flag.Nargs == "*":
		return listArgument(flag, name, list)
	}
	// One value that is a list is read as JSON.
	text, err := jsonText(list)
	return pair(name, text), err
}

// pairsArgument is a map as KEY=VALUE pairs. The engine's reader takes JSON for one that has no
// value, and makes the keys lower case.
func pairsArgument(name string, m map[string]any) ([]string, error) {
	if len(m) == 0 {
		return nil, fmt.Errorf("%s needs at least one value, the map is empty; null leaves the argument out", name)
	}
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		text, err := word(m[key])
		if err != nil {
			return nil, err
		}
		if strings.ContainsAny(key+text, "=,") || key != strings.ToLower(key) {
			return nil, fmt.Errorf("%s takes KEY=VALUE pairs with keys in lower case, which %q is not", name, key+"="+text)
		}
		pairs = append(pairs, key+"="+text)
	}
	return pair(name, strings.Join(pairs, ",")), nil
}

func boolArgument(flag schema.Flag, name string, on bool) ([]string, error) {
	switch {
	case flag.Negative != "":
		if on {
			return []string{name}, nil
		}
		return []string{flag.Negative}, nil
	case flag.Action == "StoreBoolean": // vLLM's own, which reads the words true and false
		return pair(name, strconv.FormatBool(on)), nil
	case flag.Action == "store_false":
		on = !on
	case flag.Nargs == "0" || flag.Action == "store_true":
	case flag.Nargs == "?": // the flag by itself means true
	default:
		// A value that happens to be a boolean.
		return pair(name, strconv.FormatBool(on)), nil
	}
	if on {
		return []string{name}, nil
	}
	// The flag's absence is the only way to say no.
	return nil, nil
}

func listArgument(flag schema.Flag, name string, list []any) ([]string, error) {
	if len(list) == 0 && flag.Nargs == "+" {
		return nil, fmt.Errorf("%s needs at least one value, the list is empty; null leaves the argument out", name)
	}
	args := []string{name}
	for _, element := range list {
		text, err := word(element)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(text, "-") && !isNumber(text) {
			return nil, fmt.Errorf("%s cannot take the value %q: it would be read as another argument", name, text)
		}
		args = append(args, text)
	}
	return args, nil
}

// commaList is a list that the engine splits at commas.
func commaList(flag schema.Flag, list []any) ([]string, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%s needs at least one value, the list is empty; null leaves the argument out", flag.Names[0])
	}
	words := make([]string, len(list))
	for i, element := range list {
		text, err := word(element)
		if err != nil {
			return nil, err
		}
		if strings.Contains(text, ",") {
			return nil, fmt.Errorf("%s is split at commas, and %q has one", flag.Names[0], text)
		}
		words[i] = text
	}
	return pair(flag.Names[0], strings.Join(words, ",")), nil
}

// pair is a flag with its value; a value that looks like a flag is tied to it.
func pair(name, value string) []string {
	if strings.HasPrefix(value, "-") {
		return []string{name + "=" + value}
	}
	return []string{name, value}
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// word is a value as one argument: a map or a list as JSON, a number as Python
// writes it.
func word(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", errors.New("null inside a list cannot be said on a command line")
	case string:
		if strings.ContainsRune(v, 0) {
			return "", errors.New("a text with a NUL byte cannot be an argument")
		}
		return manifest.OpenPath(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case *big.Int:
		return v.String(), nil
	case float64:
		return python.Float(v), nil
	case map[string]any, []any:
		return jsonText(v)
	}
	return "", fmt.Errorf("a value of type %T cannot be an argument", value)
}

// jsonText is compact JSON with sorted keys, the absolute paths in it open.
func jsonText(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(openPaths(v)); err != nil {
		return "", fmt.Errorf("as JSON: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// openPaths is a value with each text in it as a word of a role.
func openPaths(v any) any {
	switch v := v.(type) {
	case string:
		return manifest.OpenPath(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = openPaths(v[i])
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[manifest.Literal(key)] = openPaths(value)
		}
		return m
	}
	return v
}
