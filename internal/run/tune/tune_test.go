package tune

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

func TestSearch(t *testing.T) {
	for _, c := range []struct {
		name   string
		search Search
		peak   float64 // VALID up to it
		want   []float64
		found  Found
	}{
		{"up, then halving", Search{From: 10, Precision: 0.1, MaxRuns: 20}, 50, []float64{10, 20, 40, 80, 60, 50, 55}, Found{50, 55, Precise}},
		{"down, then halving", Search{From: 80, Precision: 0.3, MaxRuns: 20}, 25, []float64{80, 40, 20, 30, 25}, Found{25, 30, Precise}},
		{"no more runs", Search{From: 10, Precision: 0.01, MaxRuns: 3}, 1000, []float64{10, 20, 40}, Found{40, 0, OutOfRun}},
		{"nothing above to", Search{From: 10, To: 25, Precision: 0.01, MaxRuns: 9}, 1000, []float64{10, 20, 25}, Found{25, 0, Bounded}},
		{"nothing below from", Search{From: 10, To: 25, Precision: 0.01, MaxRuns: 9}, 5, []float64{10}, Found{0, 10, Bounded}},
		{"between from and to", Search{From: 10, To: 25, Precision: 0.1, MaxRuns: 9}, 22, []float64{10, 20, 25, 22.5, 21.25}, Found{21.25, 22.5, Precise}},
		{"never VALID", Search{From: 0.004, Precision: 0.1, MaxRuns: 9}, 0, []float64{0.004, 0.002, 0.001}, Found{0, 0.001, Bounded}},
		{"always VALID", Search{From: 3e5, Precision: 0.1, MaxRuns: 9}, 1e9, []float64{3e5, 6e5, 1e6}, Found{1e6, 0, Bounded}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tried []float64
			found, err := c.search.Run(func(qps float64) (bool, error) {
				tried = append(tried, qps)
				return qps <= c.peak, nil
			})
			if err != nil || found != c.found || !slices.Equal(tried, c.want) {
				t.Errorf("tried %v, found %+v (%v); want %v, %+v", tried, found, err, c.want, c.found)
			}
		})
	}
}

// A run that lacks queries alone is no reason to lower the target.
func TestSearchTooFew(t *testing.T) {
	for _, c := range []struct {
		name  string
		peak  float64 // VALID up to it
		least float64 // below it there are too few queries
		want  []float64
		found Found
		fails bool
	}{
		{"at once", 50, 100, []float64{10}, Found{0, 0, TooFew}, true},
		{"on the way down", 5, 9, []float64{10, 5}, Found{0, 10, TooFew}, false},
		{"between", 50, 0, []float64{10, 20, 40, 80, 60, 50}, Found{50, 60, Precise}, false},
	} {
		var tried []float64
		found, err := Search{From: 10, Precision: 0.3, MaxRuns: 20}.Run(func(qps float64) (bool, error) {
			tried = append(tried, qps)
			if qps < c.least {
				return false, fmt.Errorf("wrapped: %w", &TooFewError{"too few"})
			}
			if qps > c.peak && c.least == 0 {
				return false, &TooFewError{"too few above"}
			}
			return qps <= c.peak, nil
		})
		if (err != nil) != c.fails || found != c.found || !slices.Equal(tried, c.want) {
			t.Errorf("%s: tried %v, found %+v (%v); want %v, %+v", c.name, tried, found, err, c.want, c.found)
		}
	}
}

func TestSearchFails(t *testing.T) {
	broken := errors.New("broken")
	found, err := Search{From: 1, Precision: 0.1, MaxRuns: 9}.Run(func(qps float64) (bool, error) {
		if qps > 1 {
			return false, broken
		}
		return true, nil
	})
	if !errors.Is(err, broken) || found != (Found{Best: 1, Ended: Failed}) {
		t.Errorf("found %+v, %v", found, err)
	}
	for name, s := range map[string]Search{
		"no begin":      {Precision: 0.1, MaxRuns: 1},
		"end too low":   {From: 10, To: 5, Precision: 0.1, MaxRuns: 1},
		"no precision":  {From: 10, MaxRuns: 1},
		"whole":         {From: 10, Precision: 1, MaxRuns: 1},
		"no run":        {From: 10, Precision: 0.1},
		"end too high":  {From: 10, To: 1e9, Precision: 0.1, MaxRuns: 1},
		"negative from": {From: -1, Precision: 0.1, MaxRuns: 1},
	} {
		if _, err := s.Run(func(float64) (bool, error) { t.Error(name + ": a run"); return true, nil }); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestManifest holds that a tuned manifest can be read back, and differs in the
// target alone.
func TestManifest(t *testing.T) {
	s := loadgen.DefaultSettings()
	s.Scenario = loadgen.Server
	m := &manifest.Manifest{
		BenchmarkName: "b", Scenario: "server", TestMode: "performance", Backend: "vllm", Engine: manifest.Engine{Name: "vllm", Version: "1"},
		Overrides: []string{"a=1"}, Schema: "sha256:00", Loadgen: loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Frozen: true}.Map(),
	}
	if _, err := m.YAML(); err != nil {
		t.Fatal(err)
	}
	digest := m.Digest
	one, err := Manifest(m, 12.5)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Manifest(one, 20)
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest != digest || len(m.Overrides) != 1 || two.Digest == one.Digest || one.Digest == digest {
		t.Errorf("digests %s, %s, %s", m.Digest, one.Digest, two.Digest)
	}
	if want := []string{"a=1", "loadgen.server_target_qps=20"}; !slices.Equal(two.Overrides, want) {
		t.Errorf("overrides %q, want %q", two.Overrides, want)
	}
	data, err := two.YAML()
	if err != nil {
		t.Fatal(err)
	}
	read, err := manifest.Decode("two", data)
	if err != nil {
		t.Fatal(err)
	}
	section, err := loadgen.ReadSection(read.Loadgen)
	if err != nil {
		t.Fatal(err)
	}
	s.ServerTargetQPS = 20
	if section.Settings != s || section.Origins["server_target_qps"] == "" {
		t.Errorf("settings %+v", section)
	}
}
