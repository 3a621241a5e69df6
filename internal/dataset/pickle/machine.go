package pickle

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Error is a fault in a pickle: where (the offset of the opcode in the
// decompressed bytes), in which opcode, and what is wrong.
type Error struct {
	Offset int64
	Op     string
	Err    error
}

func (e *Error) Error() string {
	if e.Op == "" {
		return fmt.Sprintf("pickle offset %d: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("pickle offset %d (%s): %v", e.Offset, e.Op, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// RefusedError says that a pickle names something outside the allow-list.
type RefusedError struct{ Name string }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s is refused: a data set is read as data, and this name is not one that a data frame needs", e.Name)
}

// machine is the pickle machine: a stack, a memo, and what they cost.
type machine struct {
	opt   Options
	doc   *Doc
	r     *bufio.Reader
	pos   int64
	stack []Value
	marks []int
	memo  []Value
	far   map[uint32]Value // memo entries out of sequence
	ids   map[string]int32 // names already allowed
	used  int64            // bytes charged
}

// Costs charged against Options.MaxMemory.
const (
	costNode  = 64
	costValue = 24
	costInt   = 4
)

// Read reads the structure of the pickle that src opens. Faults are [*Error];
// a name outside the allow-list is a [*RefusedError] in one.
func Read(ctx context.Context, src Source, opt Options) (*Doc, error) {
	if opt.MaxMemory <= 0 {
		opt.MaxMemory = defaultMaxMemory
	}
	if opt.MaxSize <= 0 {
		opt.MaxSize = defaultMaxSize
	}
	rc, err := src()
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	m := &machine{
		opt: opt,
		doc: &Doc{source: src, maxSize: opt.MaxSize},
		r:   bufio.NewReaderSize(io.LimitReader(rc, opt.MaxSize), pageSize),
		ids: map[string]int32{},
	}
	if err := m.run(ctx); err != nil {
		return nil, err
	}
	return m.doc, nil
}

func (m *machine) run(ctx context.Context) error {
	for count := 0; ; count++ {
		if count%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		at := m.pos
		op, err := m.byte()
		if err != nil {
			return &Error{Offset: at, Err: fmt.Errorf("the file ends before the pickle's STOP: %w", err)}
		}
		if count == 0 && op != opProto {
			return &Error{Offset: at, Err: fmt.Errorf("not a pickle of protocol 2 or later: it starts with byte 0x%02x, not 0x80", op)}
		}
		if op == opStop {
			if len(m.stack) != 1 || m.stack[0].kind == mark {
				return &Error{at, opName(op), fmt.Errorf("%d values are left on the stack, want one", len(m.stack))}
			}
			m.doc.Root = m.stack[0]
			return nil
		}
		if err = m.step(op); err == nil && m.used > m.opt.MaxMemory {
			err = fmt.Errorf("the values need more than %d MiB of memory", m.opt.MaxMemory>>20)
		}
		if err != nil {
			return &Error{at, opName(op), err}
		}
	}
}

func (m *machine) charge(n int64) { m.used += n }

func (m *machine) push(v Value) error {
	if len(m.stack) == cap(m.stack) {
		m.charge(int64(len(m.stack)) * costValue)
	}
	m.stack = append(m.stack, v)
	return nil
}

func (m *machine) node(n node) *node {
	m.charge(costNode)
	return &n
}

var errUnderflow = fmt.Errorf("the stack has too few values")

func (m *machine) pop() (Value, error) {
	if len(m.stack) == 0 || m.stack[len(m.stack)-1].kind == mark {
		return Value{}, errUnderflow
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

func (m *machine) top() (*Value, error) {
	if len(m.stack) == 0 || m.stack[len(m.stack)-1].kind == mark {
		return nil, errUnderflow
	}
	return &m.stack[len(m.stack)-1], nil
}

// popMark takes the values above the topmost mark, and the mark. The slice is
// valid until the next push.
func (m *machine) popMark() ([]Value, error) {
	if len(m.marks) == 0 {
		return nil, fmt.Errorf("no mark on the stack")
	}
	at := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	vals := m.stack[at+1:]
	m.stack = m.stack[:at]
	return vals, nil
}

// popN takes the n topmost values; the slice is valid until the next push.
func (m *machine) popN(n int) ([]Value, error) {
	if len(m.stack) < n {
		return nil, errUnderflow
	}
	vals := m.stack[len(m.stack)-n:]
	if slices.ContainsFunc(vals, func(v Value) bool { return v.kind == mark }) {
		return nil, errUnderflow
	}
	m.stack = m.stack[:len(m.stack)-n]
	return vals, nil
}

func (m *machine) pushTuple(vals []Value) error {
	m.charge(int64(len(vals)) * costValue)
	return m.push(Value{kind: Tuple, ref: m.node(node{items: slices.Clone(vals)})})
}

// put stores the top of the stack in the memo.
func (m *machine) put(i uint32) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	m.charge(costValue)
	switch {
	case uint64(i) < uint64(len(m.memo)):
		m.memo[i] = *v
	case uint64(i) == uint64(len(m.memo)):
		m.memo = append(m.memo, *v)
	default:
		m.charge(4 * costValue) // a map entry is dearer
		if m.far == nil {
			m.far = map[uint32]Value{}
		}
		m.far[i] = *v
	}
	return nil
}

func (m *machine) get(i uint32) error {
	if uint64(i) < uint64(len(m.memo)) {
		return m.push(m.memo[i])
	}
	v, ok := m.far[i]
	if !ok {
		return fmt.Errorf("memo entry %d was never set", i)
	}
	return m.push(v)
}

// name pushes a dotted name if the allow-list has it.
func (m *machine) name(full string) error {
	id, ok := m.ids[full]
	if !ok {
		if m.opt.Allow == nil || !m.opt.Allow(full) {
			return &RefusedError{full}
		}
		id = int32(len(m.doc.names))
		m.ids[full] = id
		m.doc.names = append(m.doc.names, full)
	}
	return m.push(Value{kind: Global, i: int64(id)})
}

// Reading.

func (m *machine) byte() (byte, error) {
	b, err := m.r.ReadByte()
	if err != nil {
		return 0, noEOF(err)
	}
	m.pos++
	return b, nil
}

// uint reads n bytes, 1 to 8, as a little-endian number.
func (m *machine) uint(n int) (uint64, error) {
	var buf [8]byte
	if _, err := io.ReadFull(m.r, buf[:n]); err != nil {
		return 0, noEOF(err)
	}
	m.pos += int64(n)
	return binary.LittleEndian.Uint64(buf[:]), nil
}

func (m *machine) line() (string, error) {
	const longest = 1024
	var b []byte
	for {
		c, err := m.byte()
		if err != nil {
			return "", err
		}
		if c == '\n' {
			return string(b), nil
		}
		if b = append(b, c); len(b) > longest {
			return "", fmt.Errorf("a name of more than %d bytes", longest)
		}
	}
}

// text pushes a text or byte string whose length stands in the next size bytes.
// Long ones are skipped: their place is remembered.
func (m *machine) text(kind Kind, size int) error {
	n, err := m.uint(size)
	if err != nil {
		return err
	}
	if n > 1<<32-1 {
		return fmt.Errorf("%d bytes in one value, at most %d are read", n, uint32(1<<32-1))
	}
	v := Value{kind: kind, n: uint32(n), i: m.pos}
	if n <= maxShort {
		v.i = ^int64(len(m.doc.arena))
		m.charge(int64(n))
		if m.doc.arena, err = readN(m.r, m.doc.arena, len(m.doc.arena)+int(n)); err != nil {
			return err
		}
	} else if err := skip(m.r, int64(n)); err != nil {
		return fmt.Errorf("a value claims %d bytes and the file ends before: %w", n, err)
	}
	m.pos += int64(n)
	return m.push(v)
}
