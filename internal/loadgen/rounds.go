package loadgen

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The rules of MLPerf Inference by round, as its mlperf.conf holds them.
// Source: loadgen/mlperf.conf of github.com/mlcommons/inference at the places
// named in [rounds]; tests compare with those files key by key.

// round is one set of seeds and benchmarks.
type round struct {
	name string
	// source is the tag or commit of mlcommons/inference.
	source                            string
	qslSeed, sampleSeed, scheduleSeed uint64
}

// rounds lists the rounds, oldest first. The seeds of v6.0 came after the tag
// v6.0.0pre, and stayed until those of v6.1 (commit b0662794).
var rounds = []round{
	{"v5.0", "tag v5.0.1", 6023615788873153749, 15036839855038426416, 9933818062894767841},
	{"v5.1", "tag v5.1.1", 1780908523862526354, 14771362308971278857, 18209322760996052031},
	{"v6.0.0pre", "tag v6.0.0pre", 1780908523862526354, 14771362308971278857, 18209322760996052031},
	{"v6.0", "commit 80aaa82a", 2465351861681999779, 14276810075590677512, 3936089224930324775},
	{"v6.1", "commit b0662794", 2085463073848966840, 2747215439041700203, 16159082839903944936},
}

// benchmark is what the rounds say of one LLM benchmark.
type benchmark struct {
	name string
	// since is the first round that has it.
	since string
	// samples is the performance sample count, which is the size of the data set.
	samples uint64
	// accuracy is the accuracy sample count where it is another, else 0.
	accuracy uint64
	// offlineMin is the minimum query count of Offline, 0 for LoadGen's own default.
	offlineMin uint64
	// ttft and tpot are the Server limits at p99; 0 for LoadGen's own defaults.
	ttft, tpot time.Duration
	// latency is the Server limit of a benchmark that token latencies do not judge.
	latency time.Duration
	// noTokens: judged by latency alone. inferred: tokens counted for each sample.
	noTokens bool
	inferred uint64
}

const ms = time.Millisecond

// benchmarks lists the language benchmarks. All use equal issue.
var benchmarks = []benchmark{
	{name: "gptj", since: "v5.0", samples: 13368, offlineMin: 13368, latency: 20000 * ms, noTokens: true, inferred: 69},
	{name: "llama2-70b", since: "v5.0", samples: 24576, offlineMin: 24576, ttft: 2000 * ms, tpot: 200 * ms},
	{name: "llama2-70b-interactive", since: "v5.0", samples: 24576, ttft: 450 * ms, tpot: 40 * ms},
	{name: "mixtral-8x7b", since: "v5.0", samples: 15000, offlineMin: 15000, ttft: 2000 * ms, tpot: 200 * ms},
	{name: "llama3_1-405b", since: "v5.0", samples: 8313, offlineMin: 8313, ttft: 6000 * ms, tpot: 175 * ms},
	{name: "llama3_1-405b-interactive", since: "v5.1", samples: 8313, ttft: 4500 * ms, tpot: 80 * ms},
	{name: "llama3_1-8b", since: "v5.1", samples: 13368, offlineMin: 13368, ttft: 2000 * ms, tpot: 100 * ms},
	{name: "llama3_1-8b-edge", since: "v5.1", samples: 5000, offlineMin: 5000, latency: 10 * ms},
	{name: "llama3_1-8b-interactive", since: "v5.1", samples: 13368, ttft: 500 * ms, tpot: 30 * ms},
	{name: "deepseek-r1", since: "v5.1", samples: 4388, offlineMin: 4388, ttft: 2000 * ms, tpot: 80 * ms},
	{name: "deepseek-r1-interactive", since: "v6.0.0pre", samples: 4388, ttft: 1500 * ms, tpot: 15 * ms},
	{name: "whisper", since: "v5.1", samples: 1633, offlineMin: 1633, latency: 10 * ms},
	{name: "qwen3-vl-235b-a22b", since: "v6.0.0pre", samples: 48289, offlineMin: 48289, latency: 12000 * ms, noTokens: true},
	{name: "gpt-oss-120b", since: "v6.0", samples: 6396, accuracy: 4395, ttft: 3000 * ms, tpot: 80 * ms},
	{name: "gpt-oss-120b-interactive", since: "v6.0", samples: 6396, accuracy: 4395, ttft: 2000 * ms, tpot: 15 * ms},
}

// otherModels are the model names of mlperf.conf whose rules this program does
// not hold.
var otherModels = []string{
	"3d-unet", "bert", "dlrm", "dlrm-v2", "dlrm-v3", "pointpainting", "resnet50", "retinanet", "rgat", "rnnt",
	"ssd-mobilenet", "stable-diffusion-xl", "wan-2.2-t2v-a14b", "yolo",
}

// Rounds names the rounds whose rules are known, oldest first.
func Rounds() []string {
	names := make([]string, len(rounds))
	for i, r := range rounds {
		names[i] = r.name
	}
	return names
}

// RoundName returns a round's own spelling of a name (6.0 and V6.0 for v6.0), and other text as it is.
func RoundName(name string) string {
	if r, err := roundNamed(name); err == nil && name != "" {
		return r.name
	}
	return name
}

// NewestRound names the newest round.
func NewestRound() string { return rounds[len(rounds)-1].name }

// RoundOf recognises the round whose mlperf.conf c is, by its seeds; rounds that
// share seeds are told apart by the benchmarks they have. It returns "" where
// the seeds are of no known round.
func RoundOf(c *Conf) string {
	s := DefaultSettings()
	c.Apply(&s, "*", Server)
	found := ""
	for _, r := range rounds {
		if s.QSLSeed != r.qslSeed || s.SampleIndexSeed != r.sampleSeed || s.ScheduleSeed != r.scheduleSeed {
			continue
		}
		if found == "" || slices.ContainsFunc(benchmarks, func(b benchmark) bool { return b.since == r.name && c.has(b.name) }) {
			found = r.name
		}
	}
	return found
}

// modelNames are all names that conf files know.
func modelNames() []string {
	names := slices.Clone(otherModels)
	for _, b := range benchmarks {
		names = append(names, b.name)
	}
	return names
}

// SampleCount is the number of samples in a language benchmark's data set; ok is
// false for other benchmarks.
func SampleCount(benchmark string) (n uint64, ok bool) {
	b, ok := benchmarkNamed(benchmark)
	return b.samples, ok
}

// AccuracyCount is the number of samples in a benchmark's data set for accuracy; ok is
// false where it has none of its own.
func AccuracyCount(benchmark string) (n uint64, ok bool) {
	b, _ := benchmarkNamed(benchmark)
	return b.accuracy, b.accuracy != 0
}

// HasBenchmark reports whether a round has a benchmark; for a benchmark or a round
// that is not known it does.
func HasBenchmark(round, benchmark string) bool {
	b, ok := benchmarkNamed(benchmark)
	r, err := roundNamed(round)
	return !ok || err != nil || r.has(b)
}

// Reached reports whether a round is another one or came after it; "" is the
// newest, and a round that is not known has reached none.
func Reached(round, since string) bool {
	r, err := roundNamed(round)
	s, unknown := roundNamed(since)
	names := Rounds()
	return err == nil && unknown == nil && slices.Index(names, r.name) >= slices.Index(names, s.name)
}

func benchmarkNamed(name string) (benchmark, bool) {
	i := slices.IndexFunc(benchmarks, func(b benchmark) bool { return b.name == name })
	if i < 0 {
		return benchmark{}, false
	}
	return benchmarks[i], true
}

// roundNamed finds a round; "" is the newest.
func roundNamed(name string) (round, error) {
	if name == "" {
		return rounds[len(rounds)-1], nil
	}
	for _, r := range rounds {
		if strings.TrimPrefix(strings.ToLower(name), "v") == r.name[1:] {
			return r, nil
		}
	}
	return round{}, fmt.Errorf("%q is not a round (one of %s)", name, strings.Join(Rounds(), ", "))
}

// has reports whether the round has the benchmark.
func (r round) has(b benchmark) bool { return Reached(r.name, b.since) }

// apply sets what the round's mlperf.conf sets for the benchmark and scenario. A
// benchmark that the round does not have gets what holds for all.
func (r round) apply(s *Settings, name string, scenario Scenario) {
	s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = r.qslSeed, r.sampleSeed, r.scheduleSeed
	s.SingleStreamTargetLatencyPercentile = 0.90
	s.SingleStreamExpectedLatencyNS = 10e6
	s.MultiStreamTargetLatencyPercentile = 0.99
	s.MultiStreamExpectedLatencyNS = 80e6
	s.MultiStreamSamplesPerQuery = 8
	s.ServerTargetLatencyPercentile = 0.99
	s.ServerTargetLatency = 10 * ms
	s.ServerTargetQPS, s.OfflineExpectedQPS = 1, 1
	s.MinDuration = 600 * time.Second
	if scenario == MultiStream {
		s.MinQueryCount = 662
	}
	b, ok := benchmarkNamed(name)
	if !ok || !r.has(b) {
		return
	}
	s.PerformanceSampleCountOverride = b.samples
	s.AccuracySampleCountOverride = b.accuracy
	s.SampleConcatenatePermutation = true
	s.ServerTargetLatency = b.latency
	s.UseTokenLatencies = !b.noTokens
	if b.ttft != 0 {
		s.TTFTLatency, s.TPOTLatency = b.ttft, b.tpot
	}
	s.InferTokenLatencies = b.inferred != 0
	s.TokenLatencyScalingFactor = b.inferred
	if scenario == Offline && b.offlineMin != 0 {
		s.MinQueryCount = b.offlineMin
	}
}
