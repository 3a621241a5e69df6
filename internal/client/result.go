package client

import "time"

// Result is what became of one request. Times are since the start of the run
// on the monotonic clock; 0 means that it did not happen.
type Result struct {
	ID      uint64 // as the source gave it
	Sample  int    // as the source gave it
	Replica int    // index into Options.URLs

	Scheduled  time.Duration // when it was due
	Sent       time.Duration // just before its first byte was written, for the first time
	FirstToken time.Duration // when the read returned that completed the first chunk with a token; streaming only
	LastToken  time.Duration // the same of the last chunk with a token; the whole answer's without streaming
	Done       time.Duration // when the response was complete, or the request failed

	InputTokens  int // prompt tokens as the engine counted them, else as they were sent
	OutputTokens int // as counted by the engine (usage), else the token ids that came
	Chunks       int // stream events that carried tokens

	// OutputIDs are the generated token ids (Options.TokenIDs, or /generate).
	// They belong to the batch: a sink that keeps them copies them.
	OutputIDs []int32
	// Text is the generated text, as UTF-8 (Options.Text). The same rule holds.
	Text []byte

	FinishReason string // "stop", "length", "abort" …: the engine's own word
	Status       int    // HTTP status
	Bytes        int64  // received, headers and framing included

	// Resent says that the first connection was closed before the engine can have
	// seen the request, and that it was sent once more on another.
	Resent bool

	Error   ErrorClass // None when the answer is whole
	Message string     // what was found, when Error is set
}

// OK reports whether the answer is whole.
func (r *Result) OK() bool { return r.Error == NoError }

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
