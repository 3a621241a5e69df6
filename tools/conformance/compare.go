package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"mlcfg/internal/loadgen"
)

// The parts of a comparison, in the order of the table.
var parts = []string{"order", "times", "summary", "detail", "accuracy"}

// outcome is the comparison of one case. A part that is equal has an empty text.
type outcome struct {
	version, name string
	scenario      loadgen.Scenario
	mode          loadgen.Mode
	parts         map[string]string
	lines         map[string]bool // lines of the summary by their label; whether equal
	valid         string          // what both say
}

func (o outcome) differs() bool {
	return slices.ContainsFunc(parts, func(p string) bool { return o.parts[p] != "" })
}

func (o outcome) explain(w io.Writer) {
	for _, p := range parts {
		if text := o.parts[p]; text != "" {
			fmt.Fprintf(w, "LoadGen %s, %s: %s differs: %s\n", o.version, o.name, p, text)
		}
	}
}

// compare runs a case on LoadGen and computes it again.
func (o *official) compare(c testCase, dir string) (outcome, error) {
	out := outcome{version: o.version, name: c.name, scenario: c.settings.Scenario, mode: c.settings.Mode, parts: map[string]string{}, valid: "–"}
	if err := o.run(c, dir); err != nil {
		return out, err
	}
	t, err := readOfficial(dir)
	if err != nil {
		return out, err
	}
	settings, err := c.settings.Effective(c.library)
	if err != nil {
		return out, err
	}
	ours := filepath.Join(dir, "ours")
	if err := os.Mkdir(ours, 0o755); err != nil {
		return out, err
	}
	program := loadgen.Program{Name: "mlrun", Version: "conformance"}
	logs, err := loadgen.CreateLogs(ours, program, os.Getpid(), func() time.Duration { return 0 })
	if err != nil {
		return out, err
	}
	p := replay{c: &c, settings: settings, theirs: t, logs: logs}
	verdict, summary, err := p.run()
	if err != nil {
		return out, err
	}
	if err := logs.Close(loadgen.Report{SUT: "PySUT", Settings: &settings, Verdict: verdict, Summary: summary}); err != nil {
		return out, err
	}
	if verdict != nil {
		out.valid = map[bool]string{true: "VALID", false: "INVALID"}[verdict.Valid]
	}
	out.parts["order"], out.parts["times"] = p.order, p.times
	return out, out.compareLogs(t, ours)
}

func (o *outcome) compareLogs(t *theirs, dir string) error {
	text := map[string]string{}
	for _, name := range []string{loadgen.SummaryName, loadgen.DetailName, loadgen.AccuracyName} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		text[name] = string(data)
	}
	// The first line of our summary says who wrote it; LoadGen's has none.
	_, ours, _ := strings.Cut(text[loadgen.SummaryName], "\n")
	detail := normalise(text[loadgen.DetailName])
	if !strings.Contains(t.detail, "effective_accuracy_sample_count") {
		ours = newSetting.ReplaceAllString(ours, "")
		detail = slices.DeleteFunc(detail, func(line string) bool { return strings.Contains(line, "accuracy_sample_count") })
	}
	o.parts["summary"] = firstDifference(strings.Split(t.summary, "\n"), strings.Split(ours, "\n"))
	o.lines = compareLines(t.summary, ours)
	o.parts["detail"] = firstDifference(normalise(t.detail), detail)
	o.parts["accuracy"] = firstDifference(strings.Split(t.accuracy, "\n"), strings.Split(text[loadgen.AccuracyName], "\n"))
	return nil
}

// newSetting came with LoadGen 6.0: releases before print nothing of it.
var newSetting = regexp.MustCompile(`(?m)^accuracy_sample_count : .*\n`)

func firstDifference(theirs, ours []string) string {
	for i := range max(len(theirs), len(ours)) {
		a, b := "(end)", "(end)"
		if i < len(theirs) {
			a = theirs[i]
		}
		if i < len(ours) {
			b = ours[i]
		}
		if a != b {
			return fmt.Sprintf("line %d: LoadGen %q, ours %q", i+1, a, b)
		}
	}
	return ""
}

// compareLines says for each kind of line in LoadGen's summary whether all
// of its kind are in ours, in the same order.
func compareLines(theirs, ours string) map[string]bool {
	byLabel := func(text string) map[string][]string {
		lines := map[string][]string{}
		for _, line := range strings.Split(text, "\n") {
			if l := label(line); l != "" {
				lines[l] = append(lines[l], line)
			}
		}
		return lines
	}
	mine := byLabel(ours)
	equal := map[string]bool{}
	for l, want := range byLabel(theirs) {
		equal[l] = slices.Equal(want, mine[l])
	}
	return equal
}

var number = regexp.MustCompile(`\b-?[0-9]+(\.[0-9]+)?\b`)

// label is a line without its value: what stands before the colon, or the text
// with its numbers taken out.
func label(line string) string {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "===") {
		return ""
	}
	if before, _, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "*") {
		return strings.TrimSpace(before)
	}
	return number.ReplaceAllString(line, "N")
}

// normalise makes detail logs comparable: key, value, error and warning of each
// line, in order. Left out are lines on LoadGen's own affairs, the values of loadgen_* (version and build),
// logger_* (counters of LoadGen's logger), times of day and durations that the
// machine decides, and the order of the lines between generation and the end
// of a run, where LoadGen's threads write in any order.
func normalise(detail string) []string {
	var lines []string
	shuffled := -1
	for _, line := range strings.Split(noJSON.Replace(strings.TrimSpace(detail)), "\n") {
		match := mllog.FindStringSubmatch(line)
		if match == nil {
			lines = append(lines, "not of the form: "+line)
			continue
		}
		if ownAffair.MatchString(line) {
			continue
		}
		key := match[2]
		if strings.HasPrefix(key, "logger_") && shuffled >= 0 {
			slices.Sort(lines[shuffled:])
			shuffled = -1
		}
		switch {
		case strings.HasPrefix(key, "loadgen_"), strings.HasPrefix(key, "logger_"), strings.HasPrefix(key, "power_"),
			key == "test_datetime", key == "get_sut_name_duration_ns":
			lines = append(lines, key)
		default:
			lines = append(lines, match[1]+" "+match[3])
		}
		if key == "generated_query_duration" {
			shuffled = len(lines)
		}
	}
	return lines
}

// noJSON are values that LoadGen writes and no JSON reader takes, and what
// stands for them in our logs.
var noJSON = strings.NewReplacer(`"value": inf,`, `"value": Infinity,`, `"value": -inf,`, `"value": -Infinity,`, `"value": nan,`, `"value": NaN,`, `"value": -nan,`, `"value": NaN,`)

var mllog = regexp.MustCompile(`^:::MLLOG (\{"key": "([^"]*)", "value": .*), "time_ms": \d+\.\d{6}, "namespace": "mlperf::logging",` +
	` "event_type": "POINT_IN_TIME", "metadata": \{("is_error": \w+, "is_warning": \w+), "file": "[^"]*", "line_no": \d+, "pid": \d+, "tid": \d+\}\}$`)
