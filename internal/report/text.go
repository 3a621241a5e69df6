package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"mlcfg/internal/diag"
	"mlcfg/internal/record"
)

// WriteText writes a summary as it stands on a terminal.
func WriteText(w io.Writer, s *Summary) error {
	var b strings.Builder
	if s.Simulated {
		b.WriteString(record.SimulatedMark + "\n")
	}
	if s.SyntheticData {
		b.WriteString("SYNTHETIC DATA: the data set was not there, prompts were made up\n")
	}
	if s.OfficialLoadGen != "" {
		fmt.Fprintf(&b, "issued and judged by the official LoadGen %s\n", diag.Escape(s.OfficialLoadGen))
	}
	fmt.Fprintf(&b, "%s  %s %s %s on %s, %s (%s)\n", s.Verdict(), diag.Escape(s.Benchmark), diag.Escape(s.Scenario), diag.Escape(s.Mode), orNone(diag.Escape(s.Machine)), diag.Escape(s.Backend), diag.Escape(s.Engine))
	for _, r := range s.Reasons {
		fmt.Fprintf(&b, "  - %s\n", diag.Escape(r))
	}
	fmt.Fprintf(&b, "samples     %d issued, %d completed, %d failed in %.3f s\n", s.Samples, s.Completed, s.Failed, s.Seconds)
	for _, name := range slices.Sorted(maps.Keys(s.Errors)) {
		fmt.Fprintf(&b, "            %d failed: %s\n", s.Errors[name], diag.Escape(name))
	}
	fmt.Fprintf(&b, "throughput  %.2f samples/s, %.1f tokens/s", s.SamplesPerSecond, s.TokensPerSecond)
	if s.ScheduledSamplesPerSecond != nil {
		fmt.Fprintf(&b, " (%.2f samples/s scheduled)", *s.ScheduledSamplesPerSecond)
	}
	b.WriteByte('\n')
	if s.Clients > 1 {
		fmt.Fprintf(&b, "clients     %d\n", s.Clients)
	}
	writeSpreads(&b, s)
	if clock := s.Clock(); clock != "" {
		fmt.Fprintf(&b, "clock       %s\n", clock)
	}
	for _, r := range s.Replicas {
		fmt.Fprintf(&b, "replica %-3d %d requests, %d output tokens, %d failed", r.Index, r.Requests, r.OutputTokens, r.Failed)
		if r.LatencyP50MS != nil && r.LatencyP99MS != nil {
			fmt.Fprintf(&b, ", latency p50 %.1f ms, p99 %.1f ms", *r.LatencyP50MS, *r.LatencyP99MS)
		}
		b.WriteByte('\n')
	}
	if cache := s.Cache(); cache != "" {
		fmt.Fprintf(&b, "KV cache    %s\n", cache)
	}
	for _, n := range s.Remarks {
		fmt.Fprintf(&b, "note        %s\n", diag.Escape(n))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Cache says how large the engines say their KV caches are, and what was predicted; empty where
// they do not say.
func (s *Summary) Cache() string {
	var texts []string
	for _, start := range s.Starts {
		if start.Said == nil || start.Said.Tokens == nil {
			continue
		}
		text := fmt.Sprintf("%d tokens a replica", *start.Said.Tokens)
		if p := start.Predicted; p != nil && p.Tokens != nil {
			text += fmt.Sprintf(", %d predicted", *p.Tokens)
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}

// Clock says by whose clock the times of the completed samples are; empty where there is none.
func (s *Summary) Clock() string {
	of := func(n uint64) string {
		switch n {
		case 0:
			return "no"
		case s.Completed:
			return "all"
		}
		return fmt.Sprintf("%d of %d", n, s.Completed)
	}
	switch {
	case s.Completed == 0:
		return ""
	case s.Stamped == 0 && s.SentStamped == 0:
		return "mlrun's: when requests were written and responses were read"
	case s.Stamped == s.Completed && s.SentStamped == s.Completed:
		return "the kernel's: when requests left and responses came"
	}
	return fmt.Sprintf("the kernel's for %s responses and %s requests; when they were read and written for the others", of(s.Stamped), of(s.SentStamped))
}

func writeSpreads(b *strings.Builder, s *Summary) {
	if s.Latency == nil {
		return
	}
	tab := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "ms\tmin\tmean\tp50\tp90\tp99\tp99.9\tmax\tlimit\t")
	for _, row := range s.rows() {
		if row.spread == nil {
			continue
		}
		limit := ""
		if row.spread.LimitMS != nil {
			limit = fmt.Sprintf("%.1f", *row.spread.LimitMS)
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t\n", row.name, strings.Join(row.spread.cells(), "\t"), limit)
	}
	tab.Flush() // into a strings.Builder, which does not fail
}

type spreadRow struct {
	name   string
	spread *Spread
}

func (s *Summary) rows() []spreadRow {
	return []spreadRow{{"TTFT", s.TTFT}, {"TPOT", s.TPOT}, {"latency", s.Latency}, {"lateness", s.Lateness}}
}

func (s *Spread) cells() []string {
	var out []string
	for _, v := range []float64{s.MinMS, s.MeanMS, s.P50MS, s.P90MS, s.P99MS, s.P999MS, s.MaxMS} {
		out = append(out, fmt.Sprintf("%.3f", v))
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "no named machine"
	}
	return s
}
