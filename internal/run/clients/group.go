package clients

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"mlcfg/internal/client"
)

// Most is the most clients of a run.
const Most = 64

const (
	// lead is how long before the common start it is told: a client has to read it and
	// to send its first request in that time.
	lead = 100 * time.Millisecond
	// lastAnswers is how long the other clients may take for what is in flight when one has
	// ended by itself: the run is over.
	lastAnswers = time.Second
	// killAfter is how long a client has to end when it was told to give up.
	killAfter = 5 * time.Second
)

// Process is a client that was started, by its two streams.
type Process struct {
	In  io.WriteCloser
	Out io.Reader
	// Wait returns when it has ended, after Out has; nil where it ended well.
	Wait func() error
	// Kill ends it at once. It may be called at any time, and more than once.
	Kill func()
}

// Options say what clients are started.
type Options struct {
	Clients  int
	Replicas int
	Spawn    func(number int) (Process, error)
	// Job is what a client is told first, as JSON.
	Job func(number int) any
	// Clock is shared with the clients; nil is Monotonic.
	Clock Clock
}

// Error says which client ended a run, and why.
type Error struct {
	Client int
	Err    error
}

// Error names the client.
func (e *Error) Error() string { return fmt.Sprintf("client %d: %v", e.Client, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// errGone reports that a client ended although it was not told to.
var errGone = errors.New("ended by itself")

// Group is the clients of a run.
type Group struct {
	options Options
	members []Process
	events  chan event
	closed  chan struct{}
	readers sync.WaitGroup
}

// event is a report of a client, or its end.
type event struct {
	client int
	report report
	end    error // not nil: there are no more reports
}

// Start starts the clients and gives each its job. They end with Close.
func Start(o Options) (*Group, error) {
	if o.Clock == nil {
		o.Clock = Monotonic
	}
	g := &Group{options: o, events: make(chan event), closed: make(chan struct{})}
	for i := range o.Clients {
		p, err := o.Spawn(i)
		if err != nil {
			g.Close()
			return nil, fmt.Errorf("starting client %d: %w", i, err)
		}
		g.members = append(g.members, p)
		g.readers.Go(func() { g.listen(i, p) })
	}
	for i := range g.members {
		job, err := json.Marshal(o.Job(i))
		if err != nil {
			g.Close()
			return nil, fmt.Errorf("encoding the job of client %d: %w", i, err)
		}
		g.tell(i, order{Job: job})
	}
	return g, nil
}

// listen passes on what a client says until it ends.
func (g *Group) listen(i int, p Process) {
	err := readLines(p.Out, longestReport, func(line []byte) error {
		r, err := parseReport(line, g.options.Replicas)
		if err == nil {
			g.pass(event{client: i, report: r})
		}
		return err
	})
	if err != nil {
		p.Kill()
		err = fmt.Errorf("what it says is no report: %w", err)
	}
	if how := p.Wait(); err == nil {
		err = errGone
		if how != nil {
			err = fmt.Errorf("%w: %w", errGone, how)
		}
	}
	g.pass(event{client: i, end: err})
}

func (g *Group) pass(e event) {
	select {
	case g.events <- e:
	case <-g.closed:
	}
}

// tell writes to one client. One that is gone is noticed by the end of what it says.
func (g *Group) tell(i int, o order) {
	line, err := json.Marshal(o)
	if err == nil {
		_, _ = g.members[i].In.Write(append(line, '\n'))
	}
}

// Close ends the clients and returns when none is left: by the end of their standard input
// and, where that is not enough, by killing them.
func (g *Group) Close() {
	close(g.closed)
	for _, p := range g.members {
		_ = p.In.Close()
	}
	late := time.AfterFunc(killAfter, func() {
		for _, p := range g.members {
			p.Kill()
		}
	})
	defer late.Stop()
	g.readers.Wait()
}

// Phase is one phase of a test, issued by all clients together.
type Phase struct {
	Number int
	// Abort, when closed, gives up what is in flight; a done context lets it finish.
	Abort <-chan struct{}
	// Began is called with the common start, shortly before it.
	Began func(time.Time)
	// Progress is what the clients' counts are added up in; it may be nil.
	Progress *client.Progress
}

// Run carries out a phase and returns what it came to for each client, once all are through
// with it. The error is about the run: the context's, or the first client's that failed.
func (g *Group) Run(ctx context.Context, p Phase) ([]client.Summary, error) {
	s := &session{
		group: g, phase: p, told: g.options.Clock(),
		over: make([]bool, len(g.members)), ready: make([]bool, len(g.members)),
		counts: make([][]Count, len(g.members)), sums: make([]client.Summary, len(g.members)),
	}
	s.tell(order{Phase: &p.Number})
	done, abort := ctx.Done(), p.Abort
	for count(s.over...) < len(s.over) {
		select {
		case e := <-g.events:
			s.take(e)
		case <-done:
			done, s.stopped = nil, true
			s.tell(order{Stop: true})
		case <-abort:
			abort, s.stopped = nil, true
			s.giveUp()
		case <-s.patience:
			s.giveUp()
		case <-s.kill:
			for i, p := range g.members {
				if !s.over[i] {
					p.Kill()
				}
			}
		}
	}
	if s.err == nil && s.stopped {
		s.err = cmp.Or(ctx.Err(), context.Canceled)
	}
	return s.sums, s.err
}

// session is a phase under way.
type session struct {
	group       *Group
	phase       Phase
	told        int64 // when the phase was asked for
	ready, over []bool
	counts      [][]Count
	sums        []client.Summary
	stopped     bool
	err         error

	patience, kill <-chan time.Time
}

// tell writes to all clients that are not through.
func (s *session) tell(o order) {
	for i := range s.over {
		if !s.over[i] {
			s.group.tell(i, o)
		}
	}
}

func (s *session) giveUp() {
	s.patience = nil
	s.tell(order{Abort: true})
	if s.kill == nil {
		s.kill = time.After(killAfter)
	}
}

func (s *session) take(e event) {
	i := e.client
	r := &e.report
	switch {
	case s.over[i]: // its end after its last word
	case e.end != nil:
		s.fail(i, e.end)
	case r.Failed != nil:
		s.fail(i, r.Failed.error())
	case r.Ended != nil && (s.begun() || s.stopped || s.err != nil):
		s.over[i], s.sums[i] = true, *r.Ended
	case r.Ready != nil && !s.ready[i]:
		s.isReady(i, r.Ready.Clock)
	case r.Progress != nil && s.begun():
		s.counts[i] = r.Progress
		s.show()
	default:
		s.group.members[i].Kill()
		s.fail(i, errors.New("it says what cannot be said now"))
	}
}

// begun reports whether the start was told.
func (s *session) begun() bool { return count(s.ready...) == len(s.ready) }

// isReady notes that a client is, and starts all with the last one.
func (s *session) isReady(i int, clock int64) {
	if clock < s.told || clock > s.group.options.Clock() {
		s.fail(i, errors.New("its monotonic clock is not this machine's: it is on another, or in a time namespace of its own, and its times cannot be compared"))
		return
	}
	s.ready[i] = true
	if !s.begun() || s.err != nil || s.stopped {
		return
	}
	start := s.group.options.Clock() + int64(lead)
	s.tell(order{Start: &start})
	if s.phase.Began != nil {
		s.phase.Began(s.group.options.Clock.at(start))
	}
}

// fail notes that a client is through with the run, and ends it for the others.
func (s *session) fail(i int, err error) {
	s.over[i] = true
	if s.err != nil {
		return
	}
	s.err = &Error{Client: i, Err: err}
	s.tell(order{Stop: true})
	if s.kill == nil {
		s.patience = time.After(lastAnswers)
	}
}

// error is the failure as the client itself had it.
func (f *failure) error() error {
	if f.Stall != nil {
		return &client.StallError{Replica: f.Stall.Replica, Quiet: f.Stall.Quiet, InFlight: f.Stall.InFlight}
	}
	return errors.New(f.Text)
}

// show adds up the clients' counts.
func (s *session) show() {
	if s.phase.Progress == nil {
		return
	}
	for replica := range s.group.options.Replicas {
		var sum Count
		for _, of := range s.counts {
			if of != nil {
				sum.Sent, sum.FirstToken, sum.Done = sum.Sent+of[replica].Sent, sum.FirstToken+of[replica].FirstToken, sum.Done+of[replica].Done
			}
		}
		s.phase.Progress.Set(replica, sum.Sent, sum.FirstToken, sum.Done)
	}
}
