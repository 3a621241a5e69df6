package percentile_test

import (
	"fmt"
	"math"
	"testing"

	"mlcfg/internal/record/percentile"
)

func TestRank(t *testing.T) {
	for _, c := range []struct {
		n    int
		p    float64
		want int
	}{
		{0, 0.5, 0},
		{1, 0, 0},
		{1, 0.5, 0},
		{1, 1, 0},
		{2, 0.49, 0},
		{2, 0.5, 1},
		{100, 0.99, 99},
		{100, 0.9, 90},
		{101, 0.99, 99},
		{1000, 0.999, 999},
		{100, 1, 99},
		{100, 2, 99},
		{100, -1, 0},
		{100, math.NaN(), 0},
		{100, math.Inf(1), 99},
		// 0.29 x 100 is 28.999999999999996 in binary, and LoadGen cuts that.
		{100, 0.29, 28},
		{100, 0.57, 56},
	} {
		if got := percentile.Rank(c.n, c.p); got != c.want {
			t.Errorf("the place of %v among %d is %d, want %d", c.p, c.n, got, c.want)
		}
	}
}

func ExampleOf() {
	fmt.Println(percentile.Of([]int{10, 20, 30, 40}, 0.5), percentile.Of([]int{10, 20, 30, 40}, 0.99))
	fmt.Println(percentile.Of([]float64(nil), 0.5))
	// Output:
	// 30 40
	// 0
}
