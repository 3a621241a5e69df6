package tune

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/client/balance"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// The shares are the means in proportion to their sum, and are taken as they are by the
// strategy that they are for.
func TestBuckets(t *testing.T) {
	for _, c := range []struct {
		speeds [][]float64
		want   []float64
		fault  string
	}{
		{[][]float64{{100}, {300}}, []float64{25, 75}, ""},
		{[][]float64{{100, 300}, {600, 600}}, []float64{25, 75}, ""},
		{[][]float64{{1}, {1}, {1}}, []float64{33.333333333, 33.333333333, 33.333333333}, ""},
		{[][]float64{{100}, {}}, nil, "replica 1 was not measured"},
		{[][]float64{{0}, {1}}, nil, "replica 0 was measured at 0 a second"},
		{[][]float64{{1}, {math.Inf(1)}}, nil, "replica 1 was measured at +Inf"},
		{[][]float64{{1}, {math.NaN()}}, nil, "replica 1 was measured at NaN"},
	} {
		got, err := Buckets(c.speeds)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%v: %v", c.speeds, err)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%v: %v (-want +got)\n%s", c.speeds, err, diff)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		speeds := make([][]float64, 1+rng.IntN(128))
		for i := range speeds {
			speeds[i] = []float64{0.001 + rng.Float64()*1e5}
		}
		buckets, err := Buckets(speeds)
		if err != nil {
			t.Fatal(err)
		}
		if err := (balance.Sorting{Strategy: balance.Buckets, Buckets: buckets}).Check(len(speeds)); err != nil {
			t.Fatalf("%v: %v", buckets, err)
		}
	}
}

// A measurement has so many samples, each once, as they come, and says what was changed.
func TestMeasurement(t *testing.T) {
	s := loadgen.DefaultSettings()
	s.Scenario, s.MinQueryCount, s.MinDuration, s.OfflineExpectedQPS = loadgen.Offline, 24576, 10*time.Minute, 90
	of := func(s loadgen.Settings, size uint64) *manifest.Manifest {
		return &manifest.Manifest{
			BenchmarkName: "b", Scenario: "offline", TestMode: "performance", Data: manifest.Data{Samples: int64(size)}, Overrides: []string{"a=1"},
			HarnessConfig: map[string]any{"sorting": map[string]any{"strategy": "buckets", "buckets": []any{50.0, 50.0}}, "total_sample_count": int64(size)},
			Loadgen:       loadgen.Section{Settings: s, Frozen: true, Library: loadgen.Library{TotalSampleCount: size, PerformanceSampleCount: size}}.Map(),
		}
	}
	for size, want := range map[uint64]int64{24576: 3000, 500: 500} {
		m := of(s, size)
		before, err := m.YAML()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Measurement(m, MeasuredSamples)
		if err != nil {
			t.Fatal(err)
		}
		section, err := loadgen.ReadSection(got.Loadgen)
		if err != nil {
			t.Fatal(err)
		}
		e, err := section.Effective()
		if err != nil {
			t.Fatal(err)
		}
		phases, err := e.Phases(loadgen.Generator{})
		if err != nil {
			t.Fatal(err)
		}
		if issued := phases[0].Issued(); issued.Samples != MeasuredSamples || got.Data.Samples != want {
			t.Errorf("%d samples of %d are issued", issued.Samples, got.Data.Samples)
		}
		if diff := cmp.Diff(map[string]any{"strategy": "ignore"}, got.HarnessConfig["sorting"]); diff != "" {
			t.Error(diff)
		}
		if want := []string{"a=1", "harness_config.duration_sec=0", "harness_config.sorting.strategy=ignore", "harness_config.total_sample_count=3000"}; !slices.Equal(got.Overrides, want) {
			t.Errorf("overrides %q", got.Overrides)
		}
		if after, err := m.YAML(); err != nil || string(after) != string(before) {
			t.Errorf("the manifest itself was changed: %v", err)
		}
	}
	server, accuracy := s, s
	server.Scenario, accuracy.Mode = loadgen.Server, loadgen.AccuracyOnly
	for _, c := range []struct {
		settings loadgen.Settings
		samples  uint64
		want     string
	}{
		{server, 1, "sorting deals out the samples of an offline run"},
		{accuracy, 1, "speed is measured in performance mode"},
		{s, 0, "0 samples cannot be issued"},
		{s, 1 << 62, "cannot be issued"},
	} {
		if _, err := Measurement(of(c.settings, 10), c.samples); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
