package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"mlcfg/internal/loadgen"
)

//go:embed many.py
var randomScript []byte

// How many settings and conf files are tried with each release. They are the
// same every time.
const (
	randomSchedules = 300
	randomConfs     = 1000
)

// randomCases are settings for which schedules are compared, and conf files.
type randomCases struct {
	Schedules []randomSchedule `json:"schedules"`
	Confs     []randomConf     `json:"confs"`
}

type randomSchedule struct {
	Settings    map[string]any `json:"settings"`
	Total       uint64         `json:"total"`
	Performance uint64         `json:"performance"`

	settings loadgen.Settings
}

type randomConf struct {
	Text     string `json:"text"`
	Model    string `json:"model"`
	Scenario string `json:"scenario"`
}

// randomResults are what LoadGen made of them; nil where it crashed.
type randomResults struct {
	Schedules []*scheduleResult `json:"schedules"`
	Confs     []*confResult     `json:"confs"`
}

type scheduleResult struct {
	Loaded [][]int `json:"loaded"`
	Issued []int   `json:"issued"`
	// Generated holds query count, samples per query and duration of each phase.
	Generated []int64 `json:"generated"`
}

type confResult struct {
	Status int                        `json:"status"`
	Values map[string]json.RawMessage `json:"values"`
}

// randomOutcome counts what was compared with one release.
type randomOutcome struct {
	version string
	// schedules and confs are equal; crashes are refused here and end LoadGen;
	// rejected are conf files that both reject; worse are those whose values
	// LoadGen takes although they make no sense.
	schedules, crashes, confs, rejected, worse int
	differences                                []string
}

func (r *randomOutcome) differ(format string, args ...any) {
	r.differences = append(r.differences, fmt.Sprintf(format, args...))
}

// compareRandom tries the random cases on a release.
func (o *official) compareRandom(dir string) (randomOutcome, error) {
	out := randomOutcome{version: o.version}
	generator, err := loadgen.GeneratorOf(o.version)
	if err != nil {
		return out, err
	}
	cases := makeRandomCases()
	results, err := o.runRandom(cases, dir)
	if err != nil {
		return out, err
	}
	for i, c := range cases.Schedules {
		out.compareSchedule(i, c, results.Schedules[i], generator)
	}
	for i, c := range cases.Confs {
		out.compareConf(i, c, results.Confs[i])
	}
	return out, nil
}

func (o *official) runRandom(cases randomCases, dir string) (*randomResults, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	input, err := json.Marshal(cases)
	if err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{"cases.json": input, "sut.py": script, "many.py": randomScript} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return nil, err
		}
	}
	command := exec.Command(o.python, "many.py", "cases.json", "results.json")
	command.Dir = dir
	if text, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running LoadGen: %w\n%s", err, text)
	}
	data, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		return nil, err
	}
	results := &randomResults{}
	if err := json.Unmarshal(data, results); err != nil {
		return nil, fmt.Errorf("reading LoadGen's results: %w", err)
	}
	if len(results.Schedules) != len(cases.Schedules) || len(results.Confs) != len(cases.Confs) {
		return nil, fmt.Errorf("LoadGen's results are not those of the cases")
	}
	return results, nil
}

func makeRandomCases() randomCases {
	r := rand.New(rand.NewPCG(1, 2))
	var cases randomCases
	for range randomSchedules {
		cases.Schedules = append(cases.Schedules, makeSchedule(r))
	}
	for range randomConfs {
		cases.Confs = append(cases.Confs, makeConf(r))
	}
	return cases
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// makeSchedule makes settings whose run takes a moment.
func makeSchedule(r *rand.Rand) randomSchedule {
	s := loadgen.DefaultSettings()
	s.Scenario = pick(r, loadgen.Server, loadgen.Server, loadgen.Offline, loadgen.SingleStream, loadgen.MultiStream)
	s.Mode = pick(r, loadgen.PerformanceOnly, loadgen.PerformanceOnly, loadgen.AccuracyOnly, loadgen.SubmissionRun)
	s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = r.Uint64(), r.Uint64(), r.Uint64()
	s.MinDuration = pick[time.Duration](r, 0, 5, 20, 60) * time.Millisecond
	s.MinQueryCount = pick[uint64](r, 1, 5, 17, 100, 333)
	s.ServerTargetQPS, s.OfflineExpectedQPS = pick(r, 1500, 3333.3, 12345.678), pick(r, 100, 7777.7)
	s.SingleStreamExpectedLatencyNS, s.MultiStreamExpectedLatencyNS = pick(r, 50000, 333333.3), pick(r, 50000, 250000.5)
	s.MultiStreamSamplesPerQuery = pick[uint64](r, 1, 2, 5, 8)
	s.SampleConcatenatePermutation = pick(r, true, false)
	s.PerformanceIssueUnique = r.IntN(5) == 0
	s.PerformanceIssueSame = !s.PerformanceIssueUnique && r.IntN(7) == 0
	c := randomSchedule{Total: pick[uint64](r, 1, 2, 3, 7, 16, 50, 64, 100, 255, 300, 1000)}
	c.Performance = pick(r, c.Total, c.Total, max(1, c.Total/2), max(1, c.Total/3), c.Total+5)
	if r.IntN(5) < 2 {
		s.PerformanceSampleCountOverride = pick(r, max(1, c.Total/4), c.Total, c.Total+3)
	}
	c.settings = s
	c.Settings = (&testCase{settings: s}).input()["settings"].(map[string]any)
	return c
}

// compareSchedule compares what was loaded, issued and generated.
func (r *randomOutcome) compareSchedule(i int, c randomSchedule, theirs *scheduleResult, g loadgen.Generator) {
	var phases []*loadgen.Phase
	e, err := c.settings.Effective(loadgen.Library{TotalSampleCount: c.Total, PerformanceSampleCount: c.Performance})
	if err == nil {
		phases, err = e.Phases(g)
	}
	switch {
	case err != nil && theirs == nil:
		r.crashes++
		return
	case err != nil:
		r.differ("schedule %d: refused here (%v), but LoadGen runs it", i, err)
		return
	case theirs == nil:
		r.differ("schedule %d: LoadGen crashes, it should be refused", i)
		return
	}
	var loaded [][]int
	var samples []int
	var generated []int64
	for _, p := range phases {
		loaded = append(loaded, p.Loaded)
		for q := range p.Queries() {
			samples = append(samples, q.Samples...)
		}
		t := p.Totals()
		generated = append(generated, int64(t.Queries), int64(p.SamplesPerQuery), t.Duration.Nanoseconds())
	}
	// A stream ends when enough was issued, not when all was.
	n := min(len(theirs.Issued), len(samples))
	stream := c.settings.Scenario == loadgen.SingleStream || c.settings.Scenario == loadgen.MultiStream
	if whole := !stream || c.settings.Mode == loadgen.AccuracyOnly; whole && n != len(samples) || n != len(theirs.Issued) {
		r.differ("schedule %d: %d samples, LoadGen issued %d", i, len(samples), len(theirs.Issued))
		return
	}
	for what, both := range map[string][2]any{
		"loaded sets": {loaded, theirs.Loaded}, "order": {samples[:n], theirs.Issued}, "generated queries": {generated, theirs.Generated},
	} {
		if fmt.Sprint(both[0]) != fmt.Sprint(both[1]) {
			r.differ("schedule %d: %s differ", i, what)
			return
		}
	}
	r.schedules++
}
