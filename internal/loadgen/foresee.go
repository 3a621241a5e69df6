package loadgen

import (
	"fmt"
	"time"
)

// Issued is what of the phase is issued when every query leaves on time: all that
// is generated, or as much as LoadGen's upper limits let through. How many queries
// SingleStream and MultiStream come to depends on the system; there it is the
// most that can be.
func (p *Phase) Issued() Totals {
	e := &p.settings
	if p.Mode == AccuracyOnly || e.MaxQueryCount == 0 && e.MaxDuration == 0 || e.Requested.Scenario == Offline {
		return p.Totals()
	}
	times := p.times()
	for times.more() {
		at := times.next()
		if e.MaxQueryCount != 0 && uint64(times.count) >= e.MaxQueryCount {
			break
		}
		if e.Requested.Scenario == Server && e.MaxDuration != 0 && at > int64(e.MaxDuration) {
			break
		}
	}
	return times.totals(p)
}

// NeverValid says why a performance phase of which that much is issued cannot be
// VALID, whatever the system does: too few queries, too short, or too few for
// the share of latencies that is to be shown. It is empty where it can.
func (e *Effective) NeverValid(issued Totals) []string {
	var why []string
	n := issued.Queries
	if n < e.MinQueryCount {
		why = append(why, fmt.Sprintf("it ends after %d queries (%s), and must have %d at least", n, e.limits(), e.MinQueryCount))
	}
	scenario, percentile := e.Requested.Scenario, e.TargetLatencyPercentile
	if scenario == Server && issued.LastScheduled < e.MinDuration {
		why = append(why, fmt.Sprintf("its last query is due after %v (%s), and the test must last %v at least", issued.LastScheduled.Round(time.Millisecond), e.limits(), e.MinDuration))
	}
	var need int64
	switch scenario {
	case Server:
		need = MinPassingQueries(0, percentile)
	case SingleStream, MultiStream:
		need = MinPassingQueries(1, percentile) + 1
	}
	if n < uint64(need) {
		why = append(why, fmt.Sprintf("early stopping: of %d queries nothing can be shown at percentile %s, that takes %d", n, formatDouble(percentile*100), need))
	}
	return why
}

// limits names the upper limits that are set.
func (e *Effective) limits() string {
	switch {
	case e.MaxQueryCount != 0 && e.MaxDuration != 0:
		return fmt.Sprintf("max_query_count %d, max_duration %v", e.MaxQueryCount, e.MaxDuration)
	case e.MaxQueryCount != 0:
		return fmt.Sprintf("max_query_count %d", e.MaxQueryCount)
	case e.MaxDuration != 0:
		return fmt.Sprintf("max_duration %v", e.MaxDuration)
	}
	return "as many as are generated"
}
