package loadgen

import (
	"math"
	"strconv"
	"strings"
)

// LoadGen reads numbers with C's strtoull and strtod. What these take, and
// how much of a text, is told here.

// cInteger reads the longest whole number at the start of text as strtoull
// with base 0 does: 0x for hexadecimal, 0 for octal, a minus wraps around. rest
// is what it left; overflow says that the number did not fit, which C turns into
// the largest.
func cInteger(text string) (n uint64, rest string, overflow bool) {
	digits := text
	negative := strings.HasPrefix(digits, "-")
	if negative || strings.HasPrefix(digits, "+") {
		digits = digits[1:]
	}
	base := 10
	switch {
	case len(digits) > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') && digitOf(digits[2]) < 16:
		base, digits = 16, digits[2:]
	case len(digits) > 0 && digits[0] == '0':
		base = 8
	}
	end := 0
	for end < len(digits) && digitOf(digits[end]) < base {
		d := uint64(digitOf(digits[end]))
		if overflow = overflow || n > (math.MaxUint64-d)/uint64(base); !overflow {
			n = n*uint64(base) + d
		}
		end++
	}
	switch {
	case end == 0:
		return 0, text, false
	case overflow:
		return math.MaxUint64, digits[end:], true
	case negative:
		n = -n
	}
	return n, digits[end:], false
}

// digitOf is the value of a digit up to f, 99 for anything else.
func digitOf(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return 99
}

// cFloat reads text as strtod does; ok is false where strtod would leave some of
// it. Infinity and not-a-number are numbers to C.
func cFloat(text string) (x float64, ok bool) {
	if strings.ContainsRune(text, '_') {
		return 0, false
	}
	plain := strings.ToLower(strings.TrimLeft(text, "+-"))
	if strings.HasPrefix(plain, "nan(") && strings.HasSuffix(plain, ")") {
		return math.NaN(), true
	}
	if strings.HasPrefix(plain, "0x") && !strings.ContainsRune(plain, 'p') {
		// Go wants an exponent, C does not.
		text += "p0"
	}
	x, err := strconv.ParseFloat(text, 64)
	return x, err == nil || math.IsInf(x, 0)
}

// cNumber reports whether LoadGen takes text for a number.
func cNumber(text string) bool {
	if _, rest, _ := cInteger(text); rest == "" {
		return true
	}
	_, ok := cFloat(text)
	return ok
}
