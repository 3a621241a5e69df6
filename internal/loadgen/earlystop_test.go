package loadgen

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"mlcfg/tools/sharedata"
)

func TestMinPassingQueriesGolden(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sharedata.LoadGen(t), "golden", "early_stopping.json"))
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	var file struct {
		Tables []struct {
			P      float64    `json:"p"`
			Seq    [][2]int64 `json:"seq"`
			Single [][2]int64 `json:"single"`
		} `json:"tables"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tables) == 0 {
		t.Fatal("no tables")
	}
	for _, table := range file.Tables {
		for _, row := range append(table.Seq, table.Single...) {
			t.Run(fmt.Sprintf("p=%g/t=%d", table.P, row[0]), func(t *testing.T) {
				if got := MinPassingQueries(row[0], table.P); got != row[1] {
					t.Errorf("got %d, want %d", got, row[1])
				}
			})
		}
	}
}

// cachedFinder is the search as LoadGen does it, with a bracket that depends on
// the counts found before.
type cachedFinder map[int64]int64

func (c cachedFinder) find(t int64, p float64) int64 {
	if h, ok := c[t]; ok {
		return h
	}
	x0, y0, x1 := int64(-1), int64(0), int64(0)
	y1 := int64(math.Ceil(math.Log(1-0.99) / math.Log(p)))
	nearest, second := int64(-1), int64(-1)
	for k := range c {
		if k < t && k > nearest {
			nearest, second = k, nearest
		} else if k < t && k > second {
			second = k
		}
	}
	if nearest >= 0 {
		x1, y1 = nearest, c[nearest]
	}
	if second >= 0 {
		x0, y0 = second, c[second]
	}
	low := int64(float64(t-x1)*(p/(1-p)) + float64(y1))
	high := (t-x1)*((y1-y0)*(x1-x0)) + y1 + 1
	for n := high - low; n > 0; {
		step := n / 2
		if oddsBelow(low+step, t, p) {
			n = step
		} else {
			low += step + 1
			n -= step + 1
		}
	}
	c[t] = low
	return low
}

func TestMinPassingQueriesDoesNotDependOnHistory(t *testing.T) {
	for _, p := range []float64{0.5, 0.75, 0.8, 0.9, 0.925, 0.95, 0.97, 0.99, 0.995, 0.999} {
		inOrder, skipping := cachedFinder{}, cachedFinder{}
		for n := int64(0); n <= 150; n++ {
			want := MinPassingQueries(n, p)
			if got := inOrder.find(n, p); got != want {
				t.Errorf("p=%g t=%d in order: %d, alone %d", p, n, got, want)
			}
			if n%7 == 0 {
				if got := skipping.find(n*5, p); got != MinPassingQueries(n*5, p) {
					t.Errorf("p=%g t=%d in sevens: %d", p, n*5, got)
				}
			}
		}
	}
}

func TestMinPassingQueriesGrows(t *testing.T) {
	for _, p := range []float64{0.6, 0.9, 0.97, 0.99, 0.999} {
		before := int64(0)
		for n := int64(0); n < 400; n++ {
			h := MinPassingQueries(n, p)
			if h <= before {
				t.Fatalf("p=%g: h(%d) = %d after %d", p, n, h, before)
			}
			if !oddsBelow(h, n, p) || oddsBelow(h-1, n, p) {
				t.Fatalf("p=%g: h(%d) = %d is not the smallest", p, n, h)
			}
			before = h
		}
	}
}

func TestMinPassingQueriesBadInput(t *testing.T) {
	for _, p := range []float64{0, 1, -1, 2, math.NaN(), math.Inf(1), 1 - 1e-16} {
		if got := MinPassingQueries(1000, p); got != neverPassing {
			t.Errorf("p=%v: %d", p, got)
		}
	}
	// Where no run could be long enough, within what a float can count.
	const near = 1 - 1e-15 // of a percentile that is met by 4.6e15 queries without a miss
	for misses, never := range map[int64]bool{0: false, 1: true, 2: true} {
		if got := MinPassingQueries(misses, near); (got == neverPassing) != never {
			t.Errorf("%d misses: %d", misses, got)
		}
	}
	if got := MinPassingQueries(3, 1e-300); got < 1 {
		t.Errorf("tiny percentile: %d", got)
	}
}

// discardableInOrder is discardable as LoadGen does it.
func discardableInOrder(queries int64, p float64) int64 {
	finder := cachedFinder{}
	finder.find(1, p)
	for i := int64(2); i < queries+1; i++ {
		if queries < finder.find(i, p)+i {
			return i - 1
		}
	}
	return 1
}

func TestDiscardable(t *testing.T) {
	for _, p := range []float64{0.01, 0.3, 0.5, 0.9, 0.99} {
		for _, queries := range []int64{1, 63, 64, 65, 80, 81, 100, 662, 663, 900, 5000} {
			got, need, ok := discardable(queries, p)
			if ok != (queries >= need) {
				t.Fatalf("p=%g: %d queries, need %d, ok %v", p, queries, need, ok)
			}
			if want := discardableInOrder(queries, p); ok && got != want {
				t.Errorf("p=%g: %d queries: t = %d, want %d", p, queries, got, want)
			}
		}
	}
}

func BenchmarkDiscardableMillion(b *testing.B) {
	for range b.N {
		discardable(1_000_000, 0.9)
		discardable(1_000_000, 0.99)
	}
}

func BenchmarkMinPassingQueries(b *testing.B) {
	for range b.N {
		MinPassingQueries(10_000, 0.99)
	}
}
