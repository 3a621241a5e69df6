package client

import (
	"bytes"
	"fmt"
	"strconv"
)

// readHead takes bytes of the head and gives those behind it.
func (r *response) readHead(p []byte) (rest []byte) {
	head := p
	from := len(r.head)
	if from > 0 {
		r.head = append(r.head, p...)
		head = r.head
	}
	end := headEnd(head, max(0, from-3))
	if end < 0 {
		if from == 0 {
			r.head = append(r.head, p...)
		}
		if len(head) > maxHead {
			r.answer.fail(ProtocolError, "the response's head is longer than %d bytes", maxHead)
		}
		return nil
	}
	if err := r.parseHead(head[:end]); err != nil {
		r.answer.fail(ProtocolError, "%v", err)
		return nil
	}
	if r.at == inHead {
		r.extra += end
		r.tooMuch("interim responses")
	}
	rest = p[end-from:]
	r.head = r.head[:0]
	return rest
}

// headEnd is the length of the head with its empty line, -1 when it has not
// come. No line that is before from can end it.
func headEnd(b []byte, from int) int {
	for i := from; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		switch {
		case i < len(b) && b[i] == '\n':
			return i + 1
		case i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n':
			return i + 2
		}
	}
}

var (
	headerLength     = []byte("content-length")
	headerEncoding   = []byte("transfer-encoding")
	headerType       = []byte("content-type")
	headerConnection = []byte("connection")
	headerContent    = []byte("content-encoding")
	valueIdentity    = []byte("identity")
	valueChunked     = []byte("chunked")
	valueClose       = []byte("close")
	valueKeepAlive   = []byte("keep-alive")
	valueEvents      = []byte("text/event-stream")
)

// parseHead reads the status line and the few headers that matter, and decides
// where the body ends (RFC 9112, section 6.3).
func (r *response) parseHead(head []byte) error {
	line, head := cutLine(head)
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' || (len(line) > 12 && line[12] != ' ') {
		return fmt.Errorf("not an HTTP/1.1 response: it begins with %s", excerpt(line))
	}
	status, err := strconv.ParseUint(string(line[9:12]), 10, 16)
	if err != nil || status < 100 {
		return fmt.Errorf("the status is not a number: %s", excerpt(line))
	}
	r.status = int(status)
	old := line[7] == '0'
	r.keepAlive = !old
	r.events, r.encoding = false, ""
	length, chunked := int64(-1), false
	for len(head) > 0 {
		line, head = cutLine(head)
		if len(line) == 0 {
			break
		}
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 {
			return fmt.Errorf("a header has no name and colon: %s", excerpt(line))
		}
		value := bytes.Trim(line[colon+1:], " \t")
		switch name := line[:colon]; {
		case equalFold(name, headerLength):
			n, err := strconv.ParseUint(string(value), 10, 62)
			if err != nil || (length >= 0 && length != int64(n)) {
				return fmt.Errorf("the content length is not one number: %s", excerpt(line))
			}
			length = int64(n)
		case equalFold(name, headerEncoding):
			if old || !equalFold(value, valueChunked) {
				return fmt.Errorf("a transfer encoding that is not asked for: %s", excerpt(line))
			}
			chunked = true
		case equalFold(name, headerContent):
			if len(value) > 0 && !equalFold(value, valueIdentity) {
				r.encoding = excerpt(value)
			}
		case equalFold(name, headerType):
			kind := value
			if semicolon := bytes.IndexByte(kind, ';'); semicolon >= 0 {
				kind = bytes.TrimRight(kind[:semicolon], " \t")
			}
			r.events = equalFold(kind, valueEvents)
		case equalFold(name, headerConnection):
			if equalFold(value, valueClose) {
				r.keepAlive = false
			} else if equalFold(value, valueKeepAlive) {
				r.keepAlive = true
			}
		}
	}
	switch {
	case status < 200: // an interim response; the real one follows
		if status == 101 {
			return fmt.Errorf("the server changes to another protocol, which was not asked for")
		}
		r.at = inHead
		return nil
	case status == 200 && r.encoding != "":
		return fmt.Errorf("the body is encoded as %s, which was not asked for", r.encoding)
	case status == 204 || status == 304 || (!chunked && length == 0):
		r.finish()
	case chunked:
		r.framing, r.at = byChunks, inSize
		r.left, r.digits = 0, 0
	case length > 0:
		r.framing, r.at, r.left = byLength, inBody, length
	default:
		r.framing, r.at, r.keepAlive = byClose, inBody, false
	}
	r.marks++
	r.extra = 0
	return nil
}

// cutLine returns the first line, without its end, and the rest.
func cutLine(b []byte) (line, rest []byte) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return b, nil
	}
	line = b[:end]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, b[end+1:]
}

// equalFold compares ASCII text with a lower-case word.
func equalFold(b, word []byte) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}
