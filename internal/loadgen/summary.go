package loadgen

// Summary holds the numbers of a performance run, as LoadGen computes them.
type Summary struct {
	// Queries were issued; Samples of theirs were completed, Incomplete were not.
	Queries, Samples, Incomplete uint64
	// Latency is of samples, from the scheduled time to the last token.
	// QueryLatency is of whole queries, for MultiStream only.
	Latency, QueryLatency Distribution
	// TTFT and TPOT are there with token latencies, except for Offline.
	TTFT, TPOT Distribution
	// Tokens is their count in all responses. A response of one token counts
	// none, see Records.
	Tokens uint64
	// OverLatency counts the Server samples above the target latency, which is
	// zero where TTFT and TPOT are judged instead.
	OverLatency uint64
	// MaxLatency is the longest sample latency in seconds. The others are
	// about the last query that was issued, in seconds since the start: its
	// scheduled time, its issue time, the time of its last response.
	MaxLatency, FinalScheduled, FinalIssued, FinalDone float64
	// The latencies in nanoseconds that early stopping estimates for the target
	// percentile of SingleStream and, at 99%, for MultiStream; zero for none.
	EstimateSingleStream, EstimateMultiStream int64

	// TokensPerSample is the fixed count where tokens are inferred, else unused.
	TokensPerSample uint64
}

// summarize describes what was measured. It sorts the latencies.
func summarize(s *Effective, m *measured) Summary {
	sum := Summary{
		Queries:         uint64(m.issued),
		Samples:         uint64(len(m.latencies)),
		Incomplete:      uint64(m.incomplete),
		Latency:         distribute(m.latencies, s.TargetLatencyPercentile),
		MaxLatency:      m.maxLatency,
		FinalScheduled:  m.finalScheduled,
		FinalIssued:     m.finalIssued,
		FinalDone:       m.finalDone,
		TokensPerSample: s.Requested.TokenLatencyScalingFactor,
	}
	if s.Requested.Scenario == Server {
		sum.OverLatency = uint64(countAbove(m.latencies, s.TargetLatency.Nanoseconds()))
	}
	if s.Requested.Scenario == MultiStream {
		sum.QueryLatency = distribute(m.queryLatencies, s.TargetLatencyPercentile)
	}
	if s.Requested.UseTokenLatencies {
		sum.Tokens = m.tokens
		sum.TTFT = distribute(m.ttft, s.TargetLatencyPercentile)
		sum.TPOT = distribute(m.tpot, s.TargetLatencyPercentile)
	}
	return sum
}

// The rates that the logs show. Samples per second of a stream count N-1, since
// the last sample only opens the interval after it; tokens per second count all.

// CompletedSamplesPerSecond is the result of a Server run without tokens.
func (s *Summary) CompletedSamplesPerSecond() float64 { return float64(s.Samples-1) / s.FinalDone }

// ScheduledSamplesPerSecond is the rate that the schedule asked for (Server).
func (s *Summary) ScheduledSamplesPerSecond() float64 {
	return float64(s.Samples-1) / s.FinalScheduled
}

// SamplesPerSecond is the result of an Offline run without tokens.
func (s *Summary) SamplesPerSecond() float64 { return float64(s.Samples) / s.MaxLatency }

// QPSWithOverhead and QPSWithoutOverhead are the two rates of SingleStream: by
// the clock, and by the mean latency alone.
func (s *Summary) QPSWithOverhead() float64 { return float64(s.Samples-1) / s.FinalIssued }

// QPSWithoutOverhead is one over the mean latency.
func (s *Summary) QPSWithoutOverhead() float64 { return 1 / seconds(s.Latency.Mean) }

// TokensPerSecond is the result of an Offline run with tokens.
func (s *Summary) TokensPerSecond() float64 { return float64(s.Tokens) / s.MaxLatency }

// CompletedTokensPerSecond is the result of a Server run with tokens.
func (s *Summary) CompletedTokensPerSecond() float64 { return float64(s.Tokens) / s.FinalDone }

// TPSWithOverhead counts tokens by the time of the last issue.
func (s *Summary) TPSWithOverhead() float64 { return float64(s.Tokens) / s.FinalIssued }

// TPSWithoutOverhead counts tokens by the sum of the latencies in seconds.
func (s *Summary) TPSWithoutOverhead() float64 {
	return float64(s.Tokens) / float64(seconds(s.Latency.Mean)*float64(s.Samples))
}

// tokenThroughput is TPSWithoutOverhead as the detail log has it: tokens per
// nanosecond, a slip of LoadGen that its readers know.
func (s *Summary) tokenThroughput() float64 {
	return float64(s.Tokens) / float64(uint64(s.Latency.Mean)*s.Samples)
}

// The rates of tokens where a fixed count is taken for each sample.

func (s *Summary) inferredTokensPerSecond() float64 {
	return float64(s.TokensPerSample*s.Samples) / s.MaxLatency
}

func (s *Summary) inferredCompletedTokensPerSecond() float64 {
	return float64(s.TokensPerSample*(s.Samples-1)) / s.FinalDone
}
