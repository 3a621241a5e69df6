package balance

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The rules of the reference harness, written down as its text has them and not as this
// package does: lists that shrink, a heap of (load / capacity, index), an argmin
// over two sums.

// reference is what the reference makes of a case: the samples in their new order and
// where each replica's begin and end; lost where it drops samples or fails.
func reference(s Sorting, replicas int, issued []int, ids [][]int32) (order []int, ranges []Range, lost bool) {
	n := len(issued)
	chunk := (n + replicas - 1) / replicas
	for i := range replicas {
		ranges = append(ranges, Range{min(i*chunk, n), min((i+1)*chunk, n)})
	}
	// Python's sort(key=...) is stable.
	sorted := func(list []int, less func(a, b []int32) bool) []int {
		sort.SliceStable(list, func(i, j int) bool { return less(ids[list[i]], ids[list[j]]) })
		return list
	}
	up := func(a, b []int32) bool { return len(a) < len(b) }
	down := func(a, b []int32) bool { return len(a) > len(b) }
	mix := func(list []int) []int {
		l, j, k := len(list), 1, len(list)-1
		for s.Interleave && j+2 > k-2 && j < l-2 && k > 2 {
			list[j], list[k] = list[k], list[j]
			j += 2
			k -= 2
		}
		return list
	}
	evened := func() []int {
		bins, sizes := make([][]int, replicas), make([]int, replicas)
		var full, out []int
		for _, sample := range issued {
			at := slices.Index(sizes, slices.Min(sizes))
			bins[at] = append(bins[at], sample)
			sizes[at] += len(ids[sample])
			if len(bins[at]) == chunk && len(bins) > 1 {
				full = append(full, bins[at]...)
				bins, sizes = slices.Delete(bins, at, at+1), slices.Delete(sizes, at, at+1)
			}
		}
		out = append(out, full...)
		for _, b := range bins {
			out = append(out, b...)
		}
		return out
	}
	chunks := func(each func([]int) []int) {
		all := evened()
		for _, r := range ranges {
			order = append(order, each(slices.Clone(all[r.Start:r.End]))...)
		}
	}
	switch s.Strategy {
	case Ascending:
		chunks(func(c []int) []int { return mix(sorted(c, up)) })
	case Descending:
		chunks(func(c []int) []int { return mix(sorted(c, down)) })
	case Lexicographic:
		chunks(func(c []int) []int {
			return sorted(c, func(a, b []int32) bool { return slices.Compare(a, b) < 0 })
		})
	case ModuloAsc, ModuloDesc:
		by := up
		if s.Strategy == ModuloDesc {
			by = down
		}
		parts := make([][]int, replicas)
		for i, sample := range sorted(slices.Clone(issued), by) {
			parts[i%replicas] = append(parts[i%replicas], sample)
		}
		for _, p := range parts {
			order = append(order, mix(p)...)
		}
	case BatchPacking:
		if s.MaxNumBatchedTokens <= 0 {
			return slices.Clone(issued), ranges, false
		}
		chunks(func(c []int) []int {
			c = sorted(c, down)
			if len(c) == 0 || s.MaxNumBatchedTokens <= len(ids[c[0]]) {
				lost = true
				return nil
			}
			var out []int
			for len(c) > 0 {
				capacity := s.MaxNumBatchedTokens
				for i := 0; i < len(c); {
					if capacity > len(ids[c[i]]) {
						capacity -= len(ids[c[0]])
						out = append(out, c[i])
						c = slices.Delete(c, i, i+1)
					} else {
						i++
					}
				}
			}
			return out
		})
	case Buckets:
		ranges, order = nil, slices.Clone(issued)
		start := 0
		for i, p := range s.Buckets {
			end := start + int(float64(p/100.0)*float64(n))
			if i == len(s.Buckets)-1 || end > n {
				end = n
			}
			ranges = append(ranges, Range{start, end})
			start = end
		}
	default:
		order = slices.Clone(issued)
	}
	return order, ranges, lost
}

// TestSortGenerated compares every strategy but greedy_pack, which has its own test
// below, with the reference's text on generated cases.
func TestSortGenerated(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	refused := 0
	for round := range 4000 {
		n, replicas := rng.IntN(60), 1+rng.IntN(9)
		ids, issued := make([][]int32, n+1), make([]int, n)
		for i := range ids {
			ids[i] = make([]int32, rng.IntN(12)) // with many of one length
			for j := range ids[i] {
				ids[i][j] = rng.Int32N(3) // and with common beginnings
			}
		}
		for i := range issued {
			issued[i] = rng.IntN(n)
		}
		s := Sorting{Strategy: strategies[round%8], Interleave: rng.IntN(2) == 0, MaxNumBatchedTokens: rng.IntN(40)}
		if s.Strategy == Buckets {
			s.Buckets = make([]float64, replicas)
			left := 100.0
			for i := range s.Buckets[1:] {
				s.Buckets[i] = left * rng.Float64()
				left -= s.Buckets[i]
			}
			s.Buckets[replicas-1] = left
		}
		order, ranges, lost := reference(s, replicas, issued, ids)
		plan, err := Sort(s, replicas, issued, func(i int) []int32 { return ids[i] })
		if lost {
			if refused++; err == nil {
				t.Fatalf("case %d: the reference loses samples, and there is no error", round)
			}
			continue
		}
		if err != nil || !slices.Equal(plan.Order, order) || !slices.Equal(plan.Ranges, ranges) {
			t.Fatalf("case %d, %+v, %d replicas, issued %v:\ngot  %v %v, %v\nwant %v %v", round, s, replicas, issued, plan.Order, plan.Ranges, err, order, ranges)
		}
	}
	if refused == 0 || refused > 500 {
		t.Errorf("the reference loses samples in %d of 500 cases of batchpacking", refused)
	}
}

// TestPickGenerated compares the algorithms that every round has with the reference's
// text: sums over what was sent, and over lists of lengths that lose their first.
func TestPickGenerated(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, algorithm := range []Algorithm{RoundRobin, ShortestQueue, ShortestQueueWithTokens} {
		for range 200 {
			c := Config{
				Algorithm: algorithm, Replicas: 1 + rng.IntN(9), Window: rng.IntN(12),
				TokenWeight: []float64{0, 0.02, 0.5, 1}[rng.IntN(4)],
			}
			b := mustNew(t, c)
			sent, finished, lengths := make([]int, c.Replicas), make([]int, c.Replicas), make([][]int, c.Replicas)
			for turn := 0; turn < 200; {
				if i := rng.IntN(c.Replicas); rng.IntN(2) == 0 && finished[i] < sent[i] {
					finished[i]++
					b.Done(i)
					continue
				}
				want, tokens := turn%c.Replicas, rng.IntN(400)
				if algorithm != RoundRobin {
					least := 0.0
					for i := range c.Replicas {
						load := float64(sent[i] - finished[i])
						if algorithm == ShortestQueueWithTokens {
							sum := 0
							for _, l := range lengths[i] {
								sum += l
							}
							load += float64(c.TokenWeight * float64(sum))
						}
						if i == 0 || load < least {
							want, least = i, load
						}
					}
				}
				if len(lengths[want]) > c.Window {
					lengths[want] = lengths[want][1:]
				}
				lengths[want] = append(lengths[want], tokens)
				sent[want]++
				turn++
				if got := b.Pick(tokens); got != want {
					t.Fatalf("%s, turn %d: picked %d, want %d: sent %v, finished %v, lengths %v, %+v", algorithm, turn, got, want, sent, finished, lengths, c)
				}
			}
		}
	}
}

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
