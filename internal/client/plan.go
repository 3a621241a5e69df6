package client

import "time"

// Pace is what decides when a request leaves.
type Pace uint8

// The paces.
const (
	OnSchedule   Pace = iota // each when it is due, whatever is in flight
	AtOnce                   // all are due at the start; Plan.Concurrency of them in flight on each replica
	OnCompletion             // the next is due when one completes; with Concurrency 1 one at a time
)

// Plan says how a run goes.
type Plan struct {
	Pace Pace
	// Concurrency is how many requests are in flight on each replica: AtOnce and
	// OnCompletion. 0 means 1.
	Concurrency int
	// Balancer picks the replica of requests that leave it open: OnSchedule.
	// It is needed when there are several replicas and requests with Replica -1.
	Balancer Balancer

	// Timeout bounds each request, from when it is sent; 0 means none.
	Timeout time.Duration
	// StallLimit ends the run with a *StallError when nothing comes from a replica
	// for so long while it has requests in flight; 0 means never. Without
	// streaming, the first byte of a response comes with the last.
	StallLimit time.Duration
	// Grace is how long requests in flight may go on after the context is done;
	// 0 gives them up at once. Requests given up are recorded as canceled.
	Grace time.Duration
	// Abort, when closed, gives up the requests in flight at once and sends no
	// further one, whatever Grace says. It may be nil.
	Abort <-chan struct{}
	// Connections are opened to each replica before the run begins: OnSchedule;
	// 0 means 32. AtOnce and OnCompletion open Concurrency.
	Connections int

	// GCPercent is the garbage collector's setting (GOGC) during the run; 0
	// leaves it as it is. The client itself allocates next to nothing while it
	// runs, so this matters for what else the process does.
	GCPercent int
	// LateLimit is the lateness, at the 99th percentile, from which on Summary
	// says that the client did not keep up; 0 means never.
	LateLimit time.Duration
	// Begin, where it is not nil, is called when the connections are open and returns the moment
	// that all times count from; one that is still to come is waited for. Its error ends the run.
	Begin func() (time.Time, error)
	// Started is called when the run begins, with the moment that all times
	// count from. It may be nil.
	Started func(time.Time)

	// FirstToken is called when a request's first token has come, with the token
	// ids that have come so far (empty where none are asked for), and Completed
	// when its result is known, the failed and refused ones' too; for one request
	// in that order. They are called from several goroutines, at once, and must
	// not wait; what they are given is used again afterwards. They may be nil.
	FirstToken func(id uint64, ids []int32)
	Completed  func(*Result)
	// Progress counts requests by replica as they go. It may be nil.
	Progress *Progress
}

// Balancer picks replicas; package balance has the algorithms. Pick counts a
// request as sent, First as one with its first token, Done as complete; a request that
// ends without a token counts with First too. First and Done are called from several goroutines.
type Balancer interface {
	Pick(promptTokens int) (replica int)
	First(replica int)
	Done(replica int)
}

// Source hands out the requests of a run.
type Source interface {
	// Next fills in the next request and reports whether there is one; after
	// false it is not called again (for that replica). It is never called from
	// two goroutines at once. OnSchedule asks right after the request before has
	// been sent, well before the next one is due. Next may wait for something to
	// send; one that does must return false by itself when the run is stopped.
	Next(a Ask, r *Request) bool
}

// Ask is what a source may want to know to decide on the next request, or that
// there is none.
type Ask struct {
	Replica  int           // the replica that the request goes to; -1: not yet decided
	Now      time.Duration // since the start of the run
	LastSent time.Duration // when the request before was sent
	Sent     int           // requests handed out so far
	Done     int           // of them, complete or failed
}

// SourceFunc is a function as a Source.
type SourceFunc func(a Ask, r *Request) bool

// Next calls f.
func (f SourceFunc) Next(a Ask, r *Request) bool { return f(a, r) }
