package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mlcfg/internal/diag"
)

// WriteMarkdown writes a summary as Markdown, for an issue or a page.
func WriteMarkdown(w io.Writer, s *Summary) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s: %s %s on %s, %s (%s)\n\n", s.Verdict(), diag.Markdown(s.Benchmark), diag.Markdown(s.Scenario), diag.Markdown(orNone(s.Machine)), diag.Markdown(s.Backend), diag.Markdown(s.Engine))
	if s.Simulated {
		b.WriteString("**" + SimulatedSentence + "**\n\n")
	}
	if s.SyntheticData {
		b.WriteString("**Synthetic data: the data set was not there, prompts were made up.**\n\n")
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(&b, "- %s\n", diag.Markdown(r))
	}
	if len(s.Reasons) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString("| figure" + mark(s) + " | value |\n| --- | ---: |\n")
	fmt.Fprintf(&b, "| samples/s | %.2f |\n| tokens/s | %.1f |\n", s.SamplesPerSecond, s.TokensPerSecond)
	if s.ScheduledSamplesPerSecond != nil {
		fmt.Fprintf(&b, "| samples/s scheduled | %.2f |\n", *s.ScheduledSamplesPerSecond)
	}
	fmt.Fprintf(&b, "| samples completed | %d of %d |\n| failed | %d |\n| seconds | %.3f |\n", s.Completed, s.Samples, s.Failed, s.Seconds)
	for _, name := range slices.Sorted(maps.Keys(s.Errors)) {
		fmt.Fprintf(&b, "| failed: %s | %d |\n", diag.Markdown(name), s.Errors[name])
	}
	b.WriteString("\n| ms" + mark(s) + " | min | mean | p50 | p90 | p99 | p99.9 | max | limit |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, row := range s.rows() {
		if row.spread == nil {
			continue
		}
		limit := ""
		if row.spread.LimitMS != nil {
			limit = fmt.Sprintf("%.1f", *row.spread.LimitMS)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.name, strings.Join(row.spread.cells(), " | "), limit)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
