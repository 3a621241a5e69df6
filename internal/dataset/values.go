package dataset

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

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
		numpy := false
		for _, name := range []string{"np.int64(", "np.int32(", "np.uint32(", "np.uint16("} { // how numpy 2 prints its numbers
			if strings.HasPrefix(s[i:], name) {
				i += len(name)
				numpy = true
				break
			}
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
		if numpy {
			if j == len(s) || s[j] != ')' {
				return nil, fmt.Errorf("%s, want a list of token ids", show(s))
			}
			j++
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
		return v, valid(v)
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

// valid refuses texts that are not UTF-8: another encoding, or half of a pair of
// surrogates, as Python can hold it.
func valid(texts ...string) error {
	for _, s := range texts {
		if utf8.ValidString(s) {
			continue
		}
		for i, r := range s {
			if r != utf8.RuneError {
				continue
			}
			if s[i] == 0xed && i+1 < len(s) && s[i+1] >= 0xa0 {
				return fmt.Errorf("character %d of the text is half of a pair of surrogates, which is no character", utf8.RuneCountInString(s[:i])+1)
			}
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return fmt.Errorf("byte %d of the text, 0x%02x, is not UTF-8 (Latin-1 or the like?)", i+1, s[i])
			}
		}
	}
	return nil
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
	case string: // pandas writes whole numbers as 5.0 where one of a column is missing
		if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(v), ".0")); err == nil && n >= 0 {
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
