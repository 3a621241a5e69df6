package python

import (
	"math"
	"testing"
)

// The wanted texts are what CPython 3.11's repr() and PyYAML 6.0's dump print.
func TestFloat(t *testing.T) {
	for _, tt := range []struct {
		f          float64
		repr, yaml string
	}{
		{0, "0.0", "0.0"},
		{math.Copysign(0, -1), "-0.0", "-0.0"},
		{30, "30.0", "30.0"},
		{0.1, "0.1", "0.1"},
		{-2.5, "-2.5", "-2.5"},
		{1e6, "1000000.0", "1000000.0"},
		{1234567.5, "1234567.5", "1234567.5"},
		{0.0001, "0.0001", "0.0001"},
		{0.00009999, "9.999e-05", "9.999e-05"},
		{1e-5, "1e-05", "1.0e-05"},
		{1.5e-7, "1.5e-07", "1.5e-07"},
		{9999999999999998, "9999999999999998.0", "9999999999999998.0"},
		{1e16, "1e+16", "1.0e+16"},
		{-1e22, "-1e+22", "-1.0e+22"},
		{12.525056627215855, "12.525056627215855", "12.525056627215855"},
		{math.MaxFloat64, "1.7976931348623157e+308", "1.7976931348623157e+308"},
		{5e-324, "5e-324", "5.0e-324"},
		{math.Inf(1), "inf", ".inf"},
		{math.Inf(-1), "-inf", "-.inf"},
		{math.NaN(), "nan", ".nan"},
	} {
		if got := Float(tt.f); got != tt.repr {
			t.Errorf("Float(%g) = %s, want %s", tt.f, got, tt.repr)
		}
		if got := YAMLFloat(tt.f); got != tt.yaml {
			t.Errorf("YAMLFloat(%g) = %s, want %s", tt.f, got, tt.yaml)
		}
	}
}
