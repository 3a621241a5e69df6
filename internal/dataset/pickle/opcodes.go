package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// The opcodes, as Python's pickletools names them.
const (
	opMark            = '('
	opStop            = '.'
	opPop             = '0'
	opPopMark         = '1'
	opDup             = '2'
	opBinFloat        = 'G'
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opBinInt2         = 'M'
	opNone            = 'N'
	opReduce          = 'R'
	opBinString       = 'T'
	opShortBinString  = 'U'
	opBinUnicode      = 'X'
	opAppend          = 'a'
	opBuild           = 'b'
	opGlobal          = 'c'
	opAppends         = 'e'
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opSetItem         = 's'
	opTuple           = 't'
	opSetItems        = 'u'
	opEmptyList       = ']'
	opEmptyTuple      = ')'
	opEmptyDict       = '}'
	opBinBytes        = 'B'
	opShortBinBytes   = 'C'
	opProto           = 0x80
	opNewObj          = 0x81
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opLong1           = 0x8a
	opLong4           = 0x8b
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opNewObjEx        = 0x92
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
	opByteArray8      = 0x96
)

var opNames = map[byte]string{
	opMark: "MARK", opStop: "STOP", opPop: "POP", opPopMark: "POP_MARK", opDup: "DUP", opBinFloat: "BINFLOAT",
	opBinInt: "BININT", opBinInt1: "BININT1", opBinInt2: "BININT2", opNone: "NONE", opReduce: "REDUCE",
	opBinString: "BINSTRING", opShortBinString: "SHORT_BINSTRING", opBinUnicode: "BINUNICODE", opAppend: "APPEND",
	opBuild: "BUILD", opGlobal: "GLOBAL", opAppends: "APPENDS", opBinGet: "BINGET", opLongBinGet: "LONG_BINGET",
	opBinPut: "BINPUT", opLongBinPut: "LONG_BINPUT", opSetItem: "SETITEM", opTuple: "TUPLE", opSetItems: "SETITEMS",
	opEmptyList: "EMPTY_LIST", opEmptyTuple: "EMPTY_TUPLE", opEmptyDict: "EMPTY_DICT", opBinBytes: "BINBYTES",
	opShortBinBytes: "SHORT_BINBYTES", opProto: "PROTO", opNewObj: "NEWOBJ", opTuple1: "TUPLE1", opTuple2: "TUPLE2",
	opTuple3: "TUPLE3", opNewTrue: "NEWTRUE", opNewFalse: "NEWFALSE", opLong1: "LONG1", opLong4: "LONG4",
	opShortBinUnicode: "SHORT_BINUNICODE", opBinUnicode8: "BINUNICODE8", opBinBytes8: "BINBYTES8", opEmptySet: "EMPTY_SET",
	opAddItems: "ADDITEMS", opFrozenSet: "FROZENSET", opNewObjEx: "NEWOBJ_EX", opStackGlobal: "STACK_GLOBAL",
	opMemoize: "MEMOIZE", opFrame: "FRAME", opByteArray8: "BYTEARRAY8",
	// Known but refused.
	'F': "FLOAT", 'I': "INT", 'L': "LONG", 'S': "STRING", 'V': "UNICODE", 'P': "PERSID", 'Q': "BINPERSID", 'd': "DICT",
	'l': "LIST", 'g': "GET", 'p': "PUT", 'i': "INST", 'o': "OBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4",
	0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}

func opName(op byte) string {
	if s, ok := opNames[op]; ok {
		return s
	}
	return fmt.Sprintf("0x%02x", op)
}

// step executes one opcode other than STOP.
func (m *machine) step(op byte) error {
	switch op {
	case opBinInt1, opBinInt2, opBinInt:
		if err := m.number(op); err != nil {
			return err
		}
		return m.integers()
	case opBinFloat, opLong1, opLong4:
		return m.number(op)
	case opNone:
		return m.push(Value{})
	case opNewTrue:
		return m.push(Value{kind: Bool, i: 1})
	case opNewFalse:
		return m.push(Value{kind: Bool})
	case opShortBinUnicode, opBinUnicode, opBinUnicode8:
		return m.text(Text, lengthSize(op))
	case opShortBinString, opBinString: // Python 2's str: text in the data sets that still hold it
		return m.text(Text, lengthSize(op))
	case opShortBinBytes, opBinBytes, opBinBytes8, opByteArray8:
		return m.text(Bytes, lengthSize(op))
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return m.push(Value{kind: mark})
	case opEmptyList:
		return m.push(Value{kind: List, ref: m.node(node{})})
	case opEmptyTuple:
		return m.push(Value{kind: Tuple, ref: m.node(node{})})
	case opEmptyDict:
		return m.push(Value{kind: Dict, ref: m.node(node{})})
	case opEmptySet:
		return m.push(Value{kind: Set, ref: m.node(node{})})
	case opMemoize:
		return m.put(uint32(len(m.memo)))
	case opBinPut, opBinGet, opLongBinPut, opLongBinGet, opProto, opFrame, opPop, opPopMark, opDup:
		return m.bookkeeping(op)
	case opGlobal, opStackGlobal, opReduce, opNewObj, opNewObjEx, opBuild:
		return m.object(op)
	case opAppend, opAppends, opAddItems, opSetItem, opSetItems:
		return m.fill(op)
	case opTuple1, opTuple2, opTuple3:
		vals, err := m.popN(int(op-opTuple1) + 1)
		if err != nil {
			return err
		}
		return m.pushTuple(vals)
	case opTuple:
		vals, err := m.popMark()
		if err != nil {
			return err
		}
		return m.pushTuple(vals)
	case opFrozenSet:
		vals, err := m.popMark()
		if err != nil {
			return err
		}
		m.charge(int64(len(vals)) * costValue)
		return m.push(Value{kind: Set, ref: m.node(node{items: slices.Clone(vals)})})
	}
	if _, known := opNames[op]; known {
		return fmt.Errorf("this opcode is not read; write the file anew with pickle protocol 2 to 5, without persistent ids, extensions and out-of-band buffers")
	}
	return fmt.Errorf("there is no such opcode")
}

// lengthSize is the number of bytes that the length of a text or byte string takes.
func lengthSize(op byte) int {
	switch op {
	case opShortBinUnicode, opShortBinString, opShortBinBytes:
		return 1
	case opBinUnicode, opBinString, opBinBytes:
		return 4
	}
	return 8
}

func (m *machine) number(op byte) error {
	var n int
	switch op {
	case opBinInt1, opLong1:
		n = 1
	case opBinInt2:
		n = 2
	case opBinInt, opLong4:
		n = 4
	default:
		n = 8
	}
	u, err := m.uint(n)
	if err != nil {
		return err
	}
	switch op {
	case opBinInt:
		return m.push(Value{kind: Int, i: int64(int32(u))})
	case opBinFloat: // big-endian, alone of all
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], u)
		return m.push(Value{kind: Float, i: int64(binary.BigEndian.Uint64(b[:]))})
	case opLong1, opLong4:
		return m.long(u)
	}
	return m.push(Value{kind: Int, i: int64(u)})
}

// integers pushes the run of small integers that lies ready in the buffer: most
// of a data set's bytes are such runs.
func (m *machine) integers() error {
	b, _ := m.r.Peek(m.r.Buffered())
	at := 0
	for at < len(b) {
		v := Value{kind: Int}
		rest := b[at:]
		switch {
		case rest[0] == opBinInt1 && len(rest) >= 2:
			v.i = int64(rest[1])
			at += 2
		case rest[0] == opBinInt2 && len(rest) >= 3:
			v.i = int64(rest[1]) | int64(rest[2])<<8
			at += 3
		case rest[0] == opBinInt && len(rest) >= 5:
			v.i = int64(int32(binary.LittleEndian.Uint32(rest[1:])))
			at += 5
		default:
			b = b[:at]
			continue
		}
		if err := m.push(v); err != nil {
			return err
		}
	}
	m.pos += int64(at)
	_, err := m.r.Discard(at)
	return err
}

// long pushes an integer of n little-endian bytes in two's complement.
func (m *machine) long(n uint64) error {
	if n > math.MaxInt32 {
		return fmt.Errorf("an integer of negative length")
	}
	if n > 8 {
		m.pos += int64(n)
		if err := skip(m.r, int64(n)); err != nil {
			return fmt.Errorf("an integer claims %d bytes and the file ends before: %w", n, err)
		}
		return m.push(Value{kind: Big})
	}
	if n == 0 {
		return m.push(Value{kind: Int})
	}
	u, err := m.uint(int(n))
	if err != nil {
		return err
	}
	shift := 64 - 8*n
	return m.push(Value{kind: Int, i: int64(u<<shift) >> shift})
}

func (m *machine) bookkeeping(op byte) error {
	switch op {
	case opProto:
		v, err := m.byte()
		if err == nil && (v < 2 || v > 5) {
			err = fmt.Errorf("protocol %d, want 2 to 5", v)
		}
		return err
	case opFrame:
		_, err := m.uint(8) // a hint for readers that buffer by frame
		return err
	case opPop:
		if n := len(m.marks); n > 0 && m.marks[n-1] == len(m.stack)-1 {
			_, err := m.popMark()
			return err
		}
		_, err := m.pop()
		return err
	case opPopMark:
		_, err := m.popMark()
		return err
	case opDup:
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.push(*v)
	}
	size := 1
	if op == opLongBinPut || op == opLongBinGet {
		size = 4
	}
	i, err := m.uint(size)
	if err != nil {
		return err
	}
	if op == opBinPut || op == opLongBinPut {
		return m.put(uint32(i))
	}
	return m.get(uint32(i))
}
