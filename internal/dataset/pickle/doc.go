package pickle

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// Source opens the bytes of a pickle from the start; it is called once for the
// structure and once more for each [Doc.Load].
type Source func() (io.ReadCloser, error)

// Options bound what reading may use. The zero value allows no name at all.
type Options struct {
	// Allow reports whether a name ("module.attribute") may appear.
	Allow func(name string) bool
	// MaxMemory bounds the bytes held for the structure; 0 means 4 GiB.
	MaxMemory int64
	// MaxSize bounds the bytes read (after decompression); 0 means 64 GiB.
	MaxSize int64
}

const (
	defaultMaxMemory = 4 << 30
	defaultMaxSize   = 64 << 30
	maxShort         = 64 // longest text kept in memory while the structure is read
	pageSize         = 64 << 10
)

// Doc is a pickle's structure.
type Doc struct {
	// Root is the pickled value.
	Root Value

	source  Source
	maxSize int64
	arena   []byte
	names   []string
}

// Name returns the dotted name that v is, or, of an object, that was called; it is
// empty for any other kind.
func (d *Doc) Name(v Value) string {
	switch v.kind {
	case Global:
		return d.names[v.i]
	case Object:
		return d.names[v.ref.name]
	}
	return ""
}

// Short returns the text that v is if it is short enough to be in memory (64
// bytes); ok is false for longer ones and for any other kind.
func (d *Doc) Short(v Value) (s string, ok bool) {
	if v.kind != Text || v.i >= 0 {
		return "", false
	}
	return string(d.short(v)), true
}

// short returns the bytes of a text or byte string in the arena.
func (d *Doc) short(v Value) []byte {
	off := ^v.i
	return d.arena[off : off+int64(v.n)]
}

// Lookup returns the value that a dict has for a text key, None if it has none.
func (d *Doc) Lookup(dict Value, key string) Value {
	if dict.kind != Dict {
		return Value{}
	}
	items := dict.ref.items
	for i := len(items) - 2; i >= 0; i -= 2 {
		if k := items[i]; k.kind == Text && k.i < 0 && int(k.n) == len(key) && string(d.short(k)) == key {
			return items[i+1]
		}
	}
	return Value{}
}

// Request asks for the bytes of one text or byte string. Use gets them once;
// they are valid during the call only. same reports that the bytes are those of
// the request served just before, so that what was made of them can be shared.
type Request struct {
	Value Value
	Use   func(b []byte, same bool) error
}

// Load serves the requests in the order of their places in the file, reading
// it once from the start; it reorders requests. A text of Python's that is not
// valid UTF-8 (a lone surrogate) has U+FFFD in its place.
func (d *Doc) Load(ctx context.Context, requests []Request) error {
	slices.SortStableFunc(requests, func(a, b Request) int { return cmp.Compare(a.Value.i, b.Value.i) })
	var f *bufio.Reader
	var pos int64
	var buf []byte
	last := int64(-1)
	for n, r := range requests {
		v := r.Value
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if v.kind != Text && v.kind != Bytes && v.kind != Latin1 {
			return fmt.Errorf("pickle: %s has no bytes", v.kind)
		}
		if v.i < 0 {
			if err := use(r, d.short(v), false); err != nil {
				return err
			}
			continue
		}
		if f == nil {
			rc, err := d.source()
			if err != nil {
				return err
			}
			defer rc.Close()
			f = bufio.NewReaderSize(io.LimitReader(rc, d.maxSize), pageSize)
		}
		if v.i != last {
			if err := skip(f, v.i-pos); err != nil {
				return fmt.Errorf("reading text at offset %d: %w", v.i, err)
			}
			var err error
			if buf, err = readN(f, buf[:0], int(v.n)); err != nil {
				return fmt.Errorf("reading text at offset %d: %w", v.i, err)
			}
			pos = v.i + int64(v.n)
		}
		if err := use(r, buf, v.i == last); err != nil {
			return err
		}
		last = v.i
	}
	return nil
}

func use(r Request, b []byte, same bool) error {
	switch r.Value.kind {
	case Latin1:
		b, same = fromLatin1(b), false
	case Text:
		if !utf8.Valid(b) {
			b, same = []byte(string([]rune(string(b)))), false
		}
	}
	return r.Use(b, same)
}

// fromLatin1 undoes Python's writing of bytes as text: one code point a byte.
func fromLatin1(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		out = append(out, byte(r))
	}
	return out
}

// readN appends n bytes to buf, growing it only as bytes arrive.
func readN(r io.Reader, buf []byte, n int) ([]byte, error) {
	for len(buf) < n {
		step := min(n-len(buf), 1<<20)
		buf = slices.Grow(buf, step)
		m, err := io.ReadFull(r, buf[len(buf):len(buf)+step])
		buf = buf[:len(buf)+m]
		if err != nil {
			return buf, noEOF(err)
		}
	}
	return buf, nil
}

func skip(r *bufio.Reader, n int64) error {
	for n > 0 {
		m, err := r.Discard(int(min(n, 1<<30)))
		n -= int64(m)
		if err != nil {
			return noEOF(err)
		}
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
