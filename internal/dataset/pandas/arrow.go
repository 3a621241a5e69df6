package pandas

import (
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
	children       []*arrowChunk // of a list, a structure, a dictionary (its values)
	fields         []string      // of a structure
	index          byte          // of a dictionary: the kind of its indices, i or u
	valid, off, by []byte        // fetched
	sizes          []byte        // of a list view
	views          [][]byte      // the further buffers of a view of texts
	text           string        // of by, which elements share
	ints           []int32       // the elements of a list's child where they are integers
}

// arrowType is the part of Arrow's types that is read.
type arrowType struct {
	kind byte // t text, v view of texts, i signed, u unsigned, f float, b bool, l list, w list view, x list of fixed size, s structure, d dictionary, n null
	size int  // bytes of an element, or of an offset for texts and lists; elements of a list of fixed size; 1 for a structure
}

var arrowTypes = map[string]arrowType{
	"string": {'t', 4}, "utf8": {'t', 4}, "large_string": {'t', 8}, "large_utf8": {'t', 8}, "string_view": {'v', 16}, "bool": {'b', 0}, "null": {'n', 0},
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
		c.name = chunk.typ.name()
		total += chunk.n
	}
	return c, total, nil
}

func (t arrowType) name() string {
	switch t.kind {
	case 'l', 'w', 'x':
		return "list"
	case 's':
		return "struct"
	case 'd':
		return "category"
	case 'i', 'u', 'f', 'b':
		return "number"
	}
	return "string"
}

// maxArrowDepth bounds lists within lists; messages have five levels.
const maxArrowDepth = 12

// arrowChunk decodes the tuple that pyarrow pickles an array as: type, length,
// count of nulls, offset, buffers, children, dictionary.
func (d *decoder) arrowChunk(v pickle.Value, depth int) (arrowChunk, error) {
	var c arrowChunk
	if v.Kind() != pickle.Tuple || v.Len() < 6 {
		return c, fmt.Errorf("a pyarrow array of %d parts, want 7", v.Len())
	}
	if depth > maxArrowDepth {
		return c, fmt.Errorf("a pyarrow array nested more than %d deep", maxArrowDepth)
	}
	n, ok := v.At(1).Int()
	off, ok2 := v.At(3).Int()
	if !ok || !ok2 || n < 0 || off < 0 || n > math.MaxInt32 || off > math.MaxInt32 {
		return c, fmt.Errorf("a pyarrow array of impossible length")
	}
	c.n, c.offset, c.buffers = int(n), int(off), v.At(4)
	if err := d.arrowType(&c, v.At(0)); err != nil {
		return c, err
	}
	var parts []pickle.Value
	switch c.typ.kind {
	case 'l', 'w', 'x':
		parts = []pickle.Value{v.At(5).At(0)}
	case 's':
		for i := range c.fields {
			parts = append(parts, v.At(5).At(i))
		}
	case 'd':
		parts = []pickle.Value{v.At(6)}
	}
	for _, p := range parts {
		child, err := d.arrowChunk(p, depth+1)
		if err != nil {
			return c, err
		}
		c.children = append(c.children, &child)
	}
	return c, c.check(d)
}

// arrowType finds out the type of a chunk.
func (d *decoder) arrowType(c *arrowChunk, t pickle.Value) error {
	args := t.Args()
	switch d.class(t) {
	case clsArrowAlias:
		name, _ := d.doc.Short(args.At(0))
		var ok bool
		if c.typ, ok = arrowTypes[name]; !ok {
			return fmt.Errorf("the pyarrow type %q is not read", name)
		}
	case clsArrowList:
		c.typ = arrowType{'l', 4}
		if n, fixed := args.At(1).Int(); fixed && n >= 0 { // a second argument is the size of each
			if n > maxNested {
				return fmt.Errorf("pyarrow lists of %d elements", n)
			}
			c.typ = arrowType{'x', int(n)}
		}
	case clsArrowLargeList:
		c.typ = arrowType{'l', 8}
	case clsArrowListView:
		c.typ = arrowType{'w', 4}
	case clsArrowLargeListView:
		c.typ = arrowType{'w', 8}
	case clsArrowStruct:
		c.typ = arrowType{'s', 1}
		fields := args.At(0)
		if fields.Len() > maxColumns {
			return fmt.Errorf("a pyarrow structure of %d fields", fields.Len())
		}
		for i := range fields.Len() {
			name, ok := d.doc.Short(fields.At(i).Args().At(0))
			if !ok || d.class(fields.At(i)) != clsArrowField {
				return fmt.Errorf("a field of a pyarrow structure without its name")
			}
			c.fields = append(c.fields, name)
		}
	case clsArrowDictionary:
		index := arrowChunk{}
		if err := d.arrowType(&index, args.At(0)); err != nil || index.typ.kind != 'i' && index.typ.kind != 'u' {
			return fmt.Errorf("a pyarrow dictionary without integers as its indices")
		}
		c.typ, c.index = arrowType{'d', index.typ.size}, index.typ.kind
	default:
		return fmt.Errorf("the pyarrow type %s is not read", d.describe(t))
	}
	return nil
}

// check refuses a length with no bytes behind it, which must not make rows.
func (c *arrowChunk) check(d *decoder) error {
	need := c.n * c.typ.size
	switch c.typ.kind {
	case 'n':
		return nil
	case 's', 'x': // as long as what they are made of
		if len(c.children) == 0 || c.typ.size == 0 {
			return fmt.Errorf("a pyarrow array of nothing")
		}
		for _, child := range c.children {
			if child.n/c.typ.size < c.n {
				return errShort
			}
		}
		return nil
	case 'b':
		need = (c.n + 7) / 8
	}
	if c.buffer(d, 1).Len() < need {
		return errShort
	}
	return nil
}

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
			if err := ch.prepare(); err != nil {
				return err
			}
			for j := ch.offset; j < ch.offset+ch.n; j++ {
				v, err := ch.element(d, j)
				if err == nil {
					err = put(row, v)
				}
				if err != nil {
					return err
				}
				row++
			}
			ch.drop()
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
	case 'w':
		get(1, &c.off)
		get(2, &c.sizes)
	case 'v':
		get(1, &c.by)
		c.views = make([][]byte, max(0, c.buffers.Len()-2))
		for i := range c.views {
			get(i+2, &c.views[i])
		}
	default:
		get(1, &c.by)
	}
	for _, child := range c.children {
		child.fetch(d, q)
	}
}

// drop lets go of what was fetched.
func (c *arrowChunk) drop() {
	c.valid, c.off, c.by, c.sizes, c.views, c.text, c.ints = nil, nil, nil, nil, nil, "", nil
	for _, child := range c.children {
		child.drop()
	}
}

// prepare makes what elements share: one text, and one array of integers below a list.
func (c *arrowChunk) prepare() error {
	if c.typ.kind == 't' {
		c.text, c.by = string(c.by), nil
	}
	for _, child := range c.children {
		if err := child.prepare(); err != nil {
			return err
		}
	}
	if k := c.typ.kind; k == 'l' || k == 'w' || k == 'x' {
		return c.children[0].integers()
	}
	return nil
}
