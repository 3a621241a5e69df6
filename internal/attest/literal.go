package attest

import (
	"strconv"
	"strings"
)

// literal reads a Python literal at the front of a text: a dict, a list, a tuple, a text, a number, True,
// False or None. What is none of these, such as the representation of an object, is kept as its text.
// rest is what follows.
func literal(text string, depth int) (value any, rest string) {
	text = strings.TrimLeft(text, " ")
	switch {
	case text == "" || depth > maxDepth:
		return nil, ""
	case text[0] == '{':
		return dict(text[1:], '}', ':', depth)
	case text[0] == '[' || text[0] == '(':
		return list(text[1:], closing(text[0]), depth)
	case text[0] == '\'' || text[0] == '"':
		return quoted(text)
	}
	word, rest := word(text)
	switch word {
	case "None":
		return nil, rest
	case "True", "False":
		return word == "True", rest
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return n, rest
	}
	if f, err := strconv.ParseFloat(word, 64); err == nil {
		return f, rest
	}
	return word, rest
}

const maxDepth = 50

func closing(open byte) byte { return map[byte]byte{'(': ')', '[': ']', '{': '}', '<': '>'}[open] }

// dict reads pairs up to an end; between a key and its value stands a colon, or in a call an equals sign.
func dict(text string, end, between byte, depth int) (map[string]any, string) {
	out := map[string]any{}
	for {
		text = strings.TrimLeft(text, " ,")
		if text == "" {
			return out, ""
		}
		if text[0] == end {
			return out, text[1:]
		}
		var key any
		if between == '=' {
			at := strings.IndexByte(text, '=')
			if at < 0 {
				return out, ""
			}
			key, text = text[:at], text[at:]
		} else {
			key, text = literal(text, depth+1)
		}
		text = strings.TrimLeft(text, " ")
		name, ok := key.(string)
		if !ok || text == "" || text[0] != between {
			return out, ""
		}
		var value any
		value, text = literal(text[1:], depth+1)
		out[name] = value
	}
}

func list(text string, end byte, depth int) ([]any, string) {
	out := []any{}
	for {
		text = strings.TrimLeft(text, " ,")
		if text == "" {
			return out, ""
		}
		if text[0] == end {
			return out, text[1:]
		}
		before := len(text)
		var value any
		value, text = literal(text, depth+1)
		if out = append(out, value); len(text) >= before {
			return out, ""
		}
	}
}

// quoted reads a text between quotes, with Python's escapes of quotes and backslashes.
func quoted(text string) (string, string) {
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case c == quote:
			return b.String(), text[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// word is what stands up to the next comma or closing bracket outside of brackets.
func word(text string) (string, string) {
	var open []byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '(', '[', '{', '<':
			open = append(open, closing(c))
		case ')', ']', '}', '>':
			if len(open) == 0 {
				return strings.TrimSpace(text[:i]), text[i:]
			}
			if open[len(open)-1] == c {
				open = open[:len(open)-1]
			}
		case ',':
			if len(open) == 0 {
				return strings.TrimSpace(text[:i]), text[i:]
			}
		}
	}
	return strings.TrimSpace(text), ""
}
