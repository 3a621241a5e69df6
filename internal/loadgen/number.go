package loadgen

import (
	"math"
	"strconv"
)

// The two ways in which LoadGen prints a double. C++ prints six significant
// digits where nothing else is asked for (std::ostream, %g), and a fixed count
// of decimals where LoadGen's DoubleToString is used.

// formatDouble prints x as a C++ stream does by default: six significant
// digits, an exponent of at least two digits below 1e-4 and from 1e6 on.
func formatDouble(x float64) string {
	if s, ok := formatNonFinite(x); ok {
		return s
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}

// formatFixed prints x with a fixed count of decimals.
func formatFixed(x float64, decimals int) string {
	if s, ok := formatNonFinite(x); ok {
		return s
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

// formatJSONDouble prints x as formatDouble does. Where x is not a number or
// not finite it uses the words that Python's json module reads; LoadGen itself
// prints inf and nan there, which no JSON reader takes.
func formatJSONDouble(x float64) string {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "Infinity"
	case math.IsInf(x, -1):
		return "-Infinity"
	}
	return formatDouble(x)
}

// formatNonFinite prints infinities and NaN as the GNU C library does: a NaN
// shows its sign, and 0/0 is negative on x86.
func formatNonFinite(x float64) (string, bool) {
	var s string
	switch {
	case math.IsInf(x, 0):
		s = "inf"
	case math.IsNaN(x):
		s = "nan"
	default:
		return "", false
	}
	if math.Signbit(x) {
		s = "-" + s
	}
	return s, true
}
