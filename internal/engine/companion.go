package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// launchCompanion starts what a replica needs beside it, in the replica's
// environment, and returns when that takes connections. On an error it is gone.
func (g *group) launchCompanion(ctx context.Context, m *member, j job, o StartOptions) error {
	c := m.replica.Companion
	m.companionName = c.Name
	var err error
	if m.companionLog, err = o.LogFile(logName(m.replica.Index, c.Name)); err != nil {
		return err
	}
	j.Argv, j.Log = c.Command, m.companionLog
	if m.companion, err = startProcess(o.Supervisor, j); err != nil {
		m.lock.release()
		return &Failure{Replica: m.replica.Index, What: c.Name + " cannot be started", Cause: err.Error(), Log: m.companionLog}
	}
	if err := g.awaitCompanion(ctx, m, o); err != nil {
		m.lock.release()
		return errors.Join(err, m.stopCompanion(0))
	}
	return nil
}

func (g *group) awaitCompanion(ctx context.Context, m *member, o StartOptions) error {
	ctx, cancel := o.untilReady(ctx)
	defer cancel()
	tick := time.NewTicker(o.Poll)
	defer tick.Stop()
	dialer := net.Dialer{Timeout: time.Second}
	for {
		select {
		case <-m.companion.exited:
			return g.companionFailure(m)
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errNotReady) {
				return g.failureIn(m, m.companionLog, fmt.Sprintf("cannot be started: its %s does not answer after %v", m.replica.Companion.Name, o.Timeout))
			}
			return ctx.Err()
		case <-tick.C:
			if conn, err := dialer.DialContext(ctx, "tcp", m.replica.Companion.Address); err == nil {
				conn.Close()
				return nil
			}
		}
	}
}

func (g *group) companionFailure(m *member) *Failure {
	return g.failureIn(m, m.companionLog, fmt.Sprintf("lost its %s, which ended by itself: %s", m.companionName, m.companion.how))
}

// companionExited is closed when the companion has ended; nil where there is none.
func (m *member) companionExited() <-chan struct{} {
	if m.companion == nil {
		return nil
	}
	return m.companion.exited
}

func (m *member) stopCompanion(grace time.Duration) error {
	if m.companion == nil {
		return nil
	}
	m.companion.stop(grace)
	return m.companion.await(grace + killTime)
}
