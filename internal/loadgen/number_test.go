package loadgen

import (
	"math"
	"testing"
)

// What `std::cout << x` and DoubleToString(x, n) print, from GCC 14.
func TestFormatDouble(t *testing.T) {
	for _, tt := range []struct {
		x    float64
		want string
	}{
		{0, "0"},
		{math.Copysign(0, -1), "-0"},
		{1, "1"},
		{0.9, "0.9"},
		{12, "12"},
		{100, "100"},
		{100.5, "100.5"},
		{123.456, "123.456"},
		{333.3333333, "333.333"},
		{1000.25, "1000.25"},
		{99999.95, "99999.9"},
		{99999.96, "100000"},
		{100000, "100000"},
		{123456.7, "123457"},
		{999999.4, "999999"},
		{999999.5, "1e+06"},
		{1e6, "1e+06"},
		{2e7, "2e+07"},
		{1234567, "1.23457e+06"},
		{0.0001, "0.0001"},
		{0.00012345678, "0.000123457"},
		{0.00001, "1e-05"},
		{2.050481234e-06, "2.05048e-06"},
		{3.51035e-08, "3.51035e-08"},
		{1e100, "1e+100"},
		{1.5e-300, "1.5e-300"},
		{-0.5, "-0.5"},
		{0.5 + 1e-9, "0.5"},
		{math.Inf(1), "inf"},
		{math.Inf(-1), "-inf"},
		{math.Copysign(math.NaN(), 1), "nan"},
		{math.Copysign(math.NaN(), -1), "-nan"},
	} {
		if got := formatDouble(tt.x); got != tt.want {
			t.Errorf("formatDouble(%v) = %q, want %q", tt.x, got, tt.want)
		}
	}
}

func TestFormatFixed(t *testing.T) {
	for _, tt := range []struct {
		x        float64
		decimals int
		want     string
	}{
		{0, 2, "0.00"},
		{48.495145, 2, "48.50"},
		{0.005, 2, "0.01"},
		{0.015, 2, "0.01"},
		{2.5, 0, "2"},
		{1e15, 2, "1000000000000000.00"},
		{-0.001, 2, "-0.00"},
		{0.999 * 100, 2, "99.90"},
		{0.97 * 100, 2, "97.00"},
		{0.9 * 100, 1, "90.0"},
		{0.99 * 100, 1, "99.0"},
		{math.Inf(1), 2, "inf"},
	} {
		if got := formatFixed(tt.x, tt.decimals); got != tt.want {
			t.Errorf("formatFixed(%v, %d) = %q, want %q", tt.x, tt.decimals, got, tt.want)
		}
	}
}

func TestFormatJSONDouble(t *testing.T) {
	for _, tt := range []struct {
		x    float64
		want string
	}{
		{50.25, "50.25"}, {2e6, "2e+06"}, {math.Inf(1), "Infinity"}, {math.Inf(-1), "-Infinity"}, {math.NaN(), "NaN"},
	} {
		if got := formatJSONDouble(tt.x); got != tt.want {
			t.Errorf("formatJSONDouble(%v) = %q, want %q", tt.x, got, tt.want)
		}
	}
}
