package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// PowerScript is a program of the site that sets clocks and power limits before
// a run. It is run as it is, without a shell, with model, machine and scenario
// as its arguments.
type PowerScript struct {
	// Path of the program; it must be executable.
	Path                     string
	Model, Machine, Scenario string
	// Log takes what it prints; an existing file is written over.
	Log string
	// PassEnv names variables that it gets besides those that engines always get.
	PassEnv []string
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

// powerGrace is how long the script gets to end when the run is interrupted.
const powerGrace = 5 * time.Second

// Run runs the script to its end. The error is a *PowerFailure where the script
// is at fault. What the script leaves running on purpose is left running.
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
	defer log.Close()
	cmd := exec.CommandContext(ctx, path, s.Model, s.Machine, s.Scenario)
	cmd.Env = environ(env)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = powerGrace
	// The script is to die with the thread that starts it, so the thread must stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	endWithParent(cmd)
	err = cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("power script %s: %w", s.Path, ctx.Err())
	}
	failure := &PowerFailure{Path: s.Path, What: err.Error(), Lines: hide(lastLines(tail(s.Log), shownLines), secrets(env)), Log: s.Log}
	var wrong *os.PathError
	if errors.As(err, &wrong) {
		failure.What = wrong.Err.Error()
	}
	if errors.Is(err, os.ErrPermission) {
		failure.What += " (is it executable?)"
	}
	return failure
}
