package balance

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/tools/sharedata"
)

// TestSortReference runs the cases that the reference harness was run on.
func TestSortReference(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sharedata.Corpus(t), "sorting.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Strategy  Strategy  `json:"strategy"`
		Replicas  int       `json:"replicas"`
		MaxTokens int       `json:"max_num_batched_tokens"`
		Buckets   []float64 `json:"buckets"`
		// Capacities and Interleave are of rounds from v6.0 on.
		Capacities []float64 `json:"capacities"`
		Interleave bool      `json:"enable_optimizations"`
		InputIDs   [][]int32 `json:"input_ids"`
		Issued     []int     `json:"issued"`
		Ranges     [][2]*int `json:"ranges"`
		Order      []int     `json:"order"`
		Error      string    `json:"error"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		t.Run(fmt.Sprintf("%02d_%s_%d_of_%d", i, c.Strategy, c.Replicas, len(c.Issued)), func(t *testing.T) {
			s := Sorting{
				Strategy: c.Strategy, Buckets: c.Buckets, Capacities: c.Capacities,
				MaxNumBatchedTokens: c.MaxTokens, Interleave: c.Interleave,
			}
			plan, err := Sort(s, c.Replicas, c.Issued, func(sample int) []int32 { return c.InputIDs[sample] })
			if c.Error != "" {
				if err == nil {
					t.Fatalf("no error where the reference fails with %s", c.Error)
				}
				return
			}
			if err != nil {
				if len(c.Order) != len(c.Issued) {
					return // the reference loses samples here
				}
				t.Fatal(err)
			}
			n := len(c.Issued)
			var want []Range
			for _, r := range c.Ranges {
				end := n // null: to the last
				if r[1] != nil {
					end = min(*r[1], n)
				}
				want = append(want, Range{min(*r[0], n), end})
			}
			if diff := cmp.Diff(want, plan.Ranges); diff != "" {
				t.Errorf("ranges (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.Order, plan.Order); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSortKeepsEverySample holds for every strategy and shape: each issued
// sample is served once, and the ranges cover the order.
func TestSortKeepsEverySample(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, strategy := range strategies {
		for range 50 {
			n, replicas := rng.IntN(40), 1+rng.IntN(9)
			prompts := make([][]int32, n+1)
			for i := range prompts {
				prompts[i] = make([]int32, rng.IntN(30))
			}
			issued := make([]int, n)
			for i := range issued {
				issued[i] = rng.IntN(n)
			}
			s := Sorting{Strategy: strategy, MaxNumBatchedTokens: 31}
			if strategy == Buckets {
				s.Buckets = make([]float64, replicas)
				s.Buckets[rng.IntN(replicas)] = 100
			}
			before := slices.Clone(issued)
			plan, err := Sort(s, replicas, issued, func(i int) []int32 { return prompts[i] })
			if err != nil {
				if strategy == BatchPacking && strings.Contains(err.Error(), "no sample") {
					continue
				}
				t.Fatalf("%s, %d samples, %d replicas: %v", strategy, n, replicas, err)
			}
			if !slices.Equal(before, issued) {
				t.Fatalf("%s changed its input", strategy)
			}
			var served []int
			for r := range replicas {
				served = append(served, plan.Of(r)...)
			}
			slices.Sort(served)
			slices.Sort(before)
			if !slices.Equal(served, before) {
				t.Fatalf("%s, %d samples, %d replicas: served %v of %v", strategy, n, replicas, served, before)
			}
		}
	}
}

func TestSortRefuses(t *testing.T) {
	prompts := [][]int32{make([]int32, 10), make([]int32, 200)}
	for _, c := range []struct {
		name     string
		sorting  Sorting
		replicas int
		want     string
	}{
		{"unknown", Sorting{Strategy: "asc"}, 1, "is not known: it is one of ignore, ascending"},
		{"no replica", Sorting{}, 0, "at least 1 replica"},
		{"bucket count", Sorting{Strategy: Buckets, Buckets: []float64{50, 50}}, 4, "2 entries for 4 replicas"},
		{"bucket sum", Sorting{Strategy: Buckets, Buckets: []float64{50, 49}}, 2, "sum to 99"},
		{"bucket sign", Sorting{Strategy: Buckets, Buckets: []float64{150, -50}}, 2, "from 0 to 100"},
		{"prompt too long", Sorting{Strategy: BatchPacking, MaxNumBatchedTokens: 200}, 1, "sample 1 has 200 tokens"},
		{"empty chunk", Sorting{Strategy: BatchPacking, MaxNumBatchedTokens: 300}, 3, "replica 2: it has no sample"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Sort(c.sorting, c.replicas, []int{0, 1}, func(i int) []int32 { return prompts[i] })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func BenchmarkSort(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	prompts := make([][]int32, 24576)
	issued := make([]int, len(prompts))
	for i := range prompts {
		prompts[i] = make([]int32, 50+rng.IntN(900))
		issued[i] = i
	}
	for _, s := range []Strategy{Descending, Lexicographic, ModuloDesc, BatchPacking} {
		b.Run(string(s), func(b *testing.B) {
			for b.Loop() {
				if _, err := Sort(Sorting{Strategy: s, MaxNumBatchedTokens: 16384}, 8, issued, func(i int) []int32 { return prompts[i] }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
