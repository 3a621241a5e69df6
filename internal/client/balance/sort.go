package balance

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Strategy is a value of sorting.strategy.
type Strategy string

// The strategies of sorting.strategy.
const (
	Ignore        Strategy = "ignore"        // as issued
	Ascending     Strategy = "ascending"     // each chunk by prompt length
	Descending    Strategy = "descending"    // each chunk by prompt length, longest first
	Lexicographic Strategy = "lexicographic" // each chunk by token ids: shared prefixes come together
	ModuloDesc    Strategy = "modulo_desc"   // all by length, longest first, dealt out in turn
	ModuloAsc     Strategy = "modulo_asc"    // all by length, dealt out in turn
	BatchPacking  Strategy = "batchpacking"  // each chunk in batches of at most max_num_batched_tokens
	Buckets       Strategy = "buckets"       // as issued, replicas get shares of the samples
	GreedyPack    Strategy = "greedy_pack"   // as issued, each to the replica with the fewest tokens for its capacity
)

var strategies = []Strategy{Ignore, Ascending, Descending, Lexicographic, ModuloDesc, ModuloAsc, BatchPacking, Buckets, GreedyPack}

// Sorting is the section harness_config.sorting and what it refers to.
type Sorting struct {
	Strategy Strategy // empty means Ignore
	// Buckets are each replica's share in percent, summing to 100 within 1e-6.
	// The strategy Buckets alone reads them.
	Buckets []float64
	// Capacities are the replicas' relative speeds, all positive; nil: all equal.
	// The strategy GreedyPack alone reads them.
	Capacities []float64
	// MaxNumBatchedTokens is the engine's limit of tokens in a batch; the
	// strategy BatchPacking alone reads it, and is Ignore when it is not above 0.
	MaxNumBatchedTokens int
	// Interleave has Ascending, Descending and the modulo strategies mix long and
	// short prompts in each replica's part, as the reference does for llama3_1-405b
	// from v6.0 on; see interleave.
	Interleave bool
}

// Range is a replica's part of Plan.Order: [Start, End).
type Range struct{ Start, End int }

// Plan is what is sent where in an offline run.
type Plan struct {
	Order  []int   // sample indices; every issued one once for each time it was issued
	Ranges []Range // by replica; they cover Order without overlap
}

// Of is the samples of one replica, in the order in which they are sent.
func (p Plan) Of(replica int) []int {
	r := p.Ranges[replica]
	return p.Order[r.Start:r.End]
}

// Check reports whether the section is valid for so many replicas, without
// looking at any sample.
func (s Sorting) Check(replicas int) error {
	if s.Strategy != "" && !slices.Contains(strategies, s.Strategy) {
		return fmt.Errorf("sorting.strategy %q is not known: it is one of %s", s.Strategy, join(strategies))
	}
	if replicas < 1 {
		return fmt.Errorf("sorting needs at least 1 replica, got %d", replicas)
	}
	if s.Strategy == GreedyPack {
		return s.checkCapacities(replicas)
	}
	if s.Strategy != Buckets {
		return nil
	}
	if len(s.Buckets) != replicas {
		return fmt.Errorf("sorting.buckets has %d entries for %d replicas: it takes one percentage a replica", len(s.Buckets), replicas)
	}
	sum := 0.0
	for i, b := range s.Buckets {
		if !(b >= 0 && b <= 100) {
			return fmt.Errorf("sorting.buckets[%d] is %v: it takes a percentage from 0 to 100", i, b)
		}
		sum += b
	}
	if math.Abs(sum-100) > 1e-6 {
		return fmt.Errorf("sorting.buckets sum to %v: they must sum to 100", sum)
	}
	return nil
}

func (s Sorting) checkCapacities(replicas int) error {
	if s.Capacities != nil && len(s.Capacities) != replicas {
		return fmt.Errorf("sorting.capacities has %d entries for %d replicas: it takes one number a replica", len(s.Capacities), replicas)
	}
	for i, c := range s.Capacities {
		if !(c > 0) || math.IsInf(c, 1) {
			return fmt.Errorf("sorting.capacities[%d] is %v: it takes a number above 0", i, c)
		}
	}
	return nil
}

// Sort orders the issued samples and deals them out to the replicas. tokens
// returns the prompt's token ids of a sample index. issued is not changed.
func Sort(s Sorting, replicas int, issued []int, tokens func(sample int) []int32) (Plan, error) {
	if err := s.Check(replicas); err != nil {
		return Plan{}, err
	}
	order := slices.Clone(issued)
	plan := Plan{Order: order, Ranges: equalRanges(len(order), replicas)}
	length := func(sample int) int { return len(tokens(sample)) }
	shorter := func(a, b int) int { return cmp.Compare(length(a), length(b)) }
	longer := func(a, b int) int { return shorter(b, a) }
	keep := func([]int) {}
	mix := keep
	if s.Interleave {
		mix = interleave
	}

	switch s.Strategy {
	case Ascending:
		plan.sortChunks(length, shorter, mix)
	case Descending:
		plan.sortChunks(length, longer, mix)
	case Lexicographic:
		plan.sortChunks(length, func(a, b int) int { return slices.Compare(tokens(a), tokens(b)) }, keep)
	case ModuloAsc, ModuloDesc:
		by := shorter
		if s.Strategy == ModuloDesc {
			by = longer
		}
		slices.SortStableFunc(order, by)
		plan.Order = deal(order, replicas, mix)
	case BatchPacking:
		if s.MaxNumBatchedTokens <= 0 {
			break
		}
		plan.sortChunks(length, longer, keep)
		for replica, r := range plan.Ranges {
			if err := pack(plan.Order[r.Start:r.End], s.MaxNumBatchedTokens, length); err != nil {
				return Plan{}, fmt.Errorf("sorting.strategy batchpacking, replica %d: %w", replica, err)
			}
		}
	case Buckets:
		plan.Ranges = shares(len(order), s.Buckets)
	case GreedyPack:
		plan = greedyPack(order, replicas, s.Capacities, length)
	}
	return plan, nil
}

// greedyPack gives each sample to the replica with the fewest tokens for its capacity, lowest
// index first; each keeps its samples as they were issued.
func greedyPack(samples []int, replicas int, capacities []float64, length func(int) int) Plan {
	hands := make([][]int, replicas)
	tokens := make([]int, replicas)
	share := make([]float64, replicas) // tokens for the capacity
	for _, s := range samples {
		least := 0
		for i := range share {
			if share[i] < share[least] {
				least = i
			}
		}
		hands[least] = append(hands[least], s)
		tokens[least] += length(s)
		capacity := 1.0
		if capacities != nil {
			capacity = capacities[least]
		}
		share[least] = float64(tokens[least]) / capacity
	}
	plan := Plan{Order: make([]int, 0, len(samples)), Ranges: make([]Range, replicas)}
	for i, hand := range hands {
		plan.Ranges[i] = Range{len(plan.Order), len(plan.Order) + len(hand)}
		plan.Order = append(plan.Order, hand...)
	}
	return plan
}

func (p *Plan) sortChunks(length func(int) int, by func(a, b int) int, finish func(chunk []int)) {
	p.Order = evenOut(p.Order, len(p.Ranges), p.chunk(), length)
	for _, r := range p.Ranges {
		slices.SortStableFunc(p.Order[r.Start:r.End], by)
		finish(p.Order[r.Start:r.End])
	}
}

// interleave is the reference's exchange of long and short prompts: every second
// from the front with every second from the back. Its condition holds for parts of
// 4 and 5 samples alone; longer ones stay as they are.
func interleave(part []int) {
	for j, k := 1, len(part)-1; j+2 > k-2 && j < len(part)-2 && k > 2; j, k = j+2, k-2 {
		part[j], part[k] = part[k], part[j]
	}
}

// chunk is the size of a full chunk: what a replica closes at.
func (p *Plan) chunk() int { return (len(p.Order) + len(p.Ranges) - 1) / len(p.Ranges) }

// equalRanges cuts n samples into chunks of ceil(n/replicas); the last ones may
// be short or empty.
func equalRanges(n, replicas int) []Range {
	chunk := (n + replicas - 1) / replicas
	ranges := make([]Range, replicas)
	for i := range ranges {
		ranges[i] = Range{min(i*chunk, n), min((i+1)*chunk, n)}
	}
	return ranges
}

// shares cuts n samples by percentages, each share truncated, the last to the end.
func shares(n int, percent []float64) []Range {
	ranges := make([]Range, len(percent))
	at := 0
	for i, p := range percent {
		end := min(at+int(float64(p/100)*float64(n)), n)
		if i == len(percent)-1 {
			end = n
		}
		ranges[i] = Range{at, end}
		at = end
	}
	return ranges
}

// evenOut returns each sample to the replica with the fewest tokens so far, lowest
// index first. A replica that holds a full chunk closes, except when it is the
// only one left; closed replicas come first, in the order in which they closed.
func evenOut(samples []int, replicas, chunk int, length func(int) int) []int {
	type share struct {
		samples []int
		tokens  int
	}
	open := make([]share, replicas)
	out := make([]int, 0, len(samples))
	for _, s := range samples {
		least := 0
		for i := range open {
			if open[i].tokens < open[least].tokens {
				least = i
			}
		}
		o := &open[least]
		o.samples = append(o.samples, s)
		o.tokens += length(s)
		if len(o.samples) == chunk && len(open) > 1 {
			out = append(out, o.samples...)
			open = slices.Delete(open, least, least+1)
		}
	}
	for _, o := range open {
		out = append(out, o.samples...)
	}
	return out
}

// deal hands the samples out in turn and lays the hands side by side, each finished.
func deal(samples []int, replicas int, finish func(hand []int)) []int {
	out := make([]int, 0, len(samples))
	for first := range min(replicas, len(samples)) {
		from := len(out)
		for i := first; i < len(samples); i += replicas {
			out = append(out, samples[i])
		}
		finish(out[from:])
	}
	return out
}

// pack reorders a chunk that is sorted longest first, as the reference does: a
// batch takes every sample that is shorter than what is left of the limit, and
// what is left shrinks by the length of the chunk's first remaining sample, not
// of the one that was taken. The reference fails on an empty chunk, and drops
// every sample of a chunk whose longest one does not fit: both are refused.
func pack(chunk []int, limit int, length func(int) int) error {
	if len(chunk) == 0 {
		return fmt.Errorf("it has no sample: there are fewer chunks than replicas")
	}
	if longest := length(chunk[0]); longest >= limit {
		return fmt.Errorf("sample %d has %d tokens and max_num_batched_tokens is %d: it must be above the longest prompt's length", chunk[0], longest, limit)
	}
	rest := slices.Clone(chunk)
	packed := chunk[:0]
	for len(rest) > 0 {
		left := limit
		kept := rest[:0:len(rest)]
		first := length(rest[0]) // of the first sample that is still there
		for i, s := range rest {
			if left <= length(s) {
				kept = append(kept, s)
				continue
			}
			left -= first
			packed = append(packed, s)
			if len(kept) == 0 && i+1 < len(rest) {
				first = length(rest[i+1])
			}
		}
		rest = kept
	}
	return nil
}
