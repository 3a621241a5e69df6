package dataset

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"mlcfg/internal/python"
)

// tokens makes token ids of a cell: a list of integers, or a text of one as CSV
// files hold them ("[1, 2, 3]", "1 2 3").
func tokens(v any) ([]int32, error) {
	switch v := v.(type) {
	case []int32:
		for i, x := range v {
			if x < 0 {
				return nil, fmt.Errorf("token id %d at place %d is negative", x, i)
			}
		}
		return v, nil
	case []int64:
		for i, x := range v {
			if x < 0 || x > math.MaxInt32 {
				return nil, fmt.Errorf("token id %d at place %d is outside 0 to %d", x, i, math.MaxInt32)
			}
		}
		out := make([]int32, len(v))
		for i, x := range v {
			out[i] = int32(x)
		}
		return out, nil
	case []any:
		out := make([]int32, len(v))
		for i, x := range v {
			n, err := count(x)
			if err != nil || n > math.MaxInt32 {
				return nil, fmt.Errorf("place %d holds %s, want a token id", i, show(x))
			}
			out[i] = int32(n)
		}
		return out, nil
	case string:
		return parseTokens(v)
	}
	return nil, fmt.Errorf("%s, want a list of token ids", show(v))
}

// parseTokens reads a list of numbers as Python, numpy and JSON print it.
func parseTokens(s string) ([]int32, error) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") || strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		s = s[1 : len(s)-1]
	}
	out := []int32{}
	for i := 0; i < len(s); {
		c := s[i]
		if c == ',' || c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		j := i
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if j == i {
			if strings.HasPrefix(s[i:], "...") {
				return nil, fmt.Errorf("the list of token ids was cut short (...) when it was written")
			}
			return nil, fmt.Errorf("%s, want a list of token ids", show(s))
		}
		n, err := strconv.ParseInt(s[i:j], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("token id %s is outside 0 to %d", s[i:j], math.MaxInt32)
		}
		out = append(out, int32(n))
		i = j
	}
	return out, nil
}

// text returns a cell as text; a number as Python prints it.
func text(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return python.Float(v), nil
	case bool:
		if v {
			return "True", nil
		}
		return "False", nil
	case []any:
		if len(v) == 1 {
			return text(v[0])
		}
	}
	return "", fmt.Errorf("%s, want a text", show(v))
}

func texts(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		s, err := text(v)
		if err != nil || s == "" {
			return nil, err
		}
		return []string{s}, nil
	}
	out := make([]string, len(list))
	for i, x := range list {
		var err error
		if out[i], err = text(x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// messages reads the turns of a chat, with the keys of the OpenAI protocol
// (role, content) or of ShareGPT (from, value).
func messages(v any) ([]Message, error) {
	if _, ok := v.([]int32); ok { // an empty list
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s, want a list of messages", show(v))
	}
	out := make([]Message, 0, len(list))
	for i, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("message %d is %s, want role and content", i, show(x))
		}
		role, content := m["role"], m["content"]
		if role == nil && content == nil {
			role, content = m["from"], m["value"]
		}
		r, ok := role.(string)
		c, ok2 := content.(string)
		if !ok || !ok2 {
			return nil, fmt.Errorf("message %d: want role and content as texts", i)
		}
		switch r {
		case "human":
			r = "user"
		case "gpt":
			r = "assistant"
		}
		out = append(out, Message{r, c})
	}
	return out, nil
}

// count returns a cell that is a whole number of zero or more.
func count(v any) (int, error) {
	switch v := v.(type) {
	case int64:
		if v >= 0 {
			return int(v), nil
		}
	case float64:
		if v >= 0 && v == math.Trunc(v) && v < 1<<53 {
			return int(v), nil
		}
	case string:
		if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && n >= 0 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%s, want a whole number", show(v))
}

// show names a value in a message, shortened.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		r := []rune(v)
		if len(r) > 40 {
			return fmt.Sprintf("the text %q...", string(r[:40]))
		}
		return fmt.Sprintf("the text %q", v)
	case []any, []int32, []int64:
		return "a list"
	case map[string]any:
		return "an object"
	case []byte:
		return "bytes"
	}
	return fmt.Sprint(v)
}
