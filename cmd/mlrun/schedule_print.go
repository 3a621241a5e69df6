package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/loadgen"
)

// schedule is what is printed.
type schedule struct {
	section   loadgen.Section
	effective loadgen.Effective
	phases    []*loadgen.Phase
	// totals are what is issued of each phase, generated how many queries are generated.
	totals    []loadgen.Totals
	generated []uint64
}

// newSchedule works out a schedule; version is a release of LoadGen, empty for
// the present way.
func newSchedule(section loadgen.Section, version string) (*schedule, error) {
	s := &schedule{section: section}
	var g loadgen.Generator
	var err error
	if version != "" {
		if g, err = loadgen.GeneratorOf(version); err != nil {
			return nil, fmt.Errorf("--loadgen: %w", err)
		}
	}
	if s.effective, err = section.Effective(); err != nil {
		return nil, err
	}
	if s.phases, err = s.effective.Phases(g); err != nil {
		return nil, err
	}
	for _, p := range s.phases {
		issued := p.Issued()
		generated := issued.Queries
		if s.effective.MaxDuration != 0 || s.effective.MaxQueryCount != 0 {
			generated = p.Totals().Queries
		}
		s.totals, s.generated = append(s.totals, issued), append(s.generated, generated)
	}
	return s, nil
}

// samples counts those of all phases.
func (s *schedule) samples() uint64 {
	var n uint64
	for _, t := range s.totals {
		n += t.Samples
	}
	return n
}

// scheduleJSON is the schedule's contract (the totals of all phases; the last
// phase's times), and one phase of it. What it counts is issued; where LoadGen's
// upper limits end a phase before all that is generated, GeneratedQueries is that.
type scheduleJSON struct {
	Scenario            string  `json:"scenario"`
	Mode                string  `json:"mode"`
	Queries             uint64  `json:"queries"`
	GeneratedQueries    uint64  `json:"generated_queries,omitempty"`
	Samples             uint64  `json:"samples"`
	SamplesPerQuery     int     `json:"samples_per_query"`
	SamplesPerSecond    float64 `json:"scheduled_samples_per_second"`
	LastScheduledNS     int64   `json:"last_scheduled_ns"`
	GeneratedDurationNS int64   `json:"generated_duration_ns"`
	ExpectedIssueNS     int64   `json:"expected_issue_ns"`
	// Phases is left out where there is only one.
	Phases []scheduleJSON `json:"phases,omitempty"`
}

func (s *schedule) phaseJSON(i int) scheduleJSON {
	p, t := s.phases[i], s.totals[i]
	generated := s.generated[i]
	if generated == t.Queries {
		generated = 0 // left out
	}
	return scheduleJSON{
		GeneratedQueries: generated,
		Scenario:         s.section.Settings.Scenario.String(), Mode: p.Mode.String(), Queries: t.Queries, Samples: t.Samples,
		SamplesPerQuery: p.SamplesPerQuery, SamplesPerSecond: t.ScheduledSamplesPerSecond(), LastScheduledNS: int64(t.LastScheduled),
		GeneratedDurationNS: int64(t.Duration), ExpectedIssueNS: int64(p.ExpectedIssue(t)),
	}
}

// writeJSON writes the schedule in one line a query. Queries are written as
// they are generated.
func (s *schedule) writeJSON(w io.Writer, queries bool) error {
	out := s.phaseJSON(len(s.phases) - 1)
	out.Mode = s.section.Settings.Mode.String()
	for i := range s.phases[:len(s.phases)-1] {
		p := s.phaseJSON(i)
		out.Queries += p.Queries
		out.Samples += p.Samples
		out.ExpectedIssueNS += p.ExpectedIssueNS
		out.Phases = append(out.Phases, p)
	}
	if len(out.Phases) > 0 {
		out.Phases = append(out.Phases, s.phaseJSON(len(s.phases)-1))
	}
	head, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<16)
	if !queries {
		b.Write(head)
		b.WriteByte('\n')
		return b.Flush()
	}
	b.WriteString(strings.TrimSuffix(string(head), "\n}"))
	b.WriteString(",\n  \"issue\": [")
	line, separator := []byte(nil), "\n"
	for i := range s.phases {
		for q := range s.issued(i) {
			line = append(append(line[:0], separator...), `    {"scheduled_ns": `...)
			line = strconv.AppendInt(line, int64(q.Scheduled), 10)
			line = append(appendList(append(line, `, "samples": [`...), q.Samples, ", "), "]}"...)
			if _, err := b.Write(line); err != nil {
				return err
			}
			separator = ",\n"
		}
	}
	b.WriteString("\n  ]\n}\n")
	return b.Flush()
}

func appendList(line []byte, numbers []int, separator string) []byte {
	for i, n := range numbers {
		if i > 0 {
			line = append(line, separator...)
		}
		line = strconv.AppendInt(line, int64(n), 10)
	}
	return line
}

// writeText writes the schedule for a person.
func (s *schedule) writeText(w io.Writer, queries bool) error {
	b := bufio.NewWriterSize(w, 1<<16)
	set := &s.section.Settings
	fmt.Fprintf(b, "scenario     %v, %v", set.Scenario, set.Mode)
	if s.section.Benchmark != "" {
		fmt.Fprintf(b, ", %s, round %s", s.section.Benchmark, s.section.Round)
	}
	fmt.Fprintln(b)
	for i, p := range s.phases {
		t := s.totals[i]
		if len(s.phases) > 1 {
			fmt.Fprintf(b, "phase %-6d %v\n", i+1, p.Mode)
		}
		fmt.Fprintf(b, "data set     %d of %d samples loaded\n", p.Distinct, s.section.Library.TotalSampleCount)
		fmt.Fprintf(b, "queries      %d, of %s%s\n", t.Queries, eachOf(p.SamplesPerQuery), s.cut(i))
		s.writeTimes(b, p, t)
	}
	for _, e := range s.effective.Errors {
		fmt.Fprintf(b, "complaint    %s\n", e)
	}
	if queries {
		b.WriteString("\nscheduled_ns samples\n")
		var line []byte
		for i := range s.phases {
			for q := range s.issued(i) {
				line = append(strconv.AppendInt(line[:0], int64(q.Scheduled), 10), ' ')
				line = append(appendList(line, q.Samples, " "), '\n')
				if _, err := b.Write(line); err != nil {
					return err
				}
			}
		}
	}
	return b.Flush()
}

// issued are the queries of a phase up to LoadGen's upper limits.
func (s *schedule) issued(phase int) iter.Seq[loadgen.Query] {
	return func(yield func(loadgen.Query) bool) {
		left := s.totals[phase].Queries
		for q := range s.phases[phase].Queries() {
			if left == 0 || !yield(q) {
				return
			}
			left--
		}
	}
}

// cut says how many queries of a phase are generated and not issued.
func (s *schedule) cut(phase int) string {
	if n := s.generated[phase]; n != s.totals[phase].Queries {
		return fmt.Sprintf("; %d are generated, and the maximum duration or query count ends it before", n)
	}
	return ""
}

func eachOf(samples int) string {
	if samples == 1 {
		return "one sample each"
	}
	return fmt.Sprintf("%d samples each", samples)
}

// writeTimes says how long a phase takes, as far as that is known before.
func (s *schedule) writeTimes(w io.Writer, p *loadgen.Phase, t loadgen.Totals) {
	e := &s.effective
	issue := p.ExpectedIssue(t).Round(time.Second / 10)
	switch {
	case e.Requested.Scenario == loadgen.Server:
		fmt.Fprintf(w, "rate         %.6g samples a second scheduled, %g asked for\n", t.ScheduledSamplesPerSecond(), e.TargetQPS)
		fmt.Fprintf(w, "duration     %v until the last query, and what the last responses take\n", issue)
	case e.Requested.Scenario == loadgen.Offline:
		fmt.Fprintf(w, "duration     %v at %g samples a second", issue, e.TargetQPS)
		if p.Mode == loadgen.PerformanceOnly {
			fmt.Fprintf(w, "; valid from %v on", e.MinDuration)
		}
		fmt.Fprintln(w)
	default:
		fmt.Fprintf(w, "duration     %v at %v a query", issue, time.Duration(1e9/e.TargetQPS))
		if p.Mode == loadgen.PerformanceOnly {
			fmt.Fprintf(w, "; ends after %d queries and %v", e.MinQueryCount, e.TargetDuration)
		}
		fmt.Fprintln(w)
	}
}
