package onig

import (
	"errors"
	"unicode/utf8"

	"mlcfg/internal/tokenizer/runeset"
)

type opcode byte

const (
	opSet    opcode = iota // a character of set
	opRun                  // min to max characters of set, as many as lets the rest match
	opRunAll               // the same, as many as there are
	opSplit                // go on at x, then at y
	opJump                 // go on at x
	opAtomic               // what sub matches first
	opLook                 // whether sub matches here, or from min to max characters before
	opAssert               // a place
	opMark                 // remember the place in a slot
	opMoved                // go on only if the place is another, else behind the loop at x
	opMatch
)

type inst struct {
	op               opcode
	set              *charset
	min, max         int
	x, y             int
	sub              []inst
	behind, negative bool
	assert           assertion
}

type compiler struct {
	prog  []inst
	slots int
	total *int // nodes of the whole expression so far
}

const maxProgram = 20000

var errProgram = errors.New("it becomes too large")

func (c *compiler) add(i inst) int {
	c.prog = append(c.prog, i)
	return len(c.prog) - 1
}

func (c *compiler) emit(n *node) error {
	if *c.total++; *c.total > maxProgram {
		return errProgram
	}
	switch n.kind {
	case kSet:
		c.add(inst{op: opSet, set: &n.set})
	case kSeq:
		for _, s := range n.sub {
			if err := c.emit(s); err != nil {
				return err
			}
		}
	case kAlt:
		return c.alternatives(n)
	case kRepeat:
		return c.repeat(n)
	case kAtomic:
		sub, err := c.program(n.sub[0])
		c.add(inst{op: opAtomic, sub: sub})
		return err
	case kLook:
		i := inst{op: opLook, behind: n.behind, negative: n.negative}
		if n.behind {
			if i.min, i.max = lengths(n.sub[0]); i.max < 0 || i.max > maxBehind {
				return errors.New("a look-behind without a bound is not read")
			}
		}
		var err error
		i.sub, err = c.program(n.sub[0])
		c.add(i)
		return err
	case kAssert:
		c.add(inst{op: opAssert, assert: n.assert})
	}
	return nil
}

const maxBehind = 64

// program compiles a part that is run by itself.
func (c *compiler) program(n *node) ([]inst, error) {
	in := &compiler{slots: c.slots, total: c.total}
	err := in.emit(n)
	in.add(inst{op: opMatch})
	c.slots = in.slots
	return in.prog, err
}

func (c *compiler) alternatives(n *node) error {
	var ends []int
	for i, s := range n.sub {
		last := i == len(n.sub)-1
		var split int
		if !last {
			split = c.add(inst{op: opSplit, x: len(c.prog) + 1})
		}
		if err := c.emit(s); err != nil {
			return err
		}
		if !last {
			ends = append(ends, c.add(inst{op: opJump}))
			c.prog[split].y = len(c.prog)
		}
	}
	for _, e := range ends {
		c.prog[e].x = len(c.prog)
	}
	return nil
}

func (c *compiler) repeat(n *node) error {
	body := n.sub[0]
	if n.possessive {
		if set := single(body); set != nil {
			c.add(inst{op: opRunAll, set: set, min: n.min, max: n.max})
			return nil
		}
		greedy := *n
		greedy.possessive = false
		return c.emit(&node{kind: kAtomic, sub: []*node{&greedy}})
	}
	if set := single(body); set != nil && !n.lazy {
		c.add(inst{op: opRun, set: set, min: n.min, max: n.max})
		return nil
	}
	for range n.min {
		if err := c.emit(body); err != nil {
			return err
		}
	}
	if n.max < 0 {
		return c.loop(body, n.lazy)
	}
	var splits []int
	for range n.max - n.min {
		splits = append(splits, c.add(inst{op: opSplit}))
		if err := c.emit(body); err != nil {
			return err
		}
	}
	at := len(c.prog)
	for _, s := range splits {
		c.branch(s, s+1, at, n.lazy)
	}
	return nil
}

// loop repeats body as often as it matches. A round that moves nothing ends it.
func (c *compiler) loop(body *node, lazy bool) error {
	split := c.add(inst{op: opSplit})
	least, _ := lengths(body)
	slot := c.slots
	if least == 0 {
		c.slots++
		c.add(inst{op: opMark, x: slot})
	}
	if err := c.emit(body); err != nil {
		return err
	}
	moved := -1
	if least == 0 {
		moved = c.add(inst{op: opMoved, y: slot})
	}
	c.add(inst{op: opJump, x: split})
	if moved >= 0 {
		c.prog[moved].x = len(c.prog)
	}
	c.branch(split, split+1, len(c.prog), lazy)
	return nil
}

func (c *compiler) branch(at, in, out int, lazy bool) {
	if lazy {
		in, out = out, in
	}
	c.prog[at].x, c.prog[at].y = in, out
}

// single returns the set of a node that is one character of it, nil for another.
func single(n *node) *charset {
	for n.kind == kSeq && len(n.sub) == 1 {
		n = n.sub[0]
	}
	if n.kind == kSet {
		return &n.set
	}
	return nil
}

// lengths returns the least and the most characters that n matches, most -1 for
// no bound.
func lengths(n *node) (least, most int) {
	switch n.kind {
	case kSet:
		return 1, 1
	case kSeq:
		for _, s := range n.sub {
			a, b := lengths(s)
			least += a
			if most >= 0 {
				most += b
			}
			if b < 0 {
				most = -1
			}
		}
	case kAlt:
		least = utf8.MaxRune
		for _, s := range n.sub {
			a, b := lengths(s)
			least = min(least, a)
			if b < 0 || most < 0 {
				most = -1
			} else {
				most = max(most, b)
			}
		}
	case kAtomic:
		return lengths(n.sub[0])
	case kRepeat:
		a, b := lengths(n.sub[0])
		if n.max < 0 || b < 0 {
			return a * n.min, -1
		}
		return a * n.min, b * n.max
	}
	return least, most
}

// firstOf returns the set of characters that a match of n begins with; empty
// reports whether a match may have none, where the set says nothing.
func firstOf(n *node) (set *charset, empty bool) {
	switch n.kind {
	case kSet:
		return &n.set, false
	case kSeq:
		all := charset{}
		for _, s := range n.sub {
			f, empty := firstOf(s)
			if f != nil {
				all = runeset.Union(all, *f)
			}
			if !empty {
				return &all, false
			}
		}
		return &all, true
	case kAlt:
		all := charset{}
		for _, s := range n.sub {
			f, e := firstOf(s)
			if f != nil {
				all = runeset.Union(all, *f)
			}
			empty = empty || e
		}
		return &all, empty
	case kAtomic:
		return firstOf(n.sub[0])
	case kRepeat:
		f, e := firstOf(n.sub[0])
		return f, e || n.min == 0
	}
	return nil, true
}
