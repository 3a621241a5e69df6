package histogram

import (
	"testing"
	"time"

	"mlcfg/internal/record/percentile"
)

func TestQuantile(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Max() != 0 || h.Len() != 0 {
		t.Errorf("empty: %v, %v, %d", h.Quantile(0.5), h.Max(), h.Len())
	}
	for i := range 1000 {
		h.Add(time.Duration(i) * time.Microsecond)
	}
	for _, c := range []struct{ got, want time.Duration }{{h.Quantile(0.5), 500 * time.Microsecond}, {h.Quantile(0.99), 990 * time.Microsecond}} {
		if c.got > c.want || c.got < c.want-c.want/100 {
			t.Errorf("%v, want %v less 1 percent at most", c.got, c.want)
		}
	}
	if h.Max() != 999*time.Microsecond || h.Len() != 1000 {
		t.Errorf("max %v of %d", h.Max(), h.Len())
	}
	h.Add(1<<63 - 1)
	h.Add(-5)
	if h.Quantile(0) != 0 || h.Max() != 1<<63-1 {
		t.Errorf("min %v, max %v", h.Quantile(0), h.Max())
	}
}

// Short durations have a bucket each, so their percentiles are LoadGen's exactly.
func TestQuantileIsLoadGens(t *testing.T) {
	for n := 1; n <= 100; n++ {
		var h Histogram
		var sorted []time.Duration
		for i := range n {
			h.Add(time.Duration(i + 1))
			sorted = append(sorted, time.Duration(i+1))
		}
		for _, q := range []float64{0, 0.1, 0.5, 0.9, 0.97, 0.99, 0.999, 1} {
			if got, want := h.Quantile(q), percentile.Of(sorted, q); got != want {
				t.Errorf("of %d, %v: %d, want %d", n, q, got, want)
			}
		}
	}
}

func TestBuckets(t *testing.T) {
	for v := uint64(1); v < 1<<62; v = v*3 + 1 {
		if low := lowest(bucket(v)); low > v || v-low > v/100 {
			t.Errorf("%d is in the bucket from %d", v, low)
		}
	}
}
