package loadgen

import (
	"math"
	"math/big"
)

// arrivalNS draws the nanoseconds between two Poisson arrivals, rate a second:
// std::exponential_distribution, cast to whole nanoseconds.
func (e *engine) arrivalNS(rate float64) int64 {
	u := 1 - e.canonical()
	ns := secondsToNS(-math.Log(u) / rate)
	// math.Log is off by its last bit in one draw of fifteen, and by which
	// differs between processors. It matters only where the nanosecond is in
	// doubt; there the logarithm is computed again, rounded correctly.
	if doubt := ns * (1.0 / (1 << 50)); math.Floor(ns-doubt) != math.Floor(ns+doubt) {
		ns = secondsToNS(-logRounded(u) / rate)
	}
	return int64(ns)
}

// secondsToNS is the product that C++ truncates to whole nanoseconds.
func secondsToNS(seconds float64) float64 { return float64(seconds * 1e9) }

// logRounded is the logarithm of x, 0 < x <= 1, rounded to the nearest double.
// The GNU C library's log, which LoadGen calls, is within 0.52 units in the last
// place and so nearly always the same.
func logRounded(x float64) float64 {
	fraction, exponent := math.Frexp(x)
	if fraction < math.Sqrt2/2 {
		fraction, exponent = 2*fraction, exponent-1
	}
	f := preciseFloat(fraction)
	one := preciseFloat(1)
	// ln x = ln fraction + exponent ln 2, and ln v = 2 atanh((v-1)/(v+1)).
	sum := preciseAtanh(new(big.Float).Quo(new(big.Float).Sub(f, one), new(big.Float).Add(f, one)))
	ln2 := preciseAtanh(new(big.Float).Quo(one, preciseFloat(3)))
	sum.Add(sum, ln2.Mul(ln2, preciseFloat(float64(exponent))))
	log, _ := sum.Mul(sum, preciseFloat(2)).Float64()
	return log
}

// preciseBits leaves a hundred bits of slack over a double.
const preciseBits = 160

func preciseFloat(x float64) *big.Float { return new(big.Float).SetPrec(preciseBits).SetFloat64(x) }

// preciseAtanh sums t + t^3/3 + t^5/5 ... for |t| <= 1/3.
func preciseAtanh(t *big.Float) *big.Float {
	square := new(big.Float).Mul(t, t)
	sum := preciseFloat(0)
	power := preciseFloat(0).Set(t)
	// 3^-101 < 2^-160.
	for k := 1; k < 101 && power.Sign() != 0; k += 2 {
		sum.Add(sum, new(big.Float).Quo(power, preciseFloat(float64(k))))
		power.Mul(power, square)
	}
	return sum
}
