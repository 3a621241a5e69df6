package loadgen

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSectionRoundTrip(t *testing.T) {
	want := Section{
		Settings: DefaultSettings(), Library: Library{TotalSampleCount: 24576, PerformanceSampleCount: 24000}, Benchmark: "llama2-70b",
		Round: "v5.1", UserConf: "/x/user.conf", UserConfSHA256: "ab", Frozen: true, Origins: map[string]string{"server_target_qps": "user.conf:3:1"},
	}
	got, err := ReadSection(want.Map())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Section{})); diff != "" {
		t.Error(diff)
	}
}

func TestSectionFaults(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"frozen":            func(m map[string]any) { delete(m, "frozen") },
		"round":             func(m map[string]any) { m["round"] = true },
		"origins":           func(m map[string]any) { m["origins"] = map[string]any{"mode": 1} },
		"library_total":     func(m map[string]any) { m["library_total_sample_count"] = -1 },
		"more":              func(m map[string]any) { m["more"] = 1 },
		"server_target_qps": func(m map[string]any) { delete(m, "server_target_qps") },
	} {
		m := Section{Settings: DefaultSettings()}.Map()
		change(m)
		if _, err := ReadSection(m); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want one that names it", name, err)
		}
	}
	// Of several the first is told.
	m := Section{Settings: DefaultSettings()}.Map()
	m["frozen"], m["round"], m["library_total_sample_count"] = 1, 1, -1
	if _, err := ReadSection(m); err == nil || !strings.HasPrefix(err.Error(), "loadgen.frozen must be a bool, it is 1") {
		t.Error(err)
	}
}

// TestSectionInEffect refuses a section from which this program derives something
// else than the one that made it.
func TestSectionInEffect(t *testing.T) {
	made := Section{Settings: DefaultSettings(), Library: Library{TotalSampleCount: 64, PerformanceSampleCount: 64}}
	read := func(change func(effective map[string]any)) (Effective, error) {
		m := made.Map()
		change(m["effective"].(map[string]any))
		s, err := ReadSection(m)
		if err != nil {
			t.Fatal(err)
		}
		return s.Effective()
	}
	want, err := made.Effective()
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(func(map[string]any) {})
	if err != nil || got.MinQueryCount != want.MinQueryCount || got.Library != want.Library {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	for _, change := range []func(map[string]any){
		func(m map[string]any) { m["min_query_count"] = int64(7) },
		func(m map[string]any) { delete(m, "min_query_count") },
	} {
		if _, err := read(change); err == nil || !strings.Contains(err.Error(), "min_query_count") {
			t.Errorf("got %v, want an error that names min_query_count", err)
		}
	}
	if _, err := (Section{Settings: DefaultSettings()}).Effective(); !errors.Is(err, ErrNoDataSize) {
		t.Errorf("got %v without a size of the data set", err)
	}
}
