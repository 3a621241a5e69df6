package report

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
)

// Sheet is all that is shown of one run. Its size is bounded whatever the number of
// requests: distributions are kept as exact quantiles and counts, the course of the run as
// intervals of time. It does not hold on to the records.
type Sheet struct {
	// Name is the run directory's own name.
	Name string `json:"name"`
	*Summary
	// Conditions are those of LoadGen's verdict; none where nothing was judged.
	Conditions    []Condition    `json:"conditions,omitempty"`
	Settings      []Section      `json:"settings"`
	Distributions []Distribution `json:"distributions,omitempty"`
	Timeline      *Timeline      `json:"timeline,omitempty"`
	// EngineCurves are what the engines said of themselves, by replica.
	EngineCurves []EngineCurve `json:"engine_curves,omitempty"`
	Balance      *Balance      `json:"balance,omitempty"`
	Slowest      []Slow        `json:"slowest,omitempty"`
	Failures     []Failure     `json:"failures,omitempty"`
	Environment  []Setting     `json:"environment"`

	run *Run
}

// NewSheet reduces a run to what is shown of it.
func NewSheet(r *Run) (*Sheet, error) {
	j, err := Judge(r)
	if err != nil {
		return nil, err
	}
	sum, rows := j.Summary, j.Rows
	s := &Sheet{
		Name: filepath.Base(filepath.Clean(r.Path)), Summary: sum, Conditions: conditions(j),
		Settings: settings(r.Manifest), Environment: environment(r, sum), Failures: j.failures,
	}
	s.Distributions = distributions(sum, rows)
	s.Timeline = timeline(rows, sum.Lateness != nil)
	s.EngineCurves = engineCurves(r.Metrics)
	s.Balance = balance(sum, rows, r.Metrics)
	s.Slowest = longest(rows)
	own := *r
	own.Records, own.Metrics = nil, nil
	s.run = &own
	return s, nil
}

// Run is the run that the sheet is of, without its records.
func (s *Sheet) Run() *Run { return s.run }

// Title names what was run, on what.
func (s *Sheet) Title() string {
	return fmt.Sprintf("%s %s on %s, %s", s.Benchmark, s.Scenario, orNone(s.Machine), s.Engine)
}

// Verdict is the word for it.
func (s *Summary) Verdict() string {
	if s.Valid {
		return "VALID"
	}
	return "INVALID"
}

// Notes are what must stand wherever figures of the run do.
func (s *Summary) Notes() []string {
	var out []string
	if s.Simulated {
		out = append(out, SimulatedSentence)
	}
	if s.SyntheticData {
		out = append(out, "Synthetic data: the data set was not there, prompts were made up.")
	}
	for _, r := range s.Remarks {
		out = append(out, diag.Escape(strings.ToUpper(r[:1])+r[1:]+"."))
	}
	return out
}

// Mark is the short form of Notes, empty for a real run.
func (s *Summary) Mark() string {
	switch {
	case s.Simulated && s.SyntheticData:
		return "SIMULATED, SYNTHETIC DATA"
	case s.Simulated:
		return "SIMULATED"
	case s.SyntheticData:
		return "SYNTHETIC DATA"
	}
	return ""
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// Condition is one condition of LoadGen's verdict.
type Condition struct {
	Name string `json:"name"`
	Met  bool   `json:"met"`
	// Found and Wanted are what was measured and what it is held to.
	Found  string `json:"found"`
	Wanted string `json:"wanted"`
	// Advice is LoadGen's, Change what to change for it; empty where the condition is met.
	Advice string `json:"advice,omitempty"`
	Change string `json:"change,omitempty"`
}

// conditions takes LoadGen's verdict apart; none where nothing was judged.
func conditions(j *Judgement) []Condition {
	e, v, f := j.Settings, j.Verdict, j.Figures
	if v == nil {
		return nil
	}
	server := e.Requested.Scenario == loadgen.Server
	out := []Condition{
		duration(e, v, f),
		{
			Name: "minimum queries", Met: v.MinQueriesMet, Found: queriesFound(f), Wanted: fmt.Sprintf("%d queries, every sample completed", e.MinQueryCount),
			Change: "end the run by itself, and find out why requests failed; min_query_count and min_duration_ms set how many there must be",
		},
	}
	name := fmt.Sprintf("p%g", e.TargetLatencyPercentile*100)
	limit := func(what string, d loadgen.Distribution, limit time.Duration) {
		if f.Samples == 0 { // LoadGen calls a limit met that nothing was held to
			out = append(out, Condition{Name: what + " limit", Found: "no sample was completed", Wanted: fmt.Sprintf("%s at most %s ms", name, fixed(ms(limit))), Change: "find out why requests failed"})
			return
		}
		out = append(out, Condition{
			Name: what + " limit", Met: time.Duration(d.Target) <= limit, Found: fmt.Sprintf("%s %s ms", name, fixed(ms(time.Duration(d.Target)))), Wanted: fmt.Sprintf("%s at most %s ms", name, fixed(ms(limit))),
			Advice: "Reduce target QPS to improve latency.", Change: "lower server_target_qps (mlrun tune qps finds the highest that is VALID), or make the engine faster at this load",
		})
	}
	switch {
	case server && e.Requested.UseTokenLatencies:
		limit("TTFT", f.TTFT, e.Requested.TTFTLatency)
		limit("TPOT", f.TPOT, e.Requested.TPOTLatency)
	case server:
		limit("latency", f.Latency, e.TargetLatency)
	}
	if e.Requested.Scenario != loadgen.Offline {
		out = append(out, earlyStopping(v, f, name))
	}
	for i := range out {
		if out[i].Met {
			out[i].Advice, out[i].Change = "", ""
		}
	}
	return out
}

func duration(e *loadgen.Effective, v *loadgen.Verdict, f *loadgen.Summary) Condition {
	c := Condition{Name: "minimum duration", Met: v.MinDurationMet, Wanted: fmt.Sprintf("%s s", fixed(e.MinDuration.Seconds())), Advice: oneLine(v.DurationAdvice)}
	switch e.Requested.Scenario {
	case loadgen.Offline:
		c.Found, c.Change = fmt.Sprintf("%s s, the longest latency", fixed(f.MaxLatency)), "raise offline_expected_qps: LoadGen makes that many samples for each second of min_duration_ms"
	case loadgen.Server:
		c.Found, c.Change = fmt.Sprintf("%s s, the last scheduled time", fixed(f.FinalScheduled)), "raise server_target_qps or min_query_count"
	default:
		c.Found, c.Change = fmt.Sprintf("%s s, the last issue", fixed(f.FinalIssued)), "lower the expected latency, or raise min_query_count"
	}
	return c
}

func queriesFound(f *loadgen.Summary) string {
	if f.Incomplete > 0 {
		return fmt.Sprintf("%d queries, %d samples not completed", f.Queries, f.Incomplete)
	}
	return fmt.Sprintf("%d queries", f.Queries)
}

func earlyStopping(v *loadgen.Verdict, f *loadgen.Summary, percentile string) Condition {
	c := Condition{Name: "early stopping", Met: v.EarlyStoppingMet, Found: "enough queries", Wanted: "99 % confidence in the percentile"}
	if c.Met {
		if f.EstimateSingleStream > 0 {
			c.Found = fmt.Sprintf("%s estimated at %s ms", percentile, fixed(ms(time.Duration(f.EstimateSingleStream))))
		}
		return c
	}
	c.Found = "too few queries within the limit"
	for _, text := range []string{v.EarlyStopping, v.EarlyStoppingTTFT, v.EarlyStoppingTPOT} {
		if text != "" && text != " * Run successful." {
			c.Advice = oneLine(text)
		}
	}
	c.Change = "raise min_query_count or min_duration_ms for more queries; where a latency limit is not met, more queries do not help: lower the load"
	return c
}

// fixed is a figure with digits enough to compare it with its limit.
func fixed(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.1f", v)
	case v >= 10:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
