package loadgen

// drawer returns a function that fills in the samples of the next query.
//
// LoadGen draws from its sample engine in a fixed order, whether or not what
// it draws is used: the order of accuracy mode, the order of unique mode, the
// permutations of equal issue, and only then sample by sample.
func (p *Phase) drawer() func(samples []int) {
	s := p.settings.Requested
	rng := newEngine(s.SampleIndexSeed, p.generator)
	stride := 1
	if s.Scenario == MultiStream {
		stride = p.SamplesPerQuery
	}
	var accuracy []int
	if p.Mode == AccuracyOnly {
		accuracy = strided(p.Distinct, stride)
		shuffle(rng, accuracy)
	}
	unique := strided(p.Distinct, stride)
	shuffle(rng, unique)
	equal := newPermutations(rng, len(p.Loaded), (p.minQueries+len(p.Loaded)-1)/len(p.Loaded))

	same := int(s.PerformanceIssueSameIndex)
	if s.Scenario == Offline {
		return p.offlineDrawer(equal.skip(), same)
	}
	var pick func() int
	switch {
	case s.PerformanceIssueUnique:
		pick = inTurn(unique)
	case s.PerformanceIssueSame:
		pick = func() int { return same }
	case s.SampleConcatenatePermutation && s.Scenario != MultiStream:
		pick = equal.next
	case p.Mode == AccuracyOnly:
		pick = inTurn(accuracy)
	default:
		rng := equal.skip()
		n := uint32(p.Distinct)
		pick = func() int { return int(rng.below(n)) }
	}
	return func(samples []int) {
		i := pick()
		copy(samples, p.Loaded[i:i+len(samples)])
	}
}

// offlineDrawer fills the one query with the loaded set over and over, each
// time in a new order where equal issue asks for it.
func (p *Phase) offlineDrawer(rng *engine, same int) func([]int) {
	s := p.settings.Requested
	return func(samples []int) {
		if s.PerformanceIssueSame {
			for i := range samples {
				samples[i] = p.Loaded[same]
			}
			return
		}
		for len(samples) > 0 {
			n := copy(samples, p.Loaded)
			if n == len(p.Loaded) && s.SampleConcatenatePermutation {
				shuffle(rng, samples[:n])
			}
			samples = samples[n:]
		}
	}
}

// strided returns 0, stride, 2 stride ... below n.
func strided(n, stride int) []int {
	v := make([]int, 0, (n+stride-1)/stride)
	for i := 0; i < n; i += stride {
		v = append(v, i)
	}
	return v
}

// inTurn returns the elements of v one after the other.
func inTurn(v []int) func() int {
	next := 0
	return func() int {
		next++
		return v[next-1]
	}
}

// permutations are equal issue's orders of the loaded set: count of them, each
// shuffled from the one before, and then the same ones again. LoadGen keeps
// them all; this computes one at a time.
type permutations struct {
	rng   *engine
	start engine
	order []int
	count int
	// at is the next element, of permutation number drawn-1.
	at, drawn int
}

func newPermutations(rng *engine, size, count int) *permutations {
	p := &permutations{rng: rng, start: *rng, order: make([]int, size), count: count, at: size}
	p.reset()
	return p
}

func (p *permutations) reset() {
	for i := range p.order {
		p.order[i] = i
	}
}

// next returns the next element.
func (p *permutations) next() int {
	if p.at == len(p.order) {
		p.at = 0
		p.shuffle()
	}
	p.at++
	return p.order[p.at-1]
}

// shuffle goes on to the next permutation.
func (p *permutations) shuffle() {
	if p.drawn == p.count {
		if p.count == 1 {
			return
		}
		*p.rng = p.start
		p.reset()
		p.drawn = 0
	}
	shuffle(p.rng, p.order)
	p.drawn++
}

// skip draws all permutations and returns the engine that is past them.
func (p *permutations) skip() *engine {
	for p.drawn < p.count {
		p.shuffle()
	}
	return p.rng
}
