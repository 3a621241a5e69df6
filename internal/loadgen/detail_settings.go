package loadgen

import (
	"time"
)

// RunInfo is what a run says of itself at the head of the detail log.
type RunInfo struct {
	SUT string // name of the system under test
	QSL string // name of the data set
	// Begin is the time of day at which logging started.
	Begin time.Time
}

// notKnown is what LoadGen writes where it was built without git.
const notKnown = "NA"

// LogStart writes the head of the log: the program, the run, the settings asked
// for and those in effect.
func (d *DetailLog) LogStart(info RunInfo, s *Effective) {
	d.logVersion()
	d.Text("test_datetime", info.Begin.UTC().Format("2006-01-02T15:04:05Z"))
	d.Text("sut_name", info.SUT)
	d.Int("get_sut_name_duration_ns", 0) // the name is known without asking
	d.Text("qsl_name", info.QSL)
	d.Uint("qsl_reported_total_count", s.Library.TotalSampleCount)
	d.Uint("qsl_reported_performance_count", s.Library.PerformanceSampleCount)
	for _, complaint := range s.Errors {
		d.Error("error_invalid_test_settings", complaint)
	}
	d.logRequested(&s.Requested)
	d.logEffective(s)
}

func (d *DetailLog) logVersion() {
	known := func(s string) string {
		if s == "" {
			return notKnown
		}
		return s
	}
	d.Text("loadgen_version", d.program.String()+", not MLPerf LoadGen")
	d.Text("loadgen_build_date_local", notKnown)
	d.Text("loadgen_build_date_utc", notKnown)
	d.Text("loadgen_git_commit_date", known(d.program.RevisionTime))
	d.Text("loadgen_git_log_message", notKnown)
	d.Text("loadgen_git_status_message", "")
	d.line("loadgen_file_sha1", severityNone, func(b []byte) []byte { return append(b, "{}"...) })
}

func (d *DetailLog) logRequested(q *Settings) {
	d.Text("requested_scenario", q.Scenario.String())
	d.Text("requested_test_mode", q.Mode.String())
	switch q.Scenario {
	case SingleStream:
		d.Float("requested_single_stream_expected_latency_ns", q.SingleStreamExpectedLatencyNS)
		d.Float("requested_single_stream_target_latency_percentile", q.SingleStreamTargetLatencyPercentile)
	case MultiStream:
		d.Float("requested_multi_stream_expected_latency_ns", q.MultiStreamExpectedLatencyNS)
		d.Float("requested_multi_stream_target_latency_percentile", q.MultiStreamTargetLatencyPercentile)
		d.Uint("requested_multi_stream_samples_per_query", q.MultiStreamSamplesPerQuery)
	case Server:
		d.Float("requested_server_target_qps", q.ServerTargetQPS)
		d.Uint("requested_server_target_latency_ns", uint64(q.ServerTargetLatency))
		d.Float("requested_server_target_latency_percentile", q.ServerTargetLatencyPercentile)
		d.Bool("requested_server_coalesce_queries", q.ServerCoalesceQueries)
		d.Int("requested_server_find_peak_qps_decimals_of_precision", int64(q.ServerFindPeakQPSDecimals))
		d.Float("requested_server_find_peak_qps_boundary_step_size", q.ServerFindPeakQPSStep)
		d.Uint("requested_server_max_async_queries", q.ServerMaxAsyncQueries)
		d.Uint("requested_server_num_issue_query_threads", q.ServerNumIssueQueryThreads)
	case Offline:
		d.Float("requested_offline_expected_qps", q.OfflineExpectedQPS)
	}
	d.Int("requested_min_duration_ms", q.MinDuration.Milliseconds())
	d.Int("requested_max_duration_ms", q.MaxDuration.Milliseconds())
	d.Uint("requested_min_query_count", q.MinQueryCount)
	d.Uint("requested_max_query_count", q.MaxQueryCount)
	d.logShared("requested_", q)
	d.Uint("requested_performance_sample_count_override", q.PerformanceSampleCountOverride)
	d.Uint("requested_accuracy_sample_count_override", q.AccuracySampleCountOverride)
	d.Bool("requested_sample_concatenate_permutation", q.SampleConcatenatePermutation)
	if q.UseTokenLatencies {
		d.Bool("requested_use_token_latencies", true)
		if q.Scenario != Offline {
			d.Int("requested_server_ttft_latency", q.TTFTLatency.Nanoseconds())
			d.Int("requested_server_tpot_latency", q.TPOTLatency.Nanoseconds())
		}
	}
}

func (d *DetailLog) logEffective(s *Effective) {
	q := &s.Requested
	d.Text("effective_scenario", q.Scenario.String())
	d.Text("effective_test_mode", q.Mode.String())
	d.Uint("effective_samples_per_query", s.SamplesPerQuery)
	d.Float("effective_target_qps", s.TargetQPS)
	d.Int("effective_target_latency_ns", s.TargetLatency.Nanoseconds())
	d.Float("effective_target_latency_percentile", s.TargetLatencyPercentile)
	d.Uint("effective_max_async_queries", s.MaxAsyncQueries)
	d.Int("effective_target_duration_ms", s.TargetDuration.Milliseconds())
	d.Int("effective_min_duration_ms", s.MinDuration.Milliseconds())
	d.Int("effective_max_duration_ms", s.MaxDuration.Milliseconds())
	d.Uint("effective_min_query_count", s.MinQueryCount)
	d.Uint("effective_max_query_count", s.MaxQueryCount)
	d.Uint("effective_min_sample_count", s.MinSampleCount)
	d.logShared("effective_", q)
	d.Uint("effective_performance_sample_count", s.PerformanceSampleCount)
	d.Uint("effective_accuracy_sample_count", s.AccuracySampleCount)
	d.Bool("effective_sample_concatenate_permutation", q.SampleConcatenatePermutation)
}

// logShared writes the settings that go from the request into effect unchanged.
func (d *DetailLog) logShared(prefix string, q *Settings) {
	d.Uint(prefix+"qsl_rng_seed", q.QSLSeed)
	d.Uint(prefix+"sample_index_rng_seed", q.SampleIndexSeed)
	d.Uint(prefix+"schedule_rng_seed", q.ScheduleSeed)
	d.Uint(prefix+"accuracy_log_rng_seed", q.AccuracyLogSeed)
	d.Float(prefix+"accuracy_log_probability", q.AccuracyLogProbability)
	d.Uint(prefix+"accuracy_log_sampling_target", q.AccuracyLogSamplingTarget)
	d.Bool(prefix+"print_timestamps", q.PrintTimestamps)
	d.Bool(prefix+"performance_issue_unique", q.PerformanceIssueUnique)
	d.Bool(prefix+"performance_issue_same", q.PerformanceIssueSame)
	d.Uint(prefix+"performance_issue_same_index", q.PerformanceIssueSameIndex)
}
