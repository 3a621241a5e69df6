package loadgen

func (q Settings) Derive(lib Library) Effective {
	e := Effective{Requested: q, Library: lib, SamplesPerQuery: 1, TargetQPS: 1, TargetDuration: q.MinDuration, MinDuration: q.MinDuration, MaxDuration: q.MaxDuration, MinQueryCount: q.MinQueryCount, MaxQueryCount: q.MaxQueryCount}
	e.PerformanceSampleCount = lib.PerformanceSampleCount
	if q.PerformanceSampleCountOverride != 0 {
		e.PerformanceSampleCount = q.PerformanceSampleCountOverride
	}
	e.AccuracySampleCount = lib.TotalSampleCount
	if q.AccuracySampleCountOverride != 0 {
		e.AccuracySampleCount = q.AccuracySampleCountOverride
	}
	s := float64(q.MinDuration.Milliseconds()) / 1000
	switch q.Scenario {
	case SingleStream:
		e.TargetQPS = 1e9 / q.SingleStreamExpectedLatencyNS
		e.MaxAsyncQueries = 1
		e.TargetLatencyPercentile = q.SingleStreamTargetLatencyPercentile
		if q.SampleConcatenatePermutation {
			e.MinQueryCount = max(e.MinQueryCount, uint64(2*s*e.TargetQPS))
			e.MinQueryCount += lib.PerformanceSampleCount - e.MinQueryCount%lib.PerformanceSampleCount
		}
	case MultiStream:
		e.TargetQPS = 1e9 / q.MultiStreamExpectedLatencyNS
		e.MaxAsyncQueries = 1
		e.SamplesPerQuery = q.MultiStreamSamplesPerQuery
		e.TargetLatencyPercentile = q.MultiStreamTargetLatencyPercentile
	case Server:
		e.TargetQPS = q.ServerTargetQPS
		e.TargetLatency = q.ServerTargetLatency
		e.TargetLatencyPercentile = q.ServerTargetLatencyPercentile
		e.MaxAsyncQueries = q.ServerMaxAsyncQueries
	case Offline:
		e.TargetQPS = q.OfflineExpectedQPS
		e.MaxAsyncQueries = 1
		e.TargetLatencyPercentile = .99
		e.SamplesPerQuery = max(q.MinQueryCount, uint64(1.1*s*e.TargetQPS))
		e.MinQueryCount = 1
		e.TargetDuration = 0
	}
	e.MinSampleCount = e.MinQueryCount * e.SamplesPerQuery
	return e
}
