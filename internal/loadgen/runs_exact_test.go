package loadgen

import (
	"math"
	"strconv"
	"testing"
)

// exact returns the settings with the rate, or expected latency, that a run was
// really given: a log has six digits of it, what was generated shows the rest.
// The printed value is taken where it explains the log; else the shortest that
// is printed so and does. Settings that nothing explains come back as they are.
func (l logged) exact(t *testing.T, s Settings, lib Library, g Generator) Settings {
	t.Helper()
	var want struct {
		queries   uint64
		samples   uint64
		perQuery  int
		duration  int64
		effective uint64
		rate      float64
	}
	if !l.get(t, "generated_query_count", &want.queries) || !l.get(t, "generated_query_duration", &want.duration) {
		return s
	}
	l.get(t, "generated_samples_per_query", &want.perQuery)
	l.get(t, "effective_samples_per_query", &want.effective)
	l.get(t, "effective_min_sample_count", &want.samples)
	l.get(t, "effective_target_qps", &want.rate)
	rate := s.rate()
	printed := *rate
	lay := func(x float64) (Effective, *Phase, error) {
		*rate = x
		e, err := s.Effective(lib)
		if err != nil {
			return e, nil, err
		}
		phases, err := e.Phases(g)
		if err != nil {
			return e, nil, err
		}
		return e, phases[len(phases)-1], nil
	}
	explains := func(x float64) bool {
		e, p, err := lay(x)
		if err != nil || six(x) != six(printed) || six(e.TargetQPS) != six(want.rate) || p.SamplesPerQuery != want.perQuery || e.SamplesPerQuery != want.effective || e.MinSampleCount != want.samples {
			return false
		}
		totals := p.Totals()
		return totals.Queries == want.queries && int64(totals.Duration) == want.duration
	}
	if explains(printed) {
		return s
	}
	low, high := roundedTo(printed)
	switch s.Scenario {
	case Server:
		// The time of so many arrivals is inverse to the rate, but for the parts of
		// a nanosecond that each arrival loses.
		x := printed
		for range 5 {
			_, p, err := lay(x)
			if err != nil {
				break
			}
			times := p.times()
			for range want.queries {
				times.next()
			}
			x *= float64(times.at) / float64(want.duration)
		}
		low, high = x*(1-1e-8), x*(1+1e-8)
	case Offline:
		low, high = max(low, 1e9/float64(want.duration+1)), min(high, 1e9/float64(want.duration))
		if seconds := s.MinDuration.Seconds(); want.effective > s.MinQueryCount {
			low, high = max(low, float64(want.effective)/(1.1*seconds)), min(high, float64(want.effective+1)/(1.1*seconds))
		}
	default:
		step := float64(want.duration / int64(want.queries))
		slowest, fastest := roundedTo(want.rate)
		low, high = max(low, step, 1e9/fastest), min(high, step+1, 1e9/slowest)
	}
	for digits := 6; digits <= 17; digits++ {
		x, _ := strconv.ParseFloat(strconv.FormatFloat(low+(high-low)/2, 'e', digits, 64), 64)
		if x >= low && x <= high && explains(x) {
			return s
		}
	}
	*rate = printed
	return s
}

// roundedTo returns the bounds of what is x in six digits.
func roundedTo(x float64) (low, high float64) {
	half := math.Pow(10, math.Floor(math.Log10(x))-5) / 2
	return x - half, x + half
}

// rate is the setting that generation of the scenario depends on.
func (s *Settings) rate() *float64 {
	switch s.Scenario {
	case Server:
		return &s.ServerTargetQPS
	case Offline:
		return &s.OfflineExpectedQPS
	case MultiStream:
		return &s.MultiStreamExpectedLatencyNS
	}
	return &s.SingleStreamExpectedLatencyNS
}

// TestExact: a rate of more digits than a log prints is found again, and one
// that explains nothing is not put in its place.
func TestExact(t *testing.T) {
	for scenario, rate := range map[Scenario]float64{Server: 329.9012, Offline: 193.48957, SingleStream: 1086398.25, MultiStream: 2345678.5} {
		s := DefaultSettings()
		s.Scenario, s.MinDuration, s.ScheduleSeed = scenario, 60e9, 7
		*s.rate() = rate
		lib := Library{TotalSampleCount: 100, PerformanceSampleCount: 100}
		e, err := s.Effective(lib)
		if err != nil {
			t.Fatal(err)
		}
		phases, err := e.Phases(Generator{})
		if err != nil {
			t.Fatal(err)
		}
		totals := phases[0].Totals()
		log := logged{
			"generated_query_count":       number(int64(totals.Queries)),
			"generated_query_duration":    number(int64(totals.Duration)),
			"generated_samples_per_query": number(int64(phases[0].SamplesPerQuery)),
			"effective_samples_per_query": number(int64(e.SamplesPerQuery)),
			"effective_min_sample_count":  number(int64(e.MinSampleCount)),
			"effective_target_qps":        []byte(six(e.TargetQPS)),
		}
		printed, _ := strconv.ParseFloat(six(rate), 64)
		*s.rate() = printed
		found := log.exact(t, s, lib, Generator{})
		if got := *found.rate(); math.Abs(got/rate-1) > 1e-6 || got == printed {
			t.Errorf("%v: got %v, want %v or nearly", scenario, got, rate)
		}
		log["generated_query_count"] = number(int64(totals.Queries) + 1)
		found = log.exact(t, s, lib, Generator{})
		if got := *found.rate(); got != printed {
			t.Errorf("%v: %v is taken to explain what cannot be", scenario, got)
		}
	}
}

func number(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
