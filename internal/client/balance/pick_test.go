package balance

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

func mustNew(t testing.TB, c Config) *Balancer {
	t.Helper()
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func picks(b *Balancer, tokens ...int) []int {
	var out []int
	for _, n := range tokens {
		out = append(out, b.Pick(n))
	}
	return out
}

func TestRoundRobin(t *testing.T) {
	b := mustNew(t, Config{Algorithm: RoundRobin, Replicas: 3})
	if got, want := picks(b, 9, 1, 1, 1, 1), []int{0, 1, 2, 0, 1}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestShortestQueue(t *testing.T) {
	b := mustNew(t, Config{Algorithm: ShortestQueue, Replicas: 3})
	got := picks(b, 1, 1, 1, 1) // 0 1 2, then the lowest of equals
	b.Done(2)
	got = append(got, picks(b, 1, 1)...) // 2 is idle, then 1 is the lowest of {2, 1, 1}
	if want := []int{0, 1, 2, 0, 2, 1}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestShortestQueueWithTokens(t *testing.T) {
	// With weight 0.5 a prompt of 100 tokens weighs as 50 requests in flight.
	b := mustNew(t, Config{Algorithm: ShortestQueueWithTokens, Replicas: 2, Window: 1, TokenWeight: 0.5})
	got := picks(b, 100, 10, 10, 10) // loads after: 0: 1+50; 1: 3+0.5*(10+10)
	if want := []int{0, 1, 1, 1}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	// Done lowers the queue, and leaves the tokens in the window.
	b.Done(0)
	if got := b.Pick(1); got != 1 {
		t.Fatalf("replica %d: a done request's tokens must stay in the window", got)
	}
}

// TestWindow holds that Window+1 entries count, for windows 0, 1 and 2.
func TestWindow(t *testing.T) {
	for window := range 3 {
		b := mustNew(t, Config{Algorithm: ShortestQueueWithTokens, Replicas: 1, Window: window, TokenWeight: 1})
		for _, n := range []int{1, 10, 100, 1000, 10000} {
			b.Pick(n)
		}
		want := []int{10000, 11000, 11100}[window]
		if b.tokens[0] != want {
			t.Errorf("window %d: %d tokens count, want %d", window, b.tokens[0], want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for want, c := range map[string]Config{
		"it is one of round_robin, shortest_queue, shortest_queue_with_tokens": {Algorithm: "random", Replicas: 1},
		"at least 1 replica":       {Algorithm: RoundRobin},
		"load_balance_window_size": {Algorithm: ShortestQueue, Replicas: 1, Window: -1},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestPickFromManyGoroutines(t *testing.T) {
	for _, a := range algorithms {
		b := mustNew(t, Config{Algorithm: a, Replicas: 4, Window: 10, TokenWeight: 0.02})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 1000 {
					b.Done(b.Pick(100))
				}
			})
		}
		wg.Wait()
		for r := range 4 {
			if n := b.InFlight(r); n != 0 {
				t.Errorf("%s: %d in flight on replica %d after all are done", a, n, r)
			}
		}
	}
}

func BenchmarkPick(b *testing.B) {
	x := mustNew(b, Config{Algorithm: ShortestQueueWithTokens, Replicas: 8, Window: 10, TokenWeight: 0.02})
	b.ReportAllocs()
	for b.Loop() {
		x.Done(x.Pick(300))
	}
}
