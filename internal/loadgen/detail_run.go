package loadgen

import (
	"strings"
	"time"
)

// LogMode says which part of a run starts. SubmissionRun has accuracy mode and
// then performance mode. A phase in the mode of the one before says nothing.
func (d *DetailLog) LogMode(m Mode) {
	d.mu.Lock()
	same := d.mode == m
	d.mode = m
	d.mu.Unlock()
	switch {
	case same:
	case m == AccuracyOnly:
		d.Text("generic_message", "Starting accuracy mode")
	case m == PerformanceOnly:
		d.Text("generic_message", "Starting performance mode")
	}
}

// LogGenerated writes the set of samples that a phase loads and what is
// generated from it.
func (d *DetailLog) LogGenerated(p *Phase, t Totals) {
	d.line("loaded_qsl_set", severityNone, func(b []byte) []byte { return appendIndices(b, p.Loaded) })
	d.Uint("generated_query_count", t.Queries)
	d.Uint("generated_samples_per_query", uint64(p.SamplesPerQuery))
	d.Int("generated_query_duration", t.Duration.Nanoseconds())
}

// LogEnd writes what follows when the last response is there: counters of
// LoadGen's logger, which this program does not have and gives as zero, and the
// interval for a power meter.
func (d *DetailLog) LogEnd(begin time.Time, active time.Duration) {
	for _, counter := range []string{
		"swap_request_slots_retry_count", "swap_request_slots_retry_retry_count", "swap_request_slots_retry_reencounter_count",
		"start_reading_entries_retry_count", "tls_total_log_cas_fail_count", "tls_total_swap_buffers_slot_retry_count",
	} {
		d.Uint("logger_"+counter, 0)
	}
	const form = "01-02-2006 15:04:05.000"
	d.Text("power_begin", begin.UTC().Format(form))
	d.Text("power_end", begin.Add(active).UTC().Format(form))
}

// LogResults writes the verdict and the numbers of a performance run.
func (d *DetailLog) LogResults(s *Effective, v *Verdict, sum *Summary) {
	q := &s.Requested
	d.logVerdict(q, v)
	d.Uint("result_query_count", sum.Queries)
	switch q.Scenario {
	case Server:
		d.Uint("result_overlatency_query_count", sum.OverLatency)
		d.Float("result_scheduled_samples_per_sec", sum.ScheduledSamplesPerSecond())
		d.Float("result_completed_samples_per_sec", sum.CompletedSamplesPerSecond())
	case SingleStream:
		d.Float("result_qps_with_loadgen_overhead", sum.QPSWithOverhead())
		d.Float("result_qps_without_loadgen_overhead", sum.QPSWithoutOverhead())
		d.Int("early_stopping_latency_ss", sum.EstimateSingleStream)
		d.Int("early_stopping_latency_ms", sum.EstimateMultiStream)
	case MultiStream:
		d.logRange("result_%_query_latency_ns", &sum.QueryLatency)
		d.logPercentiles("result_%_percentile_per_query_latency_ns", &sum.QueryLatency)
		d.Int("early_stopping_latency_ms", sum.EstimateMultiStream)
	case Offline:
		d.Float("result_samples_per_second", sum.SamplesPerSecond())
	}
	d.logRange("result_%_latency_ns", &sum.Latency)
	d.logPercentiles("result_%_percentile_latency_ns", &sum.Latency)
	if q.UseTokenLatencies {
		d.logTokens(q, sum)
	}
	if q.InferTokenLatencies {
		switch q.Scenario {
		case Server:
			d.Float("result_inferred_completed_tokens_per_second", sum.inferredCompletedTokensPerSecond())
		case Offline:
			d.Float("result_inferred_tokens_per_second", sum.inferredTokensPerSecond())
		}
	}
	d.Int("num_errors", int64(d.Errors()))
}

func (d *DetailLog) logVerdict(q *Settings, v *Verdict) {
	validity := "INVALID"
	if v.Valid {
		validity = "VALID"
	}
	d.Text("result_validity", validity)
	if q.Scenario == Server {
		d.Bool("result_perf_constraints_met", v.PerfConstraintsMet)
	}
	d.Bool("result_min_duration_met", v.MinDurationMet)
	d.Bool("result_min_queries_met", v.MinQueriesMet)
	d.Bool("early_stopping_met", v.EarlyStoppingMet)
	if !v.Valid {
		d.Text("result_invalid_reason", spaced(v.invalidReason()))
	}
	if q.UseTokenLatencies {
		d.Text("early_stopping_ttft_result", spaced(v.EarlyStoppingTTFT))
		d.Text("early_stopping_tpot_result", spaced(v.EarlyStoppingTPOT))
	} else {
		d.Text("early_stopping_result", spaced(v.EarlyStopping))
	}
}

// invalidReason joins the advice as the detail log has it. It is empty where
// early stopping alone failed.
func (v *Verdict) invalidReason() string {
	var reason string
	if !v.PerfConstraintsMet {
		reason += v.PerfAdvice + " "
	}
	if !v.MinDurationMet {
		reason += v.DurationAdvice + " "
	}
	if !v.MinQueriesMet {
		reason += exitedEarly
	}
	return reason
}

func spaced(s string) string { return strings.ReplaceAll(s, "\n", " ") }

func (d *DetailLog) logTokens(q *Settings, sum *Summary) {
	if q.Scenario == Offline {
		d.Float("result_tokens_per_second", sum.TokensPerSecond())
		return
	}
	d.logRange("result_first_token_%_latency_ns", &sum.TTFT)
	d.logPercentiles("result_first_token_%_percentile_latency_ns", &sum.TTFT)
	d.Float("result_token_throughput_with_loadgen_overhead", sum.TPSWithOverhead())
	d.Float("result_token_throughput", sum.tokenThroughput())
	d.logPercentiles("result_time_per_output_token_%_percentile_ns", &sum.TPOT)
	d.logRange("result_time_to_output_token_%", &sum.TPOT)
	d.Float("result_completed_tokens_per_second", sum.CompletedTokensPerSecond())
}

// logRange and logPercentiles put min, max, mean or the percentile where the
// key has a %.
func (d *DetailLog) logRange(key string, l *Distribution) {
	d.Int(strings.Replace(key, "%", "min", 1), l.Min)
	d.Int(strings.Replace(key, "%", "max", 1), l.Max)
	d.Int(strings.Replace(key, "%", "mean", 1), l.Mean)
}

func (d *DetailLog) logPercentiles(key string, l *Distribution) {
	for i, p := range reported {
		d.Int(strings.Replace(key, "%", formatFixed(p*100, 2), 1), l.Percentiles[i])
	}
}
