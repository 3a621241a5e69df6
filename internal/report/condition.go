package report

import (
	"fmt"
	"strings"
	"time"

	"mlcfg/internal/loadgen"
)

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
	e, v, f, where := j.Settings, j.Verdict, j.Figures, j.Section.Where
	if v == nil {
		return nil
	}
	server := e.Requested.Scenario == loadgen.Server
	out := []Condition{
		duration(j),
		{
			Name: "minimum queries", Met: v.MinQueriesMet, Found: queriesFound(f), Wanted: fmt.Sprintf("%d queries, every sample completed", e.MinQueryCount),
			Change: moreQueries(j),
		},
	}
	name := fmt.Sprintf("p%g", e.TargetLatencyPercentile*100)
	lower := fmt.Sprintf("lower %s (mlrun tune qps finds the highest that is VALID), or make the engine faster at this load", where("server_target_qps"))
	if lines := j.Section.MissingLimits(); len(lines) > 0 {
		lower = fmt.Sprintf("the limit is LoadGen's for all: round %s has none of %s; write your own into user.conf (%s), compile and run again", j.Section.Round, j.Section.Benchmark, strings.Join(lines, ", "))
	}
	limit := func(what string, d loadgen.Distribution, limit time.Duration) {
		if f.Samples == 0 { // LoadGen calls a limit met that nothing was held to
			out = append(out, Condition{Name: what + " limit", Found: "no sample was completed", Wanted: fmt.Sprintf("%s at most %s ms", name, fixed(ms(limit))), Change: "find out why requests failed"})
			return
		}
		out = append(out, Condition{
			Name: what + " limit", Met: time.Duration(d.Target) <= limit, Found: fmt.Sprintf("%s %s ms", name, fixed(ms(time.Duration(d.Target)))), Wanted: fmt.Sprintf("%s at most %s ms", name, fixed(ms(limit))),
			Advice: "Reduce target QPS to improve latency.", Change: lower,
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
		out = append(out, earlyStopping(j, name))
	}
	for i := range out {
		if out[i].Met {
			out[i].Advice, out[i].Change = "", ""
		}
	}
	return out
}

// moreQueries is what helps a run of too few queries.
func moreQueries(j *Judgement) string {
	if j.Figures.Incomplete > 0 {
		return "find out why requests failed: every sample has to be completed"
	}
	if j.Settings.MaxDuration != 0 || j.Settings.MaxQueryCount != 0 {
		var limits []string
		for _, l := range []struct {
			set   bool
			field string
		}{{j.Settings.MaxDuration != 0, "max_duration_ms"}, {j.Settings.MaxQueryCount != 0, "max_query_count"}} {
			if l.set {
				limits = append(limits, j.Section.Where(l.field))
			}
		}
		return "the run ends at an upper limit: raise it or take it out, " + strings.Join(limits, ", ")
	}
	return "let the run end by itself; how many queries there must be is set by " + j.Section.Where("min_query_count") + " and " + j.Section.Where("min_duration_ms")
}

func duration(j *Judgement) Condition {
	e, v, f, where := j.Settings, j.Verdict, j.Figures, j.Section.Where
	c := Condition{Name: "minimum duration", Met: v.MinDurationMet, Wanted: fmt.Sprintf("%s s", fixed(e.MinDuration.Seconds())), Advice: oneLine(v.DurationAdvice)}
	switch e.Requested.Scenario {
	case loadgen.Offline:
		c.Found, c.Change = fmt.Sprintf("%s s, the longest latency", fixed(f.MaxLatency)), fmt.Sprintf("raise %s: LoadGen makes that many samples for each second of %s", where("offline_expected_qps"), where("min_duration_ms"))
	case loadgen.Server:
		c.Found, c.Change = fmt.Sprintf("%s s, the last scheduled time", fixed(f.FinalScheduled)), "raise "+where("server_target_qps")+" or "+where("min_query_count")
	default:
		c.Found, c.Change = fmt.Sprintf("%s s, the last issue", fixed(f.FinalIssued)), "lower the expected latency, or raise "+where("min_query_count")
	}
	return c
}

func queriesFound(f *loadgen.Summary) string {
	if f.Incomplete > 0 {
		return fmt.Sprintf("%d queries, %d samples not completed", f.Queries, f.Incomplete)
	}
	return fmt.Sprintf("%d queries", f.Queries)
}

func earlyStopping(j *Judgement, percentile string) Condition {
	v, f := j.Verdict, j.Figures
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
	c.Change = "raise " + j.Section.Where("min_query_count") + " or " + j.Section.Where("min_duration_ms") + " for more queries"
	if !v.PerfConstraintsMet {
		c.Change = "a latency limit is not met, and more queries do not help: see there"
	}
	return c
}
