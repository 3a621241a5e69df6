package pickle

import (
	"fmt"
	"math"
	"slices"
)

// fill adds elements to the container below them.
func (m *machine) fill(op byte) error {
	var vals []Value
	var err error
	switch op {
	case opAppend:
		vals, err = m.popN(1)
	case opSetItem:
		vals, err = m.popN(2)
	default:
		vals, err = m.popMark()
	}
	if err != nil {
		return err
	}
	into, err := m.top()
	if err != nil {
		return err
	}
	want := List
	switch op {
	case opSetItem, opSetItems:
		want = Dict
		if len(vals)%2 != 0 {
			return fmt.Errorf("a key without its value")
		}
	case opAddItems:
		want = Set
	}
	if into.kind != want {
		return fmt.Errorf("the container is a %s, want a %s", into.kind, want)
	}
	if want == List {
		m.appendList(into.ref, vals)
		return nil
	}
	m.appendItems(into.ref, vals)
	return nil
}

// appendList adds to a list, keeping it in its compact form while it can.
func (m *machine) appendList(n *node, vals []Value) {
	if len(n.items) == 0 && !slices.ContainsFunc(vals, func(v Value) bool {
		return v.kind != Int || v.i < math.MinInt32 || v.i > math.MaxInt32
	}) {
		before := cap(n.ints)
		n.ints = slices.Grow(n.ints, len(vals))
		for _, v := range vals {
			n.ints = append(n.ints, int32(v.i))
		}
		m.charge(int64(cap(n.ints)-before) * costInt)
		return
	}
	if len(n.ints) > 0 {
		wide := make([]Value, len(n.ints), len(n.ints)+len(vals))
		for i, x := range n.ints {
			wide[i] = Value{kind: Int, i: int64(x)}
		}
		m.charge(int64(cap(wide)) * costValue)
		n.items, n.ints = wide, nil
	}
	m.appendItems(n, vals)
}

func (m *machine) appendItems(n *node, vals []Value) {
	before := cap(n.items)
	n.items = append(n.items, vals...)
	m.charge(int64(cap(n.items)-before) * costValue)
}

// object executes the opcodes that name, call and build.
func (m *machine) object(op byte) error {
	switch op {
	case opGlobal:
		module, err := m.line()
		if err != nil {
			return err
		}
		attr, err := m.line()
		if err != nil {
			return err
		}
		return m.name(dotted(module, attr))
	case opStackGlobal:
		vals, err := m.popN(2)
		if err != nil {
			return err
		}
		module, ok := m.doc.Short(vals[0])
		attr, ok2 := m.doc.Short(vals[1])
		if !ok || !ok2 {
			return fmt.Errorf("module and name must be texts of at most %d bytes", maxShort)
		}
		return m.name(dotted(module, attr))
	case opReduce, opNewObj:
		vals, err := m.popN(2)
		if err != nil {
			return err
		}
		return m.call(vals[0], vals[1])
	case opNewObjEx:
		vals, err := m.popN(3)
		if err != nil {
			return err
		}
		if vals[2].Len() != 0 {
			return fmt.Errorf("keyword arguments are not read")
		}
		return m.call(vals[0], vals[1])
	}
	return m.build()
}

// dotted joins module and attribute; Python 2 called builtins otherwise.
func dotted(module, attr string) string {
	if module == "__builtin__" {
		module = "builtins"
	}
	return module + "." + attr
}

// call returns the object that remembers the call. Empty containers and texts that
// stand for bytes are made at once, because opcodes that follow fill them.
func (m *machine) call(fn, args Value) error {
	if m.doc.Name(fn) == "functools.partial" && fn.kind == Object {
		fn = fn.Args().At(0) // keywords bound in advance do not change what is called
	}
	if m.doc.Name(fn) == "builtins.getattr" && fn.kind == Object {
		fn = Value{kind: Global, i: int64(fn.ref.name)} // what an attribute makes is as opaque as the attribute
	}
	if fn.kind != Global {
		return fmt.Errorf("what is called is no name but a value of type %s", fn.kind)
	}
	if args.kind != Tuple {
		return fmt.Errorf("the arguments are a %s, want a tuple", args.kind)
	}
	name := m.doc.names[fn.i]
	switch {
	case name == "_codecs.encode" && args.Len() == 2:
		if enc, _ := m.doc.Short(args.At(1)); args.At(0).kind == Text && (enc == "latin1" || enc == "latin-1") {
			v := args.At(0)
			v.kind = Latin1
			return m.push(v)
		}
		return fmt.Errorf("only latin1 is known as the encoding of bytes")
	case (name == "builtins.bytearray" || name == "builtins.bytes") && args.Len() == 0:
		return m.push(Value{kind: Bytes, i: ^int64(len(m.doc.arena))})
	case name == "builtins.bytearray" && (args.At(0).kind == Bytes || args.At(0).kind == Latin1):
		return m.push(args.At(0))
	case name == "builtins.bytearray" && args.At(0).kind == Text && args.Len() == 2:
		v := args.At(0)
		v.kind = Latin1
		return m.push(v)
	case (name == "collections.OrderedDict" || name == "builtins.dict") && args.Len() == 0, name == "collections.defaultdict":
		return m.push(Value{kind: Dict, ref: m.node(node{})})
	case name == "builtins.list" && args.Len() == 0, name == "collections.deque":
		return m.push(Value{kind: List, ref: m.node(node{})})
	case name == "builtins.set" && args.Len() == 0:
		return m.push(Value{kind: Set, ref: m.node(node{})})
	}
	m.charge(2 * costValue)
	return m.push(Value{kind: Object, ref: m.node(node{items: []Value{args, {}}, name: int32(fn.i), size: 1})})
}

// build returns the object below its state.
func (m *machine) build() error {
	vals, err := m.popN(2)
	if err != nil {
		return err
	}
	obj, state := vals[0], vals[1]
	if obj.kind != Object {
		return fmt.Errorf("a %s is given a state, want an object", obj.kind)
	}
	obj.ref.items[1], obj.ref.size = state, 2
	return m.push(obj)
}
