package live

import (
	"fmt"
	"strings"
	"time"

	"mlcfg/internal/cli/ansi"
	"mlcfg/internal/record"
)

// Line says how a run goes in one line, for a log.
func Line(s *Snapshot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d samples, %d in flight, %d failed, %.1f samples/s, %.0f tokens/s",
		s.Done, s.Phase.Total, s.inFlight(), s.Failed, s.SamplesPerSecond, s.TokensPerSecond)
	for _, row := range s.spreads() {
		fmt.Fprintf(&b, ", %s p99 %s", row.name, ms(row.spread.P99))
		if row.spread.Limit > 0 {
			fmt.Fprintf(&b, " of %s", ms(row.spread.Limit))
		}
		b.WriteString(" ms")
	}
	if s.Left > 0 {
		b.WriteString(", " + clock(s.Left) + " left")
	}
	return b.String()
}

func (s *Snapshot) inFlight() uint64 {
	if s.Done > s.Sent {
		return 0 // requests that could not be sent are over too
	}
	return s.Sent - s.Done
}

type spreadRow struct {
	name   string
	spread Spread
}

// spreads are the times that anything is known of, the latency only where it
// has a limit or is all there is.
func (s *Snapshot) spreads() []spreadRow {
	var out []spreadRow
	for _, row := range []spreadRow{{"TTFT", s.TTFT}, {"TPOT", s.TPOT}, {"latency", s.Latency}} {
		if row.spread.Count == 0 || row.name == "latency" && row.spread.Limit == 0 && len(out) > 0 {
			continue
		}
		out = append(out, row)
	}
	return out
}

// View draws how a run goes, for a terminal of that size: lines of fewer than
// width characters, and fewer than height of them.
func View(s *Snapshot, width, height int, style ansi.Style) []string {
	v := view{width: max(width-1, 1), style: style}
	v.head(s)
	v.counts(s)
	v.times(s)
	v.replicas(s, height-1-len(v.lines))
	return v.lines[:min(len(v.lines), max(height-1, 0))]
}

type view struct {
	width int
	style ansi.Style
	lines []string
}

// add cuts a line to the width before it is coloured.
func (v *view) add(colour func(string) string, format string, args ...any) {
	line := strings.TrimRight(ansi.Cut(fmt.Sprintf(format, args...), v.width), " ")
	if colour != nil {
		line = colour(line)
	}
	v.lines = append(v.lines, line)
}

func (v *view) head(s *Snapshot) {
	r := &s.Run
	if r.Simulated {
		v.add(v.style.Yellow, record.SimulatedMark)
	}
	v.add(v.style.Bold, "%s %s %s, %s", r.Benchmark, r.Scenario, s.Phase.Name, r.Engine)
	left := ""
	switch {
	case s.Left > 0:
		left = ", " + clock(s.Left) + " left"
	case s.Began && s.Done < s.Phase.Total && s.Scheduled >= s.Phase.Total:
		left = ", waiting for the last responses"
	}
	v.add(nil, "%s %d of %d samples, %s%s", bar(s.Done, s.Phase.Total, min(30, v.width/4)), s.Done, s.Phase.Total, clock(s.Elapsed), left)
}

func (v *view) counts(s *Snapshot) {
	colour := v.style.Red
	if s.Failed == 0 {
		colour = nil
	}
	first := ""
	if s.FirstToken > 0 {
		first = fmt.Sprintf("  first token %d", s.FirstToken)
	}
	v.add(colour, "scheduled %d  sent %d%s  finished %d  failed %d", s.Scheduled, s.Sent, first, s.Done-s.Failed, s.Failed)
	v.add(nil, "%.1f samples/s  %.0f tokens/s  %.0f tokens/s lately", s.SamplesPerSecond, s.TokensPerSecond, s.RecentTokens)
}

func (v *view) times(s *Snapshot) {
	rows := s.spreads()
	if len(rows) == 0 {
		return
	}
	v.add(v.style.Faint, "%-8s %11s %11s %11s", "ms", "p50", "p99", "limit")
	for _, row := range rows {
		limit, mark := "", ""
		var colour func(string) string
		if row.spread.Limit > 0 {
			limit = ms(row.spread.Limit)
		}
		if row.spread.Over() {
			colour, mark = v.style.Red, "  over"
		}
		v.add(colour, "%-8s %11s %11s %11s%s", row.name, ms(row.spread.P50), ms(row.spread.P99), limit, mark)
	}
}

// replicas shows as many replicas as there is room for.
func (v *view) replicas(s *Snapshot, room int) {
	if room < 2 || len(s.Replicas) == 0 {
		return
	}
	v.add(v.style.Faint, "%-8s %8s %8s %8s %8s %8s %8s", "replica", "queue", "sent", "done", "running", "waiting", "KV")
	shown := len(s.Replicas)
	if shown > room-1 {
		shown = room - 2
	}
	for i := range max(shown, 0) {
		r := &s.Replicas[i]
		v.add(nil, "%-8d %8d %8d %8d %8s %8s %8s", i, r.InFlight(), r.Sent, r.Done,
			count(r.Engine.Running), count(r.Engine.Waiting), share(r.Engine.KVCache))
	}
	if shown < len(s.Replicas) {
		v.add(v.style.Faint, "%d replicas more", len(s.Replicas)-max(shown, 0))
	}
}

// bar shows how much of the total is done.
func bar(done, total uint64, width int) string {
	full := width
	if total > 0 && done < total {
		full = int(float64(width) * float64(done) / float64(total))
	}
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", width-full) + "]"
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/1e6) }

// clock is a time in minutes and seconds, and hours where there are any.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func count(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f", *v)
}

func share(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100**v)
}
