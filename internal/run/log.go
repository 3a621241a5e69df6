package run

import (
	"fmt"
	"io"
	"sync"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/report"
)

// Log tells a person how a run goes, one line a step, with the time since it
// began. The zero Log is silent.
type Log struct {
	// W is where the lines go, nil for nowhere.
	W io.Writer
	// Quiet leaves out everything but notes.
	Quiet bool
	// Every is how often a line on the progress of a phase is written; 0 means 10 s.
	Every time.Duration

	mu    sync.Mutex
	began time.Time
	phase *phaseProgress
}

type phaseProgress struct {
	total              uint64
	done, failed       uint64
	tokens             int64
	began, lastWritten time.Time
}

// Step says what is done now.
func (l *Log) Step(format string, args ...any) {
	if l != nil && !l.Quiet {
		l.write("", fmt.Sprintf(format, args...))
	}
}

// Note says something that the user should know.
func (l *Log) Note(text string) { l.write("note: ", text) }

func (l *Log) write(kind, text string) {
	if l == nil || l.W == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(kind, text)
}

// line writes under the lock. A log that cannot be written does not end a run.
func (l *Log) line(kind, text string) {
	if l.began.IsZero() {
		l.began = time.Now()
	}
	_, _ = fmt.Fprintf(l.W, "mlrun %7.1fs  %s%s\n", time.Since(l.began).Seconds(), kind, report.Printable(text))
}

// engine says how far the engines' start came. It is called for each line that
// they print; the stages of their progress bars are enough for a person.
func (l *Log) engine(p engine.Progress) {
	switch {
	case p.Ready:
		l.Step("replica %d serves", p.Replica)
	case p.Percent >= 0 && p.Percent%25 == 0:
		l.Step("replica %d: %s %d%%", p.Replica, p.Stage, p.Percent)
	}
}

// startPhase says what is about to be issued.
func (l *Log) startPhase(mode loadgen.Mode, t loadgen.Totals, s loadgen.Scenario) {
	what := "performance"
	if mode == loadgen.AccuracyOnly {
		what = "accuracy"
	}
	l.Step("%v, %s: %d queries, %d samples, scheduled over %.1f s", s, what, t.Queries, t.Samples, t.LastScheduled.Seconds())
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.phase = &phaseProgress{total: t.Samples, began: now, lastWritten: now}
}

// count takes a result of the current phase.
func (l *Log) count(r *client.Result) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.phase
	if p == nil {
		return
	}
	p.done++
	if !r.OK() {
		p.failed++
	}
	p.tokens += int64(r.OutputTokens)
	every := l.Every
	if every == 0 {
		every = 10 * time.Second
	}
	// The clock is read for some results only: this runs for each.
	if p.done%64 != 0 || l.W == nil || l.Quiet {
		return
	}
	if now := time.Now(); now.Sub(p.lastWritten) >= every {
		p.lastWritten = now
		l.line("", p.text(now))
	}
}

func (p *phaseProgress) text(now time.Time) string {
	seconds := now.Sub(p.began).Seconds()
	return fmt.Sprintf("%d of %d samples, %d failed, %.1f samples/s, %.0f tokens/s", p.done, p.total, p.failed, float64(p.done)/seconds, float64(p.tokens)/seconds)
}

// endPhase says how the phase went.
func (l *Log) endPhase() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != nil && l.W != nil && !l.Quiet {
		l.line("", l.phase.text(time.Now()))
	}
	l.phase = nil
}
