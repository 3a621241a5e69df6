package client

import (
	"errors"
	"io"
	"syscall"
)

// An engine may close a connection at any time between two requests, and does so
// without knowing of the one that is on its way. Such a request is sent once
// more, on a fresh connection. Where a connection was made for the request there
// is no such excuse: an engine that closes it has seen the request.

// unseen reports whether the request on a connection that ended with err is to
// be sent once more. mu is held.
func (c *conn) unseen(err error) bool {
	if !c.used || c.resent || c.answer.bytes > 0 {
		return false
	}
	if c.sendErr != nil {
		err = c.sendErr
	}
	for _, closed := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, closed) {
			return true
		}
	}
	return false
}

// unsendable records the request of a connection that ended, for which no other
// could be made.
func (c *conn) unsendable(err error) {
	a := &c.answer.answer
	if c.run.dialing.Err() != nil {
		a.fail(CanceledError, "the run was stopped while the request was to be sent once more")
	} else {
		a.fail(ConnectError, "the connection closed before any byte of the response, and there is no other: %v", reason(err))
	}
	c.end(c.run.now())
}

// resend sends the request of a closed connection on a fresh one and serves that.
func (p *pool) resend(old *conn) {
	c, err := p.run.connect(p.run.dialing, p.replica)
	p.mu.Lock()
	p.dialing--
	if err == nil {
		p.open++
	}
	p.mu.Unlock()
	if err != nil {
		old.unsendable(err)
		return
	}
	c.resume(old)
	p.serve(c)
}
