// Package bench measures an endpoint that runs already without any configuration: it makes a
// data set and a manifest for each load, so that each run is one like every other and can be
// repeated with mlrun run.
//
//	m, err := bench.Manifest(target, bench.Load{Rate: 4}, options)
package bench

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// Load is how requests are offered: Rate of them a second as Poisson has them, or Concurrency
// of them in flight, the next one when one is answered. One of the two is set.
type Load struct {
	Rate        float64
	Concurrency int
}

// String is the load as tables have it.
func (l Load) String() string {
	if l.Rate > 0 {
		return strconv.FormatFloat(l.Rate, 'g', -1, 64) + "/s"
	}
	return strconv.Itoa(l.Concurrency) + " in flight"
}

// Name is the load as files have it.
func (l Load) Name() string {
	if l.Rate > 0 {
		return "rate-" + strconv.FormatFloat(l.Rate, 'g', -1, 64)
	}
	return "concurrency-" + strconv.Itoa(l.Concurrency)
}

// ParseLoads reads lists of rates and of concurrencies, comma-separated.
func ParseLoads(rates, concurrencies string) (loads []Load, err error) {
	words := func(list string) []string {
		if list == "" {
			return nil
		}
		return strings.Split(list, ",")
	}
	for _, w := range words(rates) {
		r, err := strconv.ParseFloat(strings.TrimSpace(w), 64)
		if err != nil || !(r > 0 && r <= maxRate) {
			return nil, fmt.Errorf("the rate %q is no number of requests a second above 0, and of at most %g", w, float64(maxRate))
		}
		loads = append(loads, Load{Rate: r})
	}
	for _, w := range words(concurrencies) {
		n, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil || n < 1 || n > maxConcurrency {
			return nil, fmt.Errorf("the concurrency %q is no number of requests from 1 to %d", w, maxConcurrency)
		}
		loads = append(loads, Load{Concurrency: n})
	}
	seen := map[string]bool{}
	for _, l := range loads {
		if seen[l.Name()] {
			return nil, fmt.Errorf("the load %s is given twice", l)
		}
		seen[l.Name()] = true
	}
	return loads, nil
}

const (
	maxRate        = 1e6
	maxConcurrency = 4096 // connections that the client makes to one replica
)

// Limits are what an answer must keep to count as good; 0 is none.
type Limits struct{ TTFT, TPOT, Latency time.Duration }

// Options are what a manifest says beside the load.
type Options struct {
	// Model is the one of the target's that requests name.
	Model string
	// Data is the data set's file, Digest its SHA-256 in hexadecimal digits, Samples its size.
	Data, Digest string
	Samples      int
	// Requests is how many are sent.
	Requests int
	// Tokens is what requests ask for whose sample does not say; 0: nothing.
	Tokens int
	// IgnoreEOS has every answer be as long as was asked for.
	IgnoreEOS bool
	// WarmUp sends ten prompts before.
	WarmUp bool
	Seed   uint64
	Limits Limits
}

// The keys of harness_config that such a manifest has beside the usual ones.
const (
	// ConcurrencyKey is the number of requests in flight.
	ConcurrencyKey = "concurrency"
	ttftKey        = "goodput_ttft_ms"
	tpotKey        = "goodput_tpot_ms"
	latencyKey     = "goodput_latency_ms"
)

// unlimited is the limit of a run that is judged by its goodput alone.
const unlimited = 24 * time.Hour

// Manifest makes the manifest of a run against a target. LoadGen has it judged by whether it
// was carried out, at no latency.
func Manifest(t *engine.Found, l Load, o Options) (*manifest.Manifest, error) {
	if t.Backend == nil || o.Requests < 1 || o.Samples < 1 {
		return nil, errors.New("a run needs an engine, requests and samples")
	}
	s := loadgen.DefaultSettings()
	s.MinDuration, s.MinQueryCount = 0, uint64(o.Requests)
	s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = o.Seed, o.Seed+1, o.Seed+2
	s.PerformanceSampleCountOverride = uint64(o.Samples)
	s.ServerTargetLatency, s.ServerTargetLatencyPercentile, s.SingleStreamTargetLatencyPercentile = unlimited, 0.5, 0.5
	origins := map[string]string{"min_query_count": "--requests", "scenario": "mlrun bench", "mode": "mlrun bench", "server_target_latency_ns": "mlrun bench"}
	harness := map[string]any{
		"dataset_path": o.Data, "total_sample_count": int64(o.Samples), "enable_warmup": o.WarmUp, "schedule_algo": "round_robin",
	}
	scenario := "server"
	if s.Scenario = loadgen.Server; l.Rate > 0 {
		s.ServerTargetQPS, s.MaxQueryCount, origins["server_target_qps"] = l.Rate, uint64(o.Requests), "--rate"
	} else {
		scenario, s.Scenario = "singlestream", loadgen.SingleStream
		harness[ConcurrencyKey] = int64(l.Concurrency)
	}
	for key, limit := range map[string]time.Duration{ttftKey: o.Limits.TTFT, tpotKey: o.Limits.TPOT, latencyKey: o.Limits.Latency} {
		if limit > 0 {
			harness[key] = float64(limit) / float64(time.Millisecond)
		}
	}
	sampling, types := map[string]any{"temperature": 0.0}, map[string]string{"temperature": "number >=0"}
	if o.Tokens > 0 {
		sampling[t.Backend.MaxTokens], types[t.Backend.MaxTokens] = int64(o.Tokens), "int >=1"
	}
	if o.IgnoreEOS {
		sampling["ignore_eos"], types["ignore_eos"] = true, "bool"
	}
	release := t.Release
	if release == "" {
		release = "unknown"
	}
	section := loadgen.Section{
		Settings: s, Library: loadgen.Library{TotalSampleCount: uint64(o.Samples), PerformanceSampleCount: uint64(o.Samples)},
		Round: loadgen.NewestRound(), Frozen: true, Origins: origins,
	}
	m := &manifest.Manifest{
		BenchmarkName: o.Model, Scenario: scenario, Variant: l.Name(), TestMode: "performance", Backend: t.Backend.Name,
		Engine: manifest.Engine{Name: t.Backend.Engine, Version: release}, EngineConfig: map[string]any{t.Backend.Model: o.Model},
		SamplingConfig: sampling, SamplingTypes: types, HarnessConfig: harness, Harness: loadgen.NewestRound(),
		Data:    manifest.Data{Samples: int64(o.Samples), Digest: "sha256:" + o.Digest, Columns: []string{"max-tokens", "messages", "prompt", "tokens"}},
		Loadgen: section.Map(), Schema: manifest.Digest(nil),
	}
	spelled, err := m.EngineDigest()
	if err != nil {
		return nil, err
	}
	m.Roles = []manifest.Role{{
		Name: "serve", Model: o.Model, Program: t.Backend.Program, Arguments: []manifest.Argument{{Key: t.Backend.Model, Words: []string{o.Model}}},
		Replicas: 1, Devices: 1, Spelled: spelled,
	}}
	_, err = m.YAML() // which seals it
	return m, err
}

// LimitsOf are the limits that a manifest of this package holds answers to.
func LimitsOf(m *manifest.Manifest) Limits {
	of := func(key string) time.Duration {
		f, _ := manifest.Float(m.HarnessConfig, key)
		return time.Duration(f * float64(time.Millisecond))
	}
	return Limits{TTFT: of(ttftKey), TPOT: of(tpotKey), Latency: of(latencyKey)}
}
