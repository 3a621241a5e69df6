package dataset

import (
	"bufio"
	"bytes"
	"io"
)

// Python's json writes missing and infinite numbers as NaN, Infinity and -Infinity, which
// are not JSON. They are read as null here, as missing values of a table are.
var notNumbers = [][]byte{[]byte("NaN"), []byte("-Infinity"), []byte("Infinity")}

// withoutNaN returns text with null instead of them, outside of texts.
func withoutNaN(text []byte) []byte {
	if !bytes.Contains(text, notNumbers[0]) && !bytes.Contains(text, notNumbers[2]) {
		return text
	}
	out, err := io.ReadAll(&nanReader{r: bufio.NewReader(bytes.NewReader(text))})
	if err != nil {
		return text
	}
	return out
}

// nanReader does the same for a stream.
type nanReader struct {
	r       *bufio.Reader
	text    bool   // within a text
	escaped bool   // after a backslash there
	pending []byte // to be returned next
}

func (n *nanReader) Read(p []byte) (int, error) {
	if len(n.pending) > 0 {
		k := copy(p, n.pending)
		n.pending = n.pending[k:]
		return k, nil
	}
	chunk, err := n.r.Peek(1)
	if len(chunk) == 0 {
		return 0, err
	}
	chunk, _ = n.r.Peek(max(min(n.r.Buffered(), len(p)), 1))
	k := 0
	for ; k < len(chunk) && k < len(p); k++ {
		c := chunk[k]
		switch {
		case n.escaped:
			n.escaped = false
		case n.text && c == '\\':
			n.escaped = true
		case c == '"':
			n.text = !n.text
		case !n.text && (c == 'N' || c == 'I' || c == '-'):
			copy(p, chunk[:k])
			if k > 0 { // return what is before, and look at this with more after it
				return n.discard(k)
			}
			return n.word(p)
		}
	}
	copy(p, chunk[:k])
	return n.discard(k)
}

func (n *nanReader) discard(k int) (int, error) {
	_, err := n.r.Discard(k)
	return k, err
}

// word reads null where one of the words comes next, one byte otherwise.
func (n *nanReader) word(p []byte) (int, error) {
	for _, w := range notNumbers {
		if ahead, _ := n.r.Peek(len(w)); bytes.Equal(ahead, w) {
			k := copy(p, "null")
			n.pending = []byte("null")[k:]
			_, err := n.r.Discard(len(w))
			return k, err
		}
	}
	c, err := n.r.ReadByte()
	p[0] = c
	return 1, err
}
