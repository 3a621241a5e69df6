package dataset

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// readValue reads the next value as a plain one.
func readValue(dec *jsontext.Decoder, depth int) (any, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	return value(raw, depth)
}

// value turns raw JSON into a plain value; an array of 32-bit integers becomes
// []int32.
func value(raw jsontext.Value, depth int) (any, error) {
	const maxDepth = 16
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	switch raw.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return raw.Kind() == 't', nil
	case '"':
		s, err := jsontext.AppendUnquote(nil, raw)
		return string(s), err
	case '0':
		if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			return n, nil
		}
		return strconv.ParseFloat(string(raw), 64)
	case '[':
		if ints, ok := intArray(raw); ok {
			return ints, nil
		}
	}
	return container(raw, depth)
}

// intArray reads an array of nothing but 32-bit integers.
func intArray(raw []byte) (ints []int32, ok bool) {
	n := bytes.Count(raw, []byte{','}) + 1
	ints = make([]int32, 0, n)
	for i := 1; ; {
		for raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\r' || raw[i] == '\t' || raw[i] == ',' {
			i++
		}
		if raw[i] == ']' {
			return ints, true
		}
		j := i
		if raw[j] == '-' {
			j++
		}
		x := int64(0)
		start := j
		for ; raw[j] >= '0' && raw[j] <= '9'; j++ {
			if x = x*10 + int64(raw[j]-'0'); x > 1<<31 {
				return nil, false
			}
		}
		if raw[i] == '-' {
			x = -x
		}
		if j == start || x != int64(int32(x)) || raw[j] != ',' && raw[j] != ']' && raw[j] != ' ' && raw[j] != '\n' && raw[j] != '\r' && raw[j] != '\t' {
			return nil, false
		}
		ints = append(ints, int32(x))
		i = j
	}
}

func container(raw jsontext.Value, depth int) (any, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	open, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if open.Kind() == '[' {
		list := []any{}
		for dec.PeekKind() != ']' {
			v, err := readValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	object := map[string]any{}
	for dec.PeekKind() != '}' {
		tok, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		name := tok.String()
		if object[name], err = readValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	return object, nil
}
