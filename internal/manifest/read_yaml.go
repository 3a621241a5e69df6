package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"mlcfg/internal/lazyregexp"
)

// maxDigits bounds the length of a number; longer ones are refused.
const maxDigits = 1000

var (
	intForm   = lazyregexp.New(`^-?(0|[1-9][0-9]*)$`)
	floatForm = lazyregexp.New(`^-?(0|[1-9][0-9]*)\.[0-9]+(e[-+][0-9]+)?$`)
)

// line is one line of the text: how deep it stands, and what stands there.
type line struct {
	indent int
	text   string
}

// yamlReader reads the block-style subset that appendYAML writes. Being of
// exactly that form is checked by writing the result again, so the reader only
// has to be safe and to give good places.
type yamlReader struct {
	lines []line
	at    int
	depth int
}

func readYAML(data []byte) (*document, *Error) {
	if !utf8.Valid(data) {
		return nil, &Error{Msg: "not UTF-8"}
	}
	text, ok := strings.CutSuffix(string(data), "\n")
	if !ok {
		return nil, &Error{Line: 1 + strings.Count(text, "\n"), Msg: "the last line does not end: the file is cut off"}
	}
	r := &yamlReader{}
	for l := range strings.SplitSeq(text, "\n") {
		body := strings.TrimLeft(l, " ")
		r.lines = append(r.lines, line{indent: len(l) - len(body), text: body})
	}
	doc := &document{lines: map[string]int{}}
	fields, err := r.readMap(0, doc.lines)
	if err == nil && r.at < len(r.lines) {
		err = errors.New("unexpected indentation")
	}
	if err != nil {
		return nil, &Error{Line: min(r.at, len(r.lines)-1) + 1, Msg: err.Error()}
	}
	doc.fields = fields
	return doc, nil
}

// readBlock reads the map or list that starts at the present line.
func (r *yamlReader) readBlock(indent int) (any, error) {
	if r.at >= len(r.lines) || r.lines[r.at].indent != indent {
		return nil, errors.New("a value is missing")
	}
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > maxDepth {
		return nil, errDepth
	}
	if strings.HasPrefix(r.lines[r.at].text, "- ") {
		return r.readList(indent)
	}
	return r.readMap(indent, nil)
}

// readMap reads entries at indent; lines, where given, takes each key's line.
func (r *yamlReader) readMap(indent int, lines map[string]int) (map[string]any, error) {
	m := map[string]any{}
	for r.at < len(r.lines) && r.lines[r.at].indent == indent && !strings.HasPrefix(r.lines[r.at].text, "- ") {
		key, rest, err := cutKey(r.lines[r.at].text)
		if err != nil {
			return nil, err
		}
		if _, twice := m[key]; twice {
			return nil, fmt.Errorf("the key %q stands here a second time", key)
		}
		if lines != nil {
			lines[key] = r.at + 1
		}
		if rest == "" {
			r.at++
			m[key], err = r.readBlock(indent + 2)
		} else {
			m[key], err = readScalar(rest)
			if err == nil {
				r.at++
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (r *yamlReader) readList(indent int) ([]any, error) {
	list := []any{}
	for r.at < len(r.lines) && r.lines[r.at].indent == indent {
		rest, ok := strings.CutPrefix(r.lines[r.at].text, "- ")
		if !ok {
			return nil, errors.New("a list item must start with a dash and a space")
		}
		var v any
		var err error
		if _, _, keyErr := cutKey(rest); keyErr == nil || strings.HasPrefix(rest, "- ") {
			// What stands behind the dash starts a block two columns deeper.
			r.lines[r.at] = line{indent: indent + 2, text: rest}
			v, err = r.readBlock(indent + 2)
		} else if v, err = readScalar(rest); err == nil {
			r.at++
		}
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// cutKey splits "key: rest" or "key:"; rest is empty for the latter.
func cutKey(text string) (key, rest string, err error) {
	var found bool
	if strings.HasPrefix(text, `"`) {
		end := closingQuote(text)
		if end < 0 {
			return "", "", errors.New("a quotation mark is not closed")
		}
		key, err = unquote(text[:end+1])
		rest, found = strings.CutPrefix(text[end+1:], ":")
	} else {
		key, rest, found = strings.Cut(text, ":")
		if found && !isPlain(key) {
			err = fmt.Errorf("%q cannot stand as a key without quotes", key)
		}
	}
	if err == nil && !found {
		err = errors.New("expected key: value")
	}
	if err == nil && rest != "" {
		if rest, found = strings.CutPrefix(rest, " "); !found || rest == "" {
			err = errors.New("expected one space behind the colon")
		}
	}
	return key, rest, err
}

// closingQuote is the index of the quote that ends the string s starts with, or -1.
func closingQuote(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

func unquote(s string) (string, error) {
	var out string
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		return "", fmt.Errorf("%s is not a quoted text", s)
	}
	return out, nil
}

func readScalar(s string) (any, error) {
	switch s {
	case "null":
		return nil, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "{}":
		return map[string]any{}, nil
	case "[]":
		return []any{}, nil
	}
	switch {
	case strings.HasPrefix(s, `"`):
		return unquote(s)
	case isPlain(s):
		return s, nil
	}
	return readNumber(s)
}

// readNumber reads a whole number or a float as appendLiteral writes them.
func readNumber(s string) (any, error) {
	if len(s) > maxDigits {
		return nil, fmt.Errorf("a value of %d characters is neither a number nor quoted text", len(s))
	}
	if intForm.MatchString(s) {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n, nil
		}
		n, _ := new(big.Int).SetString(s, 10)
		return n, nil
	}
	if floatForm.MatchString(s) {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f, nil
		}
		return nil, fmt.Errorf("%s is out of a float's range", s)
	}
	return nil, fmt.Errorf("%q is neither a number nor a boolean nor quoted text", s)
}
