package clients

import (
	"time"

	"golang.org/x/sys/unix"
)

// Monotonic is the kernel's clock that all processes of a machine share.
func Monotonic() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return time.Now().UnixNano()
	}
	return ts.Nano()
}
