package client

import "sync/atomic"

// Progress counts, while a run goes on, what has become of its requests. It
// costs the hot path one atomic addition an event, in a cache line of its
// replica's, and may be read at any time.
type Progress struct{ replicas []replicaProgress }

type replicaProgress struct {
	sent, firstToken, done atomic.Int64
	_                      [5]int64
}

// NewProgress counts for so many replicas.
func NewProgress(replicas int) *Progress {
	return &Progress{replicas: make([]replicaProgress, replicas)}
}

// Replicas is how many replicas are counted for.
func (p *Progress) Replicas() int { return len(p.replicas) }

// Replica tells how many requests were sent to replica i, how many of them had
// a first token (which shows in a stream alone), and how many are over, failed ones included.
func (p *Progress) Replica(i int) (sent, firstToken, done int64) {
	r := &p.replicas[i]
	// In this order, so that no request is over before it is sent.
	done, firstToken = r.done.Load(), r.firstToken.Load()
	return r.sent.Load(), firstToken, done
}

// Set replaces the counts of replica i: where they are added up of several clients.
func (p *Progress) Set(i int, sent, firstToken, done int64) {
	r := &p.replicas[i]
	r.sent.Store(sent)
	r.firstToken.Store(firstToken)
	r.done.Store(done)
}

// of returns a replica's counters, nil where nobody counts.
func (p *Progress) of(replica int) *replicaProgress {
	if p == nil || replica < 0 || replica >= len(p.replicas) {
		return nil
	}
	return &p.replicas[replica]
}
