package clients

import "time"

// Clock reads a clock that the run and its clients share, in nanoseconds.
type Clock func() int64

// readings are how many times both clocks are read to compare them; the reading that took
// least was not interrupted.
const readings = 5

// at is the moment of the clock as a time with Go's monotonic reading.
func (c Clock) at(moment int64) time.Time {
	var best time.Time
	least := time.Duration(-1)
	for range readings {
		before := time.Now()
		read := c()
		took := time.Since(before)
		if least < 0 || took < least {
			least, best = took, before.Add(took/2+time.Duration(moment-read))
		}
	}
	return best
}
