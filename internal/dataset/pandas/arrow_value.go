package pandas

import (
	"encoding/binary"
	"fmt"
	"math"
)

// integers makes the array of a list's integers, where none is missing and each fits.
func (c *arrowChunk) integers() error {
	if c.typ.kind != 'i' && c.typ.kind != 'u' || c.valid != nil {
		return nil
	}
	if (c.offset+c.n)*c.typ.size > len(c.by) {
		return errShort
	}
	a := array{kind: c.typ.kind, size: c.typ.size}
	out := make([]int32, c.n)
	for i := range out {
		x := a.integer(c.by[(c.offset+i)*c.typ.size:])
		if x != int64(int32(x)) {
			return nil
		}
		out[i] = int32(x)
	}
	c.ints = out
	return nil
}

// element returns the element at a place of the buffers, not counted from the offset.
func (c *arrowChunk) element(d *decoder, i int) (any, error) {
	if d.budget--; d.budget < 0 {
		return nil, fmt.Errorf("more than %d nested values", maxNested)
	}
	if c.valid != nil {
		if i/8 >= len(c.valid) {
			return nil, errShort
		}
		if c.valid[i/8]>>(i%8)&1 == 0 {
			return nil, nil
		}
	}
	switch c.typ.kind {
	case 'n':
		return nil, nil
	case 't':
		from, to, err := c.span(i, len(c.text))
		if err != nil {
			return nil, err
		}
		return c.text[from:to], nil
	case 'v':
		return c.view(i)
	case 'l', 'w', 'x':
		return c.list(d, i)
	case 's':
		out := make(map[string]any, len(c.fields))
		for j, child := range c.children {
			v, err := child.at(d, i)
			if err != nil {
				return nil, err
			}
			out[c.fields[j]] = v
		}
		return out, nil
	case 'b':
		if i/8 >= len(c.by) {
			return nil, errShort
		}
		return c.by[i/8]>>(i%8)&1 == 1, nil
	}
	if (i+1)*c.typ.size > len(c.by) {
		return nil, errShort
	}
	if c.typ.kind == 'd' {
		index := array{kind: c.index, size: c.typ.size}
		return c.children[0].at(d, int(index.integer(c.by[i*c.typ.size:])))
	}
	a := array{kind: c.typ.kind, size: c.typ.size}
	return a.number(c.by, i), nil
}

// at returns element i, counted from the offset.
func (c *arrowChunk) at(d *decoder, i int) (any, error) {
	if i < 0 || i >= c.n {
		return nil, fmt.Errorf("a pyarrow array with an index outside its data")
	}
	return c.element(d, c.offset+i)
}

// list returns the list at place i.
func (c *arrowChunk) list(d *decoder, i int) (any, error) {
	child := c.children[0]
	from, to, err := c.span(i, child.n)
	if err != nil {
		return nil, err
	}
	if child.ints != nil {
		return child.ints[from:to:to], nil
	}
	out := make([]any, 0, min(to-from, 1024))
	for j := from; j < to; j++ {
		v, err := child.at(d, j)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// view returns the text at place i of a view: up to twelve bytes stand in the view
// itself, longer ones in another buffer.
func (c *arrowChunk) view(i int) (any, error) {
	const inline = 12
	if (i+1)*c.typ.size > len(c.by) {
		return nil, errShort
	}
	v := c.by[i*c.typ.size : (i+1)*c.typ.size]
	n := int64(binary.LittleEndian.Uint32(v))
	if n <= inline {
		return string(v[4 : 4+n]), nil
	}
	buffer, from := binary.LittleEndian.Uint32(v[8:]), int64(binary.LittleEndian.Uint32(v[12:]))
	if int64(buffer) >= int64(len(c.views)) || from+n > int64(len(c.views[buffer])) {
		return nil, fmt.Errorf("a pyarrow view of texts outside its data")
	}
	return string(c.views[buffer][from : from+n]), nil
}

// span returns the bounds of element i in what the offsets point into.
func (c *arrowChunk) span(i, limit int) (from, to int, err error) {
	size := c.typ.size
	at := func(b []byte, j int) uint64 {
		if size == 4 {
			return uint64(binary.LittleEndian.Uint32(b[j*4:]))
		}
		return binary.LittleEndian.Uint64(b[j*8:])
	}
	var f, t uint64
	switch c.typ.kind {
	case 'x':
		f, t = uint64(i)*uint64(size), uint64(i+1)*uint64(size)
	case 'w':
		if (i+1)*size > len(c.off) || (i+1)*size > len(c.sizes) {
			return 0, 0, errShort
		}
		f = at(c.off, i)
		if t = f + at(c.sizes, i); t < f {
			t = math.MaxUint64
		}
	default:
		if (i+2)*size > len(c.off) {
			return 0, 0, errShort
		}
		f, t = at(c.off, i), at(c.off, i+1)
	}
	if f > t || t > uint64(limit) {
		return 0, 0, fmt.Errorf("a pyarrow array with offsets outside its data")
	}
	return int(f), int(t), nil
}
