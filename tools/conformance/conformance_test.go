package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCasesAreRunnable(t *testing.T) {
	names := map[string]bool{}
	for _, c := range cases() {
		if names[c.name] {
			t.Errorf("two cases are called %s", c.name)
		}
		names[c.name] = true
		settings, err := c.settings.Effective(c.library)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if len(settings.Errors) > 0 {
			t.Errorf("%s: %q", c.name, settings.Errors)
		}
		if scenario := strings.ToLower(c.settings.Scenario.String()); !strings.Contains(c.name, scenario) {
			t.Errorf("%s runs %s", c.name, scenario)
		}
	}
}

func TestReadTrace(t *testing.T) {
	const server = `{"traceEvents":[
{"name":"Token_Latency","ph": "C","pid":1,"ts":300.500,"args":{ "issue_delay":10,"issue_to_done":190}},
{"name":"Sample","cat":"default","ph":"b","pid":1,"id":1,"ts":300.500,"args":{"sample_seq":1,"query_seq":1,"sample_idx":7,"issue_start_ns":10,"complete_ns":2000}},
{"name":"Sample","cat":"default","ph":"e", "pid":1,"id":1,"ts":302.500},
{"name":"Latency","ph": "C","pid":1,"ts":300.500,"args":{ "issue_delay":10,"issue_to_done":1990}},
{"name":"Sample","cat":"default","ph":"b","pid":1,"id":0,"ts":277.983,"args":{"sample_seq":0,"query_seq":0,"sample_idx":45,"issue_start_ns":71,"complete_ns":4800716}},
{"name":"LastTrace"}
`
	got, err := readTrace(strings.NewReader(server))
	if err != nil {
		t.Fatal(err)
	}
	want := []sample{
		{seq: 0, index: 45, scheduled: 277983, issued: 278054, done: 5078699, first: -1, place: 1},
		{seq: 1, index: 7, scheduled: 300500, issued: 300510, done: 302500, first: 300700, place: 0},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sample{})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{`{"name":"Sample"`, strings.Replace(server, `"sample_seq":0`, `"sample_seq":5`, 1)} {
		if _, err := readTrace(strings.NewReader(bad)); err == nil {
			t.Errorf("no error from %s", bad)
		}
	}
}

func TestDifferencesShow(t *testing.T) {
	const summary = "Result is : VALID\n50.00 percentile latency (ns)   : 12\n90.00 percentile latency (ns)   : 15\n * Processed 12 queries.\n"
	changed := strings.Replace(summary, "15", "16", 1)
	if got := firstDifference(strings.Split(summary, "\n"), strings.Split(summary, "\n")); got != "" {
		t.Errorf("equal texts differ: %s", got)
	}
	if got := firstDifference(strings.Split(summary, "\n"), strings.Split(changed, "\n")); !strings.Contains(got, "line 3") {
		t.Errorf("got %q", got)
	}
	if got := firstDifference([]string{"a"}, nil); got == "" {
		t.Error("a missing line is not seen")
	}
	want := map[string]bool{"Result is": true, "50.00 percentile latency (ns)": true, "90.00 percentile latency (ns)": false, "* Processed N queries.": true}
	if diff := cmp.Diff(want, compareLines(summary, changed)); diff != "" {
		t.Error(diff)
	}
	o := outcome{version: "1", name: "x", parts: map[string]string{"summary": "line 3"}, lines: compareLines(summary, changed)}
	if text := table([]outcome{o}); !o.differs() || !strings.Contains(text, "| **differs** |") || !strings.Contains(text, "**differs** in x") {
		t.Errorf("table:\n%s", text)
	}
}
