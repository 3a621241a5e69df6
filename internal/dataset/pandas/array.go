package pandas

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"mlcfg/internal/dataset/pickle"
)

// array is a numpy array: elements in a pickled list (dtype O), or bytes.
type array struct {
	kind    byte // O b i u f U S M m
	size    int  // bytes of an element
	big     bool // big-endian
	rows    int  // first of two dimensions, 1 for a plain array
	cols    int
	fortran bool
	list    pickle.Value
	raw     pickle.Value
}

// dtypeName returns numpy's name of the element type.
func (a *array) dtypeName() string {
	switch a.kind {
	case 'O':
		return "object"
	case 'b':
		return "bool"
	case 'i':
		return fmt.Sprintf("int%d", 8*a.size)
	case 'u':
		return fmt.Sprintf("uint%d", 8*a.size)
	case 'f':
		return fmt.Sprintf("float%d", 8*a.size)
	case 'M':
		return "datetime64"
	case 'm':
		return "timedelta64"
	}
	return "dtype " + string(a.kind) + strconv.Itoa(a.size)
}

// numeric reports whether the elements are numbers or truth values.
func (a *array) numeric() bool { return strings.IndexByte("biuf", a.kind) >= 0 }

func (d *decoder) class(v pickle.Value) class {
	c, _ := classOf(d.doc.Name(v))
	return c
}

// array decodes a numpy array of one or two dimensions (or none, or more of
// which all but one or two are 1).
func (d *decoder) array(v pickle.Value) (*array, error) {
	var shape, dtype, data, order pickle.Value
	switch d.class(v) {
	case clsArray:
		st := v.State()
		if st.Len() != 5 {
			return nil, fmt.Errorf("a numpy array with a state of %d parts, want 5", st.Len())
		}
		shape, dtype, order, data = st.At(1), st.At(2), st.At(3), st.At(4)
	case clsBuffer:
		args := v.Args()
		if args.Len() < 4 {
			return nil, fmt.Errorf("a numpy array with %d arguments, want 4", args.Len())
		}
		data, dtype, shape, order = args.At(0), args.At(1), args.At(2), args.At(3)
	default:
		return nil, fmt.Errorf("%s where a numpy array is wanted", d.describe(v))
	}
	a := &array{}
	if err := d.dtype(a, dtype); err != nil {
		return nil, err
	}
	if s, ok := d.doc.Short(order); ok {
		a.fortran = s == "F"
	} else {
		a.fortran = order.Bool()
	}
	if shape.Kind() != pickle.Tuple {
		return nil, fmt.Errorf("a numpy array whose shape is a %s", shape.Kind())
	}
	var dims []int
	total := 1
	for i := range shape.Len() {
		n, ok := shape.At(i).Int()
		if !ok || n < 0 || n > math.MaxInt32 || (n > 0 && total > math.MaxInt32/int(n)) {
			return nil, fmt.Errorf("a numpy array of an impossible shape")
		}
		total *= int(n)
		if n != 1 || i >= shape.Len()-2 {
			dims = append(dims, int(n))
		}
	}
	switch len(dims) {
	case 0:
		a.rows, a.cols = 1, 1
	case 1:
		a.rows, a.cols = 1, dims[0]
	case 2:
		a.rows, a.cols = dims[0], dims[1]
	default:
		return nil, fmt.Errorf("a numpy array of %d dimensions", shape.Len())
	}
	if a.kind == 'O' {
		if data.Kind() != pickle.List || data.Len() != total {
			return nil, fmt.Errorf("a numpy array of %d objects holds %d", total, data.Len())
		}
		a.list = data
		return a, nil
	}
	if data.Kind() != pickle.Bytes && data.Kind() != pickle.Latin1 {
		return nil, fmt.Errorf("a numpy array of %s whose data is a %s", a.dtypeName(), data.Kind())
	}
	if n := int64(data.Len()); data.Kind() == pickle.Bytes && n != int64(total)*int64(a.size) || n < int64(total)*int64(a.size) {
		return nil, fmt.Errorf("a numpy array of %d %s holds %d bytes", total, a.dtypeName(), n)
	}
	a.raw = data
	return a, nil
}

func (d *decoder) dtype(a *array, v pickle.Value) error {
	s, ok := d.doc.Short(v.Args().At(0))
	if d.class(v) != clsDtype || !ok || s == "" {
		return fmt.Errorf("%s where a numpy dtype is wanted", d.describe(v))
	}
	if order, _ := d.doc.Short(v.State().At(1)); order == ">" || s[0] == '>' {
		a.big = true
	}
	s = strings.TrimLeft(s, "<>|=")
	n, err := strconv.Atoi(s[min(1, len(s)):])
	if err != nil || n < 0 || n > 1<<20 {
		return fmt.Errorf("the numpy dtype %q is not read", s)
	}
	a.kind, a.size = s[0], n
	switch {
	case a.kind == 'O', a.kind == 'b' && n == 1, a.kind == 'f' && (n == 2 || n == 4 || n == 8), a.kind == 'S', a.kind == 'M', a.kind == 'm':
		return nil
	case (a.kind == 'i' || a.kind == 'u') && (n == 1 || n == 2 || n == 4 || n == 8):
		return nil
	case a.kind == 'U':
		a.size = 4 * n // UCS-4
		return nil
	}
	return fmt.Errorf("the numpy dtype %q is not read", s)
}

// index returns the place of element (row, col) in the data.
func (a *array) index(row, col int) int {
	if a.fortran && a.kind != 'O' { // objects are always listed in C order
		return col*a.rows + row
	}
	return row*a.cols + col
}

// number returns element i of the bytes of a numeric array: int64, float64 or bool.
func (a *array) number(b []byte, i int) any {
	b = b[i*a.size:]
	switch a.kind {
	case 'b':
		return b[0] != 0
	case 'i', 'u':
		n := a.integer(b)
		return n
	}
	u := a.bits(b)
	var f float64
	switch a.size {
	case 2:
		f = half(uint16(u))
	case 4:
		f = float64(math.Float32frombits(uint32(u)))
	default:
		f = math.Float64frombits(u)
	}
	if math.IsNaN(f) {
		return nil // pandas' mark of a missing number
	}
	return f
}

func (a *array) bits(b []byte) uint64 {
	var order binary.ByteOrder = binary.LittleEndian
	if a.big {
		order = binary.BigEndian
	}
	switch a.size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	}
	return order.Uint64(b)
}

func (a *array) integer(b []byte) int64 {
	u := a.bits(b)
	if a.kind == 'u' {
		return int64(u)
	}
	shift := 64 - 8*a.size
	return int64(u<<shift) >> shift
}

// ints returns all elements of an integer array: []int32 where they fit, else []int64.
func (a *array) ints(b []byte) any {
	n := a.rows * a.cols
	out := make([]int32, n)
	for i := range n {
		x := a.integer(b[i*a.size:])
		if x != int64(int32(x)) {
			wide := make([]int64, n)
			for j := range n {
				wide[j] = a.integer(b[j*a.size:])
			}
			return wide
		}
		out[i] = int32(x)
	}
	return out
}

// text returns element i of an array of fixed-width texts or byte strings.
func (a *array) text(b []byte, i int) string {
	b = b[i*a.size : (i+1)*a.size]
	if a.kind == 'S' {
		return strings.TrimRight(string(b), "\x00")
	}
	var s strings.Builder
	u := array{kind: 'u', size: 4, big: a.big}
	for j := 0; j < len(b); j += 4 {
		s.WriteRune(rune(u.bits(b[j:])))
	}
	return strings.TrimRight(s.String(), "\x00")
}

// half returns the value of an IEEE 754 half-precision number.
func half(u uint16) float64 {
	sign, exp, frac := float64(1), int(u>>10&31), float64(u&1023)
	if u>>15 != 0 {
		sign = -1
	}
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}
