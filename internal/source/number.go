package source

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// maxDigits bounds a number's length. It is the length from which Python
// refuses to read an integer; reading one costs the square of its length.
const maxDigits = 4300

// intValue makes an integer as PyYAML does: underscores dropped, 0b, 0x,
// 0 for octal, sexagesimal with colons. It fails on what PyYAML fails on,
// 0x_ among others.
func intValue(text string) (*big.Int, error) {
	if len(text) > maxDigits {
		return nil, fmt.Errorf("an integer of more than %d digits", maxDigits)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && (text[0] >= '1' && text[0] <= '9' || text == "0") {
		return big.NewInt(n), nil // as nearly all are written
	}
	digits := strings.ReplaceAll(text, "_", "")
	negative := strings.HasPrefix(digits, "-")
	digits = unsigned(digits)
	base := 10
	switch {
	case digits == "0":
	case strings.HasPrefix(digits, "0b"):
		digits, base = digits[2:], 2
	case strings.HasPrefix(digits, "0x"):
		digits, base = digits[2:], 16
	case strings.HasPrefix(digits, "0o"), strings.HasPrefix(digits, "0O"):
		digits, base = digits[2:], 8
	case strings.HasPrefix(digits, "0"):
		base = 8
	}
	value := new(big.Int)
	for part := range strings.SplitSeq(digits, ":") {
		p, ok := new(big.Int).SetString(part, base)
		if !ok || base != 10 && part != digits {
			return nil, fmt.Errorf("%q is not an integer", text)
		}
		value.Add(value.Mul(value, big.NewInt(60)), p)
	}
	if negative {
		value.Neg(value)
	}
	return value, nil
}

// floatValue makes a float as PyYAML does: underscores dropped, .inf, .nan,
// sexagesimal with colons, and what Python's float() reads.
func floatValue(text string) (float64, error) {
	s := strings.ToLower(strings.ReplaceAll(text, "_", ""))
	sign := 1.0
	if strings.HasPrefix(s, "-") {
		sign = -1
	}
	s = unsigned(s)
	switch {
	case s == ".inf":
		return math.Inf(int(sign)), nil
	case s == ".nan":
		return math.NaN(), nil
	case strings.Contains(s, ":"):
		v, err := float60(s)
		return sign * v, err
	}
	v, err := pythonFloat(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return sign * v, nil
}

// float60 adds up sexagesimal parts from the right, as PyYAML does, so that
// rounding is the same.
func float60(s string) (float64, error) {
	parts := strings.Split(s, ":")
	value, base, sixty := 0.0, big.NewInt(1), big.NewInt(60)
	for i := len(parts) - 1; i >= 0; i-- {
		digit, err := pythonFloat(parts[i])
		if err != nil {
			return 0, fmt.Errorf("%q is not a number", s)
		}
		scale, _ := new(big.Float).SetInt(base).Float64()
		if math.IsInf(scale, 0) {
			return 0, errors.New("a sexagesimal number too large for a float")
		}
		value += digit * scale
		base.Mul(base, sixty)
	}
	return value, nil
}

// pythonFloat reads decimal numbers, inf, infinity and nan; one too large is
// infinite, as in Python. Go's hexadecimal floats are refused.
func pythonFloat(s string) (float64, error) {
	if strings.ContainsAny(s, "xX") {
		return 0, strconv.ErrSyntax
	}
	v, err := strconv.ParseFloat(s, 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	return v, err
}
