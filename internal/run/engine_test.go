package run

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client/mock"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// mockEngine is the word that makes the test binary an engine.
const mockEngine = "mock-engine"

// serveMock is an engine that ends by itself with request number DIES, where that is 0 or more.
func serveMock(args []string) int {
	dies, _ := strconv.Atoi(args[0])
	port := args[slices.Index(args, "--port")+1]
	fmt.Println("mock engine at", port)
	fmt.Println("INFO non-default args: {'max_num_seqs': 4, 'hf_token': 'hf_abc'}")
	fmt.Println("INFO GPU KV cache size: 566,016 tokens")
	s, err := mock.Start("127.0.0.1:"+port, mock.Config{Fault: func(n int) mock.Fault {
		if n == dies {
			os.Exit(7)
		}
		return mock.NoFault
	}})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(s.URL())
	select {}
}

// started is a plan whose engine is started: the test binary, which ends with the request
// of that number, -1 for never.
func started(t *testing.T, scenario loadgen.Scenario, dies int, warm bool) *Plan {
	t.Helper()
	model := t.TempDir()
	if err := os.WriteFile(filepath.Join(model, "config.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := mocked(t, scenario, func(_ *loadgen.Settings, m *manifest.Manifest) {
		r := &m.Roles[0]
		r.Model, r.Replicas = model, 1
		r.Arguments = append(r.Arguments, manifest.Argument{Words: []string{"--port", "{port}", "dummy"}})
		m.HarnessConfig["enable_warmup"] = warm
	})
	p, err := NewPlan(t.Context(), m, Options{
		Engine: engine.Options{Command: []string{os.Args[0], mockEngine, strconv.Itoa(dies)}, DeviceEnv: engine.NoDevices}, Limits: Limits{LateLimit: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A run starts its engine, keeps what that printed and said of itself, and leaves nobody
// at its port.
func TestStartedEngine(t *testing.T) {
	p := started(t, loadgen.Offline, -1, true)
	dir := filepath.Join(t.TempDir(), "run")
	var log strings.Builder
	sum, err := Run(t.Context(), p, Output{Dir: dir, Log: &Log{W: &log}, Program: loadgen.Program{Name: "mlrun", Version: "test"}})
	if err != nil || sum.Simulated || sum.Samples != truthSamples*2 {
		t.Fatalf("%v, %+v\n%s", err, sum, log.String())
	}
	for _, want := range []string{"starting vllm 0.10.2, 1 replicas", "replica 0 serves", "ready after ", "warm-up, 10 requests a replica", "stopping the engine", "replica 0 does not say which release it is"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	said, err := os.ReadFile(filepath.Join(dir, record.EngineDir, "replica-0.log"))
	at := strings.TrimSpace(strings.TrimPrefix(string(said), "mock engine at "))
	port, _, _ := strings.Cut(at, "\n")
	if err != nil || port == "" {
		t.Fatalf("%q, %v", said, err)
	}
	ends, err := os.ReadFile(filepath.Join(dir, endpointsFile))
	if err != nil || !strings.Contains(string(ends), `"model": "mock"`) || !strings.Contains(string(ends), ":"+port) {
		t.Errorf("%s, %v", ends, err)
	}
	if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		conn.Close()
		t.Error("the run is over, and its engine serves")
	}
}

// What an engine says of its start is held against the manifest, and stands in the summary.
func TestStartOfEngine(t *testing.T) {
	p := started(t, loadgen.Offline, -1, false)
	dir := filepath.Join(t.TempDir(), "run")
	var log strings.Builder
	sum, err := Run(t.Context(), p, Output{Dir: dir, Log: &Log{W: &log}, Program: loadgen.Program{Name: "mlrun", Version: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "max_num_seqs is configured as 5, in force is 4"
	if !slices.Contains(sum.Remarks, want) || !strings.Contains(log.String(), "note: "+want+"\n") || len(sum.Starts) != 1 || *sum.Starts[0].Said.Tokens != 566016 || sum.Cache() != "566016 tokens a replica" {
		t.Errorf("%q, %+v\n%s", sum.Remarks, sum.Starts, log.String())
	}
	kept, err := os.ReadFile(filepath.Join(dir, record.StartFile))
	if err != nil || !strings.Contains(string(kept), want) || strings.Contains(string(kept), "hf_abc") {
		t.Errorf("%s, %v", kept, err)
	}
}

// An engine that ends by itself ends the run with what its system says of it, whether it
// warms up or is measured, and what came before is kept.
func TestEngineDies(t *testing.T) {
	for name, c := range map[string]struct {
		scenario loadgen.Scenario
		dies     int
		warm     bool
		measured bool
	}{
		"in warm-up":        {loadgen.Server, 3, true, false},
		"in the test":       {loadgen.Server, 20, false, true},
		"in an offline one": {loadgen.Offline, 20, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			sum, err := Run(t.Context(), started(t, c.scenario, c.dies, c.warm), Output{Dir: dir, Program: loadgen.Program{Name: "mlrun", Version: "test"}})
			const want = "engine replica 0 ended by itself: exit status 7"
			var f *engine.Failure
			if !errors.As(err, &f) || f.Error() != want || !slices.ContainsFunc(f.Lines, func(l string) bool { return strings.HasPrefix(l, "mock engine at") }) {
				t.Errorf("%v, want %s", err, want)
			}
			if (sum != nil) != c.measured || sum != nil && sum.Valid {
				t.Errorf("%+v", sum)
			}
			text, err := os.ReadFile(filepath.Join(dir, record.InvalidFile))
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("INVALID says %q, %v", text, err)
			}
			if !c.measured {
				return
			}
			loaded, err := report.Load(dir)
			if err != nil || loaded.Records.Len() == 0 || !slices.ContainsFunc(loaded.Records.Rows(), func(r record.Record) bool { return !r.OK() }) {
				t.Errorf("%v, %+v", err, loaded)
			}
		})
	}
}
