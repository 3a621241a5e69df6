package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"mlcfg/internal/diag"
)

// WriteSheetText writes a sheet as it stands on a terminal: the summary, and
// what explains it.
func WriteSheetText(w io.Writer, s *Sheet) error {
	if err := WriteText(w, s.Summary); err != nil {
		return err
	}
	var b strings.Builder
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(s.Conditions) > 0 {
		fmt.Fprintln(tab, "condition\tmet\tfound\twanted")
	}
	for _, c := range s.Conditions {
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\n", c.Name, yesNo(c.Met), c.Found, c.Wanted)
	}
	tab.Flush() // into a strings.Builder, which does not fail
	for _, c := range s.Conditions {
		if !c.Met {
			fmt.Fprintf(&b, "to change   %s: %s\n", c.Name, c.Change)
		}
	}
	if s.Limits != nil {
		for _, said := range s.Limits.Said {
			fmt.Fprintf(&b, "limits      %s\n", said)
		}
		if stay := s.Limits.Stay(); stay != "" {
			fmt.Fprintf(&b, "time        a request's on average: %s\n", stay)
		}
	}
	if s.Balance != nil && len(s.Balance.Shares) > 1 && s.Balance.Busiest > 0 {
		fmt.Fprintf(&b, "balance     the busiest replica made %.2f times the mean of all in output tokens\n", s.Balance.Busiest)
	}
	if len(s.Slowest) > 0 {
		fmt.Fprintln(tab, "slowest\tsample\treplica\tscheduled s\tlatency ms\tlate ms\tfirst token ms\tfurther ms\toutput tokens")
	}
	for _, q := range s.Slowest[:min(len(s.Slowest), shownSlowest)] {
		fmt.Fprintf(tab, "%d\t%d\t%d\t%.3f\t%.1f\t%.1f\t%.1f\t%.1f\t%d\n", q.Seq, q.Sample, q.Replica, q.ScheduledS, q.LatencyMS, q.LateMS, q.WaitMS, q.DecodeMS, q.OutputTokens)
	}
	tab.Flush()
	_, err := io.WriteString(w, b.String())
	return err
}

// shownSlowest is how many of the slowest requests stand in a text.
const shownSlowest = 5

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// WriteSheetMarkdown writes a sheet as Markdown, for an issue or a page.
func WriteSheetMarkdown(w io.Writer, s *Sheet) error {
	if err := WriteMarkdown(w, s.Summary); err != nil {
		return err
	}
	var b strings.Builder
	if len(s.Conditions) > 0 {
		b.WriteString("\n| condition | met | found | wanted | what to change |\n| --- | --- | --- | --- | --- |\n")
	}
	for _, c := range s.Conditions {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.Name, yesNo(c.Met), diag.Markdown(c.Found), diag.Markdown(c.Wanted), diag.Markdown(c.Change))
	}
	if s.Limits != nil {
		b.WriteString("\nWhat limits the run" + mark(s.Summary) + ":\n\n")
		for _, said := range s.Limits.Said {
			fmt.Fprintf(&b, "- %s\n", diag.Markdown(said))
		}
		fmt.Fprintf(&b, "- a request's time on average: %s\n", s.Limits.Stay())
	}
	if s.Balance != nil {
		b.WriteString("\n| replica" + mark(s.Summary) + " | requests | failed | output tokens | TTFT p99, ms | TPOT p99, ms |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n")
		for _, r := range s.Balance.Shares {
			fmt.Fprintf(&b, "| %d | %d | %d | %d | %s | %s |\n", r.Index, r.Requests, r.Failed, r.OutputTokens, optional(r.TTFTP99MS), optional(r.TPOTP99MS))
		}
	}
	if len(s.Slowest) > 0 {
		b.WriteString("\n| slowest" + mark(s.Summary) + " | sample | replica | scheduled, s | latency, ms | late, ms | first token, ms | further tokens, ms | output tokens |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	}
	for _, q := range s.Slowest[:min(len(s.Slowest), shownSlowest)] {
		fmt.Fprintf(&b, "| %d | %d | %d | %.3f | %.1f | %.1f | %.1f | %.1f | %d |\n", q.Seq, q.Sample, q.Replica, q.ScheduledS, q.LatencyMS, q.LateMS, q.WaitMS, q.DecodeMS, q.OutputTokens)
	}
	b.WriteString("\n<details><summary>Settings and environment</summary>\n\n| key | value |\n| --- | --- |\n")
	for _, section := range s.Settings {
		for _, v := range section.Settings {
			fmt.Fprintf(&b, "| %s: %s | %s |\n", section.Name, diag.Markdown(v.Key), diag.Markdown(v.Value))
		}
	}
	for _, v := range s.Environment {
		fmt.Fprintf(&b, "| %s | %s |\n", diag.Markdown(v.Key), diag.Markdown(v.Value))
	}
	b.WriteString("\n</details>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func mark(s *Summary) string {
	if m := s.Mark(); m != "" {
		return " (" + m + ")"
	}
	return ""
}

func optional(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.3f", *v)
}
