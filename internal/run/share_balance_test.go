package run

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"mlcfg/internal/client"
	"mlcfg/internal/client/balance"
)

// What the queues of a simulated service are like: replicas that work on so many requests at a
// time, each for an exponential time of a mean of one second.
const (
	queueReplicas = 8
	queueSlots    = 16
	queueRequests = 100_000
)

// leaving is a request that ends.
type leaving struct {
	at              float64
	replica, client int
}

type leavings []leaving

func (h leavings) Len() int           { return len(h) }
func (h leavings) Less(i, j int) bool { return h[i].at < h[j].at }
func (h leavings) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *leavings) Push(x any)        { *h = append(*h, x.(leaving)) }
func (h *leavings) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// queued is what became of requests that were balanced.
type queued struct {
	waitP50, waitP99, waitP999 float64 // seconds from arrival to the beginning of service
	spread                     float64 // requests in flight, most less fewest of a replica, on average over arrivals
}

// queues sends requests in turn by so many clients, each with a balancer of its own, to replicas
// that are busy to this share.
func queues(t *testing.T, a balance.Algorithm, n int, load float64, turn bool) queued {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var clients []client.Balancer
	for i := range n {
		b, err := balance.New(balance.Config{Algorithm: a, Replicas: queueReplicas})
		if err != nil {
			t.Fatal(err)
		}
		from := 0
		if turn {
			from = share{i, n}.turn(queueReplicas)
		}
		clients = append(clients, turned{b, from, queueReplicas})
	}
	type waiting struct {
		since, takes float64
		client       int
	}
	var ends leavings
	var busy [queueReplicas]int
	var lines [queueReplicas][]waiting
	var waits []float64
	now, spread := 0.0, 0.0
	serve := func(at float64, replica int, w waiting) {
		busy[replica]++
		waits = append(waits, at-w.since)
		clients[w.client].First(replica)
		heap.Push(&ends, leaving{at + w.takes, replica, w.client})
	}
	for i := range queueRequests {
		now += rng.ExpFloat64() / (load * queueReplicas * queueSlots)
		for len(ends) > 0 && ends[0].at <= now {
			e := heap.Pop(&ends).(leaving)
			busy[e.replica]--
			clients[e.client].Done(e.replica)
			if line := lines[e.replica]; len(line) > 0 {
				lines[e.replica] = line[1:]
				serve(e.at, e.replica, line[0])
			}
		}
		most, fewest := 0, queueRequests
		for r := range queueReplicas {
			most, fewest = max(most, busy[r]+len(lines[r])), min(fewest, busy[r]+len(lines[r]))
		}
		spread += float64(most - fewest)
		w := waiting{now, rng.ExpFloat64(), i % n}
		replica := clients[w.client].Pick(1)
		if busy[replica] < queueSlots {
			serve(now, replica, w)
		} else {
			lines[replica] = append(lines[replica], w)
		}
	}
	slices.Sort(waits)
	at := func(p float64) float64 { return waits[int(p*float64(len(waits)))] }
	return queued{at(.5), at(.99), at(.999), spread / queueRequests}
}

// TestBalanceOfSeveral computes what clients that each know their own requests alone lose against
// one that knows all; docs/clients.md has its figures. What is lost grows with the clients, and
// stays below what requests in turn cost; where they begin their search matters while
// little is in flight.
func TestBalanceOfSeveral(t *testing.T) {
	row := func(what string, load float64, q queued) {
		t.Logf("| %s | %.0f %% | %.0f ms | %.0f ms | %.0f ms | %.1f |", what, 100*load, 1e3*q.waitP50, 1e3*q.waitP99, 1e3*q.waitP999, q.spread)
	}
	for _, load := range []float64{0.05, 0.5, 0.8, 0.95} {
		inTurn := queues(t, balance.RoundRobin, 1, load, true)
		before := queued{}
		for _, n := range []int{1, 2, 4, 8} {
			got := queues(t, balance.ShortestQueue, n, load, true)
			row(fmt.Sprintf("shortest_queue, %d", n), load, got)
			if got.spread < before.spread {
				t.Errorf("%d clients at %.0f %% balance better than fewer: %+v, %+v", n, 100*load, got, before)
			}
			if got.spread > inTurn.spread {
				t.Errorf("%d clients at %.0f %% balance worse than in turn: %+v, %+v", n, 100*load, got, inTurn)
			}
			before = got
		}
		row("round_robin, any", load, inTurn)
		if same := queues(t, balance.ShortestQueue, 8, load, false); same.spread < before.spread {
			t.Errorf("8 clients at %.0f %% balance better where all begin at one replica: %+v, %+v", 100*load, same, before)
		} else {
			row("shortest_queue, 8, all from replica 0", load, same)
		}
	}
}
