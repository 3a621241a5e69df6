package onig

import (
	"errors"
	"fmt"
	"slices"
)

// quantified reads the repetitions behind n.
func (p *parser) quantified(n *node) (*node, error) {
	for p.more() {
		if p.opt.extended && p.skipComment() {
			continue
		}
		least, most, interval := 0, -1, false
		switch {
		case p.take("*"):
		case p.take("+"):
			least = 1
		case p.take("?"):
			most = 1
		case p.peek("{"):
			var ok bool
			var err error
			if least, most, ok, err = p.interval(); err != nil || !ok {
				return n, err
			}
			interval = true
		default:
			return n, nil
		}
		if onlyPlaces(n) {
			return nil, errors.New("a repetition of a place in the text is not read")
		}
		r := &node{kind: kRepeat, sub: []*node{n}, min: least, max: most}
		switch {
		case interval && least == most: // a mark behind it makes it a thing that may be absent, or many
		case p.take("?"):
			r.lazy = true
		case !interval && p.take("+"):
			r.possessive = true
		}
		n.literal = 0
		n = reduced(r)
	}
	return n, nil
}

// onlyPlaces reports whether n, or an alternative of it, is made of conditions on
// places alone.
func onlyPlaces(n *node) bool {
	switch n.kind {
	case kLook, kAssert:
		return true
	case kAlt:
		return slices.ContainsFunc(n.sub, onlyPlaces)
	case kSeq, kAtomic:
		return len(n.sub) > 0 && !slices.ContainsFunc(n.sub, func(s *node) bool { return !onlyPlaces(s) })
	}
	return false
}

// interval reads {n}, {n,}, {,m} and {n,m}; anything else is text.
func (p *parser) interval() (least, most int, ok bool, err error) {
	start := p.at
	p.at++
	least, low := p.number()
	most = least
	high := low
	if p.take(",") {
		if most, high = p.number(); !high {
			most = -1
		}
	}
	if !p.take("}") || !low && !high {
		p.at = start
		return 0, 0, false, nil
	}
	switch {
	case least > maxCount || most > maxCount:
		return 0, 0, false, fmt.Errorf("a repetition of more than %d times is not read", maxCount)
	case most >= 0 && least > most:
		return 0, 0, false, errors.New("a repetition whose bounds are swapped is not read")
	}
	return least, most, true, nil
}

func (p *parser) number() (n int, ok bool) {
	for p.more() && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		n, ok = min(n*10+int(p.text[p.at]-'0'), maxCount+1), true
		p.at++
	}
	return n, ok
}

// reduced joins a repetition of a repetition, where both are of the plain kind:
// (?:a+)* is a*.
func reduced(r *node) *node {
	in := r.sub[0]
	plain := func(n *node) bool {
		return n.kind == kRepeat && !n.lazy && !n.possessive && n.min <= 1 && (n.max == -1 || n.min == 0 && n.max == 1)
	}
	if !plain(r) || !plain(in) {
		return r
	}
	out := &node{kind: kRepeat, sub: in.sub, min: min(r.min, in.min), max: -1}
	if r.max == 1 && in.max == 1 {
		out.max = 1
	}
	return out
}
