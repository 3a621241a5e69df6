package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// PowerScript is a program of the site that sets clocks and power limits before
// a run. It is run as it is, without a shell, with model, machine and scenario
// as its arguments, as every round of the reference harness calls its own.
type PowerScript struct {
	// Path of the program; it must be executable.
	Path                     string
	Model, Machine, Scenario string
	// Log takes what it prints; an existing file is written over.
	Log string
	// PassEnv names variables that it gets besides those that engines always get.
	PassEnv []string
	// Supervisor is the command line that runs [Supervise]; mlrun with
	// SuperviseCommand where empty.
	Supervisor []string
	// Timeout ends it; 0 means never.
	Timeout time.Duration
	// Abort, when closed, has it killed where it does not end. It may be nil.
	Abort <-chan struct{}

	grace time.Duration // to end when the run is interrupted; 0: powerGrace
}

// PowerFailure is a power script that failed.
type PowerFailure struct {
	Path string
	What string
	// Lines are the last that it printed.
	Lines []string
	Log   string
}

func (f *PowerFailure) Error() string { return fmt.Sprintf("power script %s: %s", f.Path, f.What) }

// powerGrace is how long the script gets to end when the run is interrupted; what
// it started ends with it then.
const powerGrace = 5 * time.Second

// longestPowerLog is how much a power script may print, in bytes: it shares the
// disk with the records.
const longestPowerLog = 16 << 20

// Run runs the script to its end. The error is a *PowerFailure where the script
// is at fault. What a script that ends well leaves running is left running; after
// any other end, mlrun's own among them, nothing of it is.
func (s PowerScript) Run(ctx context.Context, host Host) error {
	env, err := environment(nil, host.Environ, s.PassEnv)
	if err != nil {
		return fmt.Errorf("power script: %w", err)
	}
	path, err := filepath.Abs(s.Path)
	if err != nil {
		return fmt.Errorf("power script: %w", err)
	}
	log, err := os.Create(s.Log)
	if err != nil {
		return fmt.Errorf("power script: %w", err)
	}
	log.Close()
	supervisor, err := supervisorOr(s.Supervisor)
	if err != nil {
		return fmt.Errorf("power script: %w", err)
	}
	// Under a supervisor it ends, with what it started, in whatever way mlrun does.
	p, err := startProcess(supervisor, job{Argv: []string{path, s.Model, s.Machine, s.Scenario}, Env: environ(env), Log: s.Log, Keep: true})
	if err != nil {
		if strings.Contains(err.Error(), os.ErrPermission.Error()) {
			err = fmt.Errorf("%w (is it executable?)", err)
		}
		return &PowerFailure{Path: s.Path, What: err.Error(), Log: s.Log}
	}
	var timeUp <-chan time.Time
	if s.Timeout > 0 {
		timer := time.NewTimer(s.Timeout)
		defer timer.Stop()
		timeUp = timer.C
	}
	failed := func(what string) *PowerFailure {
		return &PowerFailure{Path: s.Path, What: what, Lines: hide(lastLines(tail(s.Log), shownLines), secrets(env)), Log: s.Log}
	}
	watched := make(chan struct{})
	defer close(watched)
	select {
	case <-p.gone:
	case <-tooLong(s.Log, longestPowerLog, watched):
		p.stop(0)
		err := p.await(killTime)
		return errors.Join(failed(fmt.Sprintf("it printed more than %d MiB", longestPowerLog>>20)), err, os.Truncate(s.Log, longestPowerLog))
	case <-timeUp:
		p.stop(powerGrace)
		return errors.Join(failed(fmt.Sprintf("not done after %v (--power-script-timeout)", s.Timeout)), p.await(powerGrace+killTime))
	case <-ctx.Done():
		grace := cmp.Or(s.grace, powerGrace)
		p.stop(grace)
		go func() {
			select {
			case <-s.Abort:
				p.stop(0)
			case <-p.gone:
			}
		}()
		return errors.Join(fmt.Errorf("power script %s: %w", s.Path, ctx.Err()), p.await(powerGrace+killTime))
	}
	if p.how == endedWell {
		return nil
	}
	return failed(p.how)
}

// tooLong returns a channel that closes when a log has grown beyond a size.
func tooLong(log string, size int64, stop <-chan struct{}) <-chan struct{} {
	long := make(chan struct{})
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if info, err := os.Stat(log); err == nil && info.Size() > size {
					close(long)
					return
				}
			}
		}
	}()
	return long
}
