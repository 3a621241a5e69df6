package run

import (
	"fmt"
	"io"
	"sync"
	"time"

	"mlcfg/internal/diag"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/run/live"
)

// Log tells a person how a run goes, one line a step, with the time since it
// began. The zero Log is silent.
type Log struct {
	// W is where the lines go, nil for nowhere.
	W io.Writer
	// Screen, when not nil, is the terminal that W is: a live view stands below
	// the lines while requests are being sent.
	Screen *live.Screen
	// Quiet leaves out everything but notes.
	Quiet bool
	// Every is how often a line on the progress of a phase, or of an engine that
	// loads, is written; 0 means 10 s.
	Every time.Duration

	mu    sync.Mutex
	began time.Time
	last  time.Time // of the last line
}

// redrawn is the time between two drawings of the live view.
const redrawn = 250 * time.Millisecond

// Step says what is done now.
func (l *Log) Step(format string, args ...any) {
	if l != nil && !l.Quiet {
		l.write("", fmt.Sprintf(format, args...))
	}
}

// Note says something that the user should know.
func (l *Log) Note(text string) { l.write("note: ", text) }

// write writes a line. A log that cannot be written does not end a run.
func (l *Log) write(kind, text string) {
	if l == nil || l.W == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began.IsZero() {
		l.began = time.Now()
	}
	l.last = time.Now()
	line := fmt.Sprintf("mlrun %7.1fs  %s%s", l.last.Sub(l.began).Seconds(), kind, diag.Escape(text))
	if l.Screen != nil {
		l.Screen.Print(line)
		return
	}
	_, _ = fmt.Fprintln(l.W, line)
}

func (l *Log) every() time.Duration {
	if l.Every <= 0 {
		return 10 * time.Second
	}
	return l.Every
}

// engine says how far the engines' start came. It is called for each line that
// they print; the stages of their progress bars are enough for a person, and now
// and then what they said last.
func (l *Log) engine(p engine.Progress) {
	switch {
	case p.Ready:
		l.Step("replica %d serves", p.Replica)
	case p.Percent >= 0 && p.Percent%25 == 0:
		l.Step("replica %d: %s %d%%", p.Replica, p.Stage, p.Percent)
	case p.Line != "" && l.silent():
		l.Step("replica %d says: %s", p.Replica, p.Line)
	}
}

// silent reports whether nothing was written for a while.
func (l *Log) silent() bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.last) >= l.every()
}

// startPhase says what is about to be issued.
func (l *Log) startPhase(name string, t loadgen.Totals, s loadgen.Scenario) {
	l.Step("%v, %s: %d queries, %d samples, scheduled over %.1f s", s, name, t.Queries, t.Samples, t.LastScheduled.Seconds())
}

// follow shows how a phase goes until stop is called, which says how it went.
func (l *Log) follow(m *live.Meter) (stop func()) {
	if l == nil || l.W == nil || l.Quiet {
		return func() {}
	}
	every := l.every()
	if l.Screen != nil {
		every = redrawn
	}
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-stopped:
				return
			case now := <-tick.C:
				s := m.Snapshot(now)
				switch {
				case l.Screen != nil:
					l.Screen.Draw(&s)
				case s.Began:
					l.Step("%s", live.Line(&s))
				}
			}
		}
	}()
	return func() {
		close(stopped)
		<-ended
		if l.Screen != nil {
			l.Screen.Clear()
		}
		if s := m.Snapshot(time.Now()); s.Began {
			l.Step("%s", live.Line(&s))
		}
	}
}
