package loadgen

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	if diff := cmp.Diff(want, got); diff != "" {
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
}
