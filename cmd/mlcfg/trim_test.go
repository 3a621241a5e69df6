package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/tools/sharedata"
)

// manifests are what each backend gets from an overlay, sources apart.
func manifests(t *testing.T, base, path string, data []byte) string {
	t.Helper()
	var all strings.Builder
	for _, backend := range []string{"vllm", "sglang", "ray"} {
		config, err := config.New(config.Options{Base: base}).LoadText(path, data)
		if err != nil {
			t.Fatal(err)
		}
		out := compile.New(compile.Options{Backends: []string{backend}, Round: "v5.1"}).Check(config)
		if out.Found.HasErrors() {
			for _, d := range out.Found {
				if d.Severity == diag.Error {
					fmt.Fprintln(&all, d.Code, d.Key, d.Backend)
				}
			}
			continue
		}
		m := *out.Targets[0].Manifest
		m.Sources = nil
		text, err := m.YAML()
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func checkTrim(t *testing.T, base, path string, data []byte) trimmed {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	l := &loader{project: config.New(config.Options{Base: base}), compiler: compile.New(compile.Options{Round: "v5.1"})}
	got, err := l.trim(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.out == nil {
		return got
	}
	if before, after := manifests(t, base, path, data), manifests(t, base, path, got.out); before != after {
		t.Errorf("manifests differ\n%s\n---\n%s", data, got.out)
	}
	if err := os.WriteFile(path, got.out, 0o644); err != nil {
		t.Fatal(err)
	}
	if again, err := l.trim(path); err != nil || len(again.Redundant) > 0 {
		t.Errorf("trimming twice finds more: %v %v\n%s", err, again.Redundant, got.out)
	}
	return got
}

// TestTrimCorpus takes out of every real overlay what its base has.
func TestTrimCorpus(t *testing.T) {
	corpus := sharedata.Corpus(t)
	overlays, err := filepath.Glob(filepath.Join(corpus, "models", "*", "*.yaml"))
	if err != nil || len(overlays) == 0 {
		t.Fatal("no overlays", err)
	}
	for _, overlay := range overlays {
		t.Run(filepath.Base(filepath.Dir(overlay))+"/"+filepath.Base(overlay), func(t *testing.T) {
			data, err := os.ReadFile(overlay)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			base, err := os.ReadFile(filepath.Join(corpus, "config.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "config.yaml"), base, 0o644); err != nil {
				t.Fatal(err)
			}
			got := checkTrim(t, filepath.Join(dir, "config.yaml"), filepath.Join(dir, filepath.Base(overlay)), data)
			t.Logf("%d of %d values", len(got.Redundant), got.Values)
		})
	}
}

const trimBase = `benchmark_name: MISSING
scenario: offline
test_mode: performance
env_config: {SHARED: 1, OTHER: text}
vllm_env_config:
  OWN: 1.50
sglang_env_config:
harness_config:
  device_count: 8
  target_qps: -1
  duration_sec: -1.0
  enable_warmup: False
  dataset_path: MISSING
  user_conf_path: /conf/user.conf
  output_log_dir: /logs
  sorting: {strategy: ignore}
vllm_engine_config:
  model: MISSING
  max_model_len: None
  max_num_seqs: 256
  enforce_eager: False
  compilation_config: {max_cudagraph_capture_size: 3}
vllm_sampling_config: {n: 1, temperature: 0.0, stop: [a, b]}
sglang_engine_config: {model_path: /m, tp_size: 1}
`

// overlayOf makes up an overlay on trimBase, some values being the base's.
func overlayOf(r *rand.Rand) string {
	var b strings.Builder
	pick := func(n int) bool { return r.IntN(n) == 0 }
	note := func(indent string) {
		switch r.IntN(8) {
		case 0:
			fmt.Fprintf(&b, "%s# note %d\n", indent, r.IntN(1000))
		case 1:
			b.WriteString("\n")
		}
	}
	end := func() {
		if pick(6) {
			fmt.Fprintf(&b, "  # behind %d", r.IntN(1000))
		}
		b.WriteString("\n")
	}
	section := func(name string, always []string, values ...string) {
		var chosen []string
		for _, v := range values {
			if pick(2) {
				options := strings.Split(v, "|")
				chosen = append(chosen, options[r.IntN(len(options))])
			}
		}
		chosen = append(chosen, always...)
		if len(chosen) == 0 {
			return
		}
		r.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		note("")
		if pick(4) && !strings.Contains(strings.Join(chosen, ""), "\n") {
			b.WriteString(name + ": {" + strings.Join(chosen, ", ") + "}")
			end()
			return
		}
		b.WriteString(name + ":")
		end()
		for _, line := range chosen {
			note("  ")
			b.WriteString("  " + line)
			end()
		}
		note("  ")
	}
	b.WriteString("benchmark_name: llama2-70b\n")
	if pick(2) {
		b.WriteString("scenario: offline\ntest_mode: performance")
		end()
	}
	section("env_config", nil, "SHARED: 1|SHARED: 2|SHARED: null|SHARED: '1'", "OTHER: text|OTHER: other")
	section("vllm_env_config", nil, "OWN: 1.50|OWN: 1.5|OWN: '1.5'", "SHARED: 1|SHARED: 2|SHARED: null", "OTHER: text", "MORE: 1")
	section("sglang_env_config", nil, "SHARED: 1|SHARED: 2", "OTHER: text|OTHER: null")
	section("harness_config", []string{"dataset_path: /d"}, "device_count: 8|device_count: 4", "target_qps: -1|target_qps: -1.0", "duration_sec: -1.0|duration_sec: -1",
		"enable_warmup: no|enable_warmup: True", "sorting: {strategy: ignore}|sorting: {strategy: ascending}|sorting:\n    strategy: ignore", "output_log_dir: /logs")
	section("vllm_engine_config", []string{"model: /model"}, "max_model_len: null|max_model_len: None|max_model_len: 2048", "max_num_seqs: 256|max_num_seqs: 512",
		"enforce_eager: off|enforce_eager: True", "compilation_config: {max_cudagraph_capture_size: 3}|compilation_config: {max_cudagraph_capture_size: 2}|compilation_config:\n    max_cudagraph_capture_size: 3")
	section("vllm_sampling_config", nil, "n: 1", "temperature: 0.0|temperature: 0", "stop: [a, b]|stop: [a]")
	section("sglang_engine_config", nil, "model_path: /m|model_path: /n", "tp_size: 1|tp_size: 2")
	return b.String()
}

// TestTrimMadeUp does the same for overlays that a generator made up, and looks for
// each comment that must stay.
func TestTrimMadeUp(t *testing.T) {
	dir := t.TempDir()
	base := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(base, []byte(trimBase), 0o644); err != nil {
		t.Fatal(err)
	}
	taken, values := 0, 0
	for seed := range uint64(60) {
		data := []byte(overlayOf(rand.New(rand.NewPCG(seed, 1))))
		got := checkTrim(t, base, filepath.Join(dir, "offline_x.yaml"), data)
		if got.Fault != "" {
			t.Errorf("the generator makes faults: %v\n%s", got.found, data)
		}
		taken, values = taken+len(got.Redundant), values+got.Values
		if got.out != nil {
			if _, found := source.Parse("x", got.out); found.HasErrors() {
				t.Errorf("%v\n%s", found, got.out)
			}
			for line := range bytes.Lines(data) {
				if i := bytes.Index(line, []byte("# behind")); i >= 0 && !bytes.Contains(got.out, bytes.TrimSpace(line[i:])) {
					t.Errorf("%s is lost:\n%s---\n%s", line[i:], data, got.out)
				}
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if taken*5 < values || slices.Contains([]int{0, values}, taken) {
		t.Errorf("%d of %d values taken out", taken, values)
	}
}
