package onig

import (
	"errors"
	"fmt"
	"unicode"

	"mlcfg/internal/tokenizer/runeset"

	"golang.org/x/text/cases"
)

// class reads a class behind its opening bracket, and closes it.
func (p *parser) class() (charset, error) {
	if p.depth++; p.depth > maxDepth {
		return charset{}, errors.New("nested too deep")
	}
	defer func() { p.depth-- }()
	start := p.at
	negative := p.take("^")
	var have charset    // of this operand
	var before *charset // the intersection of the operands so far
	first := true
	for {
		if !p.more() {
			p.at = start
			return charset{}, errors.New("a class that is not closed")
		}
		if p.peek("]") && first && !p.closedLater() {
			return charset{}, errors.New("an empty class")
		}
		if !first && p.take("]") {
			break
		}
		first = false
		if p.take("&&") {
			before = intersect(before, have)
			have = charset{}
			continue
		}
		set, err := p.classItem()
		if err != nil {
			return charset{}, err
		}
		have = runeset.Union(have, set)
	}
	have = *intersect(before, have)
	if negative {
		have = runeset.Not(have)
	}
	return have, nil
}

func intersect(before *charset, set charset) *charset {
	if before != nil {
		set = runeset.Intersection(*before, set)
	}
	return &set
}

// closedLater reports whether another bracket behind this one could close the class,
// so that this one is a character of it.
func (p *parser) closedLater() bool {
	for i := p.at + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case ']':
			return true
		}
	}
	return false
}

// classItem reads one item: a character, a range, or a class.
func (p *parser) classItem() (charset, error) {
	low, set, err := p.classPart()
	if err != nil {
		return charset{}, err
	}
	if low < 0 {
		if p.peek("-") && !p.peek("-]") {
			return charset{}, errors.New("a dash behind a class, where a range cannot begin, is not read")
		}
		return p.cased(set)
	}
	high := low
	if p.peek("-") && !p.peek("-]") && p.at+1 < len(p.text) {
		p.at++
		if high, _, err = p.classPart(); err != nil {
			return charset{}, err
		}
		switch {
		case high < 0:
			return charset{}, errors.New("a range that ends in a class")
		case high < low:
			return charset{}, fmt.Errorf("the range %c-%c ends before it begins", low, high)
		case p.peek("-") && !p.peek("-]"):
			return charset{}, errors.New("a dash behind a range is not read")
		}
	}
	return p.cased(runeset.Of(low, high))
}

// classPart reads a character, or a class as a set (low is -1 then).
func (p *parser) classPart() (low rune, set charset, err error) {
	switch {
	case p.take("[:"):
		if set, ok, err := p.posix(); ok || err != nil {
			return -1, set, err
		}
		p.at--
		set, err = p.class()
		return -1, set, err
	case p.take("["):
		set, err = p.class()
		return -1, set, err
	case p.peek(`\`):
		if set, ok, err := p.classEscape(); ok || err != nil {
			return -1, set, err
		}
		low, err = p.escapedChar(true)
		return low, charset{}, err
	}
	p.at++
	return p.text[p.at-1], charset{}, nil
}

// posix reads the rest of [:name:]; ok is false where there is no such.
func (p *parser) posix() (set charset, ok bool, err error) {
	end := p.at
	for end < len(p.text) && (p.text[end] >= 'a' && p.text[end] <= 'z' || p.text[end] == '^') {
		end++
	}
	if end+1 >= len(p.text) || p.text[end] != ':' || p.text[end+1] != ']' {
		return charset{}, false, nil
	}
	negative := p.take("^")
	name := string(p.text[p.at:end])
	switch name {
	case "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit", "word":
		set, ok = runeset.Named(name)
	}
	if !ok {
		return charset{}, false, fmt.Errorf("[:%s:] is no POSIX bracket", name)
	}
	p.at = end + 2
	if negative {
		set = runeset.Not(set)
	}
	return set, true, nil
}

// classEscape reads an escape that stands for a class, \d or \p{L}; ok is false
// for any other.
func (p *parser) classEscape() (set charset, ok bool, err error) {
	if p.at+1 >= len(p.text) {
		return charset{}, false, nil
	}
	names := map[rune]string{'d': "digit", 'w': "word", 's': "space", 'h': "xdigit"}
	letter := p.text[p.at+1]
	if name := names[unicode.ToLower(letter)]; name != "" {
		p.at += 2
		set, _ = runeset.Named(name)
		if unicode.IsUpper(letter) {
			set = runeset.Not(set)
		}
		return set, true, nil
	}
	if letter != 'p' && letter != 'P' || p.at+2 >= len(p.text) || p.text[p.at+2] != '{' {
		return charset{}, false, nil
	}
	end := p.at + 3
	for end < len(p.text) && p.text[end] != '}' {
		end++
	}
	if end == len(p.text) {
		return charset{}, false, errors.New("a property that is not closed")
	}
	name := p.text[p.at+3 : end]
	negative := letter == 'P'
	if len(name) > 0 && name[0] == '^' {
		negative, name = !negative, name[1:]
	}
	if set, ok = runeset.Named(string(name)); !ok {
		return charset{}, false, fmt.Errorf("the property %s is not known", string(name))
	}
	p.at = end + 1
	if negative {
		set = runeset.Not(set)
	}
	return set, true, nil
}

// cased adds the other cases of a set's characters under the option i.
func (p *parser) cased(set charset) (charset, error) {
	if !p.opt.ignoreCase {
		return set, nil
	}
	return folded(set)
}

// folded adds the other cases. A letter that equals several is refused.
func folded(set charset) (charset, error) {
	pairs := []rune{}
	var several rune
	fold := cases.Fold()
	cased := runeset.Union(runeset.MustNamed("changeswhencasemapped"), runeset.MustNamed("changeswhencasefolded"))
	runeset.Intersection(set, cased).All(func(r rune) {
		if r >= 0x80 && several == 0 && len([]rune(fold.String(string(r)))) > 1 {
			several = r
		}
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			pairs = append(pairs, o, o)
		}
	})
	if several != 0 {
		return set, fmt.Errorf("ignoring case with %c, which equals several letters, is not read", several)
	}
	return runeset.Union(set, runeset.Of(pairs...)), nil
}

// foldsTogether refuses letters side by side that ignoring case makes equal to one.
func foldsTogether(list []*node) error {
	for i := 1; i < len(list); i++ {
		a, b := unicode.ToLower(list[i-1].literal), unicode.ToLower(list[i].literal)
		if a == 0 || b == 0 {
			continue
		}
		switch s := string([]rune{a, b}); {
		case s == "ss", s == "st", s == "ff", s == "fi", s == "fl", b >= 0x80 && unicode.Is(unicode.M, b), a == 0x2bc, b == 0x2be:
			return fmt.Errorf("ignoring case with %q, which equals one letter, is not read", s)
		}
	}
	return nil
}
