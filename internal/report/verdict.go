package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
)

// rates are LoadGen's result figures for the scenario.
func (s *Summary) rates(e *loadgen.Effective, f *loadgen.Summary) {
	if f.Samples == 0 {
		return // nothing was completed, and LoadGen's N-1 samples would be a huge number
	}
	switch e.Requested.Scenario {
	case loadgen.Offline:
		s.SamplesPerSecond = finite(f.SamplesPerSecond())
		s.TokensPerSecond = perSecond(s.OutputTokens, f.MaxLatency)
	case loadgen.Server:
		s.SamplesPerSecond = finite(f.CompletedSamplesPerSecond())
		s.TokensPerSecond = perSecond(s.OutputTokens, f.FinalDone)
		scheduled := finite(f.ScheduledSamplesPerSecond())
		s.ScheduledSamplesPerSecond = &scheduled
	default:
		s.ratesByTime()
	}
}

// ratesByTime counts what was completed against the time it took.
func (s *Summary) ratesByTime() {
	s.SamplesPerSecond = perSecond(int64(s.Completed), s.Seconds)
	s.TokensPerSecond = perSecond(s.OutputTokens, s.Seconds)
}

func perSecond(n int64, seconds float64) float64 { return finite(float64(n) / seconds) }

// finite keeps a rate over no time at all out of JSON, which has no infinity.
func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) || f <= 0 { // no negative zero either
		return 0
	}
	return f
}

// verdict is that of the LoadGen that issued the queries. The official one has
// timed the run itself; its word stands in its own summary.
func (s *Summary) verdict(r *Run, v *loadgen.Verdict) {
	switch {
	case s.OfficialLoadGen == "":
		s.reasons(v)
	case r.OfficialResult == "INVALID":
		s.Reasons = append(s.Reasons, "the official LoadGen's result is INVALID: see "+loadgen.SummaryName)
		s.reasons(v)
	case r.OfficialResult == "":
		s.Reasons = append(s.Reasons, "the official LoadGen wrote no result")
	}
}

// What LoadGen's reasons begin with that are about the number of queries alone.
const (
	MinDuration   = "minimum duration not met"
	MinQueries    = "minimum number of queries not met"
	EarlyStopping = "early stopping not met"
)

// reasons are what LoadGen's verdict lacks, in its words.
func (s *Summary) reasons(v *loadgen.Verdict) {
	if !v.MinDurationMet {
		s.Reasons = append(s.Reasons, MinDuration+": "+oneLine(v.DurationAdvice))
	}
	if !v.MinQueriesMet {
		s.Reasons = append(s.Reasons, MinQueries)
	}
	if !v.PerfConstraintsMet {
		s.Reasons = append(s.Reasons, "latency limit not met: "+oneLine(v.PerfAdvice))
	}
	if !v.EarlyStoppingMet {
		for _, text := range []string{v.EarlyStopping, v.EarlyStoppingTTFT, v.EarlyStoppingTPOT} {
			if text != "" && !strings.Contains(text, "Run successful") {
				s.Reasons = append(s.Reasons, EarlyStopping+": "+oneLine(text))
			}
		}
	}
}

// faults are what this program knows beyond LoadGen's verdict.
func (s *Summary) faults(r *Run) {
	switch {
	case r.Running:
		s.Reasons = append(s.Reasons, "the run still goes on: "+string(r.State.Phase))
	case r.endedDuring():
	case r.State.Phase != record.Ended && r.State.Phase != record.Results:
		s.Reasons = append(s.Reasons, "the run was cut off during: "+string(r.State.Phase))
	}
	if text := r.incomplete(); text != "" {
		s.Reasons = append(s.Reasons, text)
	}
	s.Reasons = append(s.Reasons, r.State.Faults...)
	if s.Failed > 0 {
		s.Reasons = append(s.Reasons, fmt.Sprintf("%d of %d requests failed", s.Failed, s.Samples))
	}
	if r.Records.Len() == 0 {
		s.Reasons = append(s.Reasons, "no request was recorded")
	}
}

// endedDuring reports whether a fault says in which phase the run ended and why, so
// that its phase alone says nothing more.
func (r *Run) endedDuring() bool {
	return slices.ContainsFunc(r.State.Faults, func(f string) bool { return strings.HasPrefix(f, "ended during "+string(r.State.Phase)+": ") })
}

// problems are the lines of the INVALID file that nothing else accounts for.
func (s *Summary) problems(r *Run) {
	if r.Copy != "" {
		s.Reasons = append(s.Reasons, "the two copies of the records differ: "+r.Copy)
	}
	for _, p := range r.Problems {
		if !slices.Contains(s.Reasons, p) {
			s.Reasons = append(s.Reasons, p)
		}
	}
}

// oneLine folds LoadGen's bullet lines into one sentence.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, " * ", " ")), " ")
}
