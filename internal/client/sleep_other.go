//go:build !linux

package client

import "time"

// sleeper sleeps to absolute times, as well as Go's timers can.
type sleeper struct{ start time.Time }

func newSleeper(start time.Time) sleeper { return sleeper{start} }

func (s sleeper) prepare() {}

// until returns at the given time since the start.
func (s sleeper) until(t time.Duration) { time.Sleep(t - time.Since(s.start)) }
