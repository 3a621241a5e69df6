package client

import "bytes"

// events cuts a text/event-stream into the data of its events. What is given to
// feed may end anywhere; data that is whole in one piece is not copied. Lines end
// with LF, CRLF or CR, and a byte-order mark before the first is no part of it
// (HTML standard, 9.2.5).
type events struct {
	line  []byte // the beginning of a line whose end has not come
	data  []byte // the data lines of an event whose end has not come
	has   bool   // data has at least one line
	begun bool   // a line has ended: no byte-order mark can come any more
	ended bool   // the last line ended with CR: an LF that follows belongs to it
	most  int    // bytes of an event; 0: maxEvent
}

func (e *events) reset() { *e = events{line: e.line[:0], data: e.data[:0], most: e.most} }

var byteOrderMark = []byte("\xef\xbb\xbf")

// feed takes the next piece of the stream and calls event for the data of each
// event that it completes. data is valid during the call. It reports false when
// an event is too long.
func (e *events) feed(piece []byte, event func(data []byte)) bool {
	var whole []byte // the only data line of the event, when it lies within piece
	held := false    // whole is set
	lf, cr := -1, -1 // where the next of each is, len(piece) for nowhere
	for at := 0; at < len(piece); {
		if e.ended {
			e.ended = false
			if piece[at] == '\n' {
				at++
				continue
			}
		}
		lf, cr = next(piece, '\n', at, lf), next(piece, '\r', at, cr)
		end := min(lf, cr)
		if end == len(piece) {
			e.line = enlarge(e.line, piece[at:]...)
			break
		}
		e.ended = end == cr
		line := piece[at:end]
		at = end + 1
		carried := len(e.line) > 0
		if carried {
			e.line = enlarge(e.line, line...)
			line = e.line
			e.line = e.line[:0]
		}
		if !e.begun {
			e.begun = true
			line = bytes.TrimPrefix(line, byteOrderMark)
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
	most := e.most
	if most == 0 {
		most = maxEvent
	}
	return len(e.line)+len(e.data) <= most
}

// next is where the first c at or behind at is, when the last answer was before.
func next(b []byte, c byte, at, before int) int {
	if before >= at {
		return before
	}
	if i := bytes.IndexByte(b[at:], c); i >= 0 {
		return at + i
	}
	return len(b)
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
	e.data = enlarge(e.data, value...)
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
