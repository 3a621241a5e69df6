package client

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// spares is how many unused connections are kept ready beside so many in use: a
// request that is due seldom has to wait for one to be made, even in a burst
// while the load still rises.
func spares(busy int) int { return min(4+busy/4, 64) }

// pool is the connections to one replica in an open-loop run. A connection in
// use or not has a goroutine that reads from it from the moment it is opened: an
// engine that closes an unused connection is noticed before a request goes there.
type pool struct {
	run     *run
	replica int

	mu      sync.Mutex
	idle    []*conn // the last used one last: it is taken first
	waiting []Request
	open    int // connections, busy or idle
	dialing int
	asked   bool // a request has been sent to the replica

	heard atomic.Int64 // when bytes came last, since the start of the run

	ended bool // the source has no more requests for the replica; run.asking guards it
}

// send sends a request that is rendered in m on an unused connection, or queues
// it until there is one.
func (p *pool) send(req *Request, m *message) {
	for {
		p.mu.Lock()
		p.asked = true
		n := len(p.idle)
		if n == 0 {
			p.waiting = append(p.waiting, *req)
			p.dialMore(1)
			p.mu.Unlock()
			p.run.mu.Lock()
			p.run.queued++
			p.run.mu.Unlock()
			return
		}
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.dialMore(spares(p.open - len(p.idle)))
		p.mu.Unlock()

		c.mu.Lock()
		if c.dead {
			c.mu.Unlock()
			continue
		}
		c.message, *m = *m, c.message
		p.begin(c, req)
		return
	}
}

// begin sends the request that is rendered on c, whose lock is held and released.
func (p *pool) begin(c *conn, req *Request) {
	now := p.run.now()
	c.begin(req, now)
	if err := c.post(); err != nil {
		c.sendErr = err
		_ = c.net.Close() // its reader records the result
	}
	c.mu.Unlock()
	p.run.last.Store(int64(now))
}

// serve reads from a connection until it ends.
func (p *pool) serve(c *conn) {
	for {
		n, err := c.net.Read(c.read)
		c.mu.Lock()
		busy := c.busy
		if !busy { // closed by the engine, or bytes that nobody asked for
			c.dead = true
		}
		c.mu.Unlock()
		if !busy {
			break
		}
		if !c.take(n, err) {
			continue
		}
		if c.again {
			p.mu.Lock()
			p.dialing++
			p.mu.Unlock()
			go p.resend(c)
			break
		}
		if c.dead || !p.release(c) {
			break
		}
	}
	p.drop(c)
}

// release returns a connection the next waiting request, or puts it with the
// unused ones. It reports whether the connection can go on.
func (p *pool) release(c *conn) bool {
	p.mu.Lock()
	if len(p.waiting) == 0 {
		c.used = true
		p.idle = append(p.idle, c)
		p.mu.Unlock()
		return true
	}
	req := p.waiting[0]
	p.waiting = p.waiting[1:]
	p.mu.Unlock()
	if err := c.message.render(&p.run.client.template, p.run.client.room, &req); err != nil {
		p.run.refuse(&req, p.replica, SendError, err.Error())
		p.run.fail(err)
		return false
	}
	c.mu.Lock()
	p.begin(c, &req)
	return true
}

// drop takes a dead connection out of the pool.
func (p *pool) drop(c *conn) {
	p.mu.Lock()
	if i := slices.Index(p.idle, c); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	p.open--
	p.dialMore(0)
	p.mu.Unlock()
	p.run.forget(c)
}

// dialMore begins to make connections for the waiting requests, and so that there
// are so many unused ones. p.mu is held.
func (p *pool) dialMore(unused int) {
	if p.run.halted() && len(p.waiting) == 0 {
		return
	}
	want := len(p.waiting) + max(0, unused-len(p.idle))
	for p.dialing < min(want, maxDials) && p.open+p.dialing < p.run.client.options.MaxConns {
		p.dialing++
		go p.dial()
	}
}

func (p *pool) dial() {
	c, err := p.run.connect(p.run.dialing, p.replica)
	p.mu.Lock()
	p.dialing--
	if err == nil {
		p.open++
		p.mu.Unlock()
		c.idle = p.run.now()
		if p.release(c) {
			p.serve(c)
		} else {
			p.drop(c)
		}
		return
	}
	// With no connection left that could take them, the waiting requests fail,
	// one for each attempt.
	var failed *Request
	if p.open == 0 && len(p.waiting) > 0 {
		failed = &Request{}
		*failed, p.waiting = p.waiting[0], p.waiting[1:]
	}
	p.dialMore(0)
	p.mu.Unlock()
	if failed != nil {
		p.run.refuse(failed, p.replica, ConnectError, reason(err).Error())
	}
}

// cancelWaiting returns up the requests that wait for a connection.
func (p *pool) cancelWaiting() {
	p.mu.Lock()
	waiting := p.waiting
	p.waiting = nil
	p.mu.Unlock()
	for i := range waiting {
		p.run.refuse(&waiting[i], p.replica, CanceledError, "the run was stopped before there was a connection for the request")
	}
}

// closeIdle closes connections that have not been used for Options.IdleTimeout.
func (p *pool) closeIdle(now time.Duration) {
	p.mu.Lock()
	var old []*conn
	// The longest unused ones are in front. Those that the run began with are kept
	// until the replica gets its first request.
	for p.asked && len(p.idle) > 0 && now-p.idle[0].idle > p.run.client.options.IdleTimeout {
		old = append(old, p.idle[0])
		p.idle = p.idle[1:]
	}
	p.mu.Unlock()
	for _, c := range old {
		_ = c.net.Close() // its reader takes it out
	}
}
