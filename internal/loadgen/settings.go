package loadgen

import (
	"fmt"
	"strings"
	"time"
)

// Scenario is one of MLPerf's four ways to offer load. The zero value is
// LoadGen's default, SingleStream.
type Scenario uint8

// The scenarios, in LoadGen's order (test_settings.h, TestScenario).
const (
	SingleStream Scenario = iota
	MultiStream
	Server
	Offline
)

var scenarioNames = [...]string{"SingleStream", "MultiStream", "Server", "Offline"}

// String returns LoadGen's name ("SingleStream"), as its logs and conf files spell it.
func (s Scenario) String() string { return name(scenarioNames[:], int(s), "Scenario") }

// ParseScenario reads LoadGen's name of a scenario, in any case ("server").
func ParseScenario(text string) (Scenario, error) {
	i, err := parseName("scenario", scenarioNames[:], text)
	return Scenario(i), err
}

// Mode says what a test is for. The zero value is SubmissionRun, as in LoadGen;
// [DefaultSettings] sets PerformanceOnly.
type Mode uint8

// The modes, in LoadGen's order (test_settings.h, TestMode), which is also the
// number that the conf key "mode" takes.
const (
	// SubmissionRun is AccuracyOnly followed by PerformanceOnly.
	SubmissionRun Mode = iota
	// AccuracyOnly issues every sample once and logs the answers.
	AccuracyOnly
	// PerformanceOnly measures.
	PerformanceOnly
	// FindPeakPerformance searches the highest QPS of the Server scenario.
	FindPeakPerformance
)

var modeNames = [...]string{"SubmissionRun", "AccuracyOnly", "PerformanceOnly", "FindPeakPerformance"}

// String returns LoadGen's name ("PerformanceOnly"), as its logs spell it.
func (m Mode) String() string { return name(modeNames[:], int(m), "Mode") }

// ParseMode reads LoadGen's name of a mode in any case, or its short form
// (submission, accuracy, performance, find-peak).
func ParseMode(text string) (Mode, error) {
	for i, short := range [...]string{"submission", "accuracy", "performance", "find-peak"} {
		if text == short {
			return Mode(i), nil
		}
	}
	i, err := parseName("mode", modeNames[:], text)
	return Mode(i), err
}

// Settings are LoadGen's TestSettings: what was asked for, before LoadGen
// derives [Effective] from it. Percentiles and probabilities are shares (0.99,
// not 99). Every field is LoadGen's field of the same name; a zero in a field
// that says so means "no limit" or "not overridden".
type Settings struct {
	Scenario Scenario
	Mode     Mode

	// SingleStreamExpectedLatencyNS, in nanoseconds and not always whole, is a
	// hint: how many queries are generated beforehand follows from it.
	SingleStreamExpectedLatencyNS float64
	// SingleStreamTargetLatencyPercentile is the share that is reported as result.
	SingleStreamTargetLatencyPercentile float64

	// MultiStreamExpectedLatencyNS is the hint for MultiStream, of a whole query.
	MultiStreamExpectedLatencyNS float64
	// MultiStreamTargetLatencyPercentile is the share that is reported as result.
	MultiStreamTargetLatencyPercentile float64
	// MultiStreamSamplesPerQuery is the number of samples in each query.
	MultiStreamSamplesPerQuery uint64

	// ServerTargetQPS is the mean rate of the Poisson arrivals, queries a second.
	ServerTargetQPS float64
	// ServerTargetLatency is the limit at ServerTargetLatencyPercentile. It does
	// not judge a run that uses token latencies.
	ServerTargetLatency           time.Duration
	ServerTargetLatencyPercentile float64
	// ServerCoalesceQueries sends all queries that are due as one.
	ServerCoalesceQueries bool
	// ServerFindPeakQPSDecimals is the precision at which the search for the
	// peak ends, ServerFindPeakQPSStep how far it widens its bounds (a share).
	ServerFindPeakQPSDecimals int
	ServerFindPeakQPSStep     float64
	// ServerMaxAsyncQueries ends a run with more queries outstanding; 0: no limit.
	ServerMaxAsyncQueries uint64
	// ServerNumIssueQueryThreads is the number of issuing threads; 0: the caller's.
	ServerNumIssueQueryThreads uint64

	// OfflineExpectedQPS sizes the one Offline query, samples a second.
	OfflineExpectedQPS float64
	// SampleConcatenatePermutation is the equal-issue mode: every sample is
	// issued equally often, in whole passes over the performance set.
	SampleConcatenatePermutation bool

	// MinDuration and MaxDuration are whole milliseconds; MaxDuration 0: no limit.
	MinDuration time.Duration
	MaxDuration time.Duration
	// MinQueryCount and MaxQueryCount count queries (Offline: samples);
	// MaxQueryCount 0: no limit.
	MinQueryCount uint64
	MaxQueryCount uint64

	// The seeds. LoadGen's engine uses the low 32 bits of each.
	QSLSeed         uint64
	SampleIndexSeed uint64
	ScheduleSeed    uint64
	AccuracyLogSeed uint64
	// AccuracyLogProbability is the share of answers logged in performance mode.
	AccuracyLogProbability float64
	// AccuracyLogSamplingTarget is a number of answers instead; 0: not used.
	AccuracyLogSamplingTarget uint64

	// PrintTimestamps prints when measurement starts and stops.
	PrintTimestamps bool
	// PerformanceIssueUnique issues each sample of the set once.
	PerformanceIssueUnique bool
	// PerformanceIssueSame issues one sample over and over, the one at
	// PerformanceIssueSameIndex in the loaded set.
	PerformanceIssueSame      bool
	PerformanceIssueSameIndex uint64
	// PerformanceSampleCountOverride and AccuracySampleCountOverride replace the
	// library's counts; 0: not overridden.
	PerformanceSampleCountOverride uint64
	AccuracySampleCountOverride    uint64

	// UseTokenLatencies judges a Server run by TTFTLatency and TPOTLatency, both
	// at ServerTargetLatencyPercentile.
	UseTokenLatencies bool
	TTFTLatency       time.Duration
	TPOTLatency       time.Duration
	// InferTokenLatencies counts TokenLatencyScalingFactor tokens a sample.
	InferTokenLatencies       bool
	TokenLatencyScalingFactor uint64
}

// DefaultSettings returns what a TestSettings of LoadGen holds before any conf
// file is read (test_settings.h). TokenLatencyScalingFactor, which LoadGen
// leaves uninitialised, is 0.
func DefaultSettings() Settings {
	return Settings{
		Scenario:                            SingleStream,
		Mode:                                PerformanceOnly,
		SingleStreamExpectedLatencyNS:       1e6,
		SingleStreamTargetLatencyPercentile: 0.90,
		MultiStreamExpectedLatencyNS:        8e6,
		MultiStreamTargetLatencyPercentile:  0.99,
		MultiStreamSamplesPerQuery:          8,
		ServerTargetQPS:                     1,
		ServerTargetLatency:                 100 * time.Millisecond,
		ServerTargetLatencyPercentile:       0.99,
		ServerFindPeakQPSDecimals:           1,
		ServerFindPeakQPSStep:               1,
		OfflineExpectedQPS:                  1,
		MinDuration:                         10 * time.Second,
		MinQueryCount:                       100,
		TTFTLatency:                         100 * time.Millisecond,
		TPOTLatency:                         100 * time.Millisecond,
	}
}

// Library is what LoadGen asks a query sample library (QSL) for.
type Library struct {
	// TotalSampleCount is the number of samples in the data set.
	TotalSampleCount uint64
	// PerformanceSampleCount is the number that fits into memory at once.
	PerformanceSampleCount uint64
}

// Effective are LoadGen's TestSettingsInternal: the settings of a run in the
// form that generation, issuing and judging use, without scenario prefixes.
// Fields that are copies of Requested's are not repeated.
type Effective struct {
	Requested Settings
	Library   Library

	// SamplesPerQuery is 1 for SingleStream and Server; for Offline the size of
	// the one query before equal issue pads it.
	SamplesPerQuery uint64
	// TargetQPS is the rate: as asked for (Server, Offline), else one over the
	// expected latency.
	TargetQPS float64
	// TargetLatency is ServerTargetLatency for Server, else 0.
	TargetLatency time.Duration
	// TargetLatencyPercentile is a share; always 0.99 for Offline.
	TargetLatencyPercentile float64
	// MaxAsyncQueries is 1 but for Server, where 0 is no limit.
	MaxAsyncQueries uint64

	// TargetDuration is how long queries are generated for; 0 for Offline.
	TargetDuration time.Duration
	// MinDuration, MinQueryCount and MinSampleCount judge the run at its end.
	MinDuration time.Duration
	// MinQueryCount is 1 for Offline.
	MinQueryCount  uint64
	MinSampleCount uint64
	// MaxDuration and MaxQueryCount end a run early; 0: no limit.
	MaxDuration   time.Duration
	MaxQueryCount uint64

	// PerformanceSampleCount is the size of a loadable set,
	// AccuracySampleCount how many samples accuracy mode covers.
	PerformanceSampleCount uint64
	AccuracySampleCount    uint64

	// Errors are the complaints that LoadGen logs as
	// error_invalid_test_settings and carries on after.
	Errors []string
}

// name returns the name at i.
func name(names []string, i int, kind string) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", kind, i)
}

// parseName finds text among names, in any case.
func parseName(what string, names []string, text string) (int, error) {
	for i, n := range names {
		if strings.EqualFold(n, text) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%q is not a %s (one of %s)", text, what, strings.Join(names, ", "))
}
