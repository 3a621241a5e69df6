package launch

import (
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/source"
)

// jsonFault says why a text is no JSON, and where.
type jsonFault struct {
	text string
	pos  diag.Pos
}

// readJSON reads a word as JSON, with the places of its parts. A part that is not known is a
// text with a [Hole] in it. The node is nil with a fault alone.
func readJSON(w Word) (*source.Node, *jsonFault) {
	text, back := fillHoles(w.Text)
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	j := jsonReader{d: d, word: w, text: text, back: back}
	n, err := j.value(0)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something stands behind it")
		}
	}
	if err != nil {
		return nil, &jsonFault{text: err.Error(), pos: w.At(min(int(back(d.InputOffset())), len(w.Text)))}
	}
	return n, nil
}

// mayBeJSON reports whether a text is JSON with nothing for what is not known in it, which may
// then be more keys of a map.
func mayBeJSON(w Word) bool {
	return !w.Known() && json.Valid([]byte(strings.ReplaceAll(w.Text, Hole, "")))
}

// fillHoles puts quotes around each hole that stands outside of a text; back are the offsets of
// what comes of it in the text as it was.
func fillHoles(text string) (filled string, back func(int64) int64) {
	if !strings.Contains(text, Hole) {
		return text, func(n int64) int64 { return n }
	}
	var b strings.Builder
	var added []int64 // offsets in what is filled, each of a quote
	inText, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
		case inText && r == '\\':
			escaped = true
		case r == '"':
			inText = !inText
		case string(r) == Hole && !inText:
			added = append(added, int64(b.Len()))
			b.WriteString(`"` + Hole)
			added = append(added, int64(b.Len()))
			r = '"'
		}
		b.WriteRune(r)
	}
	return b.String(), func(n int64) int64 {
		less := int64(0)
		for _, at := range added {
			if at < n {
				less++
			}
		}
		return n - less
	}
}

type jsonReader struct {
	d    *json.Decoder
	word Word
	text string
	back func(int64) int64
}

// token reads one, and says where it begins.
func (j *jsonReader) token() (json.Token, diag.Pos, error) {
	before := int(j.d.InputOffset())
	for before < len(j.text) && strings.IndexByte(" \t\r\n,:", j.text[before]) >= 0 {
		before++
	}
	at := j.word.At(min(int(j.back(int64(before))), len(j.word.Text)))
	t, err := j.d.Token()
	if errors.Is(err, io.EOF) {
		err = errors.New("it ends too early")
	}
	return t, at, err
}

func (j *jsonReader) value(depth int) (*source.Node, error) {
	t, at, err := j.token()
	if err != nil {
		return nil, err
	}
	return j.of(t, at, depth)
}

// maxJSON bounds how deep JSON nests.
const maxJSON = 100

func (j *jsonReader) of(t json.Token, at diag.Pos, depth int) (n *source.Node, err error) {
	switch t := t.(type) {
	case json.Delim:
		if depth > maxJSON {
			return nil, errors.New("it is nested too deep")
		}
		return j.structure(t, at, depth)
	case json.Number:
		if i, ok := new(big.Int).SetString(t.String(), 10); ok {
			n = source.Of(i)
			break
		}
		f, err := t.Float64()
		if err != nil {
			return nil, err
		}
		n = source.Of(f)
	case string:
		n = source.Of(t)
		n.Literal = true
	case bool:
		n = source.Of(t)
	default:
		n = source.Of(nil)
	}
	n.Pos = at
	return n, nil
}

func (j *jsonReader) structure(open json.Delim, at diag.Pos, depth int) (*source.Node, error) {
	n := &source.Node{Kind: source.Map, Pos: at}
	if open == '[' {
		n.Kind = source.List
	}
	for {
		t, at, err := j.token()
		if err != nil {
			return nil, err
		}
		if t == json.Delim('}') || t == json.Delim(']') {
			return n, nil
		}
		if n.Kind == source.List {
			item, err := j.of(t, at, depth+1)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, item)
			continue
		}
		key, _ := t.(string)
		value, err := j.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if old := n.Field(key); old != nil {
			old.Value = value // the last counts, as in Python
			continue
		}
		n.Fields = append(n.Fields, source.Field{Key: key, KeyPos: at, Value: value})
	}
}

// jsonHint is advice on what people write for JSON.
func jsonHint(text string) string {
	if strings.Contains(text, "'") || strings.Contains(text, "True") || strings.Contains(text, "False") || strings.Contains(text, "None") {
		return `JSON has its texts in "double quotes", and true, false and null`
	}
	return ""
}
