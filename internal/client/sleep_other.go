//go:build !linux

package client

import "time"

func newSleeper(start time.Time) sleeper { return timerSleeper{start} }

func preferThread() {}
