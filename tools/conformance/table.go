package main

import (
	"fmt"
	"slices"
	"strings"
)

// table renders the outcomes as a part of docs/conformance.md.
func table(outcomes []outcome) string {
	var b strings.Builder
	b.WriteString(`This part is written by ` + "`make conformance`" + `, which installs the official LoadGen from PyPI, runs it in real time with
a deterministic system under test, and computes each run again from the times that LoadGen's trace recorded.

What is compared:

- order: the index of every sample that was issued.
- times: the scheduled time of every sample, in nanoseconds. The Server scenario has a schedule, the others issue at once.
- summary: every line of mlperf_log_summary.txt, byte for byte. Ours has one line more, the first: it names the program.
- detail: key, value, error and warning of every line of mlperf_log_detail.txt, in order. Not compared are the values of
  loadgen_* (version and build), logger_* (counters of LoadGen's logger), test_datetime, power_begin, power_end and
  get_sut_name_duration_ns, the time, process and source line of each line, and the order of the lines that
  LoadGen's threads write between the generation of queries and the end of the run.
- accuracy: mlperf_log_accuracy.json, byte for byte.

Releases before 6.0 know no accuracy_sample_count; the lines that ours have of it are left out there.
Warnings that LoadGen gives about its own logger and about the machine's clocks are taken over. In SingleStream and
MultiStream the moment at which issuing started is recorded nowhere; it is found from the rates that LoadGen prints.

In the detail log LoadGen prints infinity and what is no number as inf and nan, which no JSON reader takes. Ours has Infinity and
NaN, which Python's reads, so that the tools that read such a log do not end there. MLCommons' log parser and submission
checker read our logs in the test TestPublicReaders of internal/loadgen.

## Runs

`)
	versions := versionsOf(outcomes)
	fmt.Fprintf(&b, "| release | run | scenario | mode | result | %s |\n|---|---|---|---|---|%s\n", strings.Join(parts, " | "), strings.Repeat("---|", len(parts)))
	for _, o := range outcomes {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |", o.version, o.name, o.scenario, o.mode, o.valid)
		for _, p := range parts {
			fmt.Fprintf(&b, " %s |", word(o.parts[p] == ""))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Lines of the summary\n\n")
	fmt.Fprintf(&b, "| line | %s |\n|---|%s\n", strings.Join(versions, " | "), strings.Repeat("---|", len(versions)))
	for _, l := range labels(outcomes) {
		fmt.Fprintf(&b, "| %s |", strings.ReplaceAll(l, "|", `\|`))
		for _, v := range versions {
			fmt.Fprintf(&b, " %s |", lineWord(outcomes, v, l))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// randomTable renders what was compared of random settings.
func randomTable(randoms []randomOutcome) string {
	var b strings.Builder
	b.WriteString(`
## Random settings and conf files

Of random settings are compared: the loaded sets, the order of issue, count, size and time of what was generated. Of random
conf files: which are rejected, and every setting that the others set, on top of the release's own mlperf.conf. A conf file whose value LoadGen
takes although it makes no sense (a negative count) is an error here, and not compared.

| release | schedules equal | refused here, crash there | conf files equal | rejected by both | errors here alone | differences |
|---|---|---|---|---|---|---|
`)
	for _, r := range randoms {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d |\n", r.version, r.schedules, r.crashes, r.confs, r.rejected, r.worse, len(r.differences))
	}
	return b.String()
}

func word(equal bool) string {
	if equal {
		return "equal"
	}
	return "**differs**"
}

func versionsOf(outcomes []outcome) []string {
	var versions []string
	for _, o := range outcomes {
		if !slices.Contains(versions, o.version) {
			versions = append(versions, o.version)
		}
	}
	return versions
}

func labels(outcomes []outcome) []string {
	var all []string
	for _, o := range outcomes {
		for l := range o.lines {
			all = append(all, l)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// lineWord reports whether a line is equal in all runs of a release that have it.
func lineWord(outcomes []outcome, version, label string) string {
	var different []string
	seen := false
	for _, o := range outcomes {
		equal, has := o.lines[label]
		if o.version != version || !has {
			continue
		}
		seen = true
		if !equal {
			different = append(different, o.name)
		}
	}
	switch {
	case !seen:
		return "not printed"
	case len(different) > 0:
		return "**differs** in " + strings.Join(different, ", ")
	}
	return "equal"
}
