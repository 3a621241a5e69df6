package loadgen

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSectionRoundTrip(t *testing.T) {
	want := Section{Settings: DefaultSettings(), Round: "v5.1", UserConf: "/x/user.conf", UserConfSHA256: "ab", Frozen: true}
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
