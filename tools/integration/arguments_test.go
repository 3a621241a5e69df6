package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
	"mlcfg/internal/run"
	"mlcfg/tools/sharedata"
)

// parser is a release whose own argument parser can be asked.
type parser struct {
	engine, release string
	python          string
	// path is a folder with the release and what it must have of its time, put
	// before the packages of the environment; empty where that has the release itself.
	path string
}

// parsers are the releases that ENGINES has, the newest of each engine and older
// ones (scripts/engines.sh parsers).
func parsers(t *testing.T) []parser {
	t.Helper()
	root := os.Getenv("ENGINES")
	var list []parser
	for _, e := range installed(t) {
		python := filepath.Join(e.programs, "python")
		list = append(list, parser{e.backend, e.release, python, ""})
		older, err := filepath.Glob(filepath.Join(root, e.backend+"-*", "installed-*"))
		if err != nil || len(older) == 0 {
			t.Logf("SKIPPED: no older release of %s in %s; scripts/engines.sh parsers installs it", e.backend, root)
		}
		for _, marker := range older {
			_, release, _ := strings.Cut(filepath.Base(marker), "-")
			list = append(list, parser{e.backend, release, python, filepath.Dir(marker)})
		}
	}
	return list
}

// parsed is what a release's parser made of a command line.
type parsed struct {
	Values map[string]any `json:"values"`
	Error  string         `json:"error"`
}

// parse asks the release's own parser.
func (p parser) parse(t *testing.T, lines [][]string) []parsed {
	t.Helper()
	input, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(p.python, "../../scripts/parseargs.py", p.engine)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+p.path, "LD_LIBRARY_PATH="+filepath.Join(os.Getenv("ENGINES"), "stub"), "SGLANG_USE_CPU_ENGINE=1")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("parser of %s %s: %v\n%s", p.engine, p.release, err, complaint.String())
	}
	var results []parsed
	if err := json.Unmarshal(out, &results); err != nil || len(results) != len(lines) {
		t.Fatalf("parser of %s %s: %d answers to %d lines, %v", p.engine, p.release, len(results), len(lines), err)
	}
	return results
}

// TestRealOverlays plans every published overlay for an old release and the
// newest one, and has the release's own parser read the command line: it must
// take it, and read the very values that the manifest has.
func TestRealOverlays(t *testing.T) {
	long(t)
	corpus := sharedata.Corpus(t)
	for _, p := range parsers(t) {
		t.Run(p.engine+"-"+p.release, func(t *testing.T) {
			var plans []planned
			for _, backend := range map[string][]string{"vllm": {"vllm", "ray"}, "sglang": {"sglang"}}[p.engine] {
				plans = append(plans, planOverlays(t, p, backend, corpus)...)
			}
			lines := make([][]string, len(plans))
			for i, plan := range plans {
				lines[i] = plan.words
			}
			// The parser must be one that refuses.
			lines = append(lines, append(slices.Clone(lines[0]), "--no-such-argument"))
			results := p.parse(t, lines)
			for i, plan := range plans {
				compare(t, plan, results[i])
			}
			if last := results[len(results)-1]; !strings.Contains(last.Error, "no-such-argument") {
				t.Errorf("the parser takes an argument that does not exist: %+v", last)
			}
			if !t.Failed() {
				t.Logf("%s %s reads %d command lines of published overlays as the manifests have it; the first is\n%s", p.engine, p.release, len(plans), plans[0].text)
			}
		})
	}
}

// planned is the command of an overlay's first replica.
type planned struct {
	name string
	m    *manifest.Manifest
	// words are what follows the words that start the engine; text is the command
	// with its environment, for reading.
	words []string
	text  string
}

// planOverlays compiles every published overlay and has mlrun plan it.
func planOverlays(t *testing.T, p parser, backend, corpus string) []planned {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(corpus)); err != nil {
		t.Fatal(err)
	}
	overlays, err := filepath.Glob(filepath.Join(copied, "models", "*", "*.yaml"))
	if err != nil || len(overlays) == 0 {
		t.Fatalf("%d overlays, %v", len(overlays), err)
	}
	var plans []planned
	for _, overlay := range overlays {
		name := fmt.Sprintf("%s/%s %s", filepath.Base(filepath.Dir(overlay)), strings.TrimSuffix(filepath.Base(overlay), ".yaml"), backend)
		c := configuration{base: filepath.Join(copied, "config.yaml"), overlay: overlay, backend: backend, engine: p.engine + "=" + p.release}
		path, ok := c.compile(t)
		if !ok {
			t.Logf("%s: SKIPPED: it has no configuration for this backend", name)
			continue
		}
		m, err := manifest.ReadFile(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(program("mlrun"), "plan", path, "--format", "json").Output()
		var plan run.Plan
		// Status 1 says that model and data are not here.
		if jsonErr := json.Unmarshal(out, &plan); jsonErr != nil {
			t.Fatalf("%s: mlrun plan: %v, %v", name, err, jsonErr)
		}
		first := plan.Engine.Replicas[0]
		start := slices.IndexFunc(first.Command, func(w string) bool { return w == "serve" || w == "sglang.launch_server" })
		words := slices.Clone(first.Command[start+1:])
		words[len(words)-1] = "8000" // the port is chosen at the start
		if p.engine == "vllm" {
			// vLLM reads the model's configuration while it reads its arguments.
			m.EngineConfig["model"] = filepath.Join(os.Getenv("ENGINES"), "model")
			words[0] = filepath.Join(os.Getenv("ENGINES"), "model")
		}
		plans = append(plans, planned{name, m, words, commandText(first)})
		checkEnvironment(t, name, m, first.Env)
	}
	return plans
}

func commandText(r engine.Replica) string {
	var b strings.Builder
	for _, e := range r.Env {
		fmt.Fprintln(&b, e)
	}
	return b.String() + engine.CommandLine(r.Command)
}

// checkEnvironment holds the planned environment against the manifest's.
func checkEnvironment(t *testing.T, name string, m *manifest.Manifest, env []engine.EnvVar) {
	t.Helper()
	got := map[string]string{}
	for _, e := range env {
		if !e.Passed {
			got[e.Name] = e.Value
		}
	}
	want := maps.Clone(m.EnvConfig)
	for _, variable := range []string{"HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"} {
		if devices, bound := got[variable]; bound {
			want[variable] = devices
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s: environment %v, want %v", name, got, want)
	}
}

// configuration is an overlay in a folder of its own, which may be changed.
type configuration struct{ base, overlay, backend, engine string }

// compile makes a manifest. Keys that the release does not have are taken out of
// the files first, as a user does whom lint shows their lines.
func (c configuration) compile(t *testing.T) (path string, ok bool) {
	t.Helper()
	conf := c.userConf(t)
	for range 3 {
		path = filepath.Join(t.TempDir(), "manifest.yaml")
		args := []string{c.overlay, "--base", c.base, "--backend", c.backend, "--engine-version", c.engine, "--round", "v5.1", "--map", "/lab-mlperf-inference/code=" + conf}
		out, _ := exec.Command(program("mlcfg"), append([]string{"lint", "--format", "json"}, args...)...).Output()
		var found struct {
			Diagnostics []struct {
				File, Severity, Code, Message string
				Line                          int
			}
		}
		if err := json.Unmarshal(out, &found); err != nil {
			t.Fatalf("mlcfg lint: %v\n%s", err, out)
		}
		gone := map[string][]int{}
		for _, d := range found.Diagnostics {
			switch {
			case d.Severity != "error":
			case d.Code == "unknown-key":
				gone[d.File] = append(gone[d.File], d.Line)
			case d.Code == "no-backend-section":
				return "", false
			default:
				t.Fatalf("%s:%d: %s [%s]", d.File, d.Line, d.Message, d.Code)
			}
		}
		if len(gone) == 0 {
			if out, err := exec.Command(program("mlcfg"), append([]string{"compile", "-o", path}, args...)...).CombinedOutput(); err != nil {
				t.Fatalf("mlcfg compile: %v\n%s", err, out)
			}
			return path, true
		}
		for file, lines := range gone {
			dropLines(t, file, lines)
		}
	}
	t.Fatalf("%s: lint goes on naming unknown keys", c.overlay)
	return "", false
}

// userConf is a folder with the overlay's user.conf under the name that the
// overlay has for it.
func (c configuration) userConf(t *testing.T) string {
	t.Helper()
	model := filepath.Base(filepath.Dir(c.overlay))
	files, err := filepath.Glob(filepath.Join(filepath.Dir(c.base), "user_conf", model+"*.conf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no user.conf of %s, %v", model, err)
	}
	dir := t.TempDir()
	for _, file := range files {
		b, err := os.ReadFile(file)
		_, name, _ := strings.Cut(filepath.Base(file), "_")
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func dropLines(t *testing.T, file string, numbers []int) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	for _, n := range numbers {
		lines[n-1] = ""
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// compare holds what the parser read against the manifest.
func compare(t *testing.T, plan planned, got parsed) {
	t.Helper()
	if got.Error != "" {
		t.Errorf("%s: the parser refuses %v:\n%s", plan.name, plan.words, got.Error)
		return
	}
	b, err := json.Marshal(plan.m.EngineConfig)
	var want map[string]any
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	want["host"], want["port"] = "127.0.0.1", 8000.0
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if want[key] != nil && !holds(got.Values[key], want[key]) {
			t.Errorf("%s: %s is read as %v, the manifest has %v", plan.name, key, got.Values[key], want[key])
		}
	}
}

// holds reports whether a parsed value is the wanted one; of a section, that it has
// the wanted keys.
func holds(got, want any) bool {
	section, isSection := want.(map[string]any)
	if !isSection {
		return reflect.DeepEqual(got, want)
	}
	read, ok := got.(map[string]any)
	for key := range section {
		ok = ok && holds(read[key], section[key])
	}
	return ok
}
