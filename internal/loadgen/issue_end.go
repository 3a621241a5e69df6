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
func EndOfIssue(s *Effective, r Samples) (text string, early bool) {
	issued := queries(r)
	if issued == 0 {
		return "", false
	}
	last := issued*r.PerQuery() - 1
	var unanswered uint64
	if s.MaxAsyncQueries != 0 {
		unanswered = outstanding(r)
	}
	end, ended := s.EndAfter(uint64(issued), unanswered, time.Duration(r.At(last).Issued))
	if !ended {
		end = s.RanOut()
	}
	return end.Text, end.Early
}

// outstanding counts the queries that were not complete when the last one was
// issued, that one included.
func outstanding(r Samples) uint64 {
	var n uint64
	last := r.At(r.Len() - 1).Issued
	for q := range queries(r) {
		if done := queryDone(r, q); done == NotReached || done >= last {
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
func RunErrors(q *Settings, r Samples) iter.Seq[string] {
	return func(yield func(string) bool) {
		complaints := func(s Sample) []string {
			if !q.UseTokenLatencies || s.Done == NotReached {
				return nil
			}
			if q.Scenario == Offline {
				return SampleErrors(q, true, s.Tokens)
			}
			errs := SampleErrors(q, s.streamed(), s.Tokens)
			if s.FirstToken > s.Done {
				errs = append(errs, "Attempted to record token latency after sample was completed")
			}
			return errs
		}
		var incomplete int
		var faulty []Sample
		for i := range r.Len() {
			if s := r.At(i); s.Done == NotReached {
				incomplete++
			} else if len(complaints(s)) > 0 {
				faulty = append(faulty, s)
			}
		}
		slices.SortStableFunc(faulty, func(a, b Sample) int { return cmp.Compare(a.Done, b.Done) })
		for _, s := range faulty {
			for _, text := range complaints(s) {
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
