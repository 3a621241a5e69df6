package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// StartOptions say how engines are started. The zero value of a duration means
// the default beside it.
type StartOptions struct {
	// LogDir takes replica-N.log; it is made where it is missing.
	LogDir string
	// LogFile returns the path of a log by its name; below LogDir where nil.
	LogFile func(name string) (string, error)
	// Timeout is how long an engine may take until it serves; 0 means for ever.
	Timeout time.Duration
	// Poll is the time between two looks at an engine that loads; 250 ms.
	Poll time.Duration
	// Progress hears what the engines say while they load; it may be called from
	// several goroutines at once. Nil hears nothing.
	Progress func(Progress)
	// Supervisor is the command line that runs [Supervise]; mlrun with
	// SuperviseCommand where empty.
	Supervisor []string
	// Order is the first line that the mlrun of a step reads: what it starts.
	Order func(Step) ([]byte, error)
	// KillStep ends a step for good, by the name that it gave itself.
	KillStep func(job string)
	// Tell hears what the mlruns of steps say, from one goroutine at a time; invalid:
	// it makes the result INVALID. Nil hears nothing.
	Tell func(node, text string, invalid bool)
	// Abort, when closed, has what does not end at once killed, whatever grace
	// it was given. It may be nil.
	Abort <-chan struct{}

	// silence is how long a step may say nothing until its engines are asked, settle how long its end
	// may be behind that of its processes; 0: the usual.
	silence, settle time.Duration
}

// shownLines is how many of a log's last lines a failure shows.
const shownLines = 12

func (o StartOptions) withDefaults() (StartOptions, error) {
	if o.Poll <= 0 {
		o.Poll = 250 * time.Millisecond
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.LogFile == nil {
		o.LogFile = func(name string) (string, error) { return filepath.Join(o.LogDir, name), nil }
	}
	if o.Tell == nil {
		o.Tell = func(string, string, bool) {}
	}
	var err error
	o.Supervisor, err = supervisorOr(o.Supervisor)
	return o, err
}

// untilReady is a context that ends with errNotReady when Timeout has passed.
func (o StartOptions) untilReady(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, o.Timeout, errNotReady)
}

// supervisorOr is the command line of a supervisor: this program's own where
// none is given.
func supervisorOr(given []string) ([]string, error) {
	if len(given) > 0 {
		return given, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	return []string{self, SuperviseCommand}, nil
}

// Start starts every replica of a plan and returns when all serve; the part of
// a worker node, which serves nothing, when it runs. Where one
// fails, the others are stopped and the error is its *Failure; where ctx ends,
// it is ctx's error. On an error no process is left.
func Start(ctx context.Context, plan *Plan, o StartOptions) (Engine, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if plan.External {
		return attach(ctx, plan, o)
	}
	if err := os.MkdirAll(o.LogDir, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of engine logs: %w", err)
	}
	g := &group{plan: plan, died: make(chan error, 1), abort: o.Abort}
	if len(plan.Steps) > 0 {
		if err := g.launchSteps(ctx, o); err != nil {
			return nil, errors.Join(err, g.Stop(stopAfterFailure))
		}
		return g.await(ctx, o)
	}
	for _, r := range plan.Replicas {
		if err := g.launch(ctx, r, o); err != nil {
			return nil, errors.Join(err, g.Stop(0))
		}
	}
	if plan.Node != nil && plan.Node.Worker() {
		for _, m := range g.members {
			go g.reportDeath(m)
		}
		return g, nil
	}
	return g.await(ctx, o)
}

// await waits until all replicas serve, and watches them from then on.
func (g *group) await(ctx context.Context, o StartOptions) (Engine, error) {
	if err := g.awaitReady(ctx, o); err != nil {
		return nil, errors.Join(err, g.Stop(stopAfterFailure))
	}
	for _, m := range g.members {
		go g.reportDeath(m)
	}
	return g, nil
}

// stopAfterFailure is the grace of the replicas that did not fail.
const stopAfterFailure = 5 * time.Second

// group is the replicas of a plan.
type group struct {
	plan    *Plan
	members []*member
	died    chan error
	abort   <-chan struct{}

	stopOnce sync.Once
	stopErr  error
}

// member is one replica.
type member struct {
	replica  Replica
	log      string
	lock     portLock
	process  *process
	endpoint Endpoint
	// companion is nil where the replica has none; companionName is what it is, companionLog its log.
	companion                   *process
	companionName, companionLog string
}

// logName is the file of what an engine, or a process beside it, printed.
func logName(replica int, beside string) string {
	name := fmt.Sprintf("replica-%d", replica)
	if beside != "" {
		name += "-" + strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return '-'
		}, beside)
	}
	return name + ".log"
}

// launch starts one replica, its companion first.
func (g *group) launch(ctx context.Context, r Replica, o StartOptions) error {
	m := &member{}
	failed := func(err error) error {
		m.lock.release()
		return &Failure{Replica: r.Index, What: "cannot be started", Cause: err.Error(), Log: m.log}
	}
	var err error
	if m.log, err = o.LogFile(logName(r.Index, "")); err != nil {
		return failed(err)
	}
	switch {
	case r.Port != 0:
		m.lock, err = takePort(g.plan.host(), r.Port)
	case slices.Contains(r.Command, portMark):
		var port int
		if port, m.lock, err = choosePort(g.plan.host()); err == nil {
			r.setPort(port)
		}
	}
	if err != nil {
		return failed(err)
	}
	if err := r.writeFiles(o.LogDir); err != nil {
		return failed(err)
	}
	m.replica = r
	m.endpoint = Endpoint{URL: "http://" + net.JoinHostPort(g.plan.host(), strconv.Itoa(r.Port)), Protocol: g.plan.Protocol}
	j := job{Argv: r.Command, Env: environ(r.Env), Log: m.log}
	if r.CPUs != "" {
		if j.CPUs, err = parseCPUs(r.CPUs); err != nil {
			return failed(err)
		}
	}
	if r.Companion != nil {
		if err := g.launchCompanion(ctx, m, j, o); err != nil {
			return err
		}
	}
	if m.process, err = startProcess(o.Supervisor, j); err != nil {
		return errors.Join(failed(err), m.stopCompanion(0))
	}
	g.members = append(g.members, m)
	return nil
}

// awaitReady waits for every replica, or for the first that fails.
func (g *group) awaitReady(ctx context.Context, o StartOptions) error {
	ctx, cancel := o.untilReady(ctx)
	defer cancel()
	results, lost := make(chan error, len(g.members)), make(chan error, len(g.members))
	for _, m := range g.members {
		go func() {
			err := g.ready(ctx, m, o)
			results <- err
			if err != nil {
				return
			}
			// The others may load for a long time yet.
			select {
			case <-m.process.exited:
				lost <- g.failure(m, "ended while others were starting: "+m.process.how)
			case <-m.companionExited():
				lost <- g.companionFailure(m)
			case <-ctx.Done():
			}
		}()
	}
	var first error
	for waiting := len(g.members); waiting > 0; {
		var err error
		select {
		case err = <-results:
			waiting--
		case err = <-lost:
		}
		if err != nil && first == nil {
			first = err
			cancel()
		}
	}
	return first
}

// reportDeath reports a replica, or its companion, that ends without having been asked to.
func (g *group) reportDeath(m *member) {
	var failure *Failure
	select {
	case <-m.process.exited:
		failure = g.failure(m, "ended by itself: "+m.process.how)
	case <-m.companionExited():
		failure = g.companionFailure(m)
	}
	if m.process.asked() {
		return
	}
	select {
	case g.died <- failure:
	default: // another was first
	}
}

// failure reads the replica's log.
func (g *group) failure(m *member, what string) *Failure { return g.failureIn(m, m.log, what) }

func (g *group) failureIn(m *member, path, what string) *Failure {
	log := tail(path)
	f := &Failure{Replica: m.replica.Index, Node: m.replica.Node, What: what, Log: path}
	f.Cause, f.Key = g.plan.diagnose(log)
	hidden := secrets(m.replica.Env)
	f.Cause = hide([]string{f.Cause}, hidden)[0]
	f.Lines = hide(lastLines(log, shownLines), hidden)
	return f
}

func (g *group) Endpoints() []Endpoint {
	list := make([]Endpoint, len(g.members))
	for i, m := range g.members {
		list[i] = m.endpoint
	}
	return list
}

func (g *group) Blame(replica int, what string) *Failure { return g.failure(g.members[replica], what) }

func (g *group) Died() <-chan error { return g.died }

// killTime is how long the killing itself may take: processes in the kernel's
// hands, as while a device is reset, end late.
const killTime = 30 * time.Second

func (g *group) Stop(grace time.Duration) error {
	g.stopOnce.Do(func() {
		for _, m := range g.members {
			m.process.stop(grace)
		}
		gone := make(chan struct{})
		defer close(gone)
		go func() {
			select {
			case <-g.abort:
				for _, m := range g.members {
					m.process.stop(0)
				}
			case <-gone:
			}
		}()
		var errs []error
		for _, m := range g.members {
			errs = append(errs, m.process.await(grace+killTime), m.stopCompanion(grace))
			m.lock.release()
		}
		g.stopErr = errors.Join(errs...)
	})
	return g.stopErr
}
