package balance

import (
	"container/heap"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The rules of v6.1's harness, written down as its text has them and not as this
// package does: a heap of (load / capacity, index), an argmin over two sums.

type loadHeap [][2]float64

func (h loadHeap) Len() int { return len(h) }
func (h loadHeap) Less(i, j int) bool {
	return h[i][0] < h[j][0] || h[i][0] == h[j][0] && h[i][1] < h[j][1]
}
func (h loadHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *loadHeap) Push(x any)   { *h = append(*h, x.([2]float64)) }
func (h *loadHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func TestGreedyPackReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 400 {
		n, replicas := rng.IntN(60), 1+rng.IntN(9)
		lengths, issued := make([]int, n+1), make([]int, n)
		for i := range lengths {
			lengths[i] = rng.IntN(8) // with many equal loads
		}
		for i := range issued {
			issued[i] = rng.IntN(n)
		}
		var capacities []float64
		if rng.IntN(3) > 0 {
			capacities = make([]float64, replicas)
			for i := range capacities {
				capacities[i] = 0.5 + rng.Float64()*200
			}
		}
		load, parts, h := make([]float64, replicas), make([][]int, replicas), &loadHeap{}
		for i := range replicas {
			heap.Push(h, [2]float64{0, float64(i)})
		}
		for _, s := range issued {
			i := int(heap.Pop(h).([2]float64)[1])
			parts[i] = append(parts[i], s)
			load[i] += float64(lengths[s])
			capacity := 1.0
			if capacities != nil {
				capacity = capacities[i]
			}
			heap.Push(h, [2]float64{load[i] / capacity, float64(i)})
		}
		plan, err := Sort(Sorting{Strategy: GreedyPack, Capacities: capacities}, replicas, issued,
			func(s int) []int32 { return make([]int32, lengths[s]) })
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range parts {
			if got := plan.Of(i); len(got)+len(want) > 0 && !cmp.Equal(want, got) {
				t.Fatalf("replica %d of %d, capacities %v: got %v, want %v", i, replicas, capacities, got, want)
			}
		}
	}
	for _, bad := range [][]float64{{}, {1}, {1, 0}, {1, -1}, {1, 2, 3}} {
		if err := (Sorting{Strategy: GreedyPack, Capacities: bad}).Check(2); err == nil {
			t.Errorf("capacities %v are taken for 2 replicas", bad)
		}
	}
}

func TestPrefillReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		replicas, weight := 1+rng.IntN(9), []float64{0, 4, 8, 0.25}[rng.IntN(4)]
		b := mustNew(t, Config{Algorithm: ShortestQueuePrefill, Replicas: replicas, PrefillWeight: weight})
		sent, first, finished := make([]int, replicas), make([]int, replicas), make([]int, replicas)
		for range 200 {
			i := rng.IntN(replicas)
			switch rng.IntN(4) {
			case 0:
				if first[i] < sent[i] {
					first[i]++
					b.First(i)
				}
			case 1:
				if finished[i] < first[i] {
					finished[i]++
					b.Done(i)
				}
			default:
				want, least := -1, 0.0
				for r := range replicas {
					load := float64(sent[r]-finished[r]) + weight*float64(sent[r]-first[r])
					if want < 0 || load < least {
						want, least = r, load
					}
				}
				sent[want]++
				if got := b.Pick(1); got != want {
					t.Fatalf("picked %d, want %d: sent %v, first %v, finished %v, weight %v", got, want, sent, first, finished, weight)
				}
			}
		}
	}
}
