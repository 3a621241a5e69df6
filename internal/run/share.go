package run

import (
	"fmt"

	"mlcfg/internal/client"
	"mlcfg/internal/client/balance"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/run/clients"
)

// share is what one of several clients issues of a test: of a schedule every Clients-th
// query, offline every Clients-th sample of each replica's queue. All shares together are
// the test. The zero share is the whole of it.
type share struct {
	Client  int `json:"client"`
	Clients int `json:"clients"`
}

func (s share) whole() bool { return s.Clients <= 1 }

// takes reports whether the i-th is this client's.
func (s share) takes(i uint64) bool { return s.whole() || i%uint64(s.Clients) == uint64(s.Client) }

// of is this client's part of so many requests in flight.
func (s share) of(flying int) int {
	if s.whole() {
		return flying
	}
	part := flying / s.Clients
	if s.Client < flying%s.Clients {
		part++
	}
	return part
}

// cut leaves this client's part of each replica's queue.
func (s share) cut(queues [][]issued) {
	if s.whole() {
		return
	}
	for replica, queue := range queues {
		kept := queue[:0]
		for i, q := range queue {
			if s.takes(uint64(i)) {
				kept = append(kept, q)
			}
		}
		queues[replica] = kept
	}
}

// turn is the replica at which this client begins to look for the one with the least load:
// were it the same for all clients, all would send to it while little is in flight.
func (s share) turn(replicas int) int { return s.Client * replicas / s.Clients }

// inTurn returns this client's queries as they are scheduled. Where LoadGen would end the
// test follows from the schedule, which all clients have, as it does where each query leaves
// on time. Replicas that are picked in turn are those that one client would have picked.
func (s *scenario) inTurn(roundRobin bool) client.Source {
	queries := s.phase.Cursor()
	n, ended := uint64(0), false // queries that one client would have issued so far
	return client.SourceFunc(func(_ client.Ask, r *client.Request) bool {
		for !ended && queries.Next() {
			q := &queries.Query
			i := n
			n++
			if s.phase.Mode == loadgen.PerformanceOnly {
				_, ended = s.effective.EndAfter(n, 0, q.Scheduled)
			}
			if !s.share.takes(i) {
				continue
			}
			r.ID, r.Sample, r.At, r.Replica = q.FirstSample, q.Samples[0], q.Scheduled, -1
			if roundRobin {
				r.Replica = int(i % uint64(s.replicas))
			}
			s.samples.Fill(r.Sample, r)
			return true
		}
		return false
	})
}

// turned is a balancer that counts replicas from another one on, so that among equals that
// one wins.
type turned struct {
	*balance.Balancer
	from, replicas int
}

// Pick is the balancer's.
func (t turned) Pick(promptTokens int) int {
	return (t.Balancer.Pick(promptTokens) + t.from) % t.replicas
}

// First is the balancer's.
func (t turned) First(replica int) { t.Balancer.First(t.back(replica)) }

// Done is the balancer's.
func (t turned) Done(replica int) { t.Balancer.Done(t.back(replica)) }

func (t turned) back(replica int) int { return (replica - t.from + t.replicas) % t.replicas }

// planClients fixes how many clients issue the test, and says why it cannot be several.
func (p *Plan) planClients(n int) error {
	refused := func(format string, args ...any) error {
		return fmt.Errorf("%d clients: %s", n, fmt.Sprintf(format, args...))
	}
	switch {
	case n == 0 || n == 1:
		return nil
	case n < 0 || n > clients.Most:
		return fmt.Errorf("%d clients: a run has from 1 to %d", n, clients.Most)
	case p.OfficialLoadGen != "":
		return refused("the official LoadGen issues from one process")
	case p.settings.Scenario == loadgen.SingleStream:
		return refused("in %v each query leaves when an earlier one is answered, so there is no schedule to divide", p.settings.Scenario)
	case p.settings.Scenario == loadgen.Server && p.effective.MaxAsyncQueries != 0:
		return refused("server_max_async_queries is %d, and no client knows what the others have in flight", p.effective.MaxAsyncQueries)
	case p.settings.Scenario == loadgen.Offline && p.Concurrency < n:
		return refused("of %d requests in flight on a replica not each has one", p.Concurrency)
	}
	p.Clients = n
	return nil
}
