package selftest

import (
	"math"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client/mock"
)

type inProcess struct{ *mock.Server }

func (s inProcess) Stop() ([]mock.Visit, error) {
	truth := s.Truth()
	return truth, s.Close()
}

func TestMeasure(t *testing.T) {
	r, err := Measure(t.Context(), Options{
		Start: func(c mock.Config) (Server, error) {
			s, err := mock.Start("127.0.0.1:0", c)
			return inProcess{s}, err
		},
		Capacity: 50 * time.Millisecond, Timing: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Capacity) != len(capacityCases) || len(r.Timing) != len(timingRates) {
		t.Fatalf("%+v", r)
	}
	for _, c := range r.Capacity {
		if c.Requests <= 0 || math.Abs(c.Tokens/c.Requests-float64(c.OutputTokens)) > 0.01 || c.CPUPerRequest <= 0 {
			t.Errorf("%+v", c)
		}
	}
	for _, x := range r.Timing {
		if x.Requests < 5 || x.Lateness.P50 > x.Lateness.P99 || x.Lateness.P99 > x.Lateness.Max || x.TTFTError.Max <= 0 || x.GapDistance > 1 {
			t.Errorf("%+v", x)
		}
	}
}

func TestMeasureFails(t *testing.T) {
	_, err := Measure(t.Context(), Options{Start: func(mock.Config) (Server, error) {
		s, err := mock.Start("127.0.0.1:0", mock.Config{})
		if err == nil {
			err = s.Close()
		}
		return inProcess{s}, err
	}})
	if err == nil || !strings.Contains(err.Error(), "measuring the client's capacity: connecting to replica 0") {
		t.Errorf("got %v", err)
	}
}

func TestBeyond(t *testing.T) {
	r := Report{Capacity: []Capacity{{Requests: 1000, Tokens: 1000}, {Requests: 400, Tokens: 40000}}}
	for _, c := range []struct {
		requests, tokens float64
		want             int
	}{{500, 20000, 0}, {501, 20000, 1}, {501, 20001, 2}} {
		if got := r.Beyond(c.requests, c.tokens); len(got) != c.want {
			t.Errorf("%v: %q", c, got)
		}
	}
}

func TestDistances(t *testing.T) {
	var exact []float64
	for i := range 1000 {
		exact = append(exact, -math.Log(1-(float64(i)+0.5)/1000)/7)
	}
	if d := Distance(exact, 7); d > 0.0006 {
		t.Errorf("quantiles of the distribution are %v away from it", d)
	}
	if d := Distance([]float64{1, 1, 1}, 7); d < 0.99 {
		t.Errorf("constant gaps: %v", d)
	}
	if d := between([]float64{1, 2, 2, 3}, []float64{3, 2, 1, 2}); d != 0 {
		t.Errorf("the same sample: %v", d)
	}
	if d := between([]float64{1, 2}, []float64{3, 4}); d != 1 {
		t.Errorf("apart: %v", d)
	}
	if d := between([]float64{1, 2, 3, 4}, []float64{2, 3, 4, 5}); math.Abs(d-0.25) > 1e-12 {
		t.Errorf("shifted by one of four: %v", d)
	}
}
