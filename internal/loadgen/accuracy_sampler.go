package loadgen

// accuracySampleSeed seeds the engine from which each sample draws its chance:
// the default seed of std::mt19937, since no setting of LoadGen reaches it.
const accuracySampleSeed = 5489

// AccuracySampler says which samples of a performance run are logged with their
// response, so that its accuracy can be checked.
type AccuracySampler struct {
	rng                 *engine
	offset, probability float64
}

// NewAccuracySampler returns the sampler of a whole test.
func NewAccuracySampler(s *Effective) *AccuracySampler {
	q := &s.Requested
	return &AccuracySampler{
		rng:         newEngine(accuracySampleSeed, Generator{}),
		offset:      newEngine(q.AccuracyLogSeed, Generator{}).canonical(),
		probability: s.accuracyLogProbability(),
	}
}

// accuracyLogProbability is the share of samples to log: as asked for, or a
// number of samples over the number that is expected.
func (s *Effective) accuracyLogProbability() float64 {
	q := &s.Requested
	if q.AccuracyLogSamplingTarget == 0 {
		return q.AccuracyLogProbability
	}
	expected := uint64(max(float64(s.TargetQPS*float64(s.MinDuration.Milliseconds()))/1000, 0))
	least := s.MinSampleCount
	if q.Scenario != Offline {
		expected *= s.SamplesPerQuery
		least = s.MinQueryCount * s.SamplesPerQuery
	}
	return float64(q.AccuracyLogSamplingTarget) / float64(max(expected, least))
}

// Next reports whether the next sample is logged in performance mode. It is asked
// once for each sample that is generated, in that order and through all phases:
// samples of accuracy mode are all logged, but draw too.
func (a *AccuracySampler) Next() bool {
	chance := a.rng.canonical() + a.offset
	if chance >= 1 {
		chance -= 1
	}
	return chance <= a.probability
}

// Skip passes over samples, as calling Next so often would.
func (a *AccuracySampler) Skip(samples uint64) {
	for range samples {
		a.rng.canonical()
	}
}
