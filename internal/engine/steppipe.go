package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// beatInterval is the time between two words of a step that has nothing to say.
const beatInterval = time.Second

// copySize is how much of a log goes into one word, in bytes.
const copySize = 32 << 10

// StepPipe is the other side of a step: this program's standard streams, which a
// scheduler carries to the mlrun that started it.
type StepPipe struct {
	in    *bufio.Reader
	lines chan string // what is said behind the order; closed at the end
	out   io.Writer
	mu    sync.Mutex // guards out
	files []*os.File
}

// NewStepPipe is a pipe over the standard streams. job is what the scheduler calls the
// step. Until ctx ends it says now and then that there is somebody.
func NewStepPipe(ctx context.Context, job string, in io.Reader, out io.Writer) *StepPipe {
	s := &StepPipe{in: bufio.NewReader(in), out: out, lines: make(chan string)}
	s.Say(Word{Job: job})
	go func() {
		tick := time.NewTicker(beatInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.Say(Word{})
			}
		}
	}()
	return s
}

// Order reads the first line, which says what is started.
func (s *StepPipe) Order(order any) error {
	line, err := s.in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, order)
	}
	if err != nil {
		return fmt.Errorf("reading what is started here: %w", err)
	}
	go func() {
		defer close(s.lines)
		for {
			line, err := s.in.ReadString('\n')
			if err != nil {
				return
			}
			s.lines <- line
		}
	}()
	return nil
}

// Wanted returns a context that ends when the other side says that nothing is wanted any
// more, or is gone. stop must be called before [ServeStep], which listens itself.
func (s *StepPipe) Wanted(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	stopped, heard := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(heard)
		select {
		case <-s.lines:
			cancel()
		case <-stopped:
		}
	}()
	return ctx, func() {
		close(stopped)
		<-heard
	}
}

// File makes a file that is gone with this process, whatever ends it: it has no name. The
// path leads to it as long as the process lives.
func (s *StepPipe) File() (string, error) {
	f, err := os.CreateTemp("", "mlrun-step-")
	if err != nil {
		return "", fmt.Errorf("making a log: %w", err)
	}
	s.files = append(s.files, f)
	if err := os.Remove(f.Name()); err != nil {
		return "", fmt.Errorf("making a log: %w", err)
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()), nil
}

// Say reports something. Nobody may hear it.
func (s *StepPipe) Say(w Word) {
	line, err := json.Marshal(w)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.out.Write(append(line, '\n'))
}

// Log reports what a file holds from an offset on, and returns where it ends.
func (s *StepPipe) Log(replica int, beside, path string, at int64) int64 {
	f, err := os.Open(path)
	if err != nil {
		return at
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() < at { // its middle was cut out
		at = max(0, info.Size()-tailSize)
	}
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return at
	}
	b := make([]byte, copySize)
	for {
		n, err := f.Read(b)
		if n > 0 {
			at += int64(n)
			s.Say(Word{Replica: replica, Beside: beside, Log: b[:n]})
		}
		if err != nil {
			return at
		}
	}
}
