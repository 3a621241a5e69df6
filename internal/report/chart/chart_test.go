package chart

import (
	"encoding/xml"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 0.5: "0.5", 42.78: "42.78", 4.56789: "4.57", 999.94: "999.9", 1234.5: "1,235", 60932: "60,932", -1500: "-1,500", 2.5e6: "2.5M", 7e9: "7G", 0.0217: "0.0217", 1e-7: "1e-07", math.NaN(): "–", math.Inf(1): "–",
	} {
		if got := Number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	for share, want := range map[float64]string{0: "0 %", 0.6: "60 %", 0.125: "12.5 %", 0.9: "90 %", 0.99: "99 %", 0.999: "99.9 %", 0.9999: "99.99 %", 1: "100 %", 0.015: "1.5 %"} {
		if got := Percent(share); got != want {
			t.Errorf("%v: %q, want %q", share, got, want)
		}
	}
}

func TestTicksAreRound(t *testing.T) {
	round := regexp.MustCompile(`^-?(\d[05]*|\d*\.0*\d[05]?|\d+0+)$`)
	for _, high := range []float64{0.003, 1, 7, 99.5, 1234, 8.1e6} {
		list := ticks(0, high, 5)
		if len(list) < 3 || len(list) > 12 || list[0] != 0 || math.Signbit(list[0]) {
			t.Errorf("ticks up to %g: %v", high, list)
		}
		for _, v := range list {
			if text := strings.ReplaceAll(strings.TrimRight(Number(v), "kMG"), ",", ""); !round.MatchString(text) {
				t.Errorf("tick %s up to %g", text, high)
			}
		}
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), -1, 0} {
		if got := ticks(0, bad, 5); got != nil {
			t.Errorf("ticks up to %v: %v", bad, got)
		}
	}
}

// drawn returns the elements of a chart's file that have a class.
func drawn(t *testing.T, c *Chart, class string) []map[string]string {
	t.Helper()
	var out []map[string]string
	dec := xml.NewDecoder(strings.NewReader(string(c.File())))
	for {
		token, err := dec.Token()
		if token == nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			return out
		}
		if e, ok := token.(xml.StartElement); ok {
			m := map[string]string{"": e.Name.Local}
			for _, a := range e.Attr {
				m[a.Name.Local] = a.Value
			}
			if strings.HasPrefix(m["class"], class) {
				out = append(out, m)
			}
		}
	}
}

func share(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v / 100
}

// TestColumnsAreInProportion: heights are as counts, and one request is to be seen.
func TestColumnsAreInProportion(t *testing.T) {
	c := &Chart{Bins: []Bin{{From: 0, To: 1, Count: 1000}, {From: 1, To: 2, Count: 500}, {From: 2, To: 3}, {From: 3, To: 90, Count: 1, Over: true}}}
	bars := drawn(t, c, "fill c")
	if len(bars) != 3 {
		t.Fatalf("%d columns", len(bars))
	}
	if a, b := share(t, bars[0]["height"]), share(t, bars[1]["height"]); math.Abs(a-2*b) > 1e-3 {
		t.Errorf("heights %v and %v", a, b)
	}
	if last := bars[2]; share(t, last["height"]) <= 0 || last["class"] != "fill c1" || share(t, last["x"])+share(t, last["width"]) > 1 {
		t.Errorf("what lies above: %v", last)
	}
}

// TestLimits: one near the values is drawn at its place, one far away is said at the edge.
func TestLimits(t *testing.T) {
	for _, onY := range []bool{false, true} {
		c := &Chart{Curves: []Curve{{Points: []Point{{0, 0}, {100, 100}}}}, Limits: []Limit{{Name: "limit 120", Value: 120, OnY: onY}}}
		if lines := drawn(t, c, "limit"); len(lines) != 2 || lines[0][""] != "line" {
			t.Errorf("near, on Y %v: %v", onY, lines)
		}
		c.Limits[0] = Limit{Name: "limit 9000", Value: 9000, OnY: onY}
		if lines := drawn(t, c, "limit"); len(lines) != 1 || lines[0][""] != "text" || !strings.Contains(string(c.File()), "limit 9000, beyond the chart") {
			t.Errorf("far, on Y %v: %v", onY, lines)
		}
	}
}

// TestGaps: where a value is none the line is interrupted.
func TestGaps(t *testing.T) {
	c := &Chart{Curves: []Curve{{Points: []Point{{0, 1}, {1, 2}, {2, math.NaN()}, {3, 4}}}}}
	if lines := drawn(t, c, "line c0"); len(lines) != 2 {
		t.Errorf("%d lines", len(lines))
	}
	c.Curves[0].Points = []Point{{0, math.NaN()}}
	if !strings.Contains(string(c.File()), "nothing was recorded") {
		t.Error("an empty chart does not say so")
	}
}

// TestValues: what is said where is what the curves have there.
func TestValues(t *testing.T) {
	c := &Chart{X: Axis{Unit: "s"}, Y: Axis{Unit: "ms"}, Curves: []Curve{{Name: "a", Points: []Point{{0, 1}, {10, 2.5}}}, {Name: "b", Points: []Point{{0, 7}, {10, math.NaN()}}}}}
	at, text := c.values()
	if len(at) != 2 || at[0] != 0 || at[1] != 10000 || text[0] != "0 s: a 1 · b 7 ms" || text[1] != "10 s: a 2.5 ms" {
		t.Errorf("%v %q", at, text)
	}
	h := &Chart{X: Axis{Unit: "ms"}, Bins: []Bin{{From: 10, To: 20, Count: 3}, {From: 20, To: 400, Count: 1, Over: true}}}
	if _, text := h.values(); text[0] != "10 to 20 ms: 3" || text[1] != "above 20 ms: 1, the largest 400" {
		t.Errorf("%q", text)
	}
}

// TestNines: each further nine is as far from the one before.
func TestNines(t *testing.T) {
	s := scale{low: 0, high: 0.9999, nines: true}
	for i, v := range []float64{0, 0.9, 0.99, 0.999, 0.9999} {
		if got := s.at(v); math.Abs(got-float64(i)/4) > 1e-9 {
			t.Errorf("%v is at %v", v, got)
		}
	}
}
