package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/compile/spell"
	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
)

// The simulated engine is started as a real one is: this program under a
// supervisor of this program. TestMain puts mlrun into PATH.
func TestSimulatedReplicas(t *testing.T) {
	self, err := exec.LookPath("mlrun")
	if err != nil {
		t.Fatal(err)
	}
	m := &manifest.Manifest{
		BenchmarkName: "tiny", Backend: "sglang", Engine: manifest.Engine{Name: "sglang", Version: "0.5.23"},
		EngineConfig:  map[string]any{"model_path": "/model/tiny", "context_length": int64(128), "max_running_requests": int64(3)},
		HarnessConfig: map[string]any{"device_count": int64(2)},
	}
	if err := spell.Load(m); err != nil {
		t.Fatal(err)
	}
	plan, err := engine.NewPlan(m, engine.Options{Host: engine.LocalHost(), Simulate: true, Self: self, SimArgs: []string{"--step", "1ms"}})
	if err != nil {
		t.Fatal(err)
	}
	eng, err := engine.Start(context.Background(), plan, engine.StartOptions{LogDir: t.TempDir(), Poll: 5 * time.Millisecond, Supervisor: []string{self, engine.SuperviseCommand}})
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Stop(time.Second)
	for _, e := range eng.Endpoints() {
		if !e.Simulated || e.Model != "simulated/model/tiny" || e.Protocol != "sglang" {
			t.Errorf("%+v", e)
		}
		res, err := http.Post(e.URL+"/generate", "application/json", strings.NewReader(`{"input_ids":[1,2],"sampling_params":{"max_new_tokens":4,"ignore_eos":true}}`))
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			OutputIDs []int `json:"output_ids"`
		}
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err != nil || len(answer.OutputIDs) != 4 {
			t.Errorf("%v, %v", answer, err)
		}
	}
	if err := eng.Stop(time.Second); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(eng.Endpoints()[0].URL + "/health"); err == nil {
		t.Error("an engine still serves after it was stopped")
	}
}

// What a simulated engine says when it dies while loading is read as a real
// engine's last words are.
func TestSimulatedDeathWhileLoading(t *testing.T) {
	self, err := exec.LookPath("mlrun")
	if err != nil {
		t.Fatal(err)
	}
	m := &manifest.Manifest{BenchmarkName: "tiny", Backend: "vllm", Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"}, EngineConfig: map[string]any{"model": "m"}}
	if err := spell.Load(m); err != nil {
		t.Fatal(err)
	}
	plan, err := engine.NewPlan(m, engine.Options{Host: engine.LocalHost(), Simulate: true, Self: self, SimArgs: []string{"--fault", "load=20ms", "--fault", "die-loading"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = engine.Start(context.Background(), plan, engine.StartOptions{LogDir: t.TempDir(), Poll: 5 * time.Millisecond, Supervisor: []string{self, engine.SuperviseCommand}})
	const want = "engine replica 0 ended while starting: exit status 1: out of device memory. Tried to allocate 2.00 GiB (engine_config.gpu_memory_utilization)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
