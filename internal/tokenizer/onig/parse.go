package onig

import (
	"errors"
	"fmt"
	"strings"

	"mlcfg/internal/tokenizer/runeset"
)

type charset = runeset.Set

type kind int

const (
	kSet    kind = iota // one character of a set
	kSeq                // one after the other
	kAlt                // the first that lets the rest match
	kRepeat             // min to max times, max -1 without bound
	kLook               // a condition on what follows, or stands before
	kAtomic             // once matched, never tried otherwise
	kAssert             // a place
)

type node struct {
	kind             kind
	set              charset
	sub              []*node
	min, max         int
	lazy, possessive bool
	behind, negative bool
	assert           assertion
	literal          rune // the character that a set of one was written as, under i; 0 otherwise
}

type assertion byte

const (
	lineStart assertion = iota
	lineEnd
	textStart
	textEnd
	textEndLine // the end, or before a last line's end
	wordBound
	noWordBound
	searchStart
)

type options struct{ ignoreCase, dotAll, extended bool }

type parser struct {
	source string
	text   []rune
	at     int
	depth  int
	opt    options
}

const (
	maxDepth = 60
	maxCount = 1000 // of a bounded repetition
)

func (p *parser) more() bool { return p.at < len(p.text) }

// peek reports whether s comes next.
func (p *parser) peek(s string) bool {
	r := []rune(s)
	return len(p.text)-p.at >= len(r) && string(p.text[p.at:p.at+len(r)]) == s
}

func (p *parser) take(s string) bool {
	if !p.peek(s) {
		return false
	}
	p.at += len([]rune(s))
	return true
}

func (p *parser) parse() (*node, error) {
	n, err := p.alternatives()
	if err == nil && p.more() {
		err = errors.New("a closing parenthesis without its opening one")
	}
	return n, err
}

// alternatives reads up to the end of the group.
func (p *parser) alternatives() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errors.New("nested too deep")
	}
	defer func() { p.depth-- }()
	out := &node{kind: kAlt}
	for {
		n, err := p.sequence()
		if err != nil {
			return nil, err
		}
		out.sub = append(out.sub, n)
		if !p.take("|") {
			break
		}
	}
	if len(out.sub) == 1 {
		return out.sub[0], nil
	}
	return out, nil
}

func (p *parser) sequence() (*node, error) {
	out := &node{kind: kSeq}
	for p.more() && !p.peek("|") && !p.peek(")") {
		if p.opt.extended && p.skipComment() {
			continue
		}
		n, err := p.atom()
		if err != nil {
			return nil, err
		}
		if n == nil { // a comment
			continue
		}
		if n, err = p.quantified(n); err != nil {
			return nil, err
		}
		out.sub = append(out.sub, n)
	}
	if err := foldsTogether(out.sub); err != nil {
		return nil, err
	}
	return out, nil
}

// skipComment passes over blanks and comments of the option x.
func (p *parser) skipComment() bool {
	switch r := p.text[p.at]; {
	case r == ' ' || r >= '\t' && r <= '\r':
		p.at++
		return true
	case r == '#':
		for p.more() && p.text[p.at] != '\n' {
			p.at++
		}
		return true
	}
	return false
}

func (p *parser) atom() (*node, error) {
	r := p.text[p.at]
	switch r {
	case '(':
		return p.group()
	case '[':
		p.at++
		set, err := p.class()
		return &node{kind: kSet, set: set}, err
	case '.':
		p.at++
		if p.opt.dotAll {
			return anyChar(), nil
		}
		return noNewline(), nil
	case '^':
		p.at++
		return &node{kind: kAssert, assert: lineStart}, nil
	case '$':
		p.at++
		return &node{kind: kAssert, assert: lineEnd}, nil
	case '*', '+', '?':
		return nil, errors.New("a repetition of nothing")
	case '\\':
		return p.escape()
	}
	p.at++
	return p.char(r)
}

func anyChar() *node   { return &node{kind: kSet, set: runeset.Not(charset{})} }
func noNewline() *node { return &node{kind: kSet, set: runeset.Not(runeset.Of('\n', '\n'))} }

// char returns a literal character, in both cases under the option i.
func (p *parser) char(r rune) (*node, error) {
	set := runeset.Of(r, r)
	if !p.opt.ignoreCase {
		return &node{kind: kSet, set: set}, nil
	}
	set, err := folded(set)
	return &node{kind: kSet, set: set, literal: r}, err
}

// groups that are known by what follows their "(?".
var groups = []struct {
	open string
	node node
}{
	{"?:", node{kind: kSeq}},
	{"?>", node{kind: kAtomic}},
	{"?=", node{kind: kLook}},
	{"?!", node{kind: kLook, negative: true}},
	{"?<=", node{kind: kLook, behind: true}},
	{"?<!", node{kind: kLook, behind: true, negative: true}},
}

func (p *parser) group() (*node, error) {
	start := p.at
	p.at++
	outer := p.opt
	out := node{kind: kSeq}
	switch {
	case p.take("?#"):
		for p.more() && !p.peek(")") {
			if p.take(`\`) && !p.more() {
				break
			}
			p.at++
		}
		return nil, p.close(start)
	case p.peek("?"):
		known := false
		for _, g := range groups {
			if p.take(g.open) {
				out, known = g.node, true
				break
			}
		}
		if known {
			break
		}
		isolated, err := p.setOptions()
		if err != nil {
			return nil, err
		}
		if isolated { // the options hold up to the end of the group around
			n, err := p.alternatives()
			p.opt = outer
			return n, err
		}
	case p.peek("*"):
		return nil, fmt.Errorf("%s is not read", p.excerpt(start))
	}
	n, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	p.opt = outer
	out.sub = []*node{n}
	return &out, p.close(start)
}

func (p *parser) close(start int) error {
	if p.take(")") {
		return nil
	}
	p.at = start
	return errors.New("a parenthesis that is not closed")
}

// excerpt returns what begins at a place, for messages.
func (p *parser) excerpt(start int) string {
	return string(p.text[start:min(start+4, len(p.text))])
}

// setOptions reads a group's name, which is passed over, or its options; isolated
// are those that a parenthesis closes at once.
func (p *parser) setOptions() (isolated bool, err error) {
	start := p.at - 1
	p.at++
	if p.take("<") {
		name := p.at
		for p.more() && !p.peek(">") {
			p.at++
		}
		if p.at == name || strings.ContainsAny(string(p.text[name:p.at]), "()-+ ") || !p.take(">") {
			p.at = start
			return false, fmt.Errorf("%s is not read", p.excerpt(start))
		}
		return false, nil
	}
	on := true
	for ; p.more(); p.at++ {
		switch p.text[p.at] {
		case '-':
			on = false
		case 'i':
			p.opt.ignoreCase = on
		case 'm':
			p.opt.dotAll = on
		case 'x':
			p.opt.extended = on
		case ':', ')':
			p.at++
			return p.text[p.at-1] == ')', nil
		default:
			return false, fmt.Errorf("the group %s is not read", p.excerpt(start))
		}
	}
	return false, errors.New("a parenthesis that is not closed")
}
