// Package pickle reads Python pickles as data. Nothing is executed: a callable
// in the stream is only a name on an allow-list, and calling it gives an
// [Object] that remembers name and arguments. Any other name is refused with
// its place.
//
//	doc, err := pickle.Read(ctx, src, pickle.Options{Allow: allowed})
//	root := doc.Root
//
// Texts and byte strings longer than a few dozen bytes stay in the file: a
// [Value] holds their place, and [Doc.Load] fetches those that are wanted in
// one sequential pass. Lists of small integers are held as []int32. So the
// memory needed follows the token ids of a data set, not its texts.
//
// Protocols 2 to 5 are read; the text opcodes of protocols 0 and 1,
// persistent ids, the extension registry and out-of-band buffers are refused.
package pickle

import (
	"math"
)

// Kind says what a [Value] is.
type Kind uint8

// The kinds. Object is the result of calling an allowed name; Big is an integer
// that does not fit in 64 bits (its value is not kept); Latin1 is a byte string
// that protocol 2 wrote as text, one code point a byte.
const (
	None Kind = iota
	Bool
	Int
	Float
	Big
	Text
	Bytes
	Latin1
	List
	Tuple
	Dict
	Set
	Global
	Object
	mark
)

var kindNames = [...]string{"None", "bool", "int", "float", "large int", "str", "bytes", "bytes", "list", "tuple", "dict", "set", "name", "object", "mark"}

// String returns Python's word for the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid"
}

// Value is one pickled value. The zero Value is None.
type Value struct {
	kind Kind
	n    uint32 // length of a text or byte string
	i    int64  // integer; bits of a float; place of a text (below zero: in the arena)
	ref  *node
}

// node is what containers and objects share through the memo.
type node struct {
	// items are the elements; key, value, key, value of a dict; arguments and
	// state of an object.
	items []Value
	// ints are the elements of a list that so far holds 32-bit integers alone.
	ints []int32
	name int32 // of an object: index into Doc.names
	size int32 // of an object: 1 without state, 2 with
}

// Kind tells what v is.
func (v Value) Kind() Kind { return v.kind }

// IsNone reports whether v is None.
func (v Value) IsNone() bool { return v.kind == None }

// Int returns the integer or truth value that v is; ok is false for any other kind.
func (v Value) Int() (n int64, ok bool) { return v.i, v.kind == Int || v.kind == Bool }

// Float returns the number that v is; ok is false for any other kind.
func (v Value) Float() (f float64, ok bool) {
	switch v.kind {
	case Float:
		return math.Float64frombits(uint64(v.i)), true
	case Int, Bool:
		return float64(v.i), true
	}
	return 0, false
}

// Bool reports whether v is the value True.
func (v Value) Bool() bool { return v.kind == Bool && v.i != 0 }

// Len is the number of elements of a list, tuple or set, of pairs of a dict, of
// bytes of a text or byte string, and 0 for anything else.
func (v Value) Len() int {
	switch v.kind {
	case Text, Bytes, Latin1:
		return int(v.n)
	case List, Tuple, Set:
		return max(len(v.ref.items), len(v.ref.ints))
	case Dict:
		return len(v.ref.items) / 2
	}
	return 0
}

// Ints returns the elements of a list that holds nothing but integers of 32 bits;
// ok is false for any other value. The slice belongs to the document.
func (v Value) Ints() (ints []int32, ok bool) {
	if v.kind != List || len(v.ref.items) != 0 {
		return nil, false
	}
	return v.ref.ints, true
}

// At returns element i of a list, tuple or set, and None outside of it.
func (v Value) At(i int) Value {
	switch {
	case i < 0 || i >= v.Len() || v.kind == Dict || v.ref == nil:
		return Value{}
	case len(v.ref.items) == 0:
		return Value{kind: Int, i: int64(v.ref.ints[i])}
	}
	return v.ref.items[i]
}

// Pair returns the i-th pair of a dict, in the order of the file.
func (v Value) Pair(i int) (key, val Value) {
	if v.kind != Dict || i < 0 || 2*i+1 >= len(v.ref.items) {
		return Value{}, Value{}
	}
	return v.ref.items[2*i], v.ref.items[2*i+1]
}

// Args returns the arguments an object was called with: a tuple.
func (v Value) Args() Value {
	if v.kind != Object {
		return Value{}
	}
	return v.ref.items[0]
}

// State returns what the object was built with after the call, None if nothing.
func (v Value) State() Value {
	if v.kind != Object || v.ref.size < 2 {
		return Value{}
	}
	return v.ref.items[1]
}
