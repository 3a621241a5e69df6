package loadgen

import "math"

// engine is C++'s std::mt19937 with the distributions that LoadGen draws from
// it, as GCC's standard library implements them.
type engine struct {
	state [twisterSize]uint32
	// at is the index of the next word of state that has not been drawn.
	at int
	// oldUniform draws integers as GCC did before release 11.
	oldUniform bool
}

// The parameters of mt19937.
const (
	twisterSize   = 624
	twisterOffset = 397
	twisterA      = 0x9908b0df
)

// newEngine seeds an engine. Only the low 32 bits of a seed count.
func newEngine(seed uint64, g Generator) *engine {
	e := &engine{at: twisterSize, oldUniform: g.OldUniformInt}
	x := uint32(seed)
	e.state[0] = x
	for i := 1; i < twisterSize; i++ {
		x = 1812433253*(x^x>>30) + uint32(i)
		e.state[i] = x
	}
	return e
}

// next draws a word.
func (e *engine) next() uint32 {
	if e.at >= twisterSize {
		e.twist()
	}
	y := e.state[e.at]
	e.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// twist computes the next 624 words.
func (e *engine) twist() {
	const split = twisterSize - twisterOffset
	s := &e.state
	for i := range split {
		s[i] = s[i+twisterOffset] ^ twistWord(s[i], s[i+1])
	}
	for i := split; i < twisterSize-1; i++ {
		s[i] = s[i-split] ^ twistWord(s[i], s[i+1])
	}
	s[twisterSize-1] = s[twisterOffset-1] ^ twistWord(s[twisterSize-1], s[0])
	e.at = 0
}

// twistWord joins the highest bit of hi with the others of lo and multiplies.
func twistWord(hi, lo uint32) uint32 {
	y := hi&0x80000000 | lo&0x7fffffff
	return y>>1 ^ -(y&1)&twisterA
}

// below draws from [0, n), n > 0: std::uniform_int_distribution.
func (e *engine) below(n uint32) uint32 {
	if e.oldUniform {
		return e.belowOld(n)
	}
	// Lemire's nearly divisionless method (arXiv 1805.10941).
	p := uint64(e.next()) * uint64(n)
	if uint32(p) < n {
		for threshold := -n % n; uint32(p) < threshold; {
			p = uint64(e.next()) * uint64(n)
		}
	}
	return uint32(p >> 32)
}

// belowOld is below as GCC did it before release 11.
func (e *engine) belowOld(n uint32) uint32 {
	scale := math.MaxUint32 / n
	for {
		if v := e.next(); v < n*scale {
			return v / scale
		}
	}
}

// shuffle is std::shuffle. Where two positions fit into one word, GCC draws
// them together.
func shuffle[T any](e *engine, v []T) {
	n := len(v)
	if n < 2 {
		return
	}
	if n > math.MaxUint16 {
		for i := 1; i < n; i++ {
			j := e.below(uint32(i + 1))
			v[i], v[j] = v[j], v[i]
		}
		return
	}
	i := 1
	if n%2 == 0 {
		j := e.below(2)
		v[1], v[j] = v[j], v[1]
		i = 2
	}
	for ; i < n; i += 2 {
		r := uint32(i + 1)
		x := e.below(r * (r + 1))
		a, b := x/(r+1), x%(r+1)
		v[i], v[a] = v[a], v[i]
		v[i+1], v[b] = v[b], v[i+1]
	}
}

// canonical draws from [0, 1): std::generate_canonical<double, 53>. The first
// word is the low one; the sum rounds once.
func (e *engine) canonical() float64 {
	low := float64(e.next())
	high := float64(e.next())
	// Products with powers of two are exact, so no compiler can change a bit here.
	if c := (low + high*(1<<32)) * (1.0 / (1 << 64)); c < 1 {
		return c
	}
	return math.Nextafter(1, 0)
}
