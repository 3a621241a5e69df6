package dataset

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxLine bounds one line of JSON lines, and one record of JSON.
const maxLine = 64 << 20

// readJSONL reads one object a line. Empty lines are passed over.
func readJSONL(ctx context.Context, f file, b *builder) error {
	rc, err := f.open()
	if err != nil {
		return err
	}
	defer rc.Close()
	sc := bufio.NewScanner(rc)
	sc.Buffer(make([]byte, 0, 256<<10), maxLine)
	dec := jsontext.NewDecoder(bytes.NewReader(nil))
	line := 0
	for sc.Scan() {
		line++
		if line%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		text := sc.Bytes()
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		dec.Reset(bytes.NewBuffer(withoutNaN(text)), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		err := record(dec, b)
		if err == nil {
			if _, err = dec.ReadToken(); err == nil {
				err = fmt.Errorf("more than one value")
			} else if errors.Is(err, io.EOF) {
				err = nil
			}
		}
		if err != nil {
			return placed(err, fmt.Sprintf("line %d", line))
		}
	}
	if errors.Is(sc.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than %d MiB", line+1, maxLine>>20)
	}
	if sc.Err() != nil {
		return fmt.Errorf("line %d: %w", line+1, sc.Err())
	}
	return nil
}

// placed puts a place before an error, except the one that ends reading.
func placed(err error, place string) error {
	if errors.Is(err, errLimit) {
		return err
	}
	return fmt.Errorf("%s: %w", place, err)
}

// readJSON reads an array of objects, an object of columns as pandas writes it
// by default, or one object after the other.
func readJSON(ctx context.Context, f file, b *builder) error {
	rc, err := f.open()
	if err != nil {
		return err
	}
	defer rc.Close()
	r := bufio.NewReaderSize(rc, 256<<10)
	if bom, _ := r.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = r.Discard(3)
	}
	head, _ := r.Peek(4096)
	limit := &recordLimit{r: &nanReader{r: r}, left: maxLine}
	dec := jsontext.NewDecoder(limit, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for _, o := range orientations {
		if o.head.Match(head) {
			return o.read(ctx, dec, limit, b)
		}
	}
	if dec.PeekKind() == '[' {
		return readArray(ctx, dec, limit, b)
	}
	for n := 0; ; n++ {
		if dec.PeekKind() == 0 {
			if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		}
		limit.left = maxLine
		if err := record(dec, b); err != nil {
			return placed(err, fmt.Sprintf("value %d (byte %d)", n, dec.InputOffset()))
		}
	}
}

// readArray reads an array of objects.
func readArray(ctx context.Context, dec *jsontext.Decoder, limit *recordLimit, b *builder) error {
	return each(ctx, dec, limit, ']', func(n int) error {
		if dec.PeekKind() == '[' {
			return fmt.Errorf("element %d is a list: rows without the names of their columns (pandas' orient=\"values\") cannot be read", n)
		}
		if err := record(dec, b); err != nil {
			return placed(err, fmt.Sprintf("element %d (byte %d)", n, dec.InputOffset()))
		}
		return nil
	})
}

// each reads an array or an object: it calls f before each element or member, with the
// bound of a record set anew, until end closes it.
func each(ctx context.Context, dec *jsontext.Decoder, limit *recordLimit, end jsontext.Kind, f func(n int) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for n := 0; dec.PeekKind() != end; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		limit.left = maxLine
		if err := f(n); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// record reads one object as a sample.
func record(dec *jsontext.Decoder, b *builder) error {
	if k := dec.PeekKind(); k != '{' {
		if k == 0 {
			_, err := dec.ReadToken()
			return err
		}
		return fmt.Errorf("a value of kind %s where an object is wanted", k)
	}
	i, err := b.next()
	if err != nil {
		return err
	}
	if err := b.object(dec, i, 0, map[Role]choice{}); err != nil {
		b.set.Samples = b.set.Samples[:i]
		return err
	}
	return nil
}

// choice is the key that a role was taken from.
type choice struct {
	name string
	rank int
}

// object reads the members of an object into sample i. An object under the key
// "text" is looked into as well, as some exports nest their rows, and one under
// "body", as lines for OpenAI's batches have it.
func (b *builder) object(dec *jsontext.Decoder, i, depth int, best map[Role]choice) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := tok.String()
		kind := dec.PeekKind()
		if (name == "text" || name == "body") && kind == '{' && depth == 0 {
			if err := b.object(dec, i, 1, best); err != nil {
				return err
			}
			continue
		}
		m, wanted := b.column(name, kindName(kind))
		before, have := best[m.role]
		if !wanted || have && (before.rank < m.rank || before.rank == m.rank && before.name != name) {
			if err := dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		v, err := readValue(dec, 0)
		if err != nil {
			return fmt.Errorf("key %q: %w", name, err)
		}
		if have && before.name == name {
			b.clear(i, m.role)
		}
		if v == nil {
			continue
		}
		if err := b.put(i, m.role, v); err != nil {
			return fmt.Errorf("key %q, %w", name, err)
		}
		best[m.role] = choice{name, m.rank}
		b.set.Columns[b.columns[name]].Role = m.role
	}
	_, err := dec.ReadToken()
	return err
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '"':
		return "string"
	case '0':
		return "number"
	case '[':
		return "array"
	case '{':
		return "object"
	case 't', 'f':
		return "boolean"
	}
	return "null"
}
