package client

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"mlcfg/internal/client/wire"
	"mlcfg/internal/record"
)

const readSize = 32 << 10

// conn is a connection to a replica, with the one request that may be on it.
//
// mu is held while a request begins, ends or is given up, so that no two of
// these can mix. Between them the goroutine that reads owns all other fields.
type conn struct {
	run     *run
	replica int
	net     net.Conn
	raw     syscall.RawConn // nil: writes may wait for the peer
	wire    *wire.Conn      // what net reads from, where the kernel stamps; else nil
	read    []byte
	message message
	answer  response

	mu        sync.Mutex
	busy      bool // a request is on it
	dead      bool // it must not be used again
	deadline  time.Duration
	gaveUp    ErrorClass // why the request was given up, if it was
	announced bool       // the first token has been told of
	idle      time.Duration
	used      bool  // it waited unused or carried a request before: the engine may have closed it meanwhile
	again     bool  // its request met a closed connection and is to be sent on a fresh one
	resent    bool  // its request is here for the second time
	sendErr   error // what writing the request failed with
	counted   int64 // bytes of the answer that run.held counts

	request   Request
	scheduled time.Duration
	begun     time.Duration // just before the request was written
	sent      time.Duration // when it left
	came      time.Duration // when the last bytes of its answer came
	stamped   bool          // all of them by the kernel's clock
	departed  bool          // sent is the kernel's

	unsent  []byte // what of the request the socket did not take at once
	tried   error
	tryOnce func(fd uintptr) bool
	drained atomic.Bool // unsent has been written
}

func newConn(r *run, replica int, n net.Conn) *conn {
	c := &conn{run: r, replica: replica, net: n, read: make([]byte, readSize)}
	c.answer.answer.protocol = r.client.options.Protocol
	c.answer.answer.keepText = r.client.options.Text
	if s, ok := n.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn()
	}
	write := syscall.Write
	switch n := n.(type) {
	case *wire.Conn:
		c.wire, write = n, n.TryWrite
	case *tls.Conn:
		c.wire, _ = n.NetConn().(*wire.Conn)
	}
	c.drained.Store(true)
	c.tryOnce = func(fd uintptr) bool {
		n, err := write(int(fd), c.unsent)
		switch {
		case n > 0:
			c.unsent = c.unsent[n:]
		case err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR):
			c.tried = err
		}
		return true // whatever it did: never wait
	}
	return c
}

// begin marks the connection as busy with a request. mu is held.
func (c *conn) begin(r *Request, now time.Duration) {
	c.request, c.begun, c.sent, c.resent = *r, now, now, false
	if p := c.run.plan.Progress.of(c.replica); p != nil {
		p.sent.Add(1)
	}
	switch c.run.plan.Pace {
	case OnSchedule:
		c.scheduled = r.At
	case AtOnce:
		c.scheduled = 0
	case OnCompletion:
		c.scheduled = now
	}
	c.deadline = 0
	if t := c.run.plan.Timeout; t > 0 {
		c.deadline = now + t
	}
	c.ready()
}

// ready prepares for the answer to the request. mu is held.
func (c *conn) ready() {
	c.busy = true
	c.came, c.stamped, c.departed = c.sent, c.wire != nil, false
	c.gaveUp, c.announced, c.again, c.sendErr = NoError, false, false, nil
	c.answer.reset(c.run.client.options.Stream, c.run.client.template.tokens(&c.request))
}

// resume sends the request of a connection that was closed before the engine
// can have seen it, once more. Its times go on counting from the first attempt.
func (c *conn) resume(old *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.message, old.message = old.message, c.message
	c.request, c.scheduled, c.begun, c.sent, c.deadline, c.resent = old.request, old.scheduled, old.begun, old.sent, old.deadline, true
	c.ready()
	if err := c.post(); err != nil {
		c.sendErr = err
		_ = c.net.Close() // its reader records the result
	}
}

// post writes the rendered request without waiting for the peer: what the
// socket does not take at once is written by a goroutine of its own.
func (c *conn) post() error {
	c.unsent = c.message.addressed(c.run.client.targets[c.replica].head)
	c.tried = nil
	c.drained.Store(true)
	if c.wire != nil && !c.resent {
		c.wire.Ask(len(c.unsent))
	}
	if c.raw != nil {
		if err := c.raw.Write(c.tryOnce); err != nil {
			return err
		}
		if c.tried != nil || len(c.unsent) == 0 {
			return c.tried
		}
	}
	c.drained.Store(false)
	go func() {
		// An error shows as a failed read as well; there is one place that reports it.
		_, _ = c.net.Write(c.unsent)
		c.drained.Store(true)
	}()
	return nil
}

// exchange sends a request, waits for its answer and records it.
func (c *conn) exchange(r *Request) error {
	if err := c.message.render(&c.run.client.template, c.run.client.room, r); err != nil {
		return err
	}
	whole := c.message.addressed(c.run.client.targets[c.replica].head)
	c.mu.Lock()
	c.begin(r, c.run.now())
	c.mu.Unlock()
	if _, err := c.net.Write(whole); err != nil {
		c.sendErr = err
		c.lost(err)
		return nil
	}
	c.await()
	return nil
}

// await reads until the request on the connection is over.
func (c *conn) await() {
	for {
		n, err := c.net.Read(c.read)
		if c.take(n, err) {
			return
		}
	}
}

// take handles what a read returned while a request is on the connection, and
// reports whether the request is over.
func (c *conn) take(n int, err error) bool {
	now := c.run.now()
	if n > 0 {
		before := c.answer.progress()
		c.arrived(now)
		c.answer.answer.read = now
		over := c.answer.feed(c.read[:n], c.came)
		if c.answer.progress() != before {
			c.run.pools[c.replica].noteBytes(now)
		}
		c.announce()
		over = !c.account() || over
		if over {
			c.end(c.came)
			return true
		}
	}
	if err == nil {
		return false
	}
	c.lost(err)
	return true
}

// arrived sets when what was read by now came, and with the first of it when
// the request left.
func (c *conn) arrived(now time.Duration) {
	if c.wire == nil {
		c.came = now
		return
	}
	clock := c.run.clock
	if left := c.wire.Left(); left != 0 && !c.departed && !c.resent && c.answer.bytes == 0 {
		c.sent, c.departed = clock.At(left, c.begun, now)
		if !c.departed {
			c.sent = c.begun
		}
		c.came = c.sent
	}
	var ok bool
	c.came, ok = clock.At(c.wire.Received(), c.came, now)
	c.stamped = c.stamped && ok
}

// announce tells of the first token, once.
func (c *conn) announce() {
	a := &c.answer.answer
	if c.announced || a.first == 0 {
		return
	}
	c.announced = true
	if b := c.run.plan.Balancer; b != nil && c.run.plan.Pace == OnSchedule && c.request.Replica < 0 {
		b.First(c.replica)
	}
	if p := c.run.plan.Progress.of(c.replica); p != nil {
		p.firstToken.Add(1)
	}
	if f := c.run.plan.FirstToken; f != nil {
		f(c.request.ID, a.ids)
	}
}

// lost ends the request after its connection ended or a read or write of it was
// cut short, or marks it to be sent again.
func (c *conn) lost(err error) {
	now := c.run.now()
	c.mu.Lock()
	gaveUp := c.gaveUp
	if c.again = gaveUp == NoError && c.unseen(err); c.again {
		c.busy, c.dead = false, true
	}
	c.mu.Unlock()
	if c.again {
		return
	}
	a := &c.answer.answer
	switch {
	case gaveUp == TimeoutError:
		a.fail(TimeoutError, "no whole response within %v; %d chunks with tokens came", c.run.plan.Timeout, a.chunks)
	case gaveUp == CanceledError:
		a.fail(CanceledError, "the run was stopped; %d chunks with tokens had come", a.chunks)
	case c.sendErr != nil:
		a.fail(SendError, "writing the request: %v", reason(c.sendErr))
	case errors.Is(err, io.EOF):
		c.answer.closed(nil, now)
	default:
		c.answer.closed(err, now)
	}
	c.end(now)
}

// end records the result of the request on the connection, which was over at the
// given time, and frees it.
func (c *conn) end(done time.Duration) {
	a := &c.answer.answer
	if a.err == NoError {
		a.check(len(c.request.Tokens), c.run.client.template.tokens(&c.request))
	}
	reusable := c.answer.keepAlive && c.answer.at == complete && c.drained.Load()
	res := Result{
		Record: record.Record{
			Seq: c.request.ID, Sample: uint32(c.request.Sample), Replica: int32(c.replica),
			Scheduled: c.scheduled, Issued: c.sent, Sent: c.sent, FirstToken: reached(a.first), Done: done,
			InputTokens: int64(len(c.request.Tokens)), OutputTokens: int64(len(a.ids)), Finish: a.finish, Resent: c.resent,
			Stamped: c.stamped && a.chunks > 0, SentStamped: c.departed,
		},
		Begun: c.begun, FirstRead: reached(a.firstRead), LastRead: reached(a.lastRead),
		LastToken: reached(a.last), Chunks: a.chunks, Burst: a.burst, Served: a.served, OutputIDs: a.ids, Text: a.text,
		HTTPStatus: c.answer.status, Bytes: c.answer.bytes,
	}
	if a.prompt >= 0 {
		res.InputTokens = a.prompt
	}
	if a.completion >= 0 {
		res.OutputTokens = a.completion
	}
	res.end(a.err, a.message)
	balanced := c.request.Replica < 0
	c.mu.Lock()
	c.busy, c.used = false, true
	c.idle = c.run.now()
	if !reusable || c.gaveUp != NoError {
		c.dead = true
	}
	c.request = Request{}
	c.mu.Unlock()
	c.run.finished(&res, balanced)
	c.freeBuffers()
}

// giveUp ends the request that is on the connection from outside, when only is
// nil or holds for it. The goroutine that reads then records it.
func (c *conn) giveUp(why ErrorClass, only func(deadline time.Duration) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.busy || c.gaveUp != NoError || (only != nil && !only(c.deadline)) {
		return
	}
	c.gaveUp = why
	_ = c.net.SetDeadline(time.Unix(1, 0)) // long past: reads and writes return at once
}
