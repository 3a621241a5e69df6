package client

import "sync"

// work sends requests from Concurrency goroutines for each replica, each with a
// connection of its own and one request at a time.
func (r *run) work() {
	var wg sync.WaitGroup
	for _, p := range r.pools {
		for _, c := range p.idle {
			wg.Go(func() { r.workOn(c) })
		}
		p.idle = nil
	}
	wg.Wait()
}

func (r *run) workOn(c *conn) {
	replica := c.replica
	var req Request
	for !r.halted() && r.next(replica, &req) {
		if c == nil || c.dead {
			if c != nil {
				r.forget(c)
			}
			var err error
			if c, err = r.connect(r.dialing, replica); err != nil {
				r.refuse(&req, replica, ConnectError, reason(err).Error())
				continue
			}
		}
		req.Replica = replica
		if err := c.exchange(&req); err != nil {
			r.flight.Done()
			r.fail(err)
			return
		}
		r.last.Store(int64(c.sent))
		if !c.again {
			continue
		}
		old := c
		r.forget(old)
		var err error
		if c, err = r.connect(r.dialing, replica); err != nil {
			old.unsendable(err)
			continue
		}
		c.resume(old)
		c.await()
	}
}
