package client

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf8"

	"mlcfg/internal/diag/secret"
)

// answer gathers what the events of one response say.
type answer struct {
	protocol Protocol
	keepText bool
	bounds   bounds

	first, last time.Duration
	// read is when the read returned that is being taken, firstRead and lastRead when those did.
	read, firstRead, lastRead time.Duration
	chunks                    int
	burst                     int // chunks that came with the first read that had one
	ids                       []int32
	text                      []byte
	prompt                    int64 // -1: not told
	completion                int64 // -1: not told
	finish                    string
	served                    string // what the answer calls itself; kept from one to the next, since it is always the same
	ended                     bool   // the end mark has come

	err     ErrorClass
	message string

	event event
}

func (a *answer) reset() {
	a.first, a.last, a.chunks, a.finish, a.ended = 0, 0, 0, "", false
	a.firstRead, a.lastRead, a.burst = 0, 0, 0
	a.ids, a.text = a.ids[:0], a.text[:0]
	a.prompt, a.completion = -1, -1
	a.err, a.message = NoError, ""
}

// fail keeps the first thing that went wrong.
func (a *answer) fail(class ErrorClass, format string, args ...any) {
	if a.err == NoError {
		a.err, a.message = class, fmt.Sprintf(format, args...)
	}
}

// longestServed bounds what is kept of a name that an answer gives itself.
const longestServed = 256

var endMark = []byte("[DONE]")

// add takes the data of a stream event that was complete at the given time.
func (a *answer) add(data []byte, at time.Duration) {
	if a.err == LongError {
		return
	}
	if a.ended {
		a.fail(LateError, "an event after the end mark: %s", excerpt(data))
		return
	}
	if bytes.Equal(data, endMark) {
		a.ended = true
		return
	}
	e := &a.event
	e.most = a.bounds.tokens
	if a.protocol == Generate {
		if !e.generate(data, a.keepText) {
			a.fail(MalformedError, "not an answer of /generate: %s", excerpt(data))
			return
		}
	} else if !e.openAI(data, a.keepText) {
		a.fail(MalformedError, "not an OpenAI answer: %s", excerpt(data))
		return
	}
	if e.failed {
		a.fail(EngineError, "the engine reports: %s", excerpt(e.message))
		return
	}
	if n := min(len(e.served), longestServed); n > 0 && a.served != string(e.served[:n]) {
		a.served = string(e.served[:n])
	}
	before := a.known()
	if a.protocol == Generate {
		a.replace()
	} else {
		a.ids = enlarge(a.ids, e.ids...)
		a.text = enlarge(a.text, e.text...)
	}
	if e.prompt >= 0 {
		a.prompt = e.prompt
	}
	if e.completion >= 0 {
		a.completion = e.completion
	}
	if e.finish != "" {
		a.finish = e.finish
		if !finished[e.finish] {
			a.fail(EngineError, "the engine gave the request up: its finish reason is %q", e.finish)
		}
	}
	if !e.choice {
		return
	}
	var token bool
	switch {
	case e.hasIDs && a.protocol != Generate:
		token = len(e.ids) > 0
	case e.completion >= 0 || e.hasIDs:
		token = a.known() > before
	default:
		token = !e.roleOnly
	}
	if token {
		if a.chunks == 0 {
			a.first, a.firstRead = at, a.read
		}
		if a.read == a.firstRead {
			a.burst++
		}
		a.last, a.lastRead = at, a.read
		a.chunks++
	}
	if n := max(len(a.ids), a.chunks); n > a.bounds.tokens {
		a.fail(LongError, "%d tokens came, and more were to come; %d are taken at most", n, a.bounds.tokens)
	}
}

// replace takes /generate's tokens, which come as everything so far, or, when
// the server was started so (stream_output, later incremental_streaming_output),
// as what is new: then the count, which is of everything, is the sum.
func (a *answer) replace() {
	e := &a.event
	if delta := len(a.ids) > 0 && e.completion != int64(len(e.ids)) && e.completion == int64(len(a.ids)+len(e.ids)); !delta {
		a.ids, a.text = a.ids[:0], a.text[:0]
	}
	a.ids = enlarge(a.ids, e.ids...)
	a.text = enlarge(a.text, e.text...)
}

// known is how many output tokens have come for certain.
func (a *answer) known() int64 { return max(a.completion, int64(len(a.ids))) }

// finishStream checks a stream whose response is complete.
func (a *answer) finishStream() {
	if !a.ended {
		a.fail(UnendedError, "the stream ended without [DONE] after %d chunks with tokens", a.chunks)
	}
}

// finishWhole takes the body of a response that was not streamed.
func (a *answer) finishWhole(body []byte, at time.Duration) {
	a.add(body, at)
	a.first, a.firstRead = 0, 0
}

// finished are the finish reasons of answers that ended as the request asked: by the
// model or a stop text, by the number of tokens, by a call of a tool (in a chat), or,
// in vLLM, by the repetition that the request said to look for. What else engines say
// is of an answer that was cut off: abort, error, cancelled, timeout, content_filter.
var finished = map[string]bool{"stop": true, "length": true, "tool_calls": true, "function_call": true, "repetition": true}

// check compares the counts and looks for the end. sent is the number of prompt
// token ids that were sent, 0 when the prompt was text; most is the number of
// output tokens that were asked for at most, 0 when the request set no limit.
func (a *answer) check(sent, most int) {
	switch got := int64(len(a.ids)); {
	case got == 0 && (a.completion == 0 || a.completion < 0 && a.chunks == 0):
		a.fail(NoTokenError, "the response is complete and has no token")
	case a.completion < 0 && got == 0:
		a.fail(CountsError, "neither usage nor token ids tell how many tokens came")
	case a.completion >= 0 && got > 0 && a.completion != got:
		a.fail(CountsError, "usage tells %d output tokens, %d token ids came", a.completion, got)
	case a.prompt >= 0 && sent > 0 && a.prompt != int64(sent):
		a.fail(CountsError, "usage tells %d prompt tokens, %d were sent", a.prompt, sent)
	case most > 0 && a.known() > int64(most):
		a.fail(LongError, "%d output tokens came, %d were asked for at most", a.known(), most)
	case a.finish == "":
		a.fail(UnendedError, "the answer has no finish reason after %d chunks with tokens", a.chunks)
	}
}

// looked is how much of data is looked through for credentials, in bytes: more than
// an excerpt shows, so that none is cut and then not known for one.
const looked = 4 << 10

// excerpt is the beginning of data, fit for a message, cut between characters:
// it gets into records, so that what shows as a credential is taken out.
func excerpt(data []byte) string {
	const most = 200
	rest := len(data) - min(len(data), looked)
	data = []byte(secret.Hide(string(data[:len(data)-rest])))
	if len(data)+rest > most {
		n := min(most, len(data))
		for n > most-utf8.UTFMax && n < len(data) && !utf8.RuneStart(data[n]) {
			n--
		}
		return fmt.Sprintf("%q and %d bytes more", data[:n], len(data)-n+rest)
	}
	return fmt.Sprintf("%q", data)
}
