// Package suite runs manifests one after another, each in a run directory of its own
// within one folder, and goes on where it was broken off.
//
//	s, err := suite.Open("runs/night", entries, suite.Options{})
//	defer s.Close()
//	err = s.Run(ctx, suite.Steps{Run: ..., Score: ...})
//	for _, r := range s.Results() { ... }
//
// What a run came to is read from its directory, so that suite.json, which is written
// before and after each run, says only which directories belong to the suite and what
// no run directory holds: why a run could not be carried out, and the scores.
package suite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// Verdict is what a run of a suite came to.
type Verdict string

// The verdicts.
const (
	Valid   Verdict = "VALID"
	Invalid Verdict = "INVALID"
	Failed  Verdict = "FAILED"  // it could not be carried out, or was broken off before anything was measured
	NotRun  Verdict = "NOT RUN" // the suite ended before it
)

// Result is a run of the suite as far as it came.
type Result struct {
	Entry   *Entry
	Verdict Verdict
	// Dir is the run directory of the last attempt, empty where there is none.
	Dir string
	// Summary is of that directory, nil where nothing was measured.
	Summary *report.Summary
	// Error says why the run could not be carried out, one line.
	Error string
	// Score is the accuracy, nil of a performance run and where nothing was measured.
	Score *Score
	// Kept reports whether an earlier call ran it, and this one found it VALID.
	Kept bool
}

// Steps are how a suite carries out what it decides.
type Steps struct {
	// Run carries out an entry in a new run directory. Its error is about the run,
	// not about its verdict.
	Run func(ctx context.Context, e *Entry, dir string) (*report.Summary, error)
	// Score scores an accuracy run that is VALID.
	Score func(ctx context.Context, e *Entry, dir string) Score
	// Say is told of each result as it is known.
	Say func(*Result)
	// FailFast ends the suite at the first run that is not VALID, or whose accuracy
	// does not suffice.
	FailFast bool
}

// ErrStopped reports that a suite ended at a failing run, as it was asked to.
var ErrStopped = errors.New("stopped at the first run that failed")

// Run carries out what is not done yet, in order. A run that is VALID is not run again;
// any other attempt keeps its directory, and the next one gets its own. A run that
// fails does not stop the others, but where FailFast is asked for; a done context
// does. The error is about the suite: its state cannot be written, ErrStopped, or
// the context's.
func (s *Suite) Run(ctx context.Context, steps Steps) error {
	for i := range s.results {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := &s.results[i]
		if !r.Kept {
			if err := s.attempt(ctx, i, steps); err != nil {
				return err
			}
		}
		if err := s.score(ctx, i, steps); err != nil {
			return err
		}
		steps.Say(r)
		if err := ctx.Err(); err != nil {
			return err
		}
		if steps.FailFast && !r.Good() {
			return ErrStopped
		}
	}
	return nil
}

// Good reports whether a run is VALID and its accuracy, where it was judged, suffices.
func (r *Result) Good() bool {
	return r.Verdict == Valid && (r.Score == nil || r.Score.Verdict != ScoreFailed && r.Score.Verdict != ScoreIncomplete)
}

// attempt runs an entry. That it began is on the disk before it does.
func (s *Suite) attempt(ctx context.Context, i int, steps Steps) error {
	r, e := &s.results[i], &s.entries[i]
	dir := record.Name(s.dir.Path, []string{e.Name}, time.Now())
	held := &s.state.Runs[i]
	held.Attempts = append(held.Attempts, attempt{Dir: filepath.Base(dir)})
	if err := s.save(); err != nil {
		return err
	}
	sum, err := steps.Run(ctx, e, dir)
	*r = Result{Entry: e, Dir: dir, Summary: sum, Verdict: verdictOf(sum)}
	if err != nil {
		r.Error = oneLine(err)
		held.Attempts[len(held.Attempts)-1].Error = r.Error
	}
	return s.save()
}

// verdictOf is the verdict of a run with this summary; nil: nothing was measured.
func verdictOf(sum *report.Summary) Verdict {
	switch {
	case sum == nil:
		return Failed
	case sum.Valid:
		return Valid
	}
	return Invalid
}

// score scores an accuracy run, once for each directory where it was possible.
func (s *Suite) score(ctx context.Context, i int, steps Steps) error {
	r, last := &s.results[i], s.state.Runs[i].last()
	if r.Verdict != Valid || !r.Entry.Accuracy() {
		return nil
	}
	if last.Score == nil || last.Score.Verdict == ScoreNone {
		scored := steps.Score(ctx, r.Entry, r.Dir)
		last.Score = &scored
		if err := s.save(); err != nil {
			return err
		}
	}
	r.Score = last.Score
	return nil
}

// Results are the runs of the suite in their order, as far as they came.
func (s *Suite) Results() []Result { return s.results }

// look finds out what an earlier call left of a run. What is VALID must still verify.
func (s *Suite) look(i int) (r Result, note string) {
	e := &s.entries[i]
	r = Result{Entry: e, Verdict: NotRun}
	last := s.state.Runs[i].last()
	if last == nil {
		return r, ""
	}
	r.Dir, r.Error = filepath.Join(s.dir.Path, last.Dir), last.Error
	loaded, err := report.Load(r.Dir)
	if err != nil {
		r.Verdict = Failed
		return r, fmt.Sprintf("%s is run again: it was broken off before it began to measure", e.Name)
	}
	judged, err := report.Judge(loaded)
	if err != nil {
		r.Verdict = Failed
		return r, fmt.Sprintf("%s is run again: %v", e.Name, err)
	}
	r.Summary, r.Verdict = judged.Summary, verdictOf(judged.Summary)
	if r.Verdict != Valid && (!s.options.Ended || !judged.Summary.Complete) {
		why := "it is INVALID"
		if !judged.Summary.Complete {
			why = "it was broken off"
		}
		return r, fmt.Sprintf("%s is run again: %s (%s)", e.Name, why, last.Dir)
	}
	if found, err := report.Verify(r.Dir, e.Manifest); err != nil || len(found) > 0 {
		r.Verdict = Invalid
		if err == nil {
			err = errors.New(found[0])
		}
		return r, fmt.Sprintf("%s is run again: its directory no longer verifies: %v", e.Name, err)
	}
	r.Kept, r.Score = true, last.Score
	return r, fmt.Sprintf("%s is %s and not run again (%s)", e.Name, r.Verdict, last.Dir)
}

// oneLine is an error in one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
