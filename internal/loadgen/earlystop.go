package loadgen

import (
	"math"
	"sort"
)

// earlyStoppingConfidence is the confidence that LoadGen asks of a run that
// ends before the law of large numbers would speak.
const earlyStoppingConfidence = 0.99

// neverPassing stands for a count that no run reaches. A count of queries can
// be added to it.
const neverPassing = math.MaxInt64 / 4

// MinPassingQueries returns the smallest count h of queries under the latency
// limit that, with t queries over it, shows at 99% confidence that at least the
// share percentile of all queries would be under it. A run of h+t queries
// passes. t is not negative. Where percentile does not lie in (0, 1), or so near
// to 1 that no run could be long enough, the count is MaxInt64/4.
//
// It is LoadGen's early_stopping.cc with a tolerance of zero: the odds that
// h+t queries show t misses or fewer although the true share is only
// percentile must stay below 1%.
func MinPassingQueries(t int64, percentile float64) int64 {
	// LoadGen narrows the search with counts that it found before. The odds fall
	// as h grows, so the answer is the same from the widest bracket.
	if !(percentile > 0 && percentile < 1) {
		return neverPassing
	}
	clean := math.Ceil(math.Log(1-earlyStoppingConfidence) / math.Log(percentile))
	if float64(t+1)*clean > 1<<53 {
		return neverPassing
	}
	low := int64(float64(float64(t)*(percentile/(1-percentile))) + clean)
	high := (t+1)*int64(clean) + 1
	return low + int64(sort.Search(int(high-low), func(i int) bool { return oddsBelow(low+int64(i), t, percentile) }))
}

// oddsBelow reports whether t misses or fewer in h+t queries are unlikely enough.
func oddsBelow(h, t int64, percentile float64) bool {
	return betaRegularized(percentile, h, t+1) < 1-earlyStoppingConfidence
}

// betaRegularized is the regularized incomplete beta function I_x(a, b) for
// whole a, b >= 1, in the form of http://dlmf.nist.gov/15.8.E1 that LoadGen
// computes, factor by factor.
func betaRegularized(x float64, a, b int64) float64 {
	exponent := float64(float64(a)*math.Log(x)) + float64(float64(b-1)*math.Log(1-x)) - lbeta(float64(a), float64(b))
	return math.Exp(exponent) / float64(a) * hypergeometric(1-b, 1+a, x/(x-1))
}

// lbeta is the logarithm of the beta function.
func lbeta(x, y float64) float64 {
	lx, _ := math.Lgamma(x)
	ly, _ := math.Lgamma(y)
	lxy, _ := math.Lgamma(x + y)
	return lx + ly - lxy
}

// hypergeometric is 2F1(1, b; c; x), http://dlmf.nist.gov/15.2.E1, summed until
// a term is at most 2^-33. It ends where b <= 0 or x < 1.
func hypergeometric(b, c int64, x float64) float64 {
	const tolerance = 1.0 / (1 << 33)
	term, sum := 1.0, 1.0
	for i := int64(0); math.Abs(term) > tolerance; i++ {
		term *= float64(b+i) * x / float64(c+i)
		sum += term
	}
	return sum
}

// discardable is the number of highest latencies plus one that a run of so many
// queries may set aside for its estimate of percentile: the largest t with
// h(t)+t queries at hand. ok is false where even one is too many; need is then
// the count of queries from which an estimate exists.
func discardable(queries int64, percentile float64) (t, need int64, ok bool) {
	need = MinPassingQueries(1, percentile) + 1
	if queries < need {
		return 0, need, false
	}
	// LoadGen tries 2, 3, 4 ... and takes the last that passes; the count grows
	// with t, so halving finds the same one. It stays at 1 where every t up to
	// the count of queries passes, which no percentile above one half allows.
	over := 2 + int64(sort.Search(int(queries-1), func(i int) bool {
		t := int64(i) + 2
		return queries < MinPassingQueries(t, percentile)+t
	}))
	if over > queries {
		return 1, need, true
	}
	return over - 1, need, true
}
