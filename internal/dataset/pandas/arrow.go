package pandas

import (
	"encoding/binary"
	"fmt"
	"math"

	"mlcfg/internal/dataset/pickle"
)

// arrowCells is a column in Arrow's memory layout (arrow.apache.org/docs/format/Columnar.html):
// one or more chunks of validity bits, offsets and values.
type arrowCells struct {
	name   string
	chunks []arrowChunk
}

// arrowChunk is one pickled pyarrow array.
type arrowChunk struct {
	typ            arrowType
	n, offset      int
	buffers        pickle.Value
	child          *arrowChunk
	valid, off, by []byte // fetched
}

// arrowType is the part of Arrow's types that is read.
type arrowType struct {
	kind byte // 't' text, 'i' signed, 'u' unsigned, 'f' float, 'b' bool, 'l' list
	size int  // bytes of an element, or of an offset for texts and lists
}

var arrowTypes = map[string]arrowType{
	"string": {'t', 4}, "utf8": {'t', 4}, "large_string": {'t', 8}, "large_utf8": {'t', 8}, "bool": {'b', 0},
	"int8": {'i', 1}, "int16": {'i', 2}, "int32": {'i', 4}, "int64": {'i', 8},
	"uint8": {'u', 1}, "uint16": {'u', 2}, "uint32": {'u', 4}, "uint64": {'u', 8},
	"float": {'f', 4}, "double": {'f', 8}, "halffloat": {'f', 2},
}

// arrow takes a column backed by pyarrow apart.
func (d *decoder) arrow(v pickle.Value) (*arrowCells, int, error) {
	data := d.doc.Lookup(v.State(), "_pa_array")
	if data.IsNone() {
		data = d.doc.Lookup(v.State(), "_data")
	}
	var parts []pickle.Value
	switch d.class(data) {
	case clsArrowChunks:
		list := data.Args().At(0)
		for i := range list.Len() {
			parts = append(parts, list.At(i))
		}
	case clsArrowArray:
		parts = append(parts, data)
	default:
		return nil, 0, fmt.Errorf("%s where a pyarrow array is wanted", d.describe(data))
	}
	c, total := &arrowCells{name: "string"}, 0
	for _, p := range parts {
		if d.class(p) != clsArrowArray {
			return nil, 0, fmt.Errorf("%s where a pyarrow array is wanted", d.describe(p))
		}
		chunk, err := d.arrowChunk(p.Args().At(0), 0)
		if err != nil {
			return nil, 0, err
		}
		c.chunks = append(c.chunks, chunk)
		switch chunk.typ.kind {
		case 'l':
			c.name = "list"
		case 'i', 'u', 'f', 'b':
			c.name = "number"
		}
		total += chunk.n
	}
	return c, total, nil
}

// arrowChunk decodes the tuple that pyarrow pickles an array as: type, length,
// count of nulls, offset, buffers, children, dictionary.
func (d *decoder) arrowChunk(v pickle.Value, depth int) (arrowChunk, error) {
	var c arrowChunk
	if v.Kind() != pickle.Tuple || v.Len() < 6 {
		return c, fmt.Errorf("a pyarrow array of %d parts, want 7", v.Len())
	}
	n, ok := v.At(1).Int()
	off, ok2 := v.At(3).Int()
	if !ok || !ok2 || n < 0 || off < 0 || n > math.MaxInt32 || off > math.MaxInt32 {
		return c, fmt.Errorf("a pyarrow array of impossible length")
	}
	c.n, c.offset, c.buffers = int(n), int(off), v.At(4)
	t := v.At(0)
	switch d.class(t) {
	case clsArrowAlias:
		name, _ := d.doc.Short(t.Args().At(0))
		if c.typ, ok = arrowTypes[name]; !ok {
			return c, fmt.Errorf("the pyarrow type %q is not read", name)
		}
	case clsArrowList, clsArrowLargeList:
		c.typ = arrowType{'l', 4}
		if d.class(t) == clsArrowLargeList {
			c.typ.size = 8
		}
		if depth > 0 {
			return c, fmt.Errorf("pyarrow lists of lists are not read")
		}
		child, err := d.arrowChunk(v.At(5).At(0), depth+1)
		if err != nil {
			return c, err
		}
		c.child = &child
	default:
		return c, fmt.Errorf("the pyarrow type %s is not read", d.describe(t))
	}
	// A length with no bytes behind it must not make rows.
	if need := c.n; c.data(d).Len() < need/8 && c.typ.kind != 'l' && c.typ.kind != 't' {
		return c, errShort
	}
	if c.typ.kind == 'l' || c.typ.kind == 't' {
		if c.buffer(d, 1).Len() < c.n*c.typ.size {
			return c, errShort
		}
	}
	return c, nil
}

// data is the buffer that holds the elements of a fixed-width type.
func (c *arrowChunk) data(d *decoder) pickle.Value { return c.buffer(d, 1) }

// buffer returns the bytes of buffer i, None where pyarrow has none.
func (c *arrowChunk) buffer(d *decoder, i int) pickle.Value {
	b := c.buffers.At(i)
	if d.class(b) != clsArrowBuffer {
		return pickle.Value{}
	}
	return b.Args().At(0)
}

func (c *arrowCells) typ() string { return c.name }

func (c *arrowCells) read(d *decoder, rows int, put func(row int, v any) error, q *queue) error {
	for i := range c.chunks {
		c.chunks[i].fetch(d, q)
	}
	q.after = append(q.after, func() error {
		row := 0
		for i := range c.chunks {
			ch := &c.chunks[i]
			if err := ch.put(func(v any) error { row++; return put(row-1, v) }); err != nil {
				return err
			}
			*ch = arrowChunk{typ: ch.typ, n: ch.n, offset: ch.offset, buffers: ch.buffers, child: ch.child}
		}
		return nil
	})
	return nil
}

func (c *arrowChunk) fetch(d *decoder, q *queue) {
	get := func(i int, into *[]byte) {
		if b := c.buffer(d, i); b.Kind() == pickle.Bytes || b.Kind() == pickle.Latin1 {
			q.ask(b, func(b []byte, _ bool) error { *into = append([]byte{}, b...); return nil })
		}
	}
	get(0, &c.valid)
	switch c.typ.kind {
	case 't':
		get(1, &c.off)
		get(2, &c.by)
	case 'l':
		get(1, &c.off)
		c.child.fetch(d, q)
	default:
		get(1, &c.by)
	}
}

// put returns the elements of a fetched chunk in order.
func (c *arrowChunk) put(put func(v any) error) error {
	text := ""
	if c.typ.kind == 't' {
		text, c.by = string(c.by), nil // the elements share one string
	}
	var ints []int32
	if c.typ.kind == 'l' {
		var err error
		if ints, err = c.child.ints(); err != nil {
			return err
		}
	}
	for i := c.offset; i < c.offset+c.n; i++ {
		v, err := c.element(i, text, ints)
		if err != nil {
			return err
		}
		if err := put(v); err != nil {
			return err
		}
	}
	return nil
}

func (c *arrowChunk) element(i int, text string, ints []int32) (any, error) {
	if c.valid != nil {
		if i/8 >= len(c.valid) {
			return nil, errShort
		}
		if c.valid[i/8]>>(i%8)&1 == 0 {
			return nil, nil
		}
	}
	switch c.typ.kind {
	case 't':
		from, to, err := c.span(i, len(text))
		if err != nil {
			return nil, err
		}
		return text[from:to], nil
	case 'l':
		from, to, err := c.span(i, len(ints))
		if err != nil {
			return nil, err
		}
		return ints[from:to:to], nil
	case 'b':
		if i/8 >= len(c.by) {
			return nil, errShort
		}
		return c.by[i/8]>>(i%8)&1 == 1, nil
	}
	if (i+1)*c.typ.size > len(c.by) {
		return nil, errShort
	}
	a := array{kind: c.typ.kind, size: c.typ.size}
	return a.number(c.by, i), nil
}

// span returns the bounds of element i in what the offsets point into.
func (c *arrowChunk) span(i, limit int) (from, to int, err error) {
	size := c.typ.size
	if (i+2)*size > len(c.off) {
		return 0, 0, errShort
	}
	at := func(j int) uint64 {
		if size == 4 {
			return uint64(binary.LittleEndian.Uint32(c.off[j*4:]))
		}
		return binary.LittleEndian.Uint64(c.off[j*8:])
	}
	f, t := at(i), at(i+1)
	if f > t || t > uint64(limit) {
		return 0, 0, fmt.Errorf("a pyarrow array with offsets outside its data")
	}
	return int(f), int(t), nil
}

// ints returns the elements of the integers below a list, without the child's own offset.
func (c *arrowChunk) ints() ([]int32, error) {
	if c.typ.kind != 'i' && c.typ.kind != 'u' {
		return nil, fmt.Errorf("only pyarrow lists of integers are read")
	}
	if (c.offset+c.n)*c.typ.size > len(c.by) {
		return nil, errShort
	}
	a := array{kind: c.typ.kind, size: c.typ.size}
	out := make([]int32, c.n)
	for i := range out {
		x := a.integer(c.by[(c.offset+i)*c.typ.size:])
		if x != int64(int32(x)) {
			return nil, fmt.Errorf("the integer %d does not fit in 32 bits", x)
		}
		out[i] = int32(x)
	}
	return out, nil
}
