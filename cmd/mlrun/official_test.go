package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/report"
)

// loadgenPython finds a Python with the official LoadGen: LOADGEN_PYTHON's, the
// newest that make conformance installed, or that in PATH; empty for none.
var loadgenPython = sync.OnceValue(func() string {
	installed, _ := filepath.Glob("../../.venv/loadgen-*/bin/python")
	slices.Sort(installed)
	slices.Reverse(installed)
	for _, python := range append([]string{os.Getenv("LOADGEN_PYTHON")}, append(installed, "python3")...) {
		if python != "" && exec.Command(python, "-c", "import mlperf_loadgen").Run() == nil {
			if path, err := exec.LookPath(python); err == nil {
				if path, err = filepath.Abs(path); err == nil {
					return path
				}
			}
		}
	}
	return ""
})

func condition(name string) (bool, error) {
	switch name {
	case "loadgen":
		return loadgenPython() != "", nil
	case "amd":
		_, err := os.Stat("/dev/kfd")
		return err == nil, nil
	case "hangup":
		return !signal.Ignored(syscall.SIGHUP), nil
	}
	return false, fmt.Errorf("no condition %q", name)
}

func setup(env *testscript.Env) error {
	env.Setenv("LOADGEN_PYTHON", loadgenPython())
	env.Setenv("ESC", "\x1b")
	return nil
}

// sameScheduleCommand compares what a run issued, sample for sample, with the
// schedule of its manifest.
func sameScheduleCommand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same-schedule MANIFEST DIR")
	}
	m, err := manifest.ReadFile(ts.MkAbs(args[0]), nil)
	ts.Check(err)
	r, err := report.Load(ts.MkAbs(args[1]))
	ts.Check(err)
	section, err := loadgen.ReadSection(m.Loadgen)
	ts.Check(err)
	n := r.State.DatasetSamples
	e, err := section.Settings.Effective(loadgen.Library{TotalSampleCount: n, PerformanceSampleCount: n})
	ts.Check(err)
	phases, err := e.Phases(loadgen.Generator{})
	ts.Check(err)
	var want, got []int
	for q := range phases[0].Queries() {
		want = append(want, q.Samples...)
	}
	for _, rec := range r.Records.All() {
		got = append(got, int(rec.Sample))
	}
	if d := gocmp.Diff(want, got); d != "" {
		ts.Fatalf("the run's samples differ from the schedule's (-want +got):\n%s", d)
	}
}

// sameAnswersCommand compares two accuracy logs, in whatever order they are.
func sameAnswersCommand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same-answers DIR DIR")
	}
	type entry struct {
		Sample int    `json:"qsl_idx"`
		Data   string `json:"data"`
		Tokens int    `json:"token_count"`
	}
	var logs [2][]entry
	for i, dir := range args {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(dir, loadgen.AccuracyName))), &logs[i]))
		slices.SortFunc(logs[i], func(a, b entry) int { return cmp.Compare(a.Sample, b.Sample) })
	}
	if len(logs[0]) == 0 || logs[0][0].Data == "" {
		ts.Fatalf("%s logs no answer", args[0])
	}
	if d := gocmp.Diff(logs[0], logs[1]); d != "" {
		ts.Fatalf("the accuracy logs differ (-%s +%s):\n%s", args[0], args[1], d)
	}
}
