package onig

import (
	"fmt"
	"unicode/utf8"
)

// What the searches of one text may take together, for expressions that try every
// way: so many steps, and some for each byte.
const (
	maxSteps     = 2_000_000
	stepsForByte = 500
)

// Find returns the bounds of the first match in text from a place on, -1 for none.
// What stands before the place is seen by anchors and look-behinds. An error is
// returned where the expression takes too many steps.
func (e *Expression) Find(text string, from int) (start, end int, err error) {
	return e.find(e.matcher(text), from)
}

// matcher returns what searches of one text share.
func (e *Expression) matcher(text string) *matcher {
	return &matcher{text: text, slots: make([]int, e.slots), left: maxSteps + stepsForByte*len(text)}
}

func (e *Expression) find(m *matcher, from int) (start, end int, err error) {
	m.from = from
	text := m.text
	for at := from; at <= len(text); {
		r, n := decode(text, at)
		if e.first == nil || n > 0 && e.first.Contains(r) {
			if end := m.run(e.prog, at, -1); end >= 0 {
				return at, end, nil
			}
			if m.left <= 0 {
				return -1, -1, fmt.Errorf("the expression %q takes too many steps, more than %d for each byte of this text", e.source, stepsForByte)
			}
		}
		at += max(n, 1)
	}
	return -1, -1, nil
}

// decode is utf8.DecodeRuneInString with a short way for ASCII; n is 0 at the end.
func decode(s string, at int) (r rune, n int) {
	if at < len(s) {
		if c := s[at]; c < utf8.RuneSelf {
			return rune(c), 1
		}
		return utf8.DecodeRuneInString(s[at:])
	}
	return 0, 0
}

type matcher struct {
	text  string
	from  int
	left  int // steps
	stack []frame
	slots []int
}

// frame is where to go on when a way fails: at pc with the text at pos. A frame of
// a run gives one character back at a time, down to low. A frame with a slot
// restores its value.
type frame struct {
	pc, pos, low int
	slot         int
}

const noSlot = -1

// run matches prog at pos and returns the match's end, -1 for none. A match that
// must end at a place (endAt of 0 or more) is sought until it does.
func (m *matcher) run(prog []inst, pos, endAt int) int {
	base := len(m.stack)
	end := m.steer(prog, pos, endAt, base)
	m.stack = m.stack[:base]
	return end
}

func (m *matcher) steer(prog []inst, pos, endAt, base int) int {
	pc := 0
	for {
		if m.left--; m.left <= 0 {
			return -1
		}
		i := &prog[pc]
		ok := true
		switch i.op {
		case opSet:
			r, n := decode(m.text, pos)
			if ok = n > 0 && i.set.Contains(r); ok {
				pos += n
			}
		case opRun, opRunAll:
			var low int
			if pos, low, ok = m.runOf(i, pos); ok && i.op == opRun && pos > low {
				m.stack = append(m.stack, frame{pc + 1, pos, low, noSlot})
			}
		case opSplit:
			m.stack = append(m.stack, frame{i.y, pos, pos, noSlot})
			pc = i.x
			continue
		case opJump:
			pc = i.x
			continue
		case opAtomic:
			end := m.run(i.sub, pos, -1)
			if ok = end >= 0; ok {
				pos = end
			}
		case opLook:
			ok = m.look(i, pos) != i.negative
		case opAssert:
			ok = m.holds(i.assert, pos)
		case opMark:
			m.stack = append(m.stack, frame{low: m.slots[i.x], slot: i.x})
			m.slots[i.x] = pos
		case opMoved:
			if m.slots[i.y] == pos {
				pc = i.x
				continue
			}
		case opMatch:
			if endAt < 0 || pos == endAt {
				return pos
			}
			ok = false
		}
		if ok {
			pc++
			continue
		}
		if pc, pos, ok = m.back(base); !ok {
			return -1
		}
	}
}

// runOf takes as many characters of a set as there are; low is the place behind
// the fewest.
func (m *matcher) runOf(i *inst, pos int) (end, low int, ok bool) {
	low = pos
	for n := 0; i.max < 0 || n < i.max; n++ {
		r, size := decode(m.text, pos)
		if size == 0 || !i.set.Contains(r) {
			return pos, low, n >= i.min
		}
		pos += size
		if n < i.min {
			low = pos
		}
	}
	return pos, low, true
}

// back returns where to go on after a failure.
func (m *matcher) back(base int) (pc, pos int, ok bool) {
	for len(m.stack) > base {
		f := &m.stack[len(m.stack)-1]
		if f.slot != noSlot {
			m.slots[f.slot] = f.low
			m.stack = m.stack[:len(m.stack)-1]
			continue
		}
		if f.pos > f.low {
			_, n := utf8.DecodeLastRuneInString(m.text[:f.pos])
			f.pos -= n
			pc, pos = f.pc, f.pos
			if f.pos <= f.low {
				m.stack = m.stack[:len(m.stack)-1]
			}
			return pc, pos, true
		}
		m.stack = m.stack[:len(m.stack)-1]
		return f.pc, f.pos, true
	}
	return 0, 0, false
}

// look reports whether a look-ahead or look-behind finds its part.
func (m *matcher) look(i *inst, pos int) bool {
	if !i.behind {
		return m.run(i.sub, pos, -1) >= 0
	}
	at := pos
	for n := 0; n <= i.max; n++ {
		if n >= i.min && m.run(i.sub, at, pos) >= 0 {
			return true
		}
		if at == 0 {
			break
		}
		_, size := utf8.DecodeLastRuneInString(m.text[:at])
		at -= size
	}
	return false
}

// holds reports whether a place is what is asked for.
func (m *matcher) holds(a assertion, pos int) bool {
	end := pos == len(m.text)
	switch a {
	case lineStart:
		return pos == 0 || m.text[pos-1] == '\n' && !end
	case lineEnd:
		return end || m.text[pos] == '\n'
	case textStart:
		return pos == 0
	case textEnd:
		return end
	case textEndLine:
		return end || pos == len(m.text)-1 && m.text[pos] == '\n'
	case searchStart:
		return pos == m.from
	}
	before, n := utf8.DecodeLastRuneInString(m.text[:pos])
	after, k := decode(m.text, pos)
	word := wordChars()
	bound := (n > 0 && word.Contains(before)) != (k > 0 && word.Contains(after))
	return bound == (a == wordBound)
}
