package sim

import (
	"math"
	"slices"
	"testing"
)

func TestOutputLengths(t *testing.T) {
	l := Lengths{Median: 200, Sigma: 0.6}
	var logs []float64
	for i := range uint64(20000) {
		o := newOutput(mix(i), l, 1, 1<<30, false)
		if !o.stop {
			t.Fatalf("output %d does not end of itself", i)
		}
		logs = append(logs, math.Log(float64(o.n)))
	}
	slices.Sort(logs)
	if median := math.Exp(logs[len(logs)/2]); median < 195 || median > 205 {
		t.Errorf("median length %.1f, want about 200", median)
	}
	// One standard deviation below and above.
	lo, hi := logs[len(logs)*1587/10000], logs[len(logs)*8413/10000]
	if sigma := (hi - lo) / 2; math.Abs(sigma-0.6) > 0.02 {
		t.Errorf("sigma %.3f, want 0.6", sigma)
	}
}

func TestOutputLimits(t *testing.T) {
	fixed := Lengths{Median: 50, Sigma: -1}
	for _, c := range []struct {
		name      string
		min, max  int
		ignoreEOS bool
		n         int
		stop      bool
	}{
		{"natural", 0, 100, false, 50, true},
		{"cut", 0, 20, false, 20, false},
		{"just as long", 0, 50, false, 50, false},
		{"at least", 70, 100, false, 70, true},
		{"exactly", 100, 100, false, 100, false},
		{"ignore EOS", 0, 100, true, 100, false},
	} {
		o := newOutput(7, fixed, c.min, c.max, c.ignoreEOS)
		if o.n != c.n || o.stop != c.stop {
			t.Errorf("%s: %d tokens, stop %v; want %d, %v", c.name, o.n, o.stop, c.n, c.stop)
		}
		if last := o.id(o.n - 1); (last == endOfText) != c.stop {
			t.Errorf("%s: last token %d, stop %v", c.name, last, c.stop)
		}
	}
}

func TestPromptDecidesOutput(t *testing.T) {
	a, b := []int{1, 2, 3}, []int{1, 3, 2}
	if promptKey(1, a) != promptKey(1, slices.Clone(a)) {
		t.Error("the same prompt has two keys")
	}
	if promptKey(1, a) == promptKey(1, b) || promptKey(1, a) == promptKey(2, a) {
		t.Error("order or seed makes no difference")
	}
}

func TestTextIsAdditive(t *testing.T) {
	o := output{key: 3, n: 500, stop: true}
	whole := string(o.appendText(nil, 0, 500))
	var parts []byte
	silent := 0
	for i := range 500 {
		before := len(parts)
		parts = o.appendText(parts, i, i+1)
		if len(parts) == before {
			silent++
		}
	}
	if string(parts) != whole {
		t.Error("the text in parts differs from the whole")
	}
	if silent < 2 {
		t.Errorf("%d tokens without text, want some", silent)
	}
}
