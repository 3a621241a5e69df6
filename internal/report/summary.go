package report

import (
	"slices"
	"time"

	"mlcfg/internal/attest"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/record/percentile"
)

// Format is raised when a field of summary.json is renamed, dropped or changes its meaning.
const Format = 1

// SimulatedSentence is [record.SimulatedMark] within prose.
const SimulatedSentence = "Simulated engine: these figures say nothing about any hardware."

// Summary is what summary.json holds: the verdict on a run and its figures,
// all of which follow from the manifest and the records.
type Summary struct {
	Format int `json:"format"`
	Subject

	// Valid is LoadGen's verdict and ours: false where anything in Reasons stands.
	Valid   bool     `json:"valid"`
	Reasons []string `json:"reasons"`
	// Complete reports whether the run came to its own end.
	Complete bool `json:"complete"`
	// Simulated and SyntheticData tell that the figures say nothing about hardware.
	Simulated     bool `json:"simulated"`
	SyntheticData bool `json:"synthetic_data"`
	// OfficialLoadGen is the release of MLPerf's own LoadGen that issued the
	// queries and gave the verdict; absent where mlrun did.
	OfficialLoadGen string `json:"official_loadgen,omitempty"`

	// Clients is how many processes issued the test together; absent where one did.
	Clients int `json:"clients,omitempty"`

	Queries   uint64 `json:"queries"`
	Samples   uint64 `json:"samples"`
	Completed uint64 `json:"completed"`
	Failed    uint64 `json:"failed"`

	// Seconds is from the start of issuing to the last response.
	Seconds float64 `json:"seconds"`
	// The rates as LoadGen computes them for the scenario; tokens are those of the responses.
	SamplesPerSecond          float64  `json:"samples_per_second"`
	TokensPerSecond           float64  `json:"tokens_per_second"`
	ScheduledSamplesPerSecond *float64 `json:"scheduled_samples_per_second,omitempty"`
	InputTokens               int64    `json:"input_tokens"`
	OutputTokens              int64    `json:"output_tokens"`

	// Latency is from schedule to last token, TTFT to the first; TPOT is what
	// each further token took. Lateness is how long after its schedule a request left.
	Latency  *Spread `json:"latency,omitempty"`
	TTFT     *Spread `json:"ttft,omitempty"`
	TPOT     *Spread `json:"tpot,omitempty"`
	Lateness *Spread `json:"lateness,omitempty"`

	// Stamped is of how many completed samples the kernel told when the response came;
	// the times of the others are those at which it was read.
	Stamped uint64 `json:"stamped,omitempty"`
	// SentStamped is of how many of them it told when the request left; the others left
	// when they were about to be written.
	SentStamped uint64 `json:"sent_stamped,omitempty"`

	// Errors counts the failed requests by cause, rare ones of many together.
	Errors map[string]int `json:"errors,omitempty"`
	// Replicas is the share of each engine replica.
	Replicas []Replica `json:"replicas"`
	// Starts are what the engines said of their start, what was predicted of it, and where it is
	// not as configured; absent where they said nothing.
	Starts []attest.Start `json:"engine_starts,omitempty"`
	// Remarks are what a reader should know that makes no run invalid, such as a
	// replica that is many times slower than the others.
	Remarks []string `json:"notes,omitempty"`
}

// Subject is what was run, as the manifest says it.
type Subject struct {
	Benchmark string `json:"benchmark_name"`
	Scenario  string `json:"scenario"`
	Mode      string `json:"test_mode"`
	Machine   string `json:"machine"`
	Backend   string `json:"backend"`
	// Engine is name and release, "vllm 0.9.2".
	Engine   string `json:"engine"`
	Manifest string `json:"manifest_digest"`
}

// SubjectOf is the subject of a run of m.
func SubjectOf(m *manifest.Manifest) Subject {
	return Subject{
		Benchmark: m.BenchmarkName, Scenario: m.Scenario, Mode: m.TestMode, Machine: m.Machine,
		Backend: m.Backend, Engine: m.Engine.Name + " " + m.Engine.Version, Manifest: m.Digest,
	}
}

// Spread describes a set of times, in milliseconds; percentiles by LoadGen's
// rule, the element at trunc(N p) of the sorted times.
type Spread struct {
	MinMS  float64 `json:"min_ms"`
	MeanMS float64 `json:"mean_ms"`
	P50MS  float64 `json:"p50_ms"`
	P90MS  float64 `json:"p90_ms"`
	P99MS  float64 `json:"p99_ms"`
	P999MS float64 `json:"p999_ms"`
	MaxMS  float64 `json:"max_ms"`
	// LimitMS is what the scenario allows at its percentile, absent where it sets none.
	LimitMS *float64 `json:"limit_ms,omitempty"`
}

// Replica is one engine replica's share of a run.
type Replica struct {
	Index        int   `json:"index"`
	Requests     int   `json:"requests"`
	Failed       int   `json:"failed"`
	OutputTokens int64 `json:"output_tokens"`
	// LatencyP50MS and LatencyP99MS are of its requests that were answered, from
	// schedule to last token; absent where there are none.
	LatencyP50MS *float64 `json:"latency_p50_ms,omitempty"`
	LatencyP99MS *float64 `json:"latency_p99_ms,omitempty"`
}

func (s *Summary) count(records *record.Table) {
	replicas := map[int]*Replica{}
	lastQuery := ^uint64(0)
	var end time.Duration
	for _, rec := range records.All() {
		s.Samples++
		if rec.Query != lastQuery {
			s.Queries++
			lastQuery = rec.Query
		}
		end = max(end, rec.Done)
		rep := replicas[int(rec.Replica)]
		if rep == nil {
			rep = &Replica{Index: int(rec.Replica)}
			replicas[rep.Index] = rep
		}
		rep.Requests++
		s.InputTokens += rec.InputTokens
		s.OutputTokens += rec.OutputTokens
		rep.OutputTokens += rec.OutputTokens
		if rec.OK() {
			s.Completed++
			if rec.Stamped {
				s.Stamped++
			}
			if rec.SentStamped {
				s.SentStamped++
			}
			continue
		}
		s.Failed++
		rep.Failed++
	}
	s.Seconds = end.Seconds()
	for _, rep := range replicas {
		s.Replicas = append(s.Replicas, *rep)
	}
	slices.SortFunc(s.Replicas, func(a, b Replica) int { return a.Index - b.Index })
}

// spreads describes the times of the requests. Each is sorted once, for all that is shown of it.
func (s *Summary) spreads(j *Judgement) {
	s.replicaLatencies(j.Rows)
	var scratch []time.Duration
	of := func(name string, limit *time.Duration, derived func(*record.Record) (time.Duration, bool)) *Spread {
		scratch = collect(scratch[:0], j.Rows, derived)
		if len(scratch) == 0 {
			return nil
		}
		j.distributions = append(j.distributions, distribution(name, scratch, limit))
		return spread(scratch, limit)
	}
	var ttft, tpot, latency *time.Duration // what is allowed
	e := j.Settings
	server := j.Verdict != nil && e.Requested.Scenario == loadgen.Server
	switch {
	case server && e.Requested.UseTokenLatencies:
		ttft, tpot = &e.Requested.TTFTLatency, &e.Requested.TPOTLatency
	case server:
		latency = &e.TargetLatency
	}
	s.TTFT, s.TPOT, s.Latency = of("TTFT", ttft, (*record.Record).TTFT), of("TPOT", tpot, (*record.Record).TPOT), of("latency", latency, (*record.Record).Latency)
	if server {
		s.Lateness = of("lateness", nil, (*record.Record).Lateness)
	}
}

// spread describes sorted times, of which there is one at least.
func spread(sorted []time.Duration, limit *time.Duration) *Spread {
	var sum float64
	for _, v := range sorted {
		sum += float64(v)
	}
	at := func(p float64) float64 { return ms(percentile.Of(sorted, p)) }
	return &Spread{
		LimitMS: limitMS(limit), MinMS: at(0), MeanMS: sum / float64(len(sorted)) / 1e6,
		P50MS: at(.5), P90MS: at(.9), P99MS: at(.99), P999MS: at(.999), MaxMS: at(1),
	}
}

func limitMS(limit *time.Duration) *float64 {
	if limit == nil {
		return nil
	}
	v := ms(*limit)
	return &v
}
