package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/client/balance"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/run/bench"
)

// scenario hands LoadGen's queries of one phase to the client.
type scenario struct {
	phase     *loadgen.Phase
	effective *loadgen.Effective
	samples   Samples
	manifest  *manifest.Manifest
	replicas  int
	// concurrency is how many requests are in flight on each replica, offline.
	concurrency int
	limits      Limits
	// share is what of the phase one of several clients issues; the zero share is all.
	share share
	// abort, when closed, gives up what is in flight.
	abort   <-chan struct{}
	started func(time.Time)
	// begin is client.Plan's.
	begin func() (time.Time, error)
	// progress is what the client counts in; it may be nil.
	progress *client.Progress
}

// Samples is the data set as a scenario needs it.
type Samples interface {
	// Len is the number of samples.
	Len() int
	// Fill sets the prompt of request r to sample i.
	Fill(i int, r *client.Request)
	// Tokens are the token ids of sample i's prompt, nil where it is text.
	Tokens(i int) []int32
}

// plan says in which way the client carries the phase's requests, and gives
// the requests.
func (s *scenario) plan() (client.Plan, client.Source, error) {
	p := s.limits.client()
	p.Abort, p.Started, p.Begin, p.Progress, p.GCPercent = s.abort, s.started, s.begin, s.progress, 400
	switch s.effective.Requested.Scenario {
	case loadgen.Offline:
		source, err := s.offline()
		p.Pace, p.Concurrency = client.AtOnce, s.share.of(s.concurrency)
		return p, source, err
	case loadgen.Server:
		b, err := s.balancer()
		p.Pace, p.Balancer = client.OnSchedule, b
		if s.share.whole() || err != nil {
			return p, s.inOrder(), err
		}
		p.Balancer = turned{b, s.share.turn(s.replicas), s.replicas}
		return p, s.inTurn(b.InTurn()), nil
	case loadgen.SingleStream:
		p.Pace, p.Concurrency = client.OnCompletion, 1
		if n, ok := manifest.Int(s.manifest.HarnessConfig, bench.ConcurrencyKey); ok && n > 0 {
			p.Concurrency = int(n) // mlrun bench: a closed loop, which is no scenario of LoadGen's
		}
		return p, s.inOrder(), nil
	}
	return p, nil, fmt.Errorf("scenario %v is not executed by this program: no LLM benchmark of MLPerf has it", s.effective.Requested.Scenario)
}

// defaultPrefillWeight is prefill_backlog_weight in the config.yaml of v6.1.
const defaultPrefillWeight = 4

// balancer is harness_config's schedule_algo.
func (s *scenario) balancer() (*balance.Balancer, error) {
	h := s.manifest.HarnessConfig
	algorithm, ok := manifest.Text(h, "schedule_algo")
	if !ok {
		algorithm = string(balance.ShortestQueue)
	}
	weight, _ := manifest.Float(h, "load_balance_token_weight")
	window, _ := manifest.Int(h, "load_balance_window_size")
	backlog, ok := manifest.Float(h, "prefill_backlog_weight")
	if !ok {
		backlog = defaultPrefillWeight
	}
	return balance.New(balance.Config{
		Algorithm: balance.Algorithm(algorithm), Replicas: s.replicas, TokenWeight: weight, Window: int(window), PrefillWeight: backlog,
	})
}

// inOrder returns the queries as they are scheduled, until LoadGen would stop.
func (s *scenario) inOrder() client.Source {
	queries := s.phase.Cursor()
	return client.SourceFunc(func(a client.Ask, r *client.Request) bool {
		if s.ends(a) || !queries.Next() {
			return false
		}
		q := &queries.Query
		r.ID, r.Sample, r.At, r.Replica = q.FirstSample, q.Samples[0], q.Scheduled, -1
		s.samples.Fill(r.Sample, r)
		return true
	})
}

// ends is LoadGen's rule on when to issue no further query. Accuracy mode
// issues everything.
func (s *scenario) ends(a client.Ask) bool {
	if s.phase.Mode == loadgen.AccuracyOnly || a.Sent == 0 {
		return false
	}
	_, ended := s.effective.EndAfter(uint64(a.Sent), uint64(a.Sent-a.Done), a.LastSent)
	return ended
}

// offline deals the one query's samples out to the replicas before the start,
// in the order that harness_config's sorting wants.
func (s *scenario) offline() (client.Source, error) {
	var all []int
	var first uint64
	for q := range s.phase.Queries() {
		if len(all) == 0 {
			first = q.FirstSample
		}
		all = append(all, q.Samples...)
	}
	queues, err := s.deal(all, first)
	if err != nil {
		return nil, err
	}
	s.share.cut(queues)
	return client.SourceFunc(func(a client.Ask, r *client.Request) bool {
		return s.take(queues, a.Replica, r)
	}), nil
}

// issued is a sample of a query, with the number of its request.
type issued struct {
	id     uint64
	sample int
}

// take fills in the next request of a replica's queue.
func (s *scenario) take(queues [][]issued, replica int, r *client.Request) bool {
	queue := queues[replica]
	if len(queue) == 0 {
		return false
	}
	queues[replica] = queue[1:]
	r.ID, r.Sample, r.Replica = queue[0].id, queue[0].sample, replica
	s.samples.Fill(r.Sample, r)
	return true
}

// deal gives each replica its share of the samples, which are numbered from first.
func (s *scenario) deal(all []int, first uint64) ([][]issued, error) {
	sorting, err := sortingOf(s.manifest)
	if err != nil {
		return nil, err
	}
	dealt, err := balance.Sort(sorting, s.replicas, all, s.samples.Tokens)
	if err != nil {
		return nil, fmt.Errorf("dealing samples out to the replicas: %w", err)
	}
	// A sample may be issued many times; which of its places in the query a
	// request takes does not matter, as long as each is taken once.
	places := make(map[int][]uint64, s.samples.Len())
	for i := len(all) - 1; i >= 0; i-- {
		places[all[i]] = append(places[all[i]], first+uint64(i))
	}
	queues := make([][]issued, s.replicas)
	for replica := range queues {
		for _, sample := range dealt.Of(replica) {
			free := places[sample]
			if len(free) == 0 {
				return nil, errors.New("dealing samples out to the replicas: a sample was dealt out more often than it was issued")
			}
			places[sample] = free[:len(free)-1]
			queues[replica] = append(queues[replica], issued{free[len(free)-1], sample})
		}
	}
	return queues, nil
}

// interleaved is the benchmark whose parts the harness interleaves from v6.0 on.
const interleaved = "llama3_1-405b"

// sortingOf is harness_config's sorting.
func sortingOf(m *manifest.Manifest) (balance.Sorting, error) {
	section := manifest.Section(m.HarnessConfig, "sorting")
	strategy, _ := manifest.Text(section, "strategy")
	out := balance.Sorting{
		Strategy: balance.Strategy(strategy), Interleave: m.BenchmarkName == interleaved && loadgen.Reached(m.Harness, "v6.0"),
	}
	// The harness overwrites its own limit by the engine's, with an engine that has
	// none by 0.
	limit, _ := manifest.Int(m.EngineConfig, "max_num_batched_tokens")
	out.MaxNumBatchedTokens = int(limit)
	var err error
	if out.Buckets, err = numbersOf(section, "buckets"); err != nil {
		return out, err
	}
	if out.Capacities, err = numbersOf(section, "capacities"); err != nil {
		return out, err
	}
	return out, nil
}

// numbersOf is a list of numbers in harness_config.sorting, nil where it is not there.
func numbersOf(section map[string]any, key string) (numbers []float64, err error) {
	list, _ := section[key].([]any)
	for _, v := range list {
		n, ok := manifest.Float(map[string]any{"": v}, "")
		if !ok {
			return nil, fmt.Errorf("harness_config.sorting.%s has an entry that is no number: %v", key, v)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// issue carries out the phase. The error is about the run itself; requests
// that failed are in their records.
func (s *scenario) issue(ctx context.Context, c *client.Client, sink client.Sink) (client.Summary, error) {
	p, source, err := s.plan()
	if err != nil {
		return client.Summary{}, err
	}
	return c.Run(ctx, p, source, sink)
}
