package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/client/mock"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
)

// TestMain makes the test binary the supervisor of what a run starts, and what it starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == engine.SuperviseCommand {
		os.Exit(engine.Supervise(os.Stdin, os.Stdout))
	}
	if len(os.Args) > 1 && os.Args[1] == mockEngine {
		os.Exit(serveMock(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// script is a power script that prints its arguments, and ends with a status.
func script(t *testing.T, status int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "power.sh")
	if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\necho \"set: $*\"\nexit %d\n", status), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// begin runs a server manifest on a mock and gives what the directory says.
func begin(t *testing.T, ctx context.Context, o Options, out *Output) (dir string, state record.State, invalid string, err error) {
	t.Helper()
	if len(o.Engine.External) == 0 {
		o.Engine.External = []string{start(t, mock.Config{})[0].URL()}
	}
	o.Limits.LateLimit = orElse(o.Limits.LateLimit, time.Hour) // a busy machine is not what is tested
	p, err := NewPlan(t.Context(), mocked(t, loadgen.Server, nil), o)
	if err != nil {
		t.Fatal(err)
	}
	if out == nil {
		out = &Output{}
	}
	dir = filepath.Join(t.TempDir(), "run")
	out.Dir = dir
	_, err = Run(ctx, p, *out)
	state, stateErr := record.ReadState(dir)
	if stateErr != nil {
		t.Fatal(stateErr)
	}
	text, _ := os.ReadFile(filepath.Join(dir, record.InvalidFile)) // none of a valid run
	if found, sealErr := record.CheckSeal(dir, nil); sealErr != nil || len(found) > 0 {
		t.Errorf("the directory is not sealed: %v, %q", sealErr, found)
	}
	return dir, state, string(text), err
}

// The power script runs before the engine. Its failure ends the run, or makes
// the result INVALID where that was asked for.
func TestPower(t *testing.T) {
	dir, state, invalid, err := begin(t, t.Context(), Options{PowerScript: script(t, 0), Limits: Limits{LateLimit: time.Hour}}, nil)
	said, readErr := os.ReadFile(filepath.Join(dir, record.PowerLog))
	if err != nil || readErr != nil || state.Phase != record.Ended || len(state.Faults) > 0 || invalid != "" || !strings.Contains(string(said), "set: ") || !strings.Contains(string(said), "made-up") {
		t.Errorf("%v, %v, %+v, %q, %q", err, readErr, state, invalid, said)
	}
	_, state, invalid, err = begin(t, t.Context(), Options{PowerScript: script(t, 3)}, nil)
	if err == nil || !strings.Contains(err.Error(), "status 3") || state.Phase != record.Ended || !strings.Contains(invalid, "ended during power script: ") {
		t.Errorf("%v, %+v, %q", err, state, invalid)
	}
	_, state, invalid, err = begin(t, t.Context(), Options{PowerScript: script(t, 3), PowerOptional: true}, nil)
	if err != nil || state.Phase != record.Ended || len(state.Faults) != 1 || !strings.Contains(invalid, "the power script failed: ") {
		t.Errorf("%v, %+v, %q", err, state, invalid)
	}
}

// What speaks against starting keeps the run from it, all of it said; forced, it
// makes the result INVALID.
func TestPreflight(t *testing.T) {
	power := filepath.Join(t.TempDir(), "none.sh")
	_, state, invalid, err := begin(t, t.Context(), Options{PowerScript: power}, nil)
	var refused *PreflightError
	if !errors.As(err, &refused) || len(refused.Problems) != 1 || !strings.Contains(invalid, "the power script is not there") || state.Phase != record.Ended || state.MeasuringSince != nil {
		t.Errorf("%v, %+v, %q", err, state, invalid)
	}
	if !slices.Equal(state.Faults, []string{"ended during preflight: the run cannot start:"}) {
		t.Errorf("%q", state.Faults)
	}
	if err != nil && err.Error() != "the run cannot start:\n  - "+refused.Problems[0] {
		t.Errorf("%q", err)
	}
	_, state, invalid, err = begin(t, t.Context(), Options{PowerScript: power, PowerOptional: true, Force: true}, nil)
	if err != nil || len(state.Faults) != 2 || !strings.Contains(invalid, "the power script is not there") || state.MeasuringSince == nil {
		t.Errorf("forced: %v, %+v, %q", err, state, invalid)
	}
}

// An engine that is not there ends the run before the test.
func TestEngineIsNotThere(t *testing.T) {
	_, state, invalid, err := begin(t, t.Context(), Options{Limits: Limits{ReadyTimeout: 50 * time.Millisecond}, Engine: engine.Options{External: []string{"http://127.0.0.1:1"}}}, nil)
	if err == nil || state.Phase != record.Ended || !strings.HasPrefix(invalid, "ended during engine start: ") || state.MeasuringSince != nil || state.Records != nil {
		t.Errorf("%v, %+v, %q", err, state, invalid)
	}
}

// An interrupt before the first request ends the run where it is; one within the
// test leaves what was measured.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, state, invalid, err := begin(t, ctx, Options{}, nil)
	if !errors.Is(err, ErrInterrupted) || !strings.Contains(invalid, "ended during preflight: interrupted") || state.MeasuringSince != nil {
		t.Errorf("%v, %+v, %q", err, state, invalid)
	}
	// An interrupt while the engine is looked for is not its fault.
	ctx, cancel = context.WithCancel(t.Context())
	looked := front(t, start(t, mock.Config{})[0].URL(), func(int) page { cancel(); return page{} })
	_, state, invalid, err = begin(t, ctx, external(looked), nil)
	if !errors.Is(err, ErrInterrupted) || !strings.Contains(invalid, "ended during engine start: interrupted") || state.MeasuringSince != nil {
		t.Errorf("%v, %+v, %q", err, state, invalid)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	servers := start(t, mock.Config{Fault: func(n int) mock.Fault {
		if n == 10 {
			cancel()
		}
		return mock.NoFault
	}})
	dir, state, invalid, err := begin(t, ctx, Options{Engine: engine.Options{External: []string{servers[0].URL()}}}, nil)
	if !errors.Is(err, ErrInterrupted) || state.Phase != record.Measuring || !slices.Contains(state.Faults, "ended during measuring: interrupted") || strings.Contains(invalid, "cut off") || strings.Count(invalid, "interrupted") != 1 {
		t.Errorf("%v, %+v, %q", err, state, invalid)
	}
	n := uint64(0)
	if err := record.ReadFile(filepath.Join(dir, record.FileName), func(r *record.Record) bool { n++; return r.OK() }); err != nil || n < 10 || state.Records == nil || *state.Records != n {
		t.Errorf("%d records, %v; the state says %v", n, err, state.Records)
	}
}

// A client that is late by more than the limit makes the run INVALID, with the reason.
func TestLateClient(t *testing.T) {
	_, state, invalid, err := begin(t, t.Context(), Options{Limits: Limits{LateLimit: time.Nanosecond}}, nil)
	if err != nil || state.Phase != record.Ended || len(state.Faults) == 0 || !strings.Contains(invalid, "the client did not keep up: one request in a hundred left") {
		t.Errorf("%v, %+v, %q", err, state, invalid)
	}
}

// The log of a run has each step and each note, with the time since it began.
func TestLogOfARun(t *testing.T) {
	var text strings.Builder
	_, _, _, err := begin(t, t.Context(), Options{PowerScript: script(t, 0), Limits: Limits{LateLimit: time.Hour}}, &Output{Log: &Log{W: &text}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"power script ", "looking at 1 replicas of vllm 0.10.2 that run already", "ready after ", "Server, performance: ", "note: engines that run already"} {
		if !regexp.MustCompile(`(?m)^mlrun +\d{1,3}\.\ds  ` + want).MatchString(text.String()) {
			t.Errorf("the log lacks %q:\n%s", want, text.String())
		}
	}
}

// What no system can make VALID is told before the run, which is made nevertheless.
func TestNeverValidIsTold(t *testing.T) {
	m := mocked(t, loadgen.Server, func(s *loadgen.Settings, _ *manifest.Manifest) { s.ServerTargetLatencyPercentile = 0.999 })
	p, err := NewPlan(t.Context(), m, external(start(t, mock.Config{})[0].URL()))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	sum, err := Run(t.Context(), p, Output{Dir: filepath.Join(t.TempDir(), "run"), Log: &Log{W: &log}})
	if err != nil || sum.Valid || !strings.Contains(log.String(), "note: the test cannot be VALID: ") {
		t.Errorf("%v, %+v\n%s", err, sum, log.String())
	}
}

// What an engine says of itself while it is measured is kept with its run.
func TestEngineMetrics(t *testing.T) {
	server := start(t, mock.Config{})[0]
	to, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			fmt.Fprint(w, "vllm:num_requests_running 7\n")
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer h.Close()
	m := mocked(t, loadgen.Server, func(s *loadgen.Settings, _ *manifest.Manifest) {
		s.ServerTargetQPS = 48 / (1.3 * metricsInterval.Seconds())
	})
	p, err := NewPlan(t.Context(), m, external(h.URL))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := Run(t.Context(), p, Output{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, metrics.FileName)); err != nil || !strings.Contains(string(text), "7") {
		t.Errorf("%q, %v", text, err)
	}
}

// A node that carries a part of the engine has no test, and one that has is no such node.
func TestNodes(t *testing.T) {
	worker := &Plan{Engine: &engine.Plan{Node: &engine.Node{Index: 2, Count: 2}}}
	head := &Plan{Engine: &engine.Plan{Node: &engine.Node{Index: 1, Count: 2}}}
	alone := &Plan{Engine: &engine.Plan{}}
	if !worker.Worker() || head.Worker() || alone.Worker() {
		t.Errorf("%t %t %t", worker.Worker(), head.Worker(), alone.Worker())
	}
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := Run(t.Context(), worker, Output{Dir: dir}); err == nil || !strings.Contains(err.Error(), "node 2 of 2 carries a part of the engine and no test") {
		t.Error(err)
	}
	if err := RunNode(t.Context(), head, Output{Dir: dir}); err == nil || !strings.Contains(err.Error(), "this node carries the test") {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory was made: %v", err)
	}
}

// Made-up data is the same each time, and a set with fewer samples comes round again.
func TestPrompts(t *testing.T) {
	a, b := synthetic(50), synthetic(50)
	for i := range a.Samples {
		if len(a.Samples[i].Tokens) < 8 || len(a.Samples[i].Tokens) > 1024 || !slices.Equal(a.Samples[i].Tokens, b.Samples[i].Tokens) {
			t.Errorf("sample %d: %d tokens", i, len(a.Samples[i].Tokens))
		}
	}
	// One size is the same data in every build, and its figures can be compared.
	lengths, sum := 0, 0
	for _, s := range a.Samples {
		lengths += len(s.Tokens)
		for _, id := range s.Tokens {
			if sum += int(id); id < 3 || id >= 32_000 {
				t.Errorf("token %d", id)
			}
		}
	}
	if len(a.Samples) != 50 || lengths != 17_683 || sum != 282_339_219 {
		t.Errorf("%d samples, %d tokens, which add up to %d", len(a.Samples), lengths, sum)
	}
	p, err := newPrompts(synthetic(3), 7)
	if err != nil || p.Len() != 7 {
		t.Fatal(err)
	}
	for i := range 7 {
		var r client.Request
		if p.Fill(i, &r); !slices.Equal(r.Tokens, a.Samples[0].Tokens) != (i%3 != 0) || !slices.Equal(p.Tokens(i), r.Tokens) {
			t.Errorf("sample %d is not sample %d", i, i%3)
		}
	}
}

// Of a performance phase those answers are logged that LoadGen draws, each sample
// one draw through all phases.
func TestLogged(t *testing.T) {
	s := loadgen.DefaultSettings()
	s.Scenario, s.ServerTargetQPS, s.MinDuration, s.MinQueryCount, s.Mode = loadgen.Server, 100, 0, 200, loadgen.SubmissionRun
	s.AccuracyLogProbability = 0.3
	e, err := s.Effective(loadgen.Library{TotalSampleCount: 16, PerformanceSampleCount: 16})
	if err != nil {
		t.Fatal(err)
	}
	phases, err := e.Phases(loadgen.Generator{})
	if err != nil || len(phases) != 2 {
		t.Fatalf("%d phases, %v", len(phases), err)
	}
	draws, sampler := loadgen.NewAccuracySampler(&e), loadgen.NewAccuracySampler(&e)
	for _, phase := range phases {
		l, n := loggedOf(sampler, phase, phase.Totals()), 0
		for i := range phase.Totals().Samples {
			want := draws.Next() || phase.Mode == loadgen.AccuracyOnly
			if l.has(phase.FirstSample+i) != want {
				t.Errorf("%v, sample %d: %t, want %t", phase.Mode, i, !want, want)
			}
			if want {
				n++
			}
		}
		if all := phase.Totals().Samples; n == 0 || (uint64(n) == all) != (phase.Mode == loadgen.AccuracyOnly) {
			t.Errorf("%v: %d of %d are logged", phase.Mode, n, all)
		}
	}
}
