package loadgen

import "time"

// ExpectedIssue is how long issuing the phase takes, given what Totals counted:
// for Server until the last query is due; for Offline what its samples take at
// the expected rate; for SingleStream and MultiStream, which end when enough is
// done, the longer of the minimum duration and of the minimum query count at the
// expected latency. What the last responses take comes on top in Server.
func (p *Phase) ExpectedIssue(t Totals) time.Duration {
	e := p.settings
	perQuery := 1 / e.TargetQPS
	switch e.Requested.Scenario {
	case Server:
		return t.LastScheduled
	case Offline:
		if e.TargetQPS == 0 {
			return e.MinDuration
		}
		return longTime(float64(t.Samples) * perQuery)
	}
	queries := e.MinQueryCount
	if p.Mode == AccuracyOnly {
		return longTime(float64(t.Queries) * perQuery)
	}
	return max(longTime(float64(queries)*perQuery), e.TargetDuration)
}

// longTime is a duration, at most the longest that this program handles.
func longTime(s float64) time.Duration {
	return time.Duration(min(s*1e9, float64(maxDuration)))
}
