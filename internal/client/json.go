package client

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// scanner reads JSON text from front to back and checks all of it. It makes no
// values and allocates nothing: the few fields that matter are read in place
// and the rest is skipped. It accepts what encoding/json accepts, to maxDepth.
//
// A method that reads something reports whether it was there; after the first
// failure the text is malformed and the scanner must not be used further.
type scanner struct {
	b []byte
	i int
}

// maxDepth is how deep values may nest; the engines' answers nest five deep.
const maxDepth = 64

// peek skips white space and gives the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// end reports whether only white space is left.
func (s *scanner) end() bool { return s.peek() == 0 && s.i == len(s.b) }

// eat skips white space and the byte c.
func (s *scanner) eat(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

// member moves to the next member of an object, whose opening brace has been
// read, and gives its key without escapes. more is false at the closing brace.
// first must be true for the first call alone.
func (s *scanner) member(first bool, scratch *[]byte) (key []byte, more, ok bool) {
	if s.eat('}') {
		return nil, false, true
	}
	if !first && !s.eat(',') {
		return nil, false, false
	}
	raw, escaped, ok := s.str()
	if !ok || !s.eat(':') {
		return nil, false, false
	}
	if escaped {
		*scratch = appendUnescaped((*scratch)[:0], raw)
		raw = *scratch
	}
	return raw, true, true
}

// element moves to the next element of an array, whose opening bracket has been
// read. more is false at the closing bracket.
func (s *scanner) element(first bool) (more, ok bool) {
	if s.eat(']') {
		return false, true
	}
	if !first && !s.eat(',') {
		return false, false
	}
	return true, true
}

// str reads a string and gives what stands between its quotes.
func (s *scanner) str() (raw []byte, escaped, ok bool) {
	if s.peek() != '"' {
		return nil, false, false
	}
	b, i := s.b, s.i+1
	start := i
	for {
		i += plain(b[i:])
		if i >= len(b) {
			return nil, false, false
		}
		switch c := b[i]; {
		case c == '"':
			s.i = i + 1
			return b[start:i], escaped, true
		case c == '\\':
			escaped = true
			n := escapeLen(b[i:])
			if n == 0 {
				return nil, false, false
			}
			i += n
		default: // a control character
			return nil, false, false
		}
	}
}

// plain is the number of leading bytes that neither end a string, nor begin an
// escape, nor are control characters. It looks at eight bytes at a time: each
// term has the top bit set in the first byte that matches, and false ones only
// above that.
func plain(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		m := ((w - ones*0x20) &^ w) | ((quote - ones) &^ quote) | ((slash - ones) &^ slash)
		if m &= tops; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < 0x20 {
			break
		}
	}
	return i
}

// escapeLen is the length of the escape that b begins with, 0 when it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b); ok {
			return 6
		}
	}
	return 0
}

// hex4 is the code unit of an escape \uXXXX.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		d, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func hexDigit(c byte) (uint64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0'), true
	case 'a' <= c && c <= 'f':
		return uint64(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return uint64(c-'A') + 10, true
	}
	return 0, false
}

// appendUnescaped appends what a string's raw text means. Halves of surrogate
// pairs become the replacement character.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		n := plain(raw[i:])
		dst = append(dst, raw[i:i+n]...)
		if i += n; i >= len(raw) {
			break
		}
		switch c := raw[i+1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(raw[i:])
			i += 4
			if 0xd800 <= r && r < 0xe000 {
				low, ok := hex4(raw[i+2:])
				if ok && r < 0xdc00 && 0xdc00 <= low && low < 0xe000 {
					r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
					i += 6
				} else {
					r = utf8.RuneError
				}
			}
			dst = utf8.AppendRune(dst, r)
		default: // '"', '\\', '/'
			dst = append(dst, c)
		}
		i += 2
	}
	return dst
}

// number reads a number; whole is true, and n its value, when it is written as
// an integer that fits.
func (s *scanner) number() (n int64, whole, ok bool) {
	s.peek()
	b, i := s.b, s.i
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	start := i
	whole = true
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		if n > (1<<63-10)/10 {
			whole = false
			continue
		}
		n = n*10 + int64(b[i]-'0')
	}
	if i == start || (b[start] == '0' && i > start+1) {
		return 0, false, false
	}
	if i < len(b) && b[i] == '.' {
		whole = false
		from := i + 1
		for i = from; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		}
		if i == from {
			return 0, false, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		whole = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from := i
		for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		}
		if i == from {
			return 0, false, false
		}
	}
	s.i = i
	if negative {
		n = -n
	}
	return n, whole, true
}

// literal reads the word, whose first byte has been seen.
func (s *scanner) literal(word string) bool {
	if len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		return false
	}
	s.i += len(word)
	return true
}

// skip reads any value.
func (s *scanner) skip() bool {
	var objects uint64 // bit d is set where level d is an object
	depth := 0
	for {
		switch c := s.peek(); c {
		case '{', '[':
			s.i++
			if depth == maxDepth {
				return false
			}
			closer := byte(']')
			if c == '{' {
				objects |= 1 << depth
				closer = '}'
			} else {
				objects &^= 1 << depth
			}
			depth++
			if s.peek() != closer {
				if c == '{' && !s.name() {
					return false
				}
				continue
			}
		case '"':
			if _, _, ok := s.str(); !ok {
				return false
			}
		case 't':
			if !s.literal("true") {
				return false
			}
		case 'f':
			if !s.literal("false") {
				return false
			}
		case 'n':
			if !s.literal("null") {
				return false
			}
		default:
			if _, _, ok := s.number(); !ok {
				return false
			}
		}
		// A value, or an opening, is complete: close what closes, go on after a comma.
		for {
			if depth == 0 {
				return true
			}
			object := objects>>(depth-1)&1 == 1
			c := s.peek()
			if c == ',' {
				s.i++
				if object && !s.name() {
					return false
				}
				break
			}
			if (object && c != '}') || (!object && c != ']') {
				return false
			}
			s.i++
			depth--
		}
	}
}

// name reads a member's key and colon.
func (s *scanner) name() bool {
	_, _, ok := s.str()
	return ok && s.eat(':')
}
