package manifest

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mlcfg/internal/python"
)

// maxDepth bounds nesting, in reading and writing alike.
const maxDepth = 64

var errDepth = fmt.Errorf("nested deeper than %d levels", maxDepth)

// appendYAML writes a map in canonical YAML: keys sorted by bytes, two spaces,
// block style, a final newline.
func appendYAML(b []byte, m map[string]any) ([]byte, error) {
	if len(m) == 0 {
		return append(b, "{}\n"...), nil
	}
	return appendMap(b, m, 0, "")
}

// appendMap writes m's entries, each line indented; first replaces the
// indentation of the first line (behind a list item's dash).
func appendMap(b []byte, m map[string]any, indent int, first string) ([]byte, error) {
	if indent > 2*maxDepth {
		return nil, errDepth
	}
	for i, k := range sortedKeys(m) {
		if i > 0 || first == "" {
			b = appendIndent(b, indent)
		} else {
			b = append(b, first...)
		}
		var err error
		if b, err = appendText(b, k); err != nil {
			return nil, fmt.Errorf("key %q: %w", k, err)
		}
		b = append(b, ':')
		if b, err = appendUnder(b, m[k], indent); err != nil {
			return nil, inPath(k, err)
		}
	}
	return b, nil
}

// appendUnder writes the value of a key that stands at indent.
func appendUnder(b []byte, v any, indent int) ([]byte, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			return appendMap(append(b, '\n'), v, indent+2, "")
		}
	case []any:
		if len(v) > 0 {
			return appendList(append(b, '\n'), v, indent+2, "")
		}
	}
	b, err := appendScalar(append(b, ' '), v)
	return append(b, '\n'), err
}

func appendList(b []byte, list []any, indent int, first string) ([]byte, error) {
	if indent > 2*maxDepth {
		return nil, errDepth
	}
	for i, v := range list {
		if i > 0 || first == "" {
			b = appendIndent(b, indent)
		} else {
			b = append(b, first...)
		}
		var err error
		switch v := v.(type) {
		case map[string]any:
			if len(v) > 0 {
				b, err = appendMap(b, v, indent+2, "- ")
				break
			}
			b = append(b, "- {}\n"...)
		case []any:
			if len(v) > 0 {
				b, err = appendList(b, v, indent+2, "- ")
				break
			}
			b = append(b, "- []\n"...)
		default:
			b, err = appendScalar(append(b, "- "...), v)
			b = append(b, '\n')
		}
		if err != nil {
			return nil, inPath(strconv.Itoa(i), err)
		}
	}
	return b, nil
}

// appendScalar writes one scalar, or an empty map or list.
func appendScalar(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return appendText(b, v)
	case map[string]any:
		return append(b, "{}"...), nil
	case []any:
		return append(b, "[]"...), nil
	}
	return appendLiteral(b, v)
}

// appendLiteral writes what YAML and JSON spell alike: null, booleans, numbers.
func appendLiteral(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case *big.Int:
		return v.Append(b, 10), nil
	case float64:
		return appendFloat(b, v)
	}
	return nil, fmt.Errorf("a %T cannot stand in a manifest", v)
}

// appendFloat writes a finite number in the form that YAML 1.1, YAML 1.2 and JSON share.
func appendFloat(b []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errors.New("a number that is not finite cannot stand in a manifest")
	}
	return append(b, python.YAMLFloat(f)...), nil
}

// appendText writes a string plain where every YAML reader takes it for text,
// and double-quoted as JSON does otherwise.
func appendText(b []byte, s string) ([]byte, error) {
	if isPlain(s) {
		return append(b, s...), nil
	}
	return appendQuoted(b, s)
}

// isPlain reports whether s may stand without quotes: it starts with a letter, a
// slash or an underscore, so that it is no number or date to anybody, holds
// nothing that YAML gives a meaning, and is none of the words that some reader
// takes for a boolean, null or a number.
func isPlain(s string) bool {
	if s == "" || len(s) > 512 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '/'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '.' || c == '-')) {
			return false
		}
	}
	if len(s) <= len("infinity") {
		switch strings.ToLower(s) {
		case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf", "infinity":
			return false
		}
	}
	return true
}

// appendQuoted writes a JSON string that is a YAML double-quoted scalar on one
// line as well: what is not printable is escaped.
func appendQuoted(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, errors.New("text that is not UTF-8 cannot stand in a manifest")
	}
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case unicode.IsPrint(r) || r > 0xffff:
			b = utf8.AppendRune(b, r)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return append(b, '"'), nil
}

// appendJSON writes a map as JSON with sorted keys and a final newline.
func appendJSON(b []byte, m map[string]any) ([]byte, error) {
	b, err := appendJSONValue(b, m, 0)
	return append(b, '\n'), err
}

func appendJSONValue(b []byte, v any, indent int) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case string:
		return appendQuoted(b, v)
	case map[string]any:
		if len(v) == 0 {
			return append(b, "{}"...), nil
		}
		if indent > 2*maxDepth {
			return nil, errDepth
		}
		b = append(b, '{')
		for i, k := range sortedKeys(v) {
			b = appendBreak(b, i, indent+2)
			if b, err = appendQuoted(b, k); err != nil {
				return nil, err
			}
			if b, err = appendJSONValue(append(b, ": "...), v[k], indent+2); err != nil {
				return nil, inPath(k, err)
			}
		}
		return append(appendIndent(append(b, '\n'), indent), '}'), nil
	case []any:
		if len(v) == 0 {
			return append(b, "[]"...), nil
		}
		if indent > 2*maxDepth {
			return nil, errDepth
		}
		b = append(b, '[')
		for i, item := range v {
			if b, err = appendJSONValue(appendBreak(b, i, indent+2), item, indent+2); err != nil {
				return nil, inPath(strconv.Itoa(i), err)
			}
		}
		return append(appendIndent(append(b, '\n'), indent), ']'), nil
	}
	return appendLiteral(b, v)
}

func appendBreak(b []byte, i, indent int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return appendIndent(append(b, '\n'), indent)
}

func appendIndent(b []byte, n int) []byte {
	for range n {
		b = append(b, ' ')
	}
	return b
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func inPath(key string, err error) error { return fmt.Errorf("%s: %w", key, err) }
