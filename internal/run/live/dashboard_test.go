package live

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDashboard holds examples/grafana.json against the page: every metric it asks for
// is served, every metric that is served is drawn, and it selects by labels that exist.
func TestDashboard(t *testing.T) {
	data, err := os.ReadFile("../../../examples/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	full := Spread{Count: 3, P50: time.Second, P99: 2 * time.Second, Limit: time.Second}
	var text strings.Builder
	if err := WriteMetrics(&text, &Snapshot{TTFT: full, TPOT: full, Latency: full, Replicas: make([]Replica, 1)}); err != nil {
		t.Fatal(err)
	}
	page := text.String()
	var served, labels []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(page, -1) {
		served = append(served, m[1])
	}
	for _, m := range regexp.MustCompile(`[{,](\w+)="`).FindAllStringSubmatch(page, -1) {
		labels = append(labels, m[1])
	}
	labels = append(labels, "job", "instance") // Prometheus adds these
	var drawn []string
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("panel %q asks for nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			for _, name := range regexp.MustCompile(`\bmlrun_\w+`).FindAllString(target.Expr, -1) {
				drawn = append(drawn, name)
				if !slices.Contains(served, name) {
					t.Errorf("panel %q asks for %s, which is not served", panel.Title, name)
				}
			}
			for _, m := range regexp.MustCompile(`(\w+)=~?"`).FindAllStringSubmatch(target.Expr, -1) {
				if !slices.Contains(labels, m[1]) {
					t.Errorf("panel %q selects by %s, a label that no sample has", panel.Title, m[1])
				}
			}
		}
	}
	for _, name := range served {
		if !slices.Contains(drawn, name) {
			t.Errorf("%s is served and no panel shows it", name)
		}
	}
}
