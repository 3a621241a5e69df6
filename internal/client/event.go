package client

import (
	"math"
	"slices"
)

// event is what one JSON object of an answer says: a stream's event, or a whole
// body. The engines' field names: OpenAI's completions and chat completions
// with vLLM's token_ids; SGLang's /generate.
type event struct {
	choice   bool // there is a first choice, or a /generate answer
	roleOnly bool // a chat delta that announces the role and carries no token
	hasIDs   bool // ids were given, be it none
	finish   string

	prompt, completion int64 // usage; -1 when not given

	served []byte // what the answer calls itself: its model, or SGLang's weight version; a part of the data

	failed  bool   // the engine reports an error
	message []byte // its raw text

	ids  []int32
	most int // ids beyond one more than so many are not kept
	text []byte

	scratch []byte
}

func (e *event) reset() {
	e.resetChoice()
	e.resetUsage()
	e.failed, e.message, e.served = false, nil, nil
}

func (e *event) resetChoice() {
	e.choice, e.roleOnly, e.hasIDs, e.finish = false, false, false, ""
	e.ids, e.text = e.ids[:0], e.text[:0]
}

func (e *event) resetUsage() { e.prompt, e.completion = -1, -1 }

// openAI reads an object of the completions and chat protocols. It reports
// whether data is one whole JSON object. A known field of another type than it
// should have counts as absent; of a field given twice the last one counts.
func (e *event) openAI(data []byte, text bool) bool {
	e.reset()
	s := scanner{b: data}
	if !s.eat('{') {
		return false
	}
	var message []byte
	for first := true; ; first = false {
		key, more, ok := s.member(first, &e.scratch)
		if !ok {
			return false
		}
		if !more {
			break
		}
		switch string(key) {
		case "choices":
			e.resetChoice()
			ok = e.choices(&s, text)
		case "usage":
			ok = e.usage(&s)
		case "model":
			ok = e.calls(&s)
		case "error":
			message = nil
			ok = e.fault(&s, &message)
		case "object":
			var raw []byte
			raw, ok = s.text(&e.scratch)
			e.failed = string(raw) == "error"
		default:
			ok = s.skip()
		}
		if !ok {
			return false
		}
	}
	if message != nil {
		e.failed, e.message = true, message
	} else if e.failed {
		e.message = data
	}
	return s.end()
}

// generate reads an object of SGLang's /generate protocol, by the same rules.
func (e *event) generate(data []byte, text bool) bool {
	e.reset()
	s := scanner{b: data}
	if !s.eat('{') {
		return false
	}
	for first := true; ; first = false {
		key, more, ok := s.member(first, &e.scratch)
		if !ok {
			return false
		}
		if !more {
			break
		}
		switch string(key) {
		case "text":
			ok = e.appendText(&s, text)
		case "output_ids":
			ok = e.tokenIDs(&s)
		case "meta_info":
			ok = e.metaInfo(&s)
		case "error":
			e.message = nil
			ok = e.fault(&s, &e.message)
		default:
			ok = s.skip()
		}
		if !ok {
			return false
		}
	}
	e.failed = e.message != nil
	e.choice = e.hasIDs || e.completion >= 0
	return s.end()
}

// choices reads the first element of the array, the others are skipped.
func (e *event) choices(s *scanner, text bool) bool {
	if s.peek() != '[' {
		return s.skip()
	}
	s.i++
	for first := true; ; first = false {
		more, ok := s.element(first)
		if !more || !ok {
			return ok
		}
		if first && s.peek() == '{' {
			ok = e.firstChoice(s, text)
		} else {
			ok = s.skip()
		}
		if !ok {
			return false
		}
	}
}

func (e *event) firstChoice(s *scanner, text bool) bool {
	e.choice = true
	var role, content bool
	s.i++
	for first := true; ; first = false {
		key, more, ok := s.member(first, &e.scratch)
		if !ok {
			return false
		}
		if !more {
			break
		}
		switch string(key) {
		case "text":
			ok = e.appendText(s, text)
		case "delta", "message":
			ok = e.delta(s, text, &role, &content)
		case "token_ids":
			ok = e.tokenIDs(s)
		case "finish_reason":
			ok = e.finishReason(s)
		default:
			ok = s.skip()
		}
		if !ok {
			return false
		}
	}
	e.roleOnly = role && !content && e.finish == ""
	return true
}

// delta reads a chat message, or the part of it that a chunk adds.
func (e *event) delta(s *scanner, text bool, role, content *bool) bool {
	*role, *content = false, false
	e.text = e.text[:0]
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
		case "role":
			var raw []byte
			raw, ok = s.text(&e.scratch)
			*role = len(raw) > 0
		case "content":
			from := s.i
			ok = e.appendText(s, text)
			*content = *content || s.i-from > len(`""`) && s.b[s.i-1] == '"'
		case "reasoning_content", "reasoning", "tool_calls":
			c := s.peek()
			from := s.i
			ok = s.skip()
			*content = *content || (c == '"' || c == '[') && s.i-from > 2
		default:
			ok = s.skip()
		}
		if !ok {
			return false
		}
	}
}

func (e *event) appendText(s *scanner, keep bool) bool {
	e.text = e.text[:0]
	if s.peek() != '"' {
		return s.skip()
	}
	raw, escaped, ok := s.str()
	switch {
	case !ok || !keep:
	case escaped:
		e.text = appendUnescaped(e.text, raw)
	default:
		e.text = append(e.text, raw...)
	}
	return ok
}

// tokenIDs reads an array of token ids. Anything else, and an array with anything
// else in it, means that none are given.
func (e *event) tokenIDs(s *scanner) bool {
	e.ids, e.hasIDs = e.ids[:0], false
	if s.peek() != '[' {
		return s.skip()
	}
	s.i++
	e.hasIDs = true
	for first := true; ; first = false {
		more, ok := s.element(first)
		if !ok {
			return false
		}
		if !more {
			break
		}
		if c := s.peek(); c != '-' && (c < '0' || c > '9') {
			e.hasIDs = false
			if !s.skip() {
				return false
			}
			continue
		}
		n, whole, ok := s.number()
		if !ok {
			return false
		}
		if !whole || n < math.MinInt32 || n > math.MaxInt32 {
			e.hasIDs = false
		}
		if len(e.ids) <= e.most {
			if len(e.ids) == cap(e.ids) {
				e.ids = slices.Grow(e.ids, max(16, len(e.ids)))
			}
			e.ids = append(e.ids, int32(n))
		}
	}
	if !e.hasIDs {
		e.ids = e.ids[:0]
	}
	return true
}
