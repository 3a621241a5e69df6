package client

import (
	"syscall"
	"time"
)

// processUsage is what the process has used so far.
type processUsage struct{ cpu time.Duration }

func usage() processUsage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return processUsage{}
	}
	return processUsage{cpu: time.Duration(u.Utime.Nano() + u.Stime.Nano())}
}
