package loadgen

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"
)

// End is why issuing ended.
type End struct {
	// Text is what LoadGen logs, empty where it logs nothing.
	Text string
	// Early says that LoadGen logs it as an error: the run was cut short.
	Early bool
}

// RanOut is the end of a performance phase whose queries have all been issued.
func (e *Effective) RanOut() End {
	if e.Requested.Scenario == Server {
		return End{}
	}
	return End{
		Text: "Ending early: Ran out of generated queries to issue before the minimum query count and test duration were reached." +
			" Please update the relevant expected latency or target qps in the TestSettings so they are more accurate.",
		Early: true,
	}
}

// EndAfter is LoadGen's check after each query of a performance phase
// (IssueQueriesInternal), and reports whether the phase ends: issued queries have
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

// EndOfIssue says why no more queries were issued, in the words and by the rules
// that LoadGen has after each query of a performance run; accuracy mode has none
// of them. early is true where it logs an error. A Server run that issued all its
// queries ends without a word: text is empty.
func EndOfIssue(s *Effective, r *Records) (text string, early bool) {
	queries := r.Queries()
	if queries == 0 {
		return "", false
	}
	last := queries*r.SamplesPerQuery - 1
	var outstanding uint64
	if s.MaxAsyncQueries != 0 {
		outstanding = r.outstanding()
	}
	end, ended := s.EndAfter(uint64(queries), outstanding, time.Duration(r.Issued[last]))
	if !ended {
		end = s.RanOut()
	}
	return end.Text, end.Early
}

// outstanding counts the queries that were not complete when the last one was
// issued, that one included.
func (r *Records) outstanding() uint64 {
	var n uint64
	last := r.Issued[len(r.Issued)-1]
	for q := range r.Queries() {
		if done := r.queryDone(q); done == NotReached || done >= last {
			n++
		}
	}
	return n
}

// SampleErrors are the complaints that LoadGen logs when a sample completes, as
// error_runtime: without a first token though the scenario reports one, or with
// a token count that it does not take. hasFirst reports whether a first token came.
func SampleErrors(q *Settings, hasFirst bool, tokens int64) []string {
	if !q.UseTokenLatencies {
		return nil
	}
	var errs []string
	if !hasFirst && q.Scenario != Offline {
		errs = append(errs, "Attempted to record a sample latency before it's first token latency")
	}
	switch {
	case tokens == 0:
		errs = append(errs, "n_tokens argument missing or attempted to record 0 as number of tokens")
	case tokens < 0:
		errs = append(errs, "Attempted to record a negative number of tokens")
	case tokens == 1:
		errs = append(errs, "Number of tokens need to be greater than 1")
	}
	return errs
}

// RunErrors yields the errors that LoadGen would have logged while these
// responses came in: those of each sample in the order of completion, then that
// samples are incomplete. The columns must fit together, as [Judge] checks.
func RunErrors(q *Settings, r *Records) iter.Seq[string] {
	return func(yield func(string) bool) {
		complaints := func(i int) []string {
			if !q.UseTokenLatencies || r.Done[i] == NotReached {
				return nil
			}
			if q.Scenario == Offline {
				return SampleErrors(q, true, r.Tokens[i])
			}
			errs := SampleErrors(q, r.streamed(i), r.Tokens[i])
			if r.FirstToken[i] > r.Done[i] {
				errs = append(errs, "Attempted to record token latency after sample was completed")
			}
			return errs
		}
		var incomplete int
		var faulty []int
		for i, done := range r.Done {
			if done == NotReached {
				incomplete++
			} else if len(complaints(i)) > 0 {
				faulty = append(faulty, i)
			}
		}
		slices.SortStableFunc(faulty, func(a, b int) int { return cmp.Compare(r.Done[a], r.Done[b]) })
		for _, i := range faulty {
			for _, text := range complaints(i) {
				if !yield(text) {
					return
				}
			}
		}
		if incomplete > 0 {
			yield(fmt.Sprintf("Encountered incomplete samples at the end of a series of queries. count: %d", incomplete))
		}
	}
}
