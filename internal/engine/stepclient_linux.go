package engine

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// longestWord bounds a line of a step, in bytes.
	longestWord = 1 << 20
	// launcherGrace is how long what started a step may take to end behind it.
	launcherGrace = 5 * time.Second
	// settle is how long the end of a step may be behind that of its processes.
	settle = 2 * time.Second
)

// step is a step as the mlrun that started it sees it.
type step struct {
	*Step
	o       StartOptions
	told    *sync.Mutex // held while o.Tell is called
	cmd     *exec.Cmd
	out     io.ReadCloser
	said    string      // the file of the scheduler's own words
	lines   chan []byte // for the step's standard input
	members []*member   // the replicas that it starts, or has a part of
	logs    map[string]*os.File
	placed  chan struct{} // every process of it runs, or failed says why not
	once    sync.Once     // closes placed
	failed  *Failure
	gone    chan struct{}

	mu    sync.Mutex
	job   string
	heard time.Time // zero: never yet
	why   string    // it ended, as far as this side knows
	up    int       // processes that run
	urls  []string
}

// launchSteps starts the mlruns of the plan's nodes, and returns when every engine's
// process runs.
func (g *group) launchSteps(ctx context.Context, o StartOptions) error {
	var steps []*step
	var told sync.Mutex
	for i := range g.plan.Steps {
		steps = append(steps, &step{
			Step: &g.plan.Steps[i], o: o, told: &told, lines: make(chan []byte, 64), logs: map[string]*os.File{},
			placed: make(chan struct{}), gone: make(chan struct{}),
		})
	}
	for _, r := range g.plan.Replicas {
		var mine []*step
		for _, s := range steps {
			if r.Index >= s.Part.First && r.Index < s.Part.First+s.Part.Count {
				mine = append(mine, s)
			}
		}
		m := &member{replica: r, log: filepath.Join(o.LogDir, logName(r.Index, "")), endpoint: Endpoint{Protocol: g.plan.Protocol}, process: remote(mine)}
		if r.Companion != nil || len(mine) > 1 {
			m.companion = remote(mine)
		}
		for _, s := range mine {
			s.members = append(s.members, m)
		}
		g.members = append(g.members, m)
	}
	var first error
	for _, s := range steps {
		if first == nil {
			first = s.start()
		}
		if s.cmd == nil {
			s.finish("it was not started")
			close(s.gone)
		}
	}
	if first != nil {
		return first
	}
	for _, s := range steps {
		select {
		case <-s.placed:
		case <-ctx.Done():
			return ctx.Err()
		}
		if s.failed != nil {
			return s.failed
		}
	}
	return nil
}

// remote is a process that runs under steps.
func remote(steps []*step) *process {
	p := &process{control: inputs(steps), exited: make(chan struct{}), gone: make(chan struct{})}
	p.kill = func() {
		for _, s := range steps {
			s.end("it did not end when it was told to")
		}
	}
	go func() {
		for _, s := range steps {
			<-s.gone
		}
		close(p.gone)
	}()
	return p
}

// inputs are the standard inputs of steps.
type inputs []*step

// Write writes a line to each. It does not wait.
func (c inputs) Write(line []byte) (int, error) {
	for _, s := range c {
		s.mu.Lock()
		up := !s.heard.IsZero()
		s.mu.Unlock()
		if !up {
			s.end("it was stopped before it began")
			continue
		}
		select {
		case s.lines <- append([]byte(nil), line...):
		default: // nobody reads: what has to be killed is killed
		}
	}
	return len(line), nil
}

// start starts the step's launcher and hands it the order.
func (s *step) start() error {
	failed := func(err error) error {
		return &Failure{Replica: s.Part.First, Node: s.Node, What: "cannot be started", Cause: err.Error()}
	}
	order, err := s.o.Order(*s.Step)
	if err != nil {
		return failed(err)
	}
	s.said = filepath.Join(s.o.LogDir, "node-"+s.Node+".log")
	said, err := os.OpenFile(s.said, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return failed(err)
	}
	defer said.Close()
	cmd := exec.Command(s.Command[0], s.Command[1:]...)
	// A session of its own: an interrupt typed at the terminal is for this mlrun alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		return failed(err)
	}
	if s.out, err = cmd.StdoutPipe(); err != nil {
		return failed(err)
	}
	if err := cmd.Start(); err != nil {
		return failed(err)
	}
	s.cmd = cmd
	go s.feed(in, append(order, '\n'))
	go s.watch()
	go s.listen()
	return nil
}

// feed writes what the step is told.
func (s *step) feed(in io.WriteCloser, line []byte) {
	defer in.Close()
	for {
		if _, err := in.Write(line); err != nil {
			return
		}
		select {
		case line = <-s.lines:
		case <-s.gone:
			return
		}
	}
}

// watch hears the step to its end.
func (s *step) watch() {
	words := bufio.NewScanner(s.out)
	words.Buffer(nil, longestWord)
	orderly := false
	for words.Scan() {
		var w Word
		if json.Unmarshal(words.Bytes(), &w) != nil {
			continue // a site's prolog may print
		}
		s.hear(&w)
		if w.Gone {
			orderly = true
			time.AfterFunc(launcherGrace, func() { _ = s.cmd.Process.Kill() })
		}
	}
	if !orderly {
		// Its last words come a moment behind the end of its output.
		timer := time.AfterFunc(launcherGrace, func() { _ = s.cmd.Process.Kill() })
		defer timer.Stop()
	}
	var ended *exec.ExitError
	if errors.As(s.cmd.Wait(), &ended) && !ended.Exited() {
		s.because(fmt.Sprintf("%s was killed (%v)", filepath.Base(s.Command[0]), ended))
	}
	s.finish(s.cause())
	if !orderly {
		s.killStep()
	}
	close(s.gone)
}

// finish tells of the end of what is left of the step's processes here.
func (s *step) finish(how string) {
	s.fail(&Failure{Replica: s.Part.First, Node: s.Node, What: "cannot be started: " + how, Lines: lastLines(tail(s.said), shownLines), Log: s.said})
	for _, m := range s.members {
		if s.Part.Spread.Worker() {
			m.lose(s.Node, s.said, how)
			continue
		}
		m.process.ended(how)
	}
	for _, f := range s.logs {
		f.Close()
	}
}

// fail says why the step did not come so far that its engines run; what comes after
// that, or after another failure, changes nothing.
func (s *step) fail(f *Failure) {
	s.once.Do(func() {
		s.failed = f
		close(s.placed)
	})
}

// lose notes that something that a replica needs beside its engine has ended.
func (m *member) lose(name, log, how string) {
	m.companion.once.Do(func() {
		m.companionName, m.companionLog, m.companion.how = name, log, how
		close(m.companion.exited)
	})
}

// hear takes a word.
func (s *step) hear(w *Word) {
	s.mu.Lock()
	s.heard = time.Now()
	if w.Job != "" {
		s.job = w.Job
	}
	if w.Told != "" && s.why == "" {
		s.why = "its step was ended by " + w.Told
	}
	why := s.why
	if w.URL != "" {
		s.urls = append(s.urls, w.URL)
	}
	if w.Started {
		s.up++
	}
	up := s.up
	s.mu.Unlock()
	if w.Note != "" {
		s.told.Lock()
		s.o.Tell(s.Node, w.Note, w.Invalid)
		s.told.Unlock()
	}
	if w.Failed != nil {
		w.Failed.Node, w.Failed.Log = s.Node, s.said
		s.fail(w.Failed)
	}
	i := w.Replica - s.Part.First
	if i < 0 || i >= len(s.members) {
		return
	}
	m := s.members[i]
	log := filepath.Join(s.o.LogDir, logName(w.Replica, w.Beside))
	if len(w.Log) > 0 {
		s.log(log, w.Log)
	}
	if w.URL != "" && m.endpoint.URL == "" {
		m.endpoint.URL = w.URL // before anybody may read it
	}
	if w.Started && up == s.Part.Count {
		s.once.Do(func() { close(s.placed) })
	}
	how := w.Exited
	tell := func() {
		if w.Beside == "" {
			m.process.ended(how)
		} else if m.companion != nil {
			m.lose(w.Beside, log, how)
		}
	}
	switch {
	case how == "":
	case why != "":
		m.process.ended(why)
	case strings.HasPrefix(how, fmt.Sprintf(killedBy+"%d ", syscall.SIGKILL)) && !m.process.asked():
		// A scheduler that ends a step kills its processes one by one, the engine perhaps first.
		go s.unlessEnded(tell)
	default:
		tell()
	}
}

// unlessEnded tells of the end of a process, unless it turns out to be that of the step.
func (s *step) unlessEnded(tell func()) {
	select {
	case <-s.gone: // which has told it
	case <-time.After(cmp.Or(s.o.settle, settle)):
		tell()
	}
}

// log adds to the copy of a log.
func (s *step) log(path string, b []byte) {
	f := s.logs[path]
	if f == nil {
		var err error
		if f, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
			return // the run shows that its disk is full
		}
		s.logs[path] = f
		bound := logBound{path: path, free: freeSpace}
		go bound.keep(s.gone)
	}
	_, _ = f.Write(b)
}
