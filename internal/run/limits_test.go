package run

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// TestLimitsAreTheSame holds the client's plans to the same limits whoever
// issues the queries: each one that is asked for arrives.
func TestLimitsAreTheSame(t *testing.T) {
	limits := Limits{RequestTimeout: 1, ReadyTimeout: 2, StallTimeout: 3, LateLimit: 4, Grace: 5, PowerTimeout: 6}
	want := client.Plan{Timeout: 1, StallLimit: 3, LateLimit: 4, Grace: 5}
	for _, kind := range []loadgen.Scenario{loadgen.Server, loadgen.Offline, loadgen.SingleStream} {
		s := loadgen.DefaultSettings()
		s.Scenario, s.MinDuration, s.MinQueryCount = kind, 0, 10
		e, err := s.Effective(loadgen.Library{TotalSampleCount: 4, PerformanceSampleCount: 4})
		if err != nil {
			t.Fatal(err)
		}
		phases, err := e.Phases(loadgen.Generator{})
		if err != nil {
			t.Fatal(err)
		}
		samples, err := newPrompts(synthetic(4), 4)
		if err != nil {
			t.Fatal(err)
		}
		sc := &scenario{phase: phases[0], effective: &e, samples: samples, manifest: &manifest.Manifest{}, replicas: 1, concurrency: 8, limits: limits}
		own, _, err := sc.plan()
		if err != nil {
			t.Fatal(err)
		}
		official, err := (&officialQueries{scenario: sc, offline: kind == loadgen.Offline}).plan(&runner{})
		if err != nil {
			t.Fatal(err)
		}
		for who, got := range map[string]client.Plan{"this program": own, "the official LoadGen": official} {
			got = client.Plan{Timeout: got.Timeout, StallLimit: got.StallLimit, LateLimit: got.LateLimit, Grace: got.Grace}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%v issued by %s: got %+v, want %+v", kind, who, got, want)
			}
		}
	}
}

func TestLimitsDefaults(t *testing.T) {
	if got := (Limits{}).orDefaults(); got != DefaultLimits() {
		t.Errorf("got %+v, want %+v", got, DefaultLimits())
	}
	asked := Limits{RequestTimeout: 1, ReadyTimeout: 2, StallTimeout: 3, LateLimit: 4, Grace: 5, PowerTimeout: 6}
	if got := asked.orDefaults(); got != asked {
		t.Errorf("got %+v, want %+v", got, asked)
	}
	if got := (Limits{StallTimeout: -time.Second}).orDefaults(); got.StallTimeout != 0 {
		t.Errorf("a stall timeout below 0 is %v, want never", got.StallTimeout)
	}
}

// TestLimitsStandOnce looks for the defaults elsewhere in the program.
func TestLimitsStandOnce(t *testing.T) {
	for _, dir := range []string{".", "../client", "../engine", "../../cmd/mlrun"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || filepath.Base(file) == "limits.go" {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range []string{"30 * time.Minute", "30*time.Minute", "5 * time.Minute", "5*time.Minute", "10 * time.Minute", "10*time.Minute"} {
				if strings.Contains(string(text), value) {
					t.Errorf("%s has %s: the defaults of limits stand in limits.go", file, value)
				}
			}
		}
	}
}
