package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
)

// shell is a program of these lines.
func shell(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return path
}

// nodePlan is the part of a second node, whose engine is a program.
func nodePlan(t *testing.T, program string, o Options) *Plan {
	t.Helper()
	model := t.TempDir()
	if err := os.WriteFile(filepath.Join(model, "config.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := mocked(t, loadgen.Server, func(_ *loadgen.Settings, m *manifest.Manifest) {
		r := &m.Roles[0]
		r.Model, r.Replicas, r.Devices = "{path:/container}", 1, 2
		r.Arguments = append(r.Arguments, manifest.Argument{When: string(backend.Nodes), Words: []string{"--node", "{node}", "dummy"}})
	})
	o.Translate = func(path string) string { return strings.Replace(path, "/container", model, 1) }
	o.Engine.Command, o.Engine.DeviceEnv = []string{program}, engine.NoDevices
	o.Engine.Host.Environ = []string{"PATH=" + os.Getenv("PATH")}
	o.Engine.Node = engine.Node{Index: 2, Count: 2, Head: "10.0.0.1"}
	p, err := NewPlan(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Worker() || len(p.Notes) == 0 || p.Engine.Model != model {
		t.Fatalf("%+v", p)
	}
	return p
}

// A worker node runs its part until it is told to end, and keeps what it ran; what ends by
// itself, and what keeps it from starting, is an error: the head would wait for ever.
func TestRunNode(t *testing.T) {
	const runs = "echo started $*; echo >BEGUN; exec sleep 1000"
	none := filepath.Join(t.TempDir(), "none.sh")
	for name, c := range map[string]struct {
		program string
		o       Options
		dir     string // made before; "/file" has a file above it
		cut     bool   // interrupted before it began
		want    string
		log     []string
	}{
		"until it is interrupted": {program: runs, log: []string{"note: no devices are bound: asked for", "starting node 2 of 2 of vllm 0.10.2, whose head is at 10.0.0.1", "running, until it is interrupted", "stopping the engine"}},
		"ends by itself":          {program: "exit 3", want: "engine replica 0 ended by itself: exit status 3", log: []string{"running, until"}},
		"cannot be started":       {program: "", want: "engine replica 0 cannot be started: "},
		"a power script":          {program: runs, o: Options{PowerScript: shell(t, "echo $*")}, log: []string{"power script ", "running"}},
		"its failure":             {program: runs, o: Options{PowerScript: shell(t, "exit 4")}, want: "exit status 4"},
		"its failure, optional":   {program: runs, o: Options{PowerScript: shell(t, "exit 4"), PowerOptional: true}, log: []string{"note: the power script failed: ", "running"}},
		"no power script":         {program: runs, o: Options{PowerScript: none}, want: "the run cannot start:\n  - the power script is not there"},
		"forced":                  {program: runs, o: Options{PowerScript: none, PowerOptional: true, Force: true}, log: []string{"note: the power script is not there", "running"}},
		"interrupted before":      {program: runs, cut: true, want: ErrInterrupted.Error()},
		"a folder that is there":  {program: runs, dir: "/there", want: "making the folder of the node: "},
		"no folder above":         {program: runs, dir: "/file", want: "making the folder of the node: "},
	} {
		t.Run(name, func(t *testing.T) {
			begun := filepath.Join(t.TempDir(), "begun")
			if err := syscall.Mkfifo(begun, 0o600); err != nil {
				t.Fatal(err)
			}
			program := shell(t, strings.ReplaceAll(c.program, "BEGUN", begun))
			if c.program == "" {
				program = none
			}
			p := nodePlan(t, program, c.o)
			dir := filepath.Join(t.TempDir(), "above", "node")
			switch c.dir {
			case "/there":
				dir = t.TempDir()
			case "/file":
				dir = filepath.Join(program, "node")
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cut {
				cancel()
			}
			if c.want == "" {
				go func() { _, _ = os.ReadFile(begun); cancel() }() // when the engine runs
			}
			var w strings.Builder
			err := RunNode(ctx, p, Output{Dir: dir, Log: &Log{W: &w}})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			for _, want := range c.log {
				if !strings.Contains(w.String(), want) {
					t.Errorf("the log lacks %q:\n%s", want, w.String())
				}
			}
			if c.want != "" && strings.Contains(w.String(), "running") != (c.program == "exit 3") {
				t.Errorf("it started:\n%s", w.String())
			}
			if c.dir != "" || c.want != "" {
				return
			}
			for file, want := range map[string]string{record.ManifestFile: "benchmark_name: made-up", record.PlanFile: `"head": "10.0.0.1"`, filepath.Join(record.EngineDir, "replica-0.log"): "started"} {
				text, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil || !strings.Contains(string(text), want) {
					t.Errorf("%s lacks %q: %v\n%s", file, want, err, text)
				}
			}
			if c.o.PowerScript != "" && !c.o.Force {
				if _, err := os.Stat(filepath.Join(dir, record.PowerLog)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A node's engine that does not heed is killed by a second interrupt.
func TestRunNodeAborted(t *testing.T) {
	begun := filepath.Join(t.TempDir(), "begun")
	if err := syscall.Mkfifo(begun, 0o600); err != nil {
		t.Fatal(err)
	}
	p := nodePlan(t, shell(t, "trap '' TERM; echo >"+begun+"; while :; do sleep 1; done"), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	abort := make(chan struct{})
	go func() { _, _ = os.ReadFile(begun); cancel(); close(abort) }()
	if err := RunNode(ctx, p, Output{Dir: filepath.Join(t.TempDir(), "node"), Abort: abort, grace: time.Hour}); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
