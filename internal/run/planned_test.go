package run

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/run/bench"
	"mlcfg/internal/run/live"
)

// A manifest that was compiled without its user.conf is refused, and the file named; so is
// one whose settings are not LoadGen's.
func TestPlanOfUnknownSettings(t *testing.T) {
	plan := func(key string, value any) error {
		m := mocked(t, loadgen.Server, func(_ *loadgen.Settings, m *manifest.Manifest) { m.EngineConfig = nil })
		m.Loadgen[key] = value
		if key == "frozen" {
			m.Loadgen["user_conf"] = "/mlperf/user.conf"
		}
		_, err := NewPlan(t.Context(), m, external("http://127.0.0.1:1"))
		return err
	}
	var open *NotFrozenError
	if err := plan("frozen", false); !errors.As(err, &open) || open.UserConf != "/mlperf/user.conf" || !strings.Contains(err.Error(), "without its user.conf (/mlperf/user.conf was not found)") {
		t.Errorf("%v", err)
	}
	if err := plan("server_target_qps", "fast"); err == nil || !strings.HasPrefix(err.Error(), "the manifest's loadgen section: ") {
		t.Errorf("%v", err)
	}
	if err := plan("min_query_count", int64(7)); err == nil { // what was in effect when it was compiled is another
		t.Error("settings that are not the effective ones are planned")
	}
}

// What a plan assumes, and what of the data set decides how requests are made.
func TestNotesOfAPlan(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "data.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	chats := file(strings.Repeat(`{"messages":[{"role":"user","content":"hello"}]}`+"\n", truthSamples))
	for name, c := range map[string]struct {
		change      func(*manifest.Manifest)
		o           Options
		protocol    client.Protocol
		note, fault string
	}{
		"nothing of note": {func(*manifest.Manifest) {}, Options{}, client.Completions, "", ""},
		"a closed loop": {
			func(m *manifest.Manifest) { m.HarnessConfig[bench.ConcurrencyKey] = int64(4) },
			Options{},
			client.Completions, "4 requests in flight: a closed loop, which is no scenario of LoadGen's", "",
		},
		"one in flight": {func(m *manifest.Manifest) { m.HarnessConfig[bench.ConcurrencyKey] = int64(1) }, Options{}, client.Completions, "", ""},
		"a closed loop of LoadGen's": {
			func(m *manifest.Manifest) { m.HarnessConfig[bench.ConcurrencyKey] = int64(4) },
			Options{LoadgenPython: "/none/python"},
			"", "", "harness_config.concurrency is 4: the official LoadGen has no such scenario",
		},
		"chats": {
			func(m *manifest.Manifest) {
				m.HarnessConfig["dataset_path"], m.Data.Columns = chats, []string{"messages"}
			},
			Options{},
			client.Chat, "", "",
		},
		"no data set": {func(m *manifest.Manifest) { m.HarnessConfig["dataset_path"] = file("{") }, Options{}, "", "", "data.jsonl"},
		"no tokenizer": {
			func(m *manifest.Manifest) {
				m.HarnessConfig["dataset_path"], m.Data.Columns = file(strings.Repeat(`{"prompt":"hello"}`+"\n", truthSamples)), []string{"prompt"}
			},
			Options{Tokenizer: "/none/tokenizer.json"},
			"", "", "reading the tokenizer: ",
		},
		"a short model": {
			func(m *manifest.Manifest) { m.EngineConfig["max_model_len"] = int64(truthSamples + truthTokens - 2) },
			Options{},
			client.Completions, "2 samples ask for more tokens than engine_config.max_model_len, 30, leaves behind the prompt: their answers end there", "",
		},
		"a parameter of another type": {func(m *manifest.Manifest) { m.SamplingConfig["max_tokens"] = "many" }, Options{}, "", "", "sampling_config.max_tokens"},
	} {
		m := mocked(t, loadgen.SingleStream, func(_ *loadgen.Settings, m *manifest.Manifest) {
			if name != "a parameter of another type" {
				c.change(m)
			}
		})
		if name == "a parameter of another type" {
			c.change(m)
		}
		c.o.Engine.External = []string{"http://127.0.0.1:1"}
		p, err := NewPlan(t.Context(), m, c.o)
		if (err == nil) != (c.fault == "") || err != nil && (!strings.Contains(err.Error(), c.fault) || p != nil) {
			t.Errorf("%s: %v, want %q", name, err, c.fault)
		}
		if err != nil {
			continue
		}
		own := slices.DeleteFunc(slices.Clone(p.Notes), func(n string) bool { return strings.HasPrefix(n, "engines that run already ") })
		if p.Protocol != c.protocol || strings.Join(own, "\n") != c.note {
			t.Errorf("%s: %s, %q, want %s, %q", name, p.Protocol, own, c.protocol, c.note)
		}
	}
	// A benchmark that the round does not have is held to LoadGen's limits for all.
	m := mocked(t, loadgen.Server, nil)
	m.Loadgen["benchmark"] = "own-model"
	p, err := NewPlan(t.Context(), m, external("http://127.0.0.1:1"))
	if err != nil || !slices.ContainsFunc(p.Notes, func(n string) bool {
		return strings.HasPrefix(n, "round v5.1 has no benchmark made-up, whose limits are LoadGen's for all: write your own into user.conf (own-model.Server.")
	}) {
		t.Errorf("%v, %+v", err, p)
	}
	parent := t.TempDir()
	if got, want := p.Dir(parent, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), filepath.Join(parent, "made-up-Server-alpha-vllm-20260102-030405"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	p.Manifest.Variant = "server"
	if got := p.Variant(); got != "server" {
		t.Error(got)
	}
}

// What a live view and a log are told of a phase before its first request.
func TestStartOfAPhase(t *testing.T) {
	for name, c := range map[string]struct {
		scenario loadgen.Scenario
		change   func(*loadgen.Settings)
		official string
		want     live.Phase
		due      bool
		log      string
	}{
		"server":  {loadgen.Server, nil, "", live.Phase{Name: "performance", Total: 48, TTFT: 20 * time.Second, TPOT: 20 * time.Second}, true, "Server, performance: 48 queries, 48 samples, scheduled over 0."},
		"offline": {loadgen.Offline, nil, "", live.Phase{Name: "performance", Total: 48}, true, "Offline, performance: 1 queries, 48 samples, scheduled over 0.0 s"},
		"single stream": {
			loadgen.SingleStream, func(s *loadgen.Settings) { s.MinDuration = time.Second }, "",
			live.Phase{Name: "performance", LastDue: time.Second},
			false, "SingleStream, performance: ",
		},
		"a latency": {
			loadgen.Server, func(s *loadgen.Settings) { s.UseTokenLatencies, s.ServerTargetLatency = false, 7*time.Second }, "",
			live.Phase{Name: "performance", Total: 48, Latency: 7 * time.Second},
			true, "Server, performance: ",
		},
		"accuracy": {loadgen.Server, func(s *loadgen.Settings) { s.Mode = loadgen.AccuracyOnly }, "", live.Phase{Name: "accuracy", Total: truthSamples}, true, "Server, accuracy: 24 queries"},
		"issued by the official LoadGen": {
			loadgen.Server, nil, "5.1",
			live.Phase{Name: "performance", Total: 48, TTFT: 20 * time.Second, TPOT: 20 * time.Second},
			false, "Server, performance: 48 queries",
		},
	} {
		m := mocked(t, c.scenario, func(s *loadgen.Settings, m *manifest.Manifest) {
			if c.change != nil {
				c.change(s)
			}
			m.TestMode = s.Mode.String()
		})
		p, err := NewPlan(t.Context(), m, external("http://127.0.0.1:1"))
		if err != nil {
			t.Fatal(err)
		}
		p.OfficialLoadGen, p.Engine.Simulated = c.official, true // which may be known only when it serves
		phases, err := p.effective.Phases(loadgen.Generator{})
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		r := &runner{plan: p, effective: p.effective, meter: live.NewMeter(live.Run{}), log: &Log{W: &log}}
		progress := r.startPhase(phases[0], 2)
		s := r.meter.Snapshot(time.Now())
		got := s.Phase
		if (got.Due != nil) != c.due || c.due && got.LastDue != phases[0].Issued().LastScheduled {
			t.Errorf("%s: due %t, until %v", name, got.Due != nil, got.LastDue)
		}
		if c.due {
			got.LastDue = 0
		}
		if c.want.Total == 0 {
			c.want.Total = phases[0].Issued().Samples
		}
		if got.Due = nil; got.Name != c.want.Name || got.Total != c.want.Total || got.LastDue != c.want.LastDue || got.TTFT != c.want.TTFT || got.TPOT != c.want.TPOT || got.Latency != c.want.Latency {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if s.Run != p.live() || !s.Run.Simulated || progress == nil || progress != r.meter.Progress() || !strings.Contains(log.String(), "s  "+c.log) {
			t.Errorf("%s: %+v, %s", name, s.Run, log.String())
		}
	}
}
