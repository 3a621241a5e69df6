package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// copyInterval is the time between two looks at the logs that a step copies.
	copyInterval = 200 * time.Millisecond
	// lastWords is how long a step tries to say how it ended.
	lastWords = 2 * time.Second
)

// ServeStep starts a plan's replicas for the mlrun at the other end of the pipe, tells it
// how they do and what they log, and returns when no process is left: after that mlrun
// has said so (a duration, as to a supervisor), or is no more, or ctx has ended. It leaves
// nothing on the disk.
func ServeStep(ctx context.Context, plan *Plan, pipe *StepPipe) error {
	o, err := StartOptions{LogFile: func(string) (string, error) { return pipe.File() }}.withDefaults()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(plan.Replicas, func(r Replica) bool { return len(r.Files) > 0 }) {
		dir, remove, err := stepFolder()
		if err != nil {
			return err
		}
		defer remove()
		o.LogDir = dir
	}
	s := &served{pipe: pipe, group: &group{plan: plan, died: make(chan error, 1)}, ended: make(chan struct{})}
	go s.listen(ctx)
	err = s.launch(ctx, o)
	if err != nil {
		var failure *Failure
		if !errors.As(err, &failure) {
			failure = &Failure{Replica: plan.Part.First, What: "cannot be started", Cause: err.Error()}
		}
		pipe.Say(Word{Failed: failure})
		s.stop(0)
	}
	for _, m := range s.group.members {
		<-m.process.gone
	}
	s.stop(abandonedGrace) // companions, and the ports
	<-s.stopped
	close(s.ended)
	s.copying.Wait()
	said := make(chan struct{})
	go func() {
		pipe.Say(Word{Gone: true})
		close(said)
	}()
	select {
	case <-said:
	case <-time.After(lastWords):
	}
	return errors.Join(err, s.group.stopErr)
}

// served is a step under way on its node.
type served struct {
	pipe    *StepPipe
	group   *group
	copying sync.WaitGroup

	mu      sync.Mutex
	members []*member // those that run
	grace   *time.Duration
	stopped chan struct{} // closed when Stop is through; nil before it began
	ended   chan struct{}
}

// launch starts the replicas and reports each.
func (s *served) launch(ctx context.Context, o StartOptions) error {
	for _, r := range s.group.plan.Replicas {
		if err := s.group.launch(ctx, r, o); err != nil {
			return err
		}
		m := s.group.members[len(s.group.members)-1]
		beside := s.beside()
		word := Word{Replica: r.Index, Beside: beside, Started: true}
		if beside == "" {
			word.URL = m.endpoint.URL
		}
		s.pipe.Say(word)
		s.follow(r.Index, beside, m.log, m.process)
		if m.companion != nil {
			s.follow(r.Index, m.companionName, m.companionLog, m.companion)
		}
		s.mu.Lock()
		s.members = append(s.members, m)
		if s.grace != nil { // it was told to end meanwhile
			m.process.stop(*s.grace)
		}
		s.mu.Unlock()
	}
	return nil
}

// beside is what a node is to a replica that another node serves.
func (s *served) beside() string {
	if n := s.group.plan.Part.Spread; n.Worker() {
		return fmt.Sprintf("node %d of %d", n.Index, n.Count)
	}
	return ""
}

// stop asks everything to end; a later call may only shorten the grace.
func (s *served) stop(grace time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		m.process.stop(grace)
	}
	if s.grace == nil || grace < *s.grace {
		s.grace = &grace
	}
	if s.stopped != nil {
		return
	}
	s.stopped = make(chan struct{})
	go func() {
		defer close(s.stopped)
		for _, m := range s.members {
			<-m.process.gone
		}
		_ = s.group.Stop(grace) // ServeStep returns it
	}()
}

// listen ends what runs when it is told to: by a line, by the end of the pipe, by ctx.
func (s *served) listen(ctx context.Context) {
	signalled := ctx.Done()
	for {
		select {
		case line, more := <-s.pipe.lines:
			if !more {
				s.stop(abandonedGrace)
				return
			}
			if grace, err := time.ParseDuration(strings.TrimSpace(line)); err == nil {
				s.stop(max(0, grace))
			}
		case <-signalled:
			signalled = nil
			go s.pipe.Say(Word{Told: "a signal"})
			s.stop(abandonedGrace)
		}
	}
}

// follow reports what is added to a log, and how its process ends, behind its last lines.
func (s *served) follow(replica int, beside, path string, p *process) {
	s.copying.Go(func() {
		at := int64(0)
		look := func() { at = s.pipe.Log(replica, beside, path, at) }
		tick := time.NewTicker(copyInterval)
		defer tick.Stop()
		exited := p.exited
		for {
			select {
			case <-exited:
				exited = nil
				look()
				s.pipe.Say(Word{Replica: replica, Beside: beside, Exited: p.how})
			case <-s.ended:
				look()
				return
			case <-tick.C:
				look()
			}
		}
	})
}

// stepFolder makes a folder for the files that engines read, and removes those that
// killed steps left. remove removes it.
func stepFolder() (dir string, remove func(), err error) {
	const name, locked = "mlrun-step-", ".lock"
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), name+"*", locked))
	for _, path := range left {
		if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil { // another user's stays
			if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
				_ = os.RemoveAll(filepath.Dir(path))
			}
			f.Close()
		}
	}
	if dir, err = os.MkdirTemp("", name); err != nil {
		return "", nil, fmt.Errorf("making the folder of a step: %w", err)
	}
	// It has its name when it is locked: another step of this machine may look at it.
	lock, err := os.CreateTemp(dir, "")
	if err == nil {
		err = errors.Join(unix.Flock(int(lock.Fd()), unix.LOCK_EX), os.Rename(lock.Name(), filepath.Join(dir, locked)))
	}
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("making the folder of a step: %w", err), os.RemoveAll(dir))
	}
	return dir, func() {
		_ = os.RemoveAll(dir)
		lock.Close()
	}, nil
}
