package loadgen

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestCheckPerformance: the check without samples says what laying out the
// phases says.
func TestCheckPerformance(t *testing.T) {
	refused := 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := DefaultSettings()
		s.Scenario = []Scenario{Offline, Server, SingleStream, MultiStream}[r.IntN(4)]
		s.Mode = PerformanceOnly
		s.ServerTargetQPS, s.OfflineExpectedQPS = 1+r.Float64()*10, 1+r.Float64()*10
		s.MinDuration = time.Duration(r.IntN(3)) * time.Second
		s.MinQueryCount = uint64(r.IntN(4))
		s.MultiStreamSamplesPerQuery = uint64(1 + r.IntN(8))
		s.SampleConcatenatePermutation = r.IntN(2) == 0
		s.PerformanceIssueUnique, s.PerformanceIssueSame = r.IntN(3) == 0, r.IntN(3) == 0
		s.PerformanceIssueSameIndex = uint64(r.IntN(12))
		s.PerformanceSampleCountOverride = uint64(r.IntN(12))
		lib := Library{TotalSampleCount: uint64(1 + r.IntN(12)), PerformanceSampleCount: uint64(1 + r.IntN(12))}
		e, err := s.Effective(lib)
		if err != nil {
			continue
		}
		g := Generator{OldPerformanceSet: r.IntN(2) == 0}
		_, want := e.Phases(g)
		if got := e.CheckPerformance(g); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("seed %d: %v, want %v (%+v)", seed, got, want, s)
		}
		if want != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nothing was refused: the test shows nothing")
	}
}
