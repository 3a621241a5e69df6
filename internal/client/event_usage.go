package client

import (
	"math"
	"strings"
)

func (e *event) usage(s *scanner) bool {
	e.resetUsage()
	if s.peek() != '{' {
		return s.skip()
	}
	s.i++
	for first := true; ; first = false {
		key, more, ok := s.member(first, &e.scratch)
		if !more || !ok {
			return ok
		}
		if !e.count(s, key) {
			return false
		}
	}
}

// count reads the value of a member that may be one of the two counts.
func (e *event) count(s *scanner, key []byte) bool {
	var to *int64
	switch string(key) {
	case "prompt_tokens":
		to = &e.prompt
	case "completion_tokens":
		to = &e.completion
	default:
		return s.skip()
	}
	*to = -1
	if c := s.peek(); c != '-' && (c < '0' || c > '9') {
		return s.skip()
	}
	n, whole, ok := s.number()
	if whole && n >= 0 && n <= math.MaxInt32 {
		*to = n
	}
	return ok
}

func (e *event) metaInfo(s *scanner) bool {
	e.resetUsage()
	e.finish = ""
	if s.peek() != '{' {
		return s.skip()
	}
	s.i++
	for first := true; ; first = false {
		key, more, ok := s.member(first, &e.scratch)
		if !more || !ok {
			return ok
		}
		switch string(key) {
		case "finish_reason":
			ok = e.finishReason(s)
		case "weight_version":
			ok = e.calls(s)
		default:
			ok = e.count(s, key)
		}
		if !ok {
			return false
		}
	}
}

// calls reads what the answer calls itself, as it stands between its quotes.
func (e *event) calls(s *scanner) bool {
	if s.peek() != '"' {
		return s.skip()
	}
	from := s.i
	ok := s.skip()
	if ok && s.i-from >= 2 {
		e.served = s.b[from+1 : s.i-1]
	}
	return ok
}

// finishReason reads a word, or SGLang's object with the word as its type.
func (e *event) finishReason(s *scanner) bool {
	e.finish = ""
	if s.peek() != '{' {
		raw, ok := s.text(&e.scratch)
		e.finish = word(raw)
		return ok
	}
	s.i++
	for first := true; ; first = false {
		key, more, ok := s.member(first, &e.scratch)
		if !more || !ok {
			return ok
		}
		if string(key) == "type" {
			var raw []byte
			raw, ok = s.text(&e.scratch)
			e.finish = word(raw)
		} else {
			ok = s.skip()
		}
		if !ok {
			return false
		}
	}
}

// fault reads the value of an error member; null means that there is none.
func (e *event) fault(s *scanner, message *[]byte) bool {
	none := s.peek() == 'n'
	from := s.i
	ok := s.skip()
	if ok && !none {
		*message = s.b[from:s.i]
	}
	return ok
}

// text reads a string and gives it without escapes, or skips a value of another
// type.
func (s *scanner) text(scratch *[]byte) ([]byte, bool) {
	if s.peek() != '"' {
		return nil, s.skip()
	}
	raw, escaped, ok := s.str()
	if ok && escaped {
		*scratch = appendUnescaped((*scratch)[:0], raw)
		raw = *scratch
	}
	return raw, ok
}

// word makes a string of one of the few words that engines finish with, without
// allocating for those that are common.
func word(raw []byte) string {
	switch string(raw) {
	case "":
		return ""
	case "stop":
		return "stop"
	case "length":
		return "length"
	case "abort":
		return "abort"
	}
	return strings.ToValidUTF8(string(raw[:min(len(raw), 64)]), "") // no half of a character at the end
}
