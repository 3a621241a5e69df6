package client

import (
	"time"

	"golang.org/x/sys/unix"
)

// suspended is how long the machine has slept since it was started: the clock
// that counts sleep, less the one that all times here are of, which does not. The
// smallest of some readings is the one that was not interrupted between the two.
func suspended() time.Duration {
	var least time.Duration
	for i := range 3 {
		var boot, mono unix.Timespec
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
			return 0
		}
		if d := time.Duration(boot.Nano() - mono.Nano()); i == 0 || d < least {
			least = d
		}
	}
	return least
}
