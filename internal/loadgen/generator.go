package loadgen

import (
	"cmp"
	"fmt"
)

// Generator chooses between the ways in which releases of LoadGen draw from
// the same seeds. The zero value is the present way.
type Generator struct {
	// OldUniformInt draws integers as a LoadGen built with GCC 10 or older does
	// (the wheels up to 4.1). Sample orders differ, schedules do not.
	OldUniformInt bool
	// OldPerformanceSet draws the performance set from the whole library, as
	// LoadGen did before 6.0.6, and not from its first samples. It makes a
	// difference where the set is smaller than the library.
	OldPerformanceSet bool
}

// GeneratorOf returns the way of a release of LoadGen, named as its logs name it
// ("6.0.17", "5.1.0 @ 50de99161e"). The break of the performance set came with
// 6.0.6 (commit a8d4d783). The wheels from 5.0 on are built with GCC 14; an
// older LoadGen that was built at home with a newer compiler draws as those do.
func GeneratorOf(version string) (Generator, error) {
	var major, minor, patch int
	if n, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); n < 2 {
		return Generator{}, fmt.Errorf("%q is not a version of LoadGen: %w", version, err)
	}
	older := func(a, b, c int) bool {
		return cmp.Or(cmp.Compare(major, a), cmp.Compare(minor, b), cmp.Compare(patch, c)) < 0
	}
	return Generator{OldUniformInt: older(5, 0, 0), OldPerformanceSet: older(6, 0, 6)}, nil
}
