package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readJSON reads the JSON form: one object, no key twice, numbers with a point
// or an exponent are floats.
func readJSON(data []byte) (*document, *Error) {
	if !utf8.Valid(data) {
		return nil, &Error{Msg: "not UTF-8"}
	}
	doc := &document{lines: map[string]int{}}
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(data)), data: data, doc: doc}
	r.dec.UseNumber()
	v, err := r.value(0)
	if err == nil {
		if _, more := r.dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the manifest")
		}
	}
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file is cut off")
		}
		return nil, &Error{Line: r.line(), Msg: err.Error()}
	}
	doc.fields, _ = v.(map[string]any)
	return doc, nil
}

type jsonReader struct {
	dec  *json.Decoder
	data []byte
	doc  *document
}

func (r *jsonReader) line() int {
	return 1 + bytes.Count(r.data[:r.dec.InputOffset()], []byte("\n"))
}

func (r *jsonReader) value(depth int) (any, error) {
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if depth > maxDepth {
			return nil, errDepth
		}
		if token == '[' {
			return r.list(depth)
		}
		return r.object(depth)
	case json.Number:
		return jsonNumber(string(token))
	}
	return token, nil
}

func (r *jsonReader) object(depth int) (any, error) {
	m := map[string]any{}
	for r.dec.More() {
		token, err := r.dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		if _, twice := m[key]; twice {
			return nil, fmt.Errorf("the key %q stands here a second time", key)
		}
		if depth == 0 {
			r.doc.lines[key] = r.line()
		}
		if m[key], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := r.dec.Token()
	return m, err
}

func (r *jsonReader) list(depth int) (any, error) {
	list := []any{}
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := r.dec.Token()
	return list, err
}

func jsonNumber(s string) (any, error) {
	if len(s) > maxDigits {
		return nil, fmt.Errorf("a number of %d characters", len(s))
	}
	if strings.ContainsAny(s, ".eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is out of a float's range", s)
		}
		return f, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	n, _ := new(big.Int).SetString(s, 10)
	return n, nil
}
