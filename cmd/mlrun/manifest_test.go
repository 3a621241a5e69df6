package main

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mlcfg/internal/compile/spell"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/schema"
)

// testManifest is a small manifest; change alters it before it is sealed.
func testManifest(t testing.TB, path string, change func(*manifest.Manifest, *loadgen.Settings)) {
	t.Helper()
	s := loadgen.DefaultSettings()
	s.Scenario, s.ServerTargetQPS, s.OfflineExpectedQPS = loadgen.Server, 100, 100
	s.MinDuration, s.MinQueryCount = time.Second, 20
	s.UseTokenLatencies, s.TTFTLatency, s.TPOTLatency = true, 2*time.Second, 200*time.Millisecond
	s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = 1, 2, 3
	m := &manifest.Manifest{
		BenchmarkName: "llama2-70b", Scenario: "server", TestMode: "performance", Machine: "alpha", Variant: "server", Backend: "vllm",
		Engine:         manifest.Engine{Name: "vllm", Version: "0.9.2"},
		EnvConfig:      map[string]string{"VLLM_LOGGING_LEVEL": "ERROR"},
		EngineConfig:   map[string]any{"model": "/models/llama", "tensor_parallel_size": int64(2), "max_num_seqs": int64(64)},
		SamplingConfig: map[string]any{"temperature": 0.0, "max_tokens": int64(32), "min_tokens": int64(2), "top_k": nil},
		HarnessConfig:  map[string]any{"device_count": int64(4), "dataset_path": "/data/prompts.jsonl", "total_sample_count": int64(64), "schedule_algo": "shortest_queue", "enable_warmup": true},
		Harness:        "v5.1",
		Data:           manifest.Data{Samples: 64, Columns: []string{"max-tokens", "messages", "prompt", "tokens"}},
		Sources:        []manifest.Source{{Path: "config.yaml", SHA256: "00"}},
		Schema:         "sha256:00",
	}
	if change != nil {
		change(m, &s)
	}
	release := m.Engine.Version
	if !schema.IsRelease(release) {
		m.Engine.Version = "0.9.2" // a hostile text is no release; the manifest was changed since it was spelled
	}
	if err := spell.Load(m); err != nil {
		t.Fatal(err)
	}
	m.Engine.Version = release
	n := uint64(m.Data.Samples)
	section := loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: n, PerformanceSampleCount: n}, Round: "v5.1", UserConf: "/conf/user.conf", Frozen: true}
	if m.BenchmarkName == unfrozenName {
		m.BenchmarkName, section.Frozen = "llama2-70b", false
	}
	m.Loadgen = section.Map()
	data, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

const unfrozenName = "unfrozen"

// manifestCommand is the script command "manifest".
func manifestCommand(t *testing.T, ts *testscript.TestScript, args []string) {
	kinds := map[string]func(*manifest.Manifest, *loadgen.Settings){
		"offline": offline, "sglang": sglang, "trtllm": trtllm,
		"accuracy": func(m *manifest.Manifest, s *loadgen.Settings) { m.TestMode, s.Mode = "accuracy", loadgen.AccuracyOnly },
		"unfrozen": func(m *manifest.Manifest, _ *loadgen.Settings) { m.BenchmarkName = unfrozenName },
		"stream": func(m *manifest.Manifest, s *loadgen.Settings) {
			m.Scenario, m.Variant, s.Scenario = "singlestream", "singlestream", loadgen.SingleStream
			m.HarnessConfig["device_count"] = int64(2)
			s.MinDuration, s.MinQueryCount, s.SingleStreamExpectedLatencyNS = 100*time.Millisecond, 4, 1e9
		},
		"short": func(_ *manifest.Manifest, s *loadgen.Settings) {
			// A latency limit and 600 queries at least, which is what early stopping needs.
			s.MinDuration, s.MinQueryCount, s.TTFTLatency, s.TPOTLatency = 0, 600, 10*time.Minute, 10*time.Minute
		},
		"hostile": func(m *manifest.Manifest, s *loadgen.Settings) {
			m.BenchmarkName, m.Machine, m.Engine.Version = "../../../x\x1b[2J", "<script>alert(1)</script>", "0.9.2\x1b]0;y\x07"
			m.Variant = "/etc/\u202eserver"
			m.HarnessConfig["schedule_algo"] = "round_robin"
			s.MinDuration, s.MinQueryCount = 0, 20
		},
		"sealed":  func(m *manifest.Manifest, _ *loadgen.Settings) { m.Data.Digest = manifest.Digest(nil) },
		"other":   func(*manifest.Manifest, *loadgen.Settings) {},
		"unknown": func(*manifest.Manifest, *loadgen.Settings) {},
		// As harness_config.duration_sec and total_sample_count make them.
		"seconds": func(_ *manifest.Manifest, s *loadgen.Settings) {
			s.MinDuration, s.MaxDuration, s.MinQueryCount, s.ServerTargetQPS = time.Second, time.Second, 100, 50
		},
		"count": func(_ *manifest.Manifest, s *loadgen.Settings) {
			s.MinQueryCount, s.MaxQueryCount, s.MinDuration = 30, 30, 10*time.Minute
		},
		"strict": func(_ *manifest.Manifest, s *loadgen.Settings) { s.MinQueryCount, s.TTFTLatency = 20, time.Nanosecond },
		"slow":   func(_ *manifest.Manifest, s *loadgen.Settings) { s.MinQueryCount, s.TTFTLatency = 500, time.Nanosecond },
		"abort": func(m *manifest.Manifest, _ *loadgen.Settings) {
			m.HarnessConfig["resource_checker_abort_on_failure"] = true
		},
		"declared": func(m *manifest.Manifest, _ *loadgen.Settings) {
			m.HarnessConfig["dataset_digest"] = "md5:00000000000000000000000000000000"
		},
		"ray":    func(m *manifest.Manifest, _ *loadgen.Settings) { m.Backend = "ray" },
		"newest": func(m *manifest.Manifest, _ *loadgen.Settings) { m.Engine.Version = "0.33.0" },
		// One replica, which takes all devices.
		"spread": func(m *manifest.Manifest, _ *loadgen.Settings) {
			for _, key := range []string{"tensor_parallel_size", "tp_size"} {
				if m.EngineConfig[key] != nil {
					m.EngineConfig[key] = int64(4)
				}
			}
		},
		"huge": func(_ *manifest.Manifest, s *loadgen.Settings) {
			s.Scenario, s.MinDuration, s.OfflineExpectedQPS = loadgen.Offline, 10*time.Minute, 600000
		},
		"long":    func(_ *manifest.Manifest, s *loadgen.Settings) { s.MinDuration = 10 * time.Minute },
		"endless": func(_ *manifest.Manifest, s *loadgen.Settings) { s.MinDuration = 100 * 365 * 24 * time.Hour },
	}
	if len(args) == 0 {
		ts.Fatalf("usage: manifest NAME [KIND...]")
	}
	testManifest(t, ts.MkAbs(args[0]), func(m *manifest.Manifest, s *loadgen.Settings) {
		for _, kind := range args[1:] {
			change := kinds[kind]
			if change == nil {
				ts.Fatalf("unknown kind %s", kind)
			}
			change(m, s)
		}
		// For the data set that is here, but where it is to be another.
		if slices.Contains(args, "unknown") {
			m.Data.Samples = 0
		} else if text, err := os.ReadFile(ts.MkAbs("data/prompts.jsonl")); err == nil && !slices.Contains(args, "other") {
			m.Data.Samples = int64(bytes.Count(text, []byte("\n")))
			m.HarnessConfig["total_sample_count"] = m.Data.Samples
		}
	})
}

func offline(m *manifest.Manifest, s *loadgen.Settings) {
	m.Scenario, m.Variant, s.Scenario = "offline", "offline", loadgen.Offline
	s.MinDuration = 100 * time.Millisecond
	m.HarnessConfig["sorting"] = map[string]any{"strategy": "descending"}
}

func trtllm(m *manifest.Manifest, _ *loadgen.Settings) {
	m.Backend, m.Engine = "trtllm", manifest.Engine{Name: "trtllm", Version: "1.4.0rc0"}
	m.EngineConfig = map[string]any{"model": "/models/llama", "tensor_parallel_size": int64(2), "max_batch_size": int64(64), "cuda_graph_config": nil, "kv_cache_config": map[string]any{"free_gpu_memory_fraction": 0.8}}
	m.SamplingConfig = map[string]any{"temperature": 0.0, "max_tokens": int64(32)}
}

func sglang(m *manifest.Manifest, s *loadgen.Settings) {
	m.Backend, m.Engine = "sglang", manifest.Engine{Name: "sglang", Version: "0.5.9"}
	m.EngineConfig = map[string]any{"model_path": "/models/llama", "tp_size": int64(2)}
	m.SamplingConfig = map[string]any{"temperature": 0.0, "max_new_tokens": int64(32)}
}
