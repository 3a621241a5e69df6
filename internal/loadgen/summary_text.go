package loadgen

import (
	"fmt"
	"io"
	"strings"
)

// Report is everything that mlperf_log_summary.txt shows.
type Report struct {
	Program  Program
	SUT      string
	Settings *Effective
	// Verdict and Summary are nil after a run in accuracy mode, which has none.
	Verdict *Verdict
	Summary *Summary
	// Warnings and Errors are the counts of the detail log.
	Warnings, Errors int
}

const heading = "================================================\n"

// WriteSummary writes mlperf_log_summary.txt: byte for byte what LoadGen
// writes, after a first line that names the program.
func (r *Report) WriteSummary(w io.Writer) error {
	var b strings.Builder
	b.WriteString("Written by " + r.Program.String() + ", not by MLPerf LoadGen\n")
	if r.Verdict != nil && r.Summary != nil {
		r.writeHead(&b)
		r.writeVerdict(&b)
		b.WriteString("\n" + heading + "Additional Stats\n" + heading)
		r.writeStats(&b)
		b.WriteString("\n" + heading + "Test Parameters Used\n" + heading)
		r.writeParameters(&b)
	}
	b.WriteString("\n" + encountered(r.Warnings, "warning", "warnings", "warnings"))
	b.WriteString("\n" + encountered(r.Errors, "ERROR", "ERRORS", "errors"))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

func encountered(n int, one, many, none string) string {
	switch n {
	case 0:
		return "No " + none + " encountered during test.\n"
	case 1:
		return "1 " + one + " encountered. See detailed log.\n"
	}
	return fmt.Sprintf("%d %s encountered. See detailed log.\n", n, many)
}

// writeHead writes who ran what, and the result by the scenario's measure.
func (r *Report) writeHead(b *strings.Builder) {
	s, q, sum := r.Settings, &r.Settings.Requested, r.Summary
	b.WriteString(heading + "MLPerf Results Summary\n" + heading)
	fmt.Fprintf(b, "SUT name : %s\nScenario : %s\nMode     : %s\n", oneLine(r.SUT), q.Scenario, q.Mode)
	target := formatFixed(s.TargetLatencyPercentile*100, 1)
	switch q.Scenario {
	case SingleStream:
		fmt.Fprintf(b, "%sth percentile latency (ns) : %d\n", target, sum.Latency.Target)
	case MultiStream:
		fmt.Fprintf(b, "%sth percentile latency (ns) : %d\n", target, sum.QueryLatency.Target)
	case Server:
		fmt.Fprintf(b, "Completed samples per second    : %s\n", formatFixed(sum.CompletedSamplesPerSecond(), 2))
	case Offline:
		fmt.Fprintf(b, "Samples per second: %s\n", formatDouble(sum.SamplesPerSecond()))
	}
	if q.UseTokenLatencies {
		switch q.Scenario {
		case SingleStream, MultiStream:
			fmt.Fprintf(b, "%sth first token percentile latency (ns) : %d\n", target, sum.TTFT.Target)
		case Server:
			fmt.Fprintf(b, "Completed tokens per second: %s\n", formatFixed(sum.CompletedTokensPerSecond(), 2))
		case Offline:
			fmt.Fprintf(b, "Tokens per second: %s\n", formatDouble(sum.TokensPerSecond()))
		}
	}
	if q.InferTokenLatencies {
		switch q.Scenario {
		case Server:
			fmt.Fprintf(b, "Completed tokens per second (inferred): %s\n", formatFixed(sum.inferredCompletedTokensPerSecond(), 2))
		case Offline:
			fmt.Fprintf(b, "Tokens per second (inferred): %s\n", formatDouble(sum.inferredTokensPerSecond()))
		}
	}
}

func (r *Report) writeVerdict(b *strings.Builder) {
	q, v := &r.Settings.Requested, r.Verdict
	result := "INVALID"
	if v.Valid {
		result = "VALID"
	}
	fmt.Fprintf(b, "Result is : %s\n", result)
	if q.Scenario == Server {
		fmt.Fprintf(b, "  Performance constraints satisfied : %s\n", yesNo(v.PerfConstraintsMet))
	}
	fmt.Fprintf(b, "  Min duration satisfied : %s\n", yesNo(v.MinDurationMet))
	fmt.Fprintf(b, "  Min queries satisfied : %s\n", yesNo(v.MinQueriesMet))
	fmt.Fprintf(b, "  Early stopping satisfied: %s\n", yesNo(v.EarlyStoppingMet))
	if !v.Valid {
		b.WriteString("Recommendations:\n")
		if !v.PerfConstraintsMet {
			fmt.Fprintf(b, " * %s\n", v.PerfAdvice)
		}
		if !v.MinDurationMet {
			fmt.Fprintf(b, " * %s\n", v.DurationAdvice)
		}
		if !v.MinQueriesMet {
			fmt.Fprintf(b, " * %s\n   See the detailed log for why this may have occurred.\n", exitedEarly)
		}
	}
	switch {
	case q.Scenario == Offline:
	case q.UseTokenLatencies:
		fmt.Fprintf(b, "TTFT Early Stopping Result:\n%s\nTPOT Early Stopping Result:\n%s\n", v.EarlyStoppingTTFT, v.EarlyStoppingTPOT)
	default:
		fmt.Fprintf(b, "Early Stopping Result:\n%s\n", v.EarlyStopping)
	}
}

func yesNo(ok bool) string {
	if ok {
		return "Yes"
	}
	return "NO"
}

func (r *Report) writeStats(b *strings.Builder) {
	q, sum := &r.Settings.Requested, r.Summary
	latency := &sum.Latency
	switch q.Scenario {
	case SingleStream:
		fmt.Fprintf(b, "QPS w/ loadgen overhead         : %s\n", formatFixed(sum.QPSWithOverhead(), 2))
		fmt.Fprintf(b, "QPS w/o loadgen overhead        : %s\n\n", formatFixed(sum.QPSWithoutOverhead(), 2))
	case Server:
		fmt.Fprintf(b, "Scheduled samples per second : %s\n", formatFixed(sum.ScheduledSamplesPerSecond(), 2))
	case MultiStream:
		b.WriteString("Per-query latency:  \n")
		latency = &sum.QueryLatency
	}
	writeDistribution(b, latency, "latency (ns)                ", "percentile latency (ns)   ")
	if !q.UseTokenLatencies {
		return
	}
	b.WriteString("\n")
	switch q.Scenario {
	case SingleStream:
		fmt.Fprintf(b, "TPS w/ loadgen overhead         : %s\n", formatFixed(sum.TPSWithOverhead(), 2))
		fmt.Fprintf(b, "TPS w/o loadgen overhead        : %s\n", formatFixed(sum.TPSWithoutOverhead(), 2))
	case Server:
		fmt.Fprintf(b, "Completed tokens per second                 : %s\n", formatFixed(sum.CompletedTokensPerSecond(), 2))
	case Offline:
		return
	}
	writeDistribution(b, &sum.TTFT, "First Token latency (ns)                ", "percentile first token latency (ns)   ")
	b.WriteString("\n")
	writeDistribution(b, &sum.TPOT, "Time per Output Token (ns)                ", "percentile time to output token (ns)   ")
}

// writeDistribution writes nine lines. The label is padded for Min and Max; the
// longer Mean takes one space away.
func writeDistribution(b *strings.Builder, d *Distribution, label, percentileLabel string) {
	fmt.Fprintf(b, "Min %s: %d\n", label, d.Min)
	fmt.Fprintf(b, "Max %s: %d\n", label, d.Max)
	fmt.Fprintf(b, "Mean %s: %d\n", label[:len(label)-1], d.Mean)
	for i, p := range reported {
		fmt.Fprintf(b, "%s %s: %d\n", formatFixed(p*100, 2), percentileLabel, d.Percentiles[i])
	}
}

func (r *Report) writeParameters(b *strings.Builder) {
	s, q := r.Settings, &r.Settings.Requested
	fmt.Fprintf(b, "samples_per_query : %d\n", s.SamplesPerQuery)
	fmt.Fprintf(b, "target_qps : %s\n", formatDouble(s.TargetQPS))
	if q.UseTokenLatencies {
		fmt.Fprintf(b, "ttft_latency (ns): %d\ntpot_latency (ns): %d\n", q.TTFTLatency.Nanoseconds(), q.TPOTLatency.Nanoseconds())
	} else {
		fmt.Fprintf(b, "target_latency (ns): %d\n", s.TargetLatency.Nanoseconds())
	}
	fmt.Fprintf(b, "max_async_queries : %d\n", s.MaxAsyncQueries)
	fmt.Fprintf(b, "min_duration (ms): %d\nmax_duration (ms): %d\n", s.MinDuration.Milliseconds(), s.MaxDuration.Milliseconds())
	fmt.Fprintf(b, "min_query_count : %d\nmax_query_count : %d\n", s.MinQueryCount, s.MaxQueryCount)
	fmt.Fprintf(b, "qsl_rng_seed : %d\nsample_index_rng_seed : %d\nschedule_rng_seed : %d\n", q.QSLSeed, q.SampleIndexSeed, q.ScheduleSeed)
	fmt.Fprintf(b, "accuracy_log_rng_seed : %d\n", q.AccuracyLogSeed)
	fmt.Fprintf(b, "accuracy_log_probability : %s\n", formatDouble(q.AccuracyLogProbability))
	fmt.Fprintf(b, "accuracy_log_sampling_target : %d\n", q.AccuracyLogSamplingTarget)
	fmt.Fprintf(b, "print_timestamps : %s\n", zeroOne(q.PrintTimestamps))
	fmt.Fprintf(b, "performance_issue_unique : %s\n", zeroOne(q.PerformanceIssueUnique))
	fmt.Fprintf(b, "performance_issue_same : %s\n", zeroOne(q.PerformanceIssueSame))
	fmt.Fprintf(b, "performance_issue_same_index : %d\n", q.PerformanceIssueSameIndex)
	fmt.Fprintf(b, "performance_sample_count : %d\n", s.PerformanceSampleCount)
	fmt.Fprintf(b, "accuracy_sample_count : %d\n", s.AccuracySampleCount)
	if q.SampleConcatenatePermutation {
		b.WriteString("WARNING: sample_concatenate_permutation was set to true. \n" +
			"Generated samples per query might be different as the one in the setting.\n" +
			"Check the generated_samples_per_query line in the detailed log for the real\nsamples_per_query value\n")
	}
}

func zeroOne(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// oneLine keeps a name from breaking the form of the summary.
func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }
