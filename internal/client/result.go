package client

import (
	"strings"
	"time"

	"mlcfg/internal/record"
)

// Result is what became of one request: its record, and what only this process
// needs of it. Times are since the start of the run on the monotonic clock.
// Query is left to who knows the queries.
type Result struct {
	record.Record

	LastToken time.Duration // when the bytes came that completed the last chunk with a token; the whole answer's without streaming
	// Begun is just before the request was written, FirstRead and LastRead are when the
	// reads returned that completed the first and the last chunk: what Sent,
	// FirstToken and LastToken are where the kernel has no time for them.
	Begun, FirstRead, LastRead time.Duration
	Chunks                     int // stream events that carried tokens
	// Burst is how many of the chunks the first read with one brought: more than a few of a
	// slow stream were held back on the way.
	Burst int

	// OutputIDs are the generated token ids (Options.TokenIDs, or /generate).
	// They belong to the batch: a sink that keeps them copies them.
	OutputIDs []int32
	// Text is the generated text, as UTF-8 (Options.Text). The same rule holds.
	Text []byte

	// Served is what the answer calls itself: its model as JSON spells it or, of
	// /generate, SGLang's weight version; empty where it does not.
	Served string

	HTTPStatus int
	Bytes      int64 // received, headers and framing included

	// Class is what kind of thing went wrong; the record's Error says what was found.
	Class ErrorClass
}

// longestError bounds, in bytes, what one request can put into the record file.
const longestError = 300

// A stream of tellingChunks or more tells whether it was held back: whether its first read
// brought several, as many as the engine makes in heldTime at the least.
const (
	tellingChunks = 8
	severalChunks = 4
	wholeChunks   = 32
	heldTime      = 50 * time.Millisecond
)

// heldBack reports whether the first tokens of a stream came all at once though the others
// came one after another, as behind a proxy that buffers; long: whether the stream can tell.
func (r *Result) heldBack() (long, held bool) {
	if r.Chunks == r.Burst { // all at once: no engine makes as many in no time
		return r.Chunks >= wholeChunks, r.Chunks >= wholeChunks && r.FirstToken-r.Sent >= heldTime
	}
	if r.Chunks < tellingChunks {
		return false, false
	}
	step := (r.LastToken - r.FirstToken) / time.Duration(r.Chunks-r.Burst)
	return true, r.Burst >= severalChunks && step*time.Duration(r.Burst-1) >= heldTime
}

// end says how the request ended: class is NoError where the answer is whole,
// and message says what was found where it is not.
func (r *Result) end(class ErrorClass, message string) {
	r.Class, r.Status = class, record.Failed
	switch class {
	case NoError:
		r.Status = record.OK
		return
	case TimeoutError:
		r.Status = record.TimedOut
	case CanceledError:
		r.Status = record.Abandoned
	}
	r.Error = string(class)
	if message != "" {
		r.Error += ": " + message
	}
	r.Error = strings.ToValidUTF8(r.Error, "\uFFFD")
	if len(r.Error) > longestError {
		r.Error = strings.ToValidUTF8(r.Error[:longestError], "") + "…" // without the half of a character
	}
}

// reached is a moment of a run, NotReached for 0: none.
func reached(at time.Duration) time.Duration {
	if at == 0 {
		return record.NotReached
	}
	return at
}

// ErrorClass says what kind of thing went wrong with a request.
type ErrorClass string

// The classes of errors. A request has at most one: the first thing that went
// wrong with it.
const (
	NoError        ErrorClass = ""
	ConnectError   ErrorClass = "connect"   // no connection could be made; nothing was sent
	SendError      ErrorClass = "send"      // the connection broke while the request was written
	BrokenError    ErrorClass = "broken"    // the connection closed or broke before the response was whole
	TimeoutError   ErrorClass = "timeout"   // Plan.Timeout passed
	CanceledError  ErrorClass = "canceled"  // the run was stopped before the response was whole
	StatusError    ErrorClass = "status"    // an HTTP status other than 200
	ProtocolError  ErrorClass = "protocol"  // not HTTP/1.1 as it should be
	MalformedError ErrorClass = "malformed" // an event or a body that is not the JSON it should be
	EngineError    ErrorClass = "engine"    // the engine reported an error, or aborted the request, within the stream
	CountsError    ErrorClass = "counts"    // the engine's counts and the tokens that came or were sent do not agree
	NoTokenError   ErrorClass = "no-token"  // the response is whole and has no token
	LongError      ErrorClass = "long"      // more tokens than were asked for, or more bytes than that many can take
	UnendedError   ErrorClass = "unended"   // the stream ended without its end mark, or the answer without a finish reason
	LateError      ErrorClass = "late"      // data after the end mark or after the end of the response
)
