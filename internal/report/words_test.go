package report

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
)

// What must stand wherever figures of a run do.
func TestNotes(t *testing.T) {
	const simulated, synthetic = "Simulated engine: these figures say nothing about any hardware.", "Synthetic data: the data set was not there, prompts were made up."
	for _, c := range []struct {
		sum   Summary
		notes []string
		mark  string
	}{
		{Summary{}, nil, ""},
		{Summary{Simulated: true}, []string{simulated}, "SIMULATED"},
		{Summary{SyntheticData: true}, []string{synthetic}, "SYNTHETIC DATA"},
		{Summary{Simulated: true, SyntheticData: true, Remarks: []string{"replica 1 is slow"}}, []string{simulated, synthetic, "Replica 1 is slow."}, "SIMULATED, SYNTHETIC DATA"},
	} {
		if got := c.sum.Notes(); !slices.Equal(got, c.notes) || c.sum.Mark() != c.mark {
			t.Errorf("%q, %q; want %q, %q", got, c.sum.Mark(), c.notes, c.mark)
		}
	}
	s := Sheet{Summary: &Summary{Subject: Subject{Benchmark: "llama2-70b", Scenario: "server", Engine: "vllm 0.9.2"}, Valid: true}}
	if got := s.Title() + ": " + s.Verdict(); got != "llama2-70b server on no named machine, vllm 0.9.2: VALID" {
		t.Error(got)
	}
}

// All settings of a manifest, without where they are from and what follows from others.
func TestFlat(t *testing.T) {
	m := &manifest.Manifest{
		BenchmarkName: "b", Scenario: "server", TestMode: "performance", Machine: "alpha", Backend: "vllm", Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"},
		EnvConfig:      map[string]string{"A": "1"},
		EngineConfig:   map[string]any{"n": int64(2), "nan": math.NaN(), "none": nil, "map": map[string]any{"x": 1.5, "empty": map[string]any{}}, "list": []any{"a", true}},
		SamplingConfig: map[string]any{"top_p": 0.5}, HarnessConfig: map[string]any{"sorting": map[string]any{"strategy": "ignore"}},
		Loadgen: map[string]any{"mode": "PerformanceOnly", "origins": map[string]any{"mode": "x"}, "effective": map[string]any{"y": int64(1)}},
	}
	want := map[string]string{
		"backend": "vllm", "engine": "vllm 0.9.2", "machine": "alpha", "benchmark_name": "b", "scenario": "server", "test_mode": "performance", "env_config.A": "1",
		"engine_config.n": "2", "engine_config.nan": "NaN", "engine_config.map.x": "1.5", "engine_config.map.empty": "{}", "engine_config.list": `["a",true]`,
		"sampling_config.top_p": "0.5", "harness_config.sorting.strategy": "ignore", "loadgen.mode": "PerformanceOnly",
	}
	if diff := cmp.Diff(want, Flat(m)); diff != "" {
		t.Error(diff)
	}
	if _, has := m.Loadgen["origins"]; !has {
		t.Error("the manifest itself was changed")
	}
	for value, want := range map[[2]string]string{
		{"a_ns", "1500"}: "1500 (1.5µs)", {"a_ms", "1500"}: "1500 (1.5s)", {"a_ns", "0"}: "0", {"a", "1500"}: "1500", {"a_ms", "x"}: "x", {"a_ns", "-1"}: "-1", {"a_ns", "1e18"}: "1e18", {"a_ms", "1e12"}: "1e12",
		{"a_ms", "9e11"}: "9e11 (250000h0m0s)",
	} {
		if got := readable(value[0], value[1]); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

// Failures are counted by cause, the most frequent first, and what is over a number
// of them together; each with the first of its kind.
func TestFailuresTogether(t *testing.T) {
	var rows []record.Record
	for cause := range mostCauses + 3 {
		name := string(rune('a'+cause)) + "x"
		for i := range 30 - cause {
			rows = append(rows, record.Record{Status: record.Failed, Error: name, Scheduled: time.Duration(100+cause-i) * time.Second})
		}
	}
	rows = append(rows, record.Record{Status: record.OK})
	got := failures(record.TableOf(rows))
	if len(got) != mostCauses+1 {
		t.Fatalf("%d causes", len(got))
	}
	for i, f := range got[:mostCauses] {
		want := Failure{Cause: string(rune('a'+i)) + "x", Requests: got[i].Requests, FirstS: float64(71 + 2*i)}
		if f != want || int(f.Requests) != 30-i {
			t.Errorf("%+v, want %d of %+v", f, 30-i, want)
		}
	}
	var rest uint64
	for i := range 3 {
		rest += uint64(30 - mostCauses - i)
	}
	if f := got[mostCauses]; f.Cause != "other causes" || fmt.Sprint(f.Requests) != fmt.Sprint(rest) || f.FirstS != float64(71+2*mostCauses) {
		t.Errorf("%+v", f)
	}
	for v, want := range map[float64]float64{1.5: 1.5, 0: 0, -1: 0, math.Inf(1): 0, math.Inf(-1): 0} {
		if got := finite(v); got != want {
			t.Errorf("%v as a rate is %v", v, got)
		}
	}
	if got := finite(math.NaN()); got != 0 {
		t.Errorf("no number as a rate is %v", got)
	}
	for text, want := range map[string]string{
		"g1h22 end": "gNhN end", "status 503: x9": "status 503: xN", "HTTP 500 after 17 bytes": "HTTP 500 after N bytes", "id abcdef01": "id N", "id abcdef0": "id N", "word abcdefgh": "word abcdefgh",
		"deadbeef": "N", "deadbee": "deadbee", "0x1f!": "N!", "request 12345678-abcd-abcd-abcd-123456789abc: gone": "request N: gone",
	} {
		if got := cause(&record.Record{Error: text}); got != want {
			t.Errorf("%q is counted as %q, want %q", text, got, want)
		}
	}
	if got := cause(&record.Record{Status: record.TimedOut}); got != "timed-out" {
		t.Error(got)
	}
}
