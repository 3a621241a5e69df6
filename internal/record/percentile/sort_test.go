package percentile_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mlcfg/internal/record/percentile"
)

func TestSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 2, 100, 4095, 4096, 4097, 50_000} {
		for name, next := range map[string]func() int64{
			"any":      func() int64 { return int64(rng.Uint64()) },
			"near":     func() int64 { return rng.Int64N(300) },
			"negative": func() int64 { return rng.Int64N(1<<33) - 1<<32 },
			"equal":    func() int64 { return 7 },
			"ends":     func() int64 { return []int64{math.MinInt64, math.MaxInt64, 0, -1}[rng.IntN(4)] },
		} {
			times := make([]time.Duration, n)
			for i := range times {
				times[i] = time.Duration(next())
			}
			want := slices.Clone(times)
			slices.Sort(want)
			for range 2 { // and what is sorted stays so
				if percentile.Sort(times); !slices.Equal(times, want) {
					t.Errorf("%d of kind %s are not sorted", n, name)
				}
			}
		}
	}
}

func BenchmarkSort(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 4))
	times := make([]time.Duration, 1_000_000)
	work := make([]time.Duration, len(times))
	for i := range times {
		times[i] = time.Duration(rng.Int64N(int64(time.Minute)))
	}
	for name, sort := range map[string]func([]time.Duration){"bytes": percentile.Sort[time.Duration], "slices": slices.Sort[[]time.Duration]} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				copy(work, times)
				sort(work)
			}
		})
	}
}
