package client

import (
	"math"
	"runtime"
	"runtime/debug"
	"slices"
)

// What answers may hold in memory, whatever the engine sends. An answer has an
// allowance that follows from the tokens that its request asks for; what goes
// beyond that counts against one bound for all answers of a run. So the most is
//
//	connections x (answerAllowance + tokenAllowance x tokens) + heldTogether
//
// and Go's collector gets half of heldTogether for what it has not taken yet.
const (
	answerAllowance = 64 << 10
	tokenAllowance  = 64 // bytes of a token: its id, its text, and both in JSON
	heldTogether    = 256 << 20

	// maxEvent bounds a stream event and a whole body; where more tokens are asked
	// for than fit, tokenAllowance does. SGLang repeats the whole answer in every
	// event, so they are not always small.
	maxEvent = 4 << 20

	// tokenSlack is how many tokens more than asked for are taken; the answer is
	// then told from one that ends where it should.
	tokenSlack = 64
	// tokensUnasked is the most tokens of an answer where the request leaves their
	// number open.
	tokensUnasked = 1 << 20
)

// bounds are what one answer may hold.
type bounds struct {
	tokens int // of the answer
	event  int // bytes of one event, or of a whole body
	free   int // bytes that do not count against heldTogether
}

// boundsOf are the bounds of an answer whose request asks for so many tokens,
// 0 where it does not say.
func boundsOf(asked int) bounds {
	if asked <= 0 {
		return bounds{tokens: tokensUnasked, event: maxEvent, free: answerAllowance}
	}
	asked = min(asked, tokensUnasked)
	return bounds{tokens: asked + tokenSlack, event: max(maxEvent, tokenAllowance*asked), free: answerAllowance + tokenAllowance*asked}
}

// memoryLimit is the memory from which on the collector works harder than
// Plan.GCPercent says, in bytes: a heap that may grow fivefold before it is
// collected would make the bounds of answers five times as large. A limit that
// the user has set stays.
func (r *run) memoryLimit() int64 {
	if set := debug.SetMemoryLimit(-1); set != math.MaxInt64 {
		return set
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	perConn := int64(boundsOf(r.client.template.standard).free + readSize)
	return int64(m.HeapInuse+m.StackInuse+m.GCSys+m.OtherSys) + int64(r.connections())*perConn + heldTogether*3/2
}

// connections is how many the run has open at first.
func (r *run) connections() int { return len(r.pools) * r.plan.Connections }

// held is how many bytes the answer holds.
func (r *response) held() int {
	a := &r.answer
	return cap(r.head) + cap(r.body) + cap(r.sse.line) + cap(r.sse.data) +
		4*cap(a.ids) + cap(a.text) + 4*cap(a.event.ids) + cap(a.event.text) + cap(a.event.scratch)
}

// enlarge is append with room for twice as much where it has to move: growing
// large buffers by quarters would leave four times their size to the collector.
func enlarge[T any](b []T, more ...T) []T {
	if cap(b)-len(b) < len(more) {
		b = slices.Grow(b, max(len(more), len(b)))
	}
	return append(b, more...)
}

// freeBuffers frees the buffers of an answer that was larger than most.
func (r *response) freeBuffers() {
	r.head, r.body, r.sse = nil, nil, events{}
	a := &r.answer
	a.ids, a.text, a.event = nil, nil, event{}
}

// account counts what the answer holds, and reports whether it may go on.
func (c *conn) account() bool {
	beyond := int64(max(0, c.answer.held()-c.answer.answer.bounds.free))
	if beyond == c.counted {
		return true
	}
	together := c.run.held.Add(beyond - c.counted)
	grows := beyond > c.counted
	c.counted = beyond
	if !grows || together <= heldTogether {
		return true
	}
	c.answer.keepAlive = false
	c.answer.answer.fail(LongError, "the answers under way hold more than %d MiB beyond what was asked for, this one %d KiB", heldTogether>>20, c.answer.held()>>10)
	return false
}

// freeBuffers frees what a finished, recorded answer held beyond its allowance.
func (c *conn) freeBuffers() {
	if c.counted == 0 {
		return
	}
	c.answer.freeBuffers()
	c.run.held.Add(-c.counted)
	c.counted = 0
}
