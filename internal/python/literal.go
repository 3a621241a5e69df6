package python

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Literal reads a value as Python's repr() prints it: lists, tuples, dictionaries with
// texts as keys, texts, numbers, None, True and False; and numpy's numbers
// ("np.int64(5)"). They become []any, map[string]any, string, int64, float64, nil
// and bool.
func Literal(s string) (any, error) {
	p := &literal{s: s}
	v, err := p.value(0)
	if err == nil {
		if p.blank(); p.at < len(s) {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("character %d: %w", utf8.RuneCountInString(s[:p.at])+1, err)
	}
	return v, nil
}

const maxLiteralDepth = 32

type literal struct {
	s  string
	at int
}

func (p *literal) blank() {
	for p.at < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.at]) >= 0 {
		p.at++
	}
}

func (p *literal) take(what string) bool {
	p.blank()
	if !strings.HasPrefix(p.s[p.at:], what) {
		return false
	}
	p.at += len(what)
	return true
}

func (p *literal) value(depth int) (any, error) {
	if depth > maxLiteralDepth {
		return nil, errors.New("nested too deep")
	}
	switch {
	case p.take("["):
		return p.list("]", depth)
	case p.take("("):
		return p.list(")", depth)
	case p.take("{"):
		return p.dict(depth)
	case p.take("None"):
		return nil, nil
	case p.take("True"):
		return true, nil
	case p.take("False"):
		return false, nil
	case p.take("np."):
		open := strings.IndexByte(p.s[p.at:], '(')
		if open < 0 {
			return nil, errors.New("want a number of numpy")
		}
		p.at += open + 1
		v, err := p.value(depth + 1)
		if err == nil && !p.take(")") {
			err = errors.New("want )")
		}
		return v, err
	}
	if p.at < len(p.s) && (p.s[p.at] == '\'' || p.s[p.at] == '"') {
		return p.text()
	}
	return p.number()
}

func (p *literal) list(end string, depth int) (any, error) {
	out := []any{}
	for !p.take(end) {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if !p.take(",") && !strings.HasPrefix(p.s[p.at:], end) {
			return nil, fmt.Errorf("want , or %s", end)
		}
	}
	return out, nil
}

func (p *literal) dict(depth int) (any, error) {
	out := map[string]any{}
	for !p.take("}") {
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok || !p.take(":") {
			return nil, errors.New("want a text and a colon")
		}
		if out[name], err = p.value(depth + 1); err != nil {
			return nil, err
		}
		if !p.take(",") && !strings.HasPrefix(p.s[p.at:], "}") {
			return nil, errors.New("want , or }")
		}
	}
	return out, nil
}

func (p *literal) number() (any, error) {
	end := p.at
	for end < len(p.s) && (p.s[end] >= '0' && p.s[end] <= '9' || strings.IndexByte("+-.einfa", p.s[end]) >= 0) {
		end++
	}
	text := p.s[p.at:end]
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		p.at = end
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, errors.New("want a value")
	}
	p.at = end
	return f, nil
}

// text reads a text in either kind of quotes.
func (p *literal) text() (any, error) {
	quote := p.s[p.at]
	p.at++
	var out strings.Builder
	for p.at < len(p.s) {
		c := p.s[p.at]
		switch c {
		case quote:
			p.at++
			return out.String(), nil
		case '\n':
			return nil, errors.New("a line ends within a text")
		case '\\':
			r, err := p.escape()
			if err != nil {
				return nil, err
			}
			out.WriteRune(r)
			continue
		}
		out.WriteByte(c)
		p.at++
	}
	return nil, errors.New("a text that is not closed")
}

func (p *literal) escape() (rune, error) {
	if p.at+1 >= len(p.s) {
		return 0, errors.New("a backslash at the end")
	}
	c := p.s[p.at+1]
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if digits > 0 {
		from, to := p.at+2, p.at+2+digits
		if to > len(p.s) {
			return 0, errors.New("an escape that is cut short")
		}
		n, err := strconv.ParseUint(p.s[from:to], 16, 32)
		if err != nil || !utf8.ValidRune(rune(n)) {
			return 0, fmt.Errorf("the escape %s is no character", p.s[p.at:to])
		}
		p.at = to
		return rune(n), nil
	}
	plain := map[byte]rune{'n': '\n', 't': '\t', 'r': '\r', '\\': '\\', '\'': '\'', '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v', '0': 0}
	r, ok := plain[c]
	if !ok {
		return 0, fmt.Errorf("the escape \\%c is not known", c)
	}
	p.at += 2
	return r, nil
}
