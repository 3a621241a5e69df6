// Package python writes numbers as the Python programs around us do: the engines,
// whose flags and error texts they stand in, and PyYAML, which reads what we write.
package python

import (
	"math"
	"strconv"
	"strings"
)

// Float returns repr(f) of a Python float: the shortest digits that read back as
// the same number, with an exponent of at least two digits below 1e-4 and from
// 1e16 on, and otherwise with a point, so that no reader takes it for an integer.
//
// The rule is float_repr_style 'short': float_repr in CPython's Objects/floatobject.c
// asks PyOS_double_to_string (Python/pystrtod.c) for format 'r' with Py_DTSF_ADD_DOT_0,
// and there an exponent is used where decpt <= -4 or decpt > 16.
func Float(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// YAMLFloat returns a float as PyYAML dumps it: as Float, with ".0" before the
// exponent where there is no point, and .nan, .inf and -.inf. In that form
// it is a float, and the same one, to readers of YAML 1.1 and 1.2 and, where it is
// finite, of JSON. The rule is SafeRepresenter.represent_float of PyYAML 6.
func YAMLFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	s := Float(f)
	if mantissa, exponent, ok := strings.Cut(s, "e"); ok && !strings.Contains(mantissa, ".") {
		s = mantissa + ".0e" + exponent
	}
	return s
}
