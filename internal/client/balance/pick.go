package balance

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Algorithm is a value of schedule_algo.
type Algorithm string

// The algorithms of schedule_algo.
const (
	RoundRobin              Algorithm = "round_robin"                // in turn
	ShortestQueue           Algorithm = "shortest_queue"             // fewest requests in flight
	ShortestQueueWithTokens Algorithm = "shortest_queue_with_tokens" // in flight + weight x recent prompt tokens
	ShortestQueuePrefill    Algorithm = "shortest_queue_prefill"     // in flight + weight x those without a first token
)

// algorithms lists every algorithm, in the order in which messages name them.
var algorithms = []Algorithm{RoundRobin, ShortestQueue, ShortestQueueWithTokens, ShortestQueuePrefill}

// Config says how requests are spread over replicas.
type Config struct {
	Algorithm Algorithm
	Replicas  int // at least 1

	// Window is load_balance_window_size. The prompt tokens of the last
	// Window+1 requests sent to a replica count: the reference drops the oldest
	// entry only when more than Window entries are there before it adds one.
	// ShortestQueueWithTokens alone reads it.
	Window int
	// TokenWeight is load_balance_token_weight: how many requests in flight one
	// prompt token of the window is worth. ShortestQueueWithTokens alone reads it.
	TokenWeight float64
	// PrefillWeight is prefill_backlog_weight: how many requests in flight one
	// request without a first token is worth. ShortestQueuePrefill alone reads it.
	PrefillWeight float64
}

// Balancer picks replicas. Its methods may be called from several goroutines.
type Balancer struct {
	config Config

	mu       sync.Mutex
	next     int     // round robin's next replica
	inFlight []int   // sent and not done, by replica
	waiting  []int   // sent and without a first token, by replica
	recent   [][]int // prompt tokens of the last requests, oldest first, by replica
	tokens   []int   // sum of recent, by replica
}

// New makes a balancer whose replicas are all idle.
func New(c Config) (*Balancer, error) {
	if !slices.Contains(algorithms, c.Algorithm) {
		return nil, fmt.Errorf("schedule_algo %q is not known: it is one of %s", c.Algorithm, join(algorithms))
	}
	if c.Replicas < 1 {
		return nil, fmt.Errorf("schedule_algo %s needs at least 1 replica, got %d", c.Algorithm, c.Replicas)
	}
	if c.Window < 0 {
		return nil, fmt.Errorf("load_balance_window_size must not be negative, got %d", c.Window)
	}
	b := &Balancer{
		config:   c,
		inFlight: make([]int, c.Replicas),
		waiting:  make([]int, c.Replicas),
		tokens:   make([]int, c.Replicas),
	}
	if c.Algorithm == ShortestQueueWithTokens {
		b.recent = make([][]int, c.Replicas)
	}
	return b, nil
}

// Pick chooses the replica for a request whose prompt has so many tokens, and
// counts the request as sent to it. Among equals the lowest index wins.
func (b *Balancer) Pick(promptTokens int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	replica := 0
	switch b.config.Algorithm {
	case RoundRobin:
		replica = b.next
		b.next = (b.next + 1) % b.config.Replicas
	case ShortestQueue:
		for i, n := range b.inFlight {
			if n < b.inFlight[replica] {
				replica = i
			}
		}
	case ShortestQueueWithTokens, ShortestQueuePrefill:
		least := b.load(0)
		for i := 1; i < b.config.Replicas; i++ {
			if load := b.load(i); load < least {
				least, replica = load, i
			}
		}
		if b.config.Algorithm == ShortestQueueWithTokens {
			b.remember(replica, promptTokens)
		}
	}
	b.inFlight[replica]++
	b.waiting[replica]++
	return replica
}

// InTurn reports whether replicas are picked in turn, whatever is in flight.
func (b *Balancer) InTurn() bool { return b.config.Algorithm == RoundRobin }

// First says that the first token of a request which Pick counted is in, or that there
// will be none.
func (b *Balancer) First(replica int) {
	b.mu.Lock()
	b.waiting[replica]--
	b.mu.Unlock()
}

// Done says that a request which Pick counted is complete, or has failed.
func (b *Balancer) Done(replica int) {
	b.mu.Lock()
	b.inFlight[replica]--
	b.mu.Unlock()
}

// InFlight is the number of requests sent to the replica and not done.
func (b *Balancer) InFlight(replica int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inFlight[replica]
}

func (b *Balancer) load(replica int) float64 {
	if b.config.Algorithm == ShortestQueuePrefill {
		return float64(b.inFlight[replica]) + float64(b.config.PrefillWeight*float64(b.waiting[replica]))
	}
	return float64(b.inFlight[replica]) + float64(b.config.TokenWeight*float64(b.tokens[replica]))
}

func (b *Balancer) remember(replica, promptTokens int) {
	recent := b.recent[replica]
	if len(recent) > b.config.Window {
		b.tokens[replica] -= recent[0]
		recent = append(recent[:0], recent[1:]...)
	}
	b.recent[replica] = append(recent, promptTokens)
	b.tokens[replica] += promptTokens
}

func join[T ~string](names []T) string {
	var out []string
	for _, n := range names {
		out = append(out, string(n))
	}
	return strings.Join(out, ", ")
}
