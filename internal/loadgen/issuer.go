package loadgen

import (
	"fmt"
	"time"
)

// Issuer decides when the next query of a phase leaves and when the phase ends,
// as LoadGen's issue loop does. It has no clock and no threads: its caller says
// what time it is, from the start of the phase, and how many queries are
// complete.
//
//	for q := range phase.Queries() {
//		for {
//			until, ok := issuer.Ready(q.Scheduled, now(), completed())
//			if ok {
//				break
//			}
//			wait(until) // or until a query completes
//		}
//		send(q)
//		if end, ok := issuer.Issued(1, now(), completed()); ok {
//			return end
//		}
//	}
//	return issuer.RanOut()
type Issuer struct {
	settings *Effective
	mode     Mode
	issued   uint64
}

// NewIssuer starts a phase of a mode, AccuracyOnly or PerformanceOnly.
func NewIssuer(settings *Effective, mode Mode) *Issuer {
	return &Issuer{settings: settings, mode: mode}
}

// End is why issuing ended.
type End struct {
	// Text is what LoadGen logs, empty where it logs nothing.
	Text string
	// Early says that LoadGen logs it as an error: the run was cut short.
	Early bool
}

// NoTime is a wait whose end only a completion can bring.
const NoTime = time.Duration(1<<63 - 1)

// Ready says whether a query that is scheduled then may leave now. Where it may
// not, until is when to ask again: the scheduled time (Server), or NoTime where
// the query before must be complete (SingleStream, MultiStream). Offline never
// waits.
func (i *Issuer) Ready(scheduled, now time.Duration, completed uint64) (until time.Duration, ok bool) {
	switch i.settings.Requested.Scenario {
	case Server:
		return scheduled, now >= scheduled
	case SingleStream, MultiStream:
		return NoTime, completed >= i.issued
	}
	return 0, true
}

// Joins says whether a query that is scheduled then goes out together with the
// one before it, which left at now: where queries are coalesced and it is due.
// All that join leave as one, with one call of Issued.
func (i *Issuer) Joins(scheduled, now time.Duration) bool {
	s := &i.settings.Requested
	return s.Scenario == Server && s.ServerCoalesceQueries && scheduled <= now
}

// Issued reports whether n queries left together at a time, when completed queries
// were complete. Where it returns true no more are to be issued.
func (i *Issuer) Issued(n uint64, at time.Duration, completed uint64) (End, bool) {
	i.issued += n
	if i.mode == AccuracyOnly {
		return End{}, false
	}
	return i.settings.EndAfter(i.issued, i.issued-completed, at)
}

// RanOut is the end where every query that was generated has been issued.
func (i *Issuer) RanOut() End {
	if i.mode == AccuracyOnly || i.settings.Requested.Scenario == Server {
		return End{}
	}
	return End{
		Text: "Ending early: Ran out of generated queries to issue before the minimum query count and test duration were reached." +
			" Please update the relevant expected latency or target qps in the TestSettings so they are more accurate.",
		Early: true,
	}
}

// EndAfter is LoadGen's check after each query of a performance phase
// (IssueQueriesInternal), and says whether the phase ends: issued queries have
// left, outstanding of them are not complete, and the last left at the time last.
// Accuracy mode has no such check.
func (e *Effective) EndAfter(issued, outstanding uint64, last time.Duration) (End, bool) {
	server := e.Requested.Scenario == Server
	const early = "IssueQueryThread 0 Ending early: "
	switch {
	case server && e.MaxAsyncQueries != 0 && outstanding > e.MaxAsyncQueries:
		return End{fmt.Sprintf(early+"Too many outstanding queries. issued %d outstanding %d", issued, outstanding), true}, true
	case !server && issued >= e.MinQueryCount && last >= e.TargetDuration:
		return End{"Ending naturally: Minimum query count and test duration met.", false}, true
	case e.MaxQueryCount != 0 && issued >= e.MaxQueryCount:
		return End{fmt.Sprintf(early+"Max query count reached. query_count %d", issued), true}, true
	case e.MaxDuration != 0 && last > e.MaxDuration:
		return End{fmt.Sprintf(early+"Max test duration reached. duration_ns %d", last.Nanoseconds()), true}, true
	}
	return End{}, false
}
