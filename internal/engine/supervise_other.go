//go:build !linux

package engine

import (
	"context"
	"errors"
	"io"
	"time"
)

var errLinuxOnly = errors.New("engines and power scripts can be started on Linux alone; plans, simulated engines run by hand and engines that run already work here too")

// Supervise is there on Linux alone.
func Supervise(io.Reader, io.Writer) int { return 2 }

const endedWell = ""

type process struct {
	exited, gone chan struct{}
	how          string
}

func startProcess([]string, job) (*process, error) { return nil, errLinuxOnly }

func (g *group) launchSteps(context.Context, StartOptions) error { return errLinuxOnly }

// ServeStep is there on Linux alone.
func ServeStep(context.Context, *Plan, *StepPipe) error { return errLinuxOnly }

func (p *process) ended(string)              {}
func (p *process) stop(time.Duration)        {}
func (p *process) asked() bool               { return true }
func (p *process) await(time.Duration) error { return nil }
