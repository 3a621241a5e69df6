package onig

import (
	"errors"
	"fmt"
	"strconv"
	"sync"

	"mlcfg/internal/tokenizer/runeset"
)

// wordChars is what \w matches and \b goes by, read on first use: what [\w] has, and the
// fractions and raised digits of Latin-1.
var wordChars = sync.OnceValue(func() *charset {
	s := runeset.Union(runeset.MustNamed("word"), runeset.Of(0xb2, 0xb3, 0xb9, 0xb9, 0xbc, 0xbe))
	return &s
})

// escape reads what a backslash begins, outside a class.
func (p *parser) escape() (*node, error) {
	word := p.peek(`\w`) || p.peek(`\W`)
	set, ok, err := p.classEscape()
	if err != nil {
		return nil, err
	}
	if word {
		set = *wordChars()
		if p.text[p.at-1] == 'W' {
			set = runeset.Not(set)
		}
	}
	if ok {
		if set, err = p.cased(set); err != nil {
			return nil, err
		}
		return &node{kind: kSet, set: set}, nil
	}
	if p.at+1 >= len(p.text) {
		return nil, errors.New("a backslash at the end")
	}
	places := map[rune]assertion{'A': textStart, 'z': textEnd, 'Z': textEndLine, 'b': wordBound, 'B': noWordBound, 'G': searchStart}
	letter := p.text[p.at+1]
	if place, ok := places[letter]; ok {
		p.at += 2
		return &node{kind: kAssert, assert: place}, nil
	}
	switch letter {
	case 'N':
		p.at += 2
		return noNewline(), nil
	case 'O':
		p.at += 2
		return anyChar(), nil
	case 'R':
		p.at += 2
		one := func(low, high rune) *node { return &node{kind: kSet, set: runeset.Of(low, high)} }
		ends := &node{kind: kSet, set: runeset.Of('\n', '\r', 0x85, 0x85, 0x2028, 0x2029)}
		both := &node{kind: kSeq, sub: []*node{one('\r', '\r'), one('\n', '\n')}}
		return &node{kind: kAtomic, sub: []*node{{kind: kAlt, sub: []*node{both, ends}}}}, nil
	}
	r, err := p.escapedChar(false)
	if err != nil {
		return nil, err
	}
	return p.char(r)
}

// escapedChar reads an escape that stands for one character.
func (p *parser) escapedChar(class bool) (rune, error) {
	if p.at+1 >= len(p.text) {
		return 0, errors.New("a backslash at the end")
	}
	letter := p.text[p.at+1]
	plain := map[rune]rune{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f', 'v': '\v', 'a': '\a', 'e': 0x1b}
	if r, ok := plain[letter]; ok {
		p.at += 2
		return r, nil
	}
	digits, base := "", 16
	switch {
	case p.peek(`\x{`), p.peek(`\o{`):
		if letter == 'o' {
			base = 8
		}
		start := p.at + 3
		for end := start; end < len(p.text) && end < start+12; end++ {
			if p.text[end] == '}' {
				digits = string(p.text[start:end])
				p.at = end + 1
				break
			}
		}
	case letter == 'u':
		digits = p.digits(4, 4)
	case letter == 'x':
		digits = p.digits(1, 2)
	case letter == '0':
		p.at += 2
		start := p.at
		for p.more() && p.at < start+2 && p.text[p.at] >= '0' && p.text[p.at] <= '7' {
			p.at++
		}
		digits, base = "0"+string(p.text[start:p.at]), 8
	case letter >= '1' && letter <= '9':
		return 0, fmt.Errorf(`\%c refers to a group, which is not read`, letter)
	case letter == 'b' && class:
		p.at += 2
		return '\b', nil
	case letter >= 'A' && letter <= 'Z' || letter == 'k' || letter == 'g' || letter == 'y' || letter == 'c':
		return 0, fmt.Errorf(`\%c is not read here`, letter)
	default:
		p.at += 2
		return letter, nil
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > 0x10ffff || n >= 0xd800 && n < 0xe000 || letter == 'x' && len(digits) <= 2 && n >= 0x80 {
		return 0, fmt.Errorf(`the character \%c%s is not read`, letter, digits)
	}
	return rune(n), nil
}

// digits reads the hexadecimal digits behind \x or \u, least to most of them.
func (p *parser) digits(least, most int) string {
	start := p.at + 2
	end := start
	for end < len(p.text) && end < start+most && isHex(p.text[end]) {
		end++
	}
	if end-start < least {
		return ""
	}
	p.at = end
	return string(p.text[start:end])
}

func isHex(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F'
}
