package client

import "bytes"

// maxEvent bounds one stream event, and a whole body. SGLang repeats the whole
// answer in every event, so they are not always small.
const maxEvent = 64 << 20

// events cuts a text/event-stream into the data of its events. What is given to
// feed may end anywhere; data that is whole in one piece is not copied.
// Lines end with LF or CRLF; a lone CR, which the format allows too, is not an
// end of line here: no engine writes it.
type events struct {
	line []byte // the beginning of a line whose end has not come
	data []byte // the data lines of an event whose end has not come
	has  bool   // data has at least one line
}

func (e *events) reset() { e.line, e.data, e.has = e.line[:0], e.data[:0], false }

// feed takes the next piece of the stream and calls event for the data of each
// event that it completes. data is valid during the call. It reports false when
// an event is too long.
func (e *events) feed(piece []byte, event func(data []byte)) bool {
	var whole []byte // the only data line of the event, when it lies within piece
	held := false    // whole is set
	for len(piece) > 0 {
		end := bytes.IndexByte(piece, '\n')
		if end < 0 {
			e.line = append(e.line, piece...)
			break
		}
		line := piece[:end]
		piece = piece[end+1:]
		carried := len(e.line) > 0
		if carried {
			e.line = append(e.line, line...)
			line = e.line
			e.line = e.line[:0]
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) == 0 {
			switch {
			case held:
				event(whole)
			case e.has:
				event(e.data)
			}
			held, e.has, e.data = false, false, e.data[:0]
			continue
		}
		value, ok := dataOf(line)
		if !ok {
			continue
		}
		if !held && !e.has && !carried {
			whole, held = value, true
			continue
		}
		if held {
			e.add(whole)
			held = false
		}
		e.add(value)
	}
	if held {
		e.add(whole)
	}
	return len(e.line)+len(e.data) <= maxEvent
}

// end takes what has come of an event whose empty line is missing.
func (e *events) end(event func(data []byte)) {
	if len(e.line) > 0 {
		e.feed([]byte{'\n'}, event)
	}
	if e.has {
		event(e.data)
	}
	e.reset()
}

// add appends a data line; lines are joined by LF.
func (e *events) add(value []byte) {
	if e.has {
		e.data = append(e.data, '\n')
	}
	e.data = append(e.data, value...)
	e.has = true
}

// dataOf is the value of a data field. Comments and the other fields (event, id,
// retry) say nothing that is needed.
func dataOf(line []byte) ([]byte, bool) {
	if len(line) < 4 || string(line[:4]) != "data" {
		return nil, false
	}
	if line = line[4:]; len(line) == 0 {
		return line, true
	}
	if line[0] != ':' {
		return nil, false
	}
	if line = line[1:]; len(line) > 0 && line[0] == ' ' {
		line = line[1:]
	}
	return line, true
}
