package loadgen

import (
	"fmt"
	"time"
)

// Phase is one stretch of a test that LoadGen generates, loads and issues as a
// whole: in performance mode the one loaded set, in accuracy mode one for each
// loadable set, in a submission run accuracy's phases and then performance's.
// Every phase starts at time 0 with freshly seeded engines.
type Phase struct {
	// Mode is AccuracyOnly or PerformanceOnly.
	Mode Mode
	// Loaded are the samples of the data set that are loaded, in this order.
	// For MultiStream the first samples are repeated at its end, so that
	// every query has neighbours.
	Loaded []int
	// Distinct is the length of Loaded without those repeated.
	Distinct int
	// FirstQuery and FirstSample are the running numbers of the first query and
	// of its first sample; they count on through all phases of a test.
	FirstQuery  uint64
	FirstSample uint64
	// SamplesPerQuery is the number of samples in each query, in Offline after
	// equal issue has padded it.
	SamplesPerQuery int

	settings  Effective
	generator Generator
	// minQueries is what must be generated at least, before padding, and
	// padded afterwards; until is the time up to which queries are generated.
	minQueries, padded int
	until              int64
}

// Totals are what a phase amounts to.
type Totals struct {
	// Queries and Samples are how many there are.
	Queries, Samples uint64
	// LastScheduled is the scheduled time of the last query.
	LastScheduled time.Duration
	// Duration is when one more query would follow: LoadGen's
	// generated_query_duration.
	Duration time.Duration
}

// ScheduledSamplesPerSecond is LoadGen's figure of that name: one sample less
// than there are, over the last scheduled time; 0 where all is due at once.
func (t Totals) ScheduledSamplesPerSecond() float64 {
	if t.LastScheduled == 0 {
		return 0
	}
	return float64(t.Samples-1) / (float64(t.LastScheduled) / 1e9)
}

// Phases lays out the phases of a test in their order. The error says what
// LoadGen would not survive.
func (e Effective) Phases(g Generator) ([]*Phase, error) {
	var phases []*Phase
	switch e.Requested.Mode {
	case FindPeakPerformance:
		return nil, fmt.Errorf("mode %v is a search over many schedules, not one", e.Requested.Mode)
	case AccuracyOnly, SubmissionRun:
		for _, loaded := range e.loadableSets(e.AccuracySampleCount, g) {
			phases = append(phases, &Phase{Mode: AccuracyOnly, Loaded: loaded})
		}
	}
	if e.Requested.Mode != AccuracyOnly {
		phases = append(phases, &Phase{Mode: PerformanceOnly, Loaded: e.loadableSets(e.PerformanceSampleCount, g)[0]})
	}
	for i, p := range phases {
		p.settings, p.generator = e, g
		if err := p.layOut(len(p.Loaded)); err != nil {
			return nil, err
		}
		if i > 0 {
			// Only a performance phase, which is the last, depends on its schedule.
			last := phases[i-1]
			p.FirstQuery = last.FirstQuery + uint64(last.padded)
			p.FirstSample = last.FirstSample + uint64(last.padded)*uint64(last.SamplesPerQuery)
		}
	}
	return phases, nil
}

// loadableSets draws the sets of at most PerformanceSampleCount samples that
// are in memory together, from the first count samples of the data set.
func (e Effective) loadableSets(count uint64, g Generator) [][]int {
	total := e.Library.TotalSampleCount
	if !g.OldPerformanceSet {
		total = min(count, total)
	}
	samples := make([]int, total)
	for i := range samples {
		samples[i] = i
	}
	shuffle(newEngine(e.Requested.QSLSeed, g), samples)
	var sets [][]int
	for size := int(min(e.PerformanceSampleCount, total)); len(samples) > 0; {
		n := min(size, len(samples))
		sets = append(sets, samples[:n:n])
		samples = samples[n:]
	}
	if e.Requested.Scenario == MultiStream {
		for i, set := range sets {
			for j := range int(e.SamplesPerQuery) - 1 {
				set = append(set, set[j])
			}
			sets[i] = set
		}
	}
	return sets
}

// CheckPerformance returns the error that Phases would give for the performance
// phase, without drawing its samples.
func (e Effective) CheckPerformance(g Generator) error {
	total := e.Library.TotalSampleCount
	if !g.OldPerformanceSet {
		total = min(e.PerformanceSampleCount, total)
	}
	n := int(min(e.PerformanceSampleCount, total))
	if e.Requested.Scenario == MultiStream {
		n += int(e.SamplesPerQuery) - 1
	}
	return (&Phase{Mode: PerformanceOnly, settings: e, generator: g}).layOut(n)
}

// layOut sets the bounds of generation for n loaded samples.
func (p *Phase) layOut(n int) error {
	e, s := p.settings, p.settings.Requested
	p.Distinct = n
	p.SamplesPerQuery = int(e.SamplesPerQuery)
	if s.Scenario == MultiStream {
		p.Distinct -= p.SamplesPerQuery - 1
	}
	accuracy := p.Mode == AccuracyOnly
	if accuracy && s.Scenario == Offline {
		p.SamplesPerQuery = p.Distinct
	}
	p.minQueries = int(e.MinQueryCount)
	p.until = int64(e.TargetDuration)
	if s.Scenario != Server {
		// Twice what is needed, in case the system is faster than expected.
		p.until *= 2
	}
	if accuracy || s.PerformanceIssueUnique {
		p.until = 0
		p.minQueries = n / p.SamplesPerQuery
	}
	p.padded = p.minQueries
	if !accuracy && s.SampleConcatenatePermutation {
		if s.Scenario == Offline {
			p.SamplesPerQuery = roundUp(p.SamplesPerQuery, n)
		} else {
			p.padded = roundUp(p.minQueries, n)
		}
	}
	return p.checkSurvivable()
}

// checkSurvivable refuses what makes LoadGen crash or read random memory.
func (p *Phase) checkSurvivable() error {
	s := p.settings.Requested
	unique := s.PerformanceIssueUnique
	switch {
	case unique && p.minQueries == 0:
		return fmt.Errorf("performance_issue_unique asks for %d samples in the query, the loaded set has %d", p.SamplesPerQuery, p.Distinct)
	case p.SamplesPerQuery == 0:
		return fmt.Errorf("no sample would be issued: the minimum query count, or the minimum duration and the rate, must be above 0")
	case p.until == 0 && p.padded == 0:
		return fmt.Errorf("no query would be issued: with a minimum duration of 0 the minimum query count must be above 0")
	case s.PerformanceIssueSame && (!unique || s.Scenario == Offline) && s.PerformanceIssueSameIndex >= uint64(p.Distinct):
		return fmt.Errorf("performance_issue_same_index is %d, the loaded set has samples 0 to %d", s.PerformanceIssueSameIndex, p.Distinct-1)
	case unique && s.Scenario == MultiStream && p.padded > p.minQueries:
		return fmt.Errorf("performance_issue_unique has %d queries in MultiStream, equal issue asks for %d", p.minQueries, p.padded)
	case s.SampleConcatenatePermutation && !unique && !s.PerformanceIssueSame && p.minQueries == 0 && (s.Scenario == Server || s.Scenario == SingleStream):
		return fmt.Errorf("equal issue (sample_concatenate_permutation) needs a minimum query count above 0")
	case uint64(p.SamplesPerQuery) > maxCount:
		return fmt.Errorf("%d samples in a query are more than this program counts (%d)", p.SamplesPerQuery, uint64(maxCount))
	}
	return nil
}

// roundUp is the next multiple of n.
func roundUp(v, n int) int {
	if over := v % n; over != 0 {
		return v + n - over
	}
	return v
}
