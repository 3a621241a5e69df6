package loadgen

import (
	"testing"
	"time"
)

// serverPhase is a Server phase of about n queries.
func serverPhase(tb testing.TB, n int, equalIssue bool) *Phase {
	tb.Helper()
	s := DefaultSettings()
	s.Scenario, s.ServerTargetQPS = Server, float64(n)/600
	s.MinDuration = 600 * time.Second
	s.SampleConcatenatePermutation = equalIssue
	s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = 2085463073848966840, 2747215439041700203, 16159082839903944936
	e, err := s.Effective(Library{TotalSampleCount: 24576, PerformanceSampleCount: 24576})
	if err != nil {
		tb.Fatal(err)
	}
	phases, err := e.Phases(Generator{})
	if err != nil {
		tb.Fatal(err)
	}
	return phases[0]
}

func BenchmarkTotals10MServerQueries(b *testing.B) {
	p := serverPhase(b, 10_000_000, true)
	b.ReportAllocs()
	for b.Loop() {
		p.Totals()
	}
}

func benchmarkQueries(b *testing.B, equalIssue bool) {
	p := serverPhase(b, 3_200_000, equalIssue)
	b.ReportAllocs()
	for b.Loop() {
		for range p.Queries() {
		}
	}
}

func Benchmark3200KServerQueries(b *testing.B)           { benchmarkQueries(b, false) }
func Benchmark3200KServerQueriesEqualIssue(b *testing.B) { benchmarkQueries(b, true) }
