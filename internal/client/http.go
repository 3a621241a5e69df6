package client

import (
	"errors"
	"net"
	"time"
)

const (
	maxHead      = 64 << 10 // bytes of a response's head
	maxErrorBody = 4 << 10  // bytes kept of a body that reports an error
)

// framing is how the end of a response's body is found.
type framing uint8

const (
	byLength framing = iota
	byChunks
	byClose
)

// place is where in a response the next byte belongs.
type place uint8

const (
	inHead place = iota
	inBody
	inSize     // a chunk's size
	inSizeLine // the rest of the line after it: extensions, CR
	inChunk
	afterChunk // the line end after a chunk's data
	inTrailer
	complete
)

// response reads one HTTP/1.1 response, given in pieces that may end anywhere,
// and hands its events or its body to an answer. After an error the connection
// is of no further use.
type response struct {
	answer answer
	stream bool // the request asked for a stream

	at      place
	framing framing
	left    int64 // bytes of the body or the chunk that are to come
	digits  int   // hexadecimal digits of the chunk's size read so far
	line    int   // bytes of the trailer line read so far
	extra   int   // bytes that carry no data: interim responses, extensions of a chunk, trailers
	marks   int64 // what the engine has done but for tokens: its head, bytes of a whole body, its end

	status    int
	events    bool // the body is a text/event-stream
	encoding  string
	keepAlive bool
	bytes     int64

	head []byte // the head, when it comes in several pieces
	body []byte // a body that is not a stream
	sse  events

	now     time.Duration // when the read that is being fed returned
	onEvent func(data []byte)
}

func (r *response) reset(stream bool, asked int) {
	r.answer.reset()
	r.answer.bounds = boundsOf(asked)
	r.stream = stream
	r.at, r.status, r.bytes, r.line, r.extra, r.marks = inHead, 0, 0, 0, 0, 0
	r.head, r.body = r.head[:0], r.body[:0]
	r.sse.reset()
	r.sse.most = r.answer.bounds.event
	if r.onEvent == nil {
		r.onEvent = func(data []byte) { r.answer.add(data, r.now) }
	}
}

// feed takes the next bytes, read at the given time, and reports whether the
// response is complete or cannot go on.
func (r *response) feed(p []byte, now time.Duration) (done bool) {
	r.now = now
	r.bytes += int64(len(p))
	for len(p) > 0 {
		switch r.at {
		case inHead:
			p = r.readHead(p)
		case inBody, inChunk:
			n := int64(len(p))
			if r.framing != byClose && n > r.left {
				n = r.left
			}
			r.take(p[:n])
			p = p[n:]
			if r.framing == byClose {
				break
			}
			if r.left -= n; r.left == 0 {
				r.at = afterChunk
				if r.framing == byLength {
					r.finish()
				}
			}
		case inSize, inSizeLine, afterChunk, inTrailer:
			p = r.readFrame(p)
		case complete:
			r.keepAlive = false
			r.answer.fail(LateError, "%d bytes after the end of the response: %s", len(p), excerpt(p))
			return true
		}
		if r.broken() {
			r.keepAlive = false
			return true
		}
	}
	return r.at == complete
}

// broken reports whether the bytes cannot be made sense of any more, or are more
// than are taken.
func (r *response) broken() bool {
	return r.answer.err == ProtocolError || r.answer.err == LongError
}

// progress is a number that grows with all that brings the answer nearer to its
// end. Comments, interim responses, trailers and events without tokens do not:
// an engine that sends nothing else hangs.
func (r *response) progress() int64 { return r.marks + int64(r.answer.chunks) }

// closed says that the connection ended: cleanly, or with an error.
func (r *response) closed(err error, now time.Duration) {
	r.now = now
	r.keepAlive = false
	switch {
	case r.at == complete || r.broken():
	case r.at == inBody && r.framing == byClose && err == nil:
		r.finish()
	case r.at == inHead && r.bytes == 0:
		r.answer.fail(BrokenError, "the connection closed before any byte of the response%s", because(err))
	default:
		r.answer.fail(BrokenError, "the connection closed within the response, after %d bytes and %d chunks with tokens%s", r.bytes, r.answer.chunks, because(err))
	}
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + reason(err).Error()
}

// reason is an error without the addresses of the connection: the replica is in
// the record, and a port of this machine's would make each message another.
func reason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}

// take is a piece of the body.
func (r *response) take(p []byte) {
	switch {
	case r.status != 200:
		r.body = append(r.body, p[:min(len(p), maxErrorBody-min(len(r.body), maxErrorBody))]...)
	case r.events:
		if !r.sse.feed(p, r.onEvent) {
			r.answer.fail(LongError, "a stream event is longer than %d bytes", r.sse.most)
		}
	case len(r.body)+len(p) > r.answer.bounds.event:
		r.answer.fail(LongError, "the body is longer than %d bytes", r.answer.bounds.event)
	default:
		r.marks++
		r.body = enlarge(r.body, p...)
	}
}

// finish is called when the body is whole.
func (r *response) finish() {
	r.at = complete
	r.marks++
	switch {
	case r.status != 200 && r.encoding != "":
		r.answer.fail(StatusError, "HTTP status %d, with a body encoded as %s", r.status, r.encoding)
	case r.status != 200:
		r.answer.fail(StatusError, "HTTP status %d: %s", r.status, excerpt(r.body))
	case r.events:
		r.sse.end(r.onEvent)
		r.answer.finishStream()
	case r.stream:
		r.answer.fail(ProtocolError, "a stream was asked for, a single body came: %s", excerpt(r.body))
	default:
		r.answer.finishWhole(r.body, r.now)
	}
}

// tooMuch fails a response that sends too much of what carries no data.
func (r *response) tooMuch(what string) bool {
	if r.extra <= maxHead {
		return false
	}
	r.answer.fail(ProtocolError, "more than %d bytes of %s", maxHead, what)
	return true
}

// readFrame takes bytes that frame a chunk and gives those behind them.
func (r *response) readFrame(p []byte) (rest []byte) {
	for i, c := range p {
		switch r.at {
		case inSize:
			if d, ok := hexDigit(c); ok && r.digits < 15 {
				r.left = r.left<<4 | int64(d)
				r.digits++
				continue
			}
			if r.digits == 0 || (c != '\r' && c != '\n' && c != ';' && c != ' ' && c != '\t') {
				r.answer.fail(ProtocolError, "a chunk's size is not a hexadecimal number: %s", excerpt(p[i:]))
				return nil
			}
			r.at, r.extra = inSizeLine, 0
			fallthrough
		case inSizeLine:
			if c != '\n' {
				if r.extra++; r.tooMuch("a chunk's extensions") {
					return nil
				}
				continue
			}
			r.digits = 0
			if r.left > 0 {
				r.at = inChunk
				return p[i+1:]
			}
			r.at, r.line, r.extra = inTrailer, 0, 0
		case afterChunk:
			switch {
			case c == '\n':
				r.at = inSize
			case c == '\r' && r.line == 0:
				r.line = 1
				continue
			default:
				r.answer.fail(ProtocolError, "no line end after a chunk: %s", excerpt(p[i:]))
				return nil
			}
			r.line = 0
		case inTrailer:
			if r.extra++; r.tooMuch("trailers") {
				return nil
			}
			switch c {
			case '\r':
			case '\n':
				if r.line == 0 {
					r.finish()
					return p[i+1:]
				}
				r.line = 0
			default:
				r.line++
			}
		}
	}
	return nil
}
