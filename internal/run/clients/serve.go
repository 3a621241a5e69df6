package clients

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"mlcfg/internal/client"
)

// Work is what a client does, as its process has it.
type Work interface {
	// Job takes the job, and returns how many replicas there are.
	Job(ctx context.Context, job json.RawMessage) (replicas int, err error)
	// Phase carries out this client's share of a phase.
	Phase(ctx context.Context, number int, c Control) (client.Summary, error)
}

// Control is what the run decides during a phase. A context that is done lets what is in
// flight finish.
type Control struct {
	// Abort is closed when what is in flight is to be given up.
	Abort <-chan struct{}
	// Begin says that the client is ready, and returns the common start.
	Begin func() (time.Time, error)
	// Progress is what the client counts in.
	Progress *client.Progress
}

// progressInterval is the time between two reports of progress.
const progressInterval = 250 * time.Millisecond

// Serve is a client's life: it does what it is told on in, says on out how it goes, and
// returns at the end of in, before which it has given up what was in flight. Its error is
// about the work, or about an order that is none.
func Serve(ctx context.Context, in io.Reader, out io.Writer, clock Clock, work Work) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{out: out, clock: clock, work: work, stop: cancel, aborted: make(chan struct{}), jobs: make(chan json.RawMessage, 1), phases: make(chan int, 1), starts: make(chan int64, 1)}
	ended := make(chan error, 1)
	go func() {
		err := readLines(in, longestOrder, s.take)
		s.stop()
		s.abort()
		close(s.jobs)
		close(s.phases)
		ended <- err
	}()
	job, told := <-s.jobs
	if !told {
		return <-ended
	}
	replicas, err := work.Job(ctx, job)
	if err != nil {
		s.say(report{Failed: &failure{Text: err.Error()}})
		return err
	}
	for number := range s.phases {
		if err := s.phase(ctx, number, replicas); err != nil {
			return err
		}
	}
	return <-ended
}

type server struct {
	clock Clock
	work  Work
	stop  func()

	aborted chan struct{}
	once    sync.Once
	jobs    chan json.RawMessage
	phases  chan int
	starts  chan int64

	mu  sync.Mutex
	out io.Writer
}

func (s *server) abort() { s.once.Do(func() { close(s.aborted) }) }

// take does what an order says, or hands it on. It never waits: what comes out of turn is
// an error.
func (s *server) take(line []byte) error {
	o, err := parseOrder(line)
	taken := true
	switch {
	case err != nil:
		return fmt.Errorf("an order that is none: %w", err)
	case o.Stop:
		s.stop()
	case o.Abort:
		s.stop()
		s.abort()
	case o.Job != nil:
		taken = offer(s.jobs, o.Job)
	case o.Phase != nil:
		taken = offer(s.phases, *o.Phase)
	default:
		taken = offer(s.starts, *o.Start)
	}
	if !taken {
		return errors.New("an order that comes out of turn")
	}
	return nil
}

func offer[T any](to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	default:
		return false
	}
}

// say writes a report. A run that is gone does not read it.
func (s *server) say(r report) {
	line, err := json.Marshal(r)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.out.Write(append(line, '\n'))
}

// phase carries out a phase. Its error is the work's; that the run was stopped is none.
func (s *server) phase(ctx context.Context, number, replicas int) error {
	progress := client.NewProgress(replicas)
	over, told := make(chan struct{}), make(chan struct{})
	begun := make(chan struct{})
	go func() {
		defer close(told)
		s.follow(progress, begun, over)
	}()
	sum, err := s.work.Phase(ctx, number, Control{Abort: s.aborted, Progress: progress, Begin: func() (time.Time, error) {
		at, err := s.begin(ctx)
		if err == nil {
			close(begun)
		}
		return at, err
	}})
	close(over)
	<-told
	if err != nil && !errors.Is(err, context.Canceled) {
		f := &failure{Text: err.Error()}
		var silent *client.StallError
		if errors.As(err, &silent) {
			f.Stall = &stall{Replica: silent.Replica, Quiet: silent.Quiet, InFlight: silent.InFlight}
		}
		s.say(report{Failed: f})
		return err
	}
	s.say(report{Ended: &sum})
	return nil
}

// begin says that the client is ready and waits for the start.
func (s *server) begin(ctx context.Context) (time.Time, error) {
	s.say(report{Ready: &ready{Clock: s.clock()}})
	select {
	case at := <-s.starts:
		return s.clock.at(at), nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}

// follow reports progress from the start of a phase to its end.
func (s *server) follow(p *client.Progress, begun, over <-chan struct{}) {
	select {
	case <-begun:
	case <-over:
		return
	}
	counts := make([]Count, p.Replicas())
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-over:
			return
		}
		for i := range counts {
			counts[i].Sent, counts[i].FirstToken, counts[i].Done = p.Replica(i)
		}
		s.say(report{Progress: counts})
	}
}
