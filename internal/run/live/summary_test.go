package live

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestQuantilesAreSummaries: promtool refuses quantile labels of anything but a summary.
func TestQuantilesAreSummaries(t *testing.T) {
	var text strings.Builder
	if err := WriteMetrics(&text, &Snapshot{TTFT: Spread{Count: 3, P50: time.Second, P99: 2 * time.Second}}); err != nil {
		t.Fatal(err)
	}
	page := text.String()
	var summaries []string
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (\S+) summary$`).FindAllStringSubmatch(page, -1) {
		summaries = append(summaries, match[1])
	}
	found := 0
	for line := range strings.Lines(page) {
		name, _, labelled := strings.Cut(line, "{")
		if labelled && strings.Contains(line, "quantile=") {
			found++
			if !slices.Contains(summaries, name) {
				t.Errorf("no summary: %s", line)
			}
		}
	}
	if found == 0 {
		t.Fatalf("no quantile in\n%s", page)
	}
}
