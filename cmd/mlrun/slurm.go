package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/engine"
	"mlcfg/internal/engine/slurm"
	"mlcfg/internal/manifest"
	"mlcfg/internal/run"
)

// slurmFlags are how engines are started on nodes of Slurm's.
type slurmFlags struct {
	on, partition, account, time string
	nodes, together              int
	args                         cli.StringSlice

	allocation *slurm.Allocation // on whose nodes they are; nil: here
}

func (f *slurmFlags) list() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "on", Usage: "start the engines on the nodes of `SCHEDULER` (slurm): those of the job that this is, or of a new one", Destination: &f.on},
		&cli.IntFlag{Name: "nodes", Usage: "with --on: number of nodes; 0 means all of the job that this is", Destination: &f.nodes},
		&cli.IntFlag{Name: "nodes-per-replica", Usage: "with --on: number of nodes that carry one replica together", Value: 1, Destination: &f.together},
		&cli.StringFlag{Name: "partition", Usage: "with --on, for a new job: `NAME` of its partition", Destination: &f.partition},
		&cli.StringFlag{Name: "account", Usage: "with --on, for a new job: `NAME` of its account", Destination: &f.account},
		&cli.StringFlag{Name: "time", Usage: "with --on, for a new job: its time `LIMIT`, as salloc takes it (30, 2:00:00)", Destination: &f.time},
		&cli.StringSliceFlag{Name: "slurm-arg", Usage: "with --on, for a new job: pass `OPTION` to salloc (--gpus-per-node=8)", Destination: &f.args},
	}
}

const hintSlurm = "mlrun run MANIFEST --on slurm --nodes 2"

// check says which flags do not go together, and whether there are any.
func (f *slurmFlags) check(run *runFlags) (on bool, err error) {
	if f.on == "" {
		if f.nodes != 0 || f.together > 1 || f.partition != "" || f.account != "" || f.time != "" || len(f.args.Value()) > 0 {
			return false, withHint(hintSlurm, "--nodes, --nodes-per-replica, --partition, --account, --time and --slurm-arg are for engines on nodes of Slurm's; --on is missing")
		}
		return false, nil
	}
	if err := oneOf("on", f.on, "slurm"); err != nil {
		return false, err
	}
	switch {
	case f.nodes < 0 || f.nodes > maxNodes:
		return false, fmt.Errorf("--nodes is %d; it must be 1 to %d", f.nodes, maxNodes)
	case f.together < 1:
		return false, fmt.Errorf("--nodes-per-replica is %d; it must be at least 1", f.together)
	case len(run.external.Value()) > 0:
		return false, errors.New("--external is for engines that run already, --on starts them: leave out one of the two")
	case run.node != "":
		return false, errors.New("--on gives each node its number: leave out --node")
	}
	request := f.request()
	if err := request.Check(); err != nil {
		return false, withHint("what is passed on: "+slurm.Options(), "--slurm-arg: %w", err)
	}
	return true, nil
}

const maxNodes = 1 << 10

func (f *slurmFlags) request() slurm.Request {
	return slurm.Request{Nodes: f.nodes, Partition: f.partition, Account: f.account, Time: f.time, Args: f.args.Value()}
}

// find takes the allocation that this process is in; found is false where it is in none.
func (f *slurmFlags) find(ctx context.Context) (found bool, err error) {
	job, _ := slurm.Found(os.Environ())
	if job == "" {
		if f.nodes < 1 {
			return false, withHint(hintSlurm, "--on slurm: this process is in no job of Slurm, and --nodes does not say how many nodes a new one takes")
		}
		return false, nil
	}
	if request := f.request(); request.Partition+request.Account+request.Time+strings.Join(request.Args, "") != "" {
		return false, withHint("leave them out, or start mlrun outside the job", "--partition, --account, --time and --slurm-arg are for a new job, and this process is in job %s", job)
	}
	f.allocation, err = slurm.Here(ctx, os.Environ(), f.nodes)
	return true, err
}

// shown takes the allocation that a plan is made for: the one that this process is in, or
// one whose nodes are not known yet.
func (f *slurmFlags) shown(ctx context.Context) error {
	if found, err := f.find(ctx); found || err != nil {
		return err
	}
	f.allocation = slurm.Unknown(f.nodes)
	return nil
}

// allocate takes the allocation of a run, or asks for one when a plan shows that it would
// come to something. release gives it back.
func (f *runFlags) allocate(ctx context.Context, m *manifest.Manifest, results string, log *run.Log) (release func(), err error) {
	nothing := func() {}
	s := &f.slurm
	on, err := s.check(f)
	if err != nil || !on {
		if job, nodes := slurm.Found(os.Environ()); err == nil && nodes != "" && nodes != "1" {
			log.Note(fmt.Sprintf("this is job %s of Slurm with %s nodes, and this run is on one: --on slurm starts engines on all of them", job, nodes))
		}
		return nothing, err
	}
	if found, err := s.find(ctx); found || err != nil {
		return nothing, err
	}
	s.allocation = slurm.Unknown(s.nodes)
	p, err := f.plan(ctx, m, results)
	if err != nil {
		return nothing, err
	}
	if err := p.Missing(ctx); err != nil {
		return nothing, err
	}
	request := s.request()
	if request.Self, err = os.Executable(); err != nil {
		return nothing, fmt.Errorf("finding this program: %w", err)
	}
	request.Say = func(line string) { log.Step("%s", line) }
	log.Step("asking Slurm for %d nodes", s.nodes)
	if s.allocation, err = slurm.Allocate(ctx, request); errors.Is(err, context.Canceled) {
		return nothing, run.ErrInterrupted
	} else if err != nil {
		return nothing, err
	}
	return func() {
		if err := s.allocation.Release(); err != nil {
			log.Note(err.Error())
		}
	}, nil
}

// stepCommand is no command for people: mlrun starts itself under it on each node, as a
// step of the job, and tells it over its standard input what to start.
func (a *app) stepCommand() *cli.Command {
	return &cli.Command{
		Name:   run.StepCommand,
		Hidden: true,
		Action: func(c *cli.Context) error {
			job := os.Getenv("SLURM_JOB_ID") + "." + os.Getenv("SLURM_STEP_ID")
			pipe := engine.NewStepPipe(c.Context, job, a.stdin, a.stdout)
			var order run.Order
			if err := pipe.Order(&order); err != nil {
				return err
			}
			paths, err := pathmap.Parse(order.Maps)
			if err != nil {
				return err
			}
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding this program: %w", err)
			}
			o := run.Options{
				Engine:    engine.Options{Host: engine.LocalHost(), Self: self},
				Maps:      order.Maps,
				Translate: func(path string) string { return paths.Translate(path, ".") },
			}
			return run.RunStep(c.Context, &order, o, pipe)
		},
	}
}

// holdCommand is no command for people: salloc runs it, so that an allocation lasts as
// long as the mlrun that asked for it.
func (a *app) holdCommand() *cli.Command {
	return &cli.Command{
		Name:   slurm.HoldCommand,
		Hidden: true,
		Action: func(*cli.Context) error { return slurm.Hold(os.Environ(), a.stdin, a.stdout) },
	}
}
