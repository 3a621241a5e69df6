package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
	"mlcfg/internal/run"
	"mlcfg/tools/goldenfile"
)

// TestGoldenManifests holds this build to what earlier ones started: each
// manifest of testdata/manifests stands for one that somebody has checked in, and
// gives the plan beside it, byte for byte. A plan that changes is a fault of the
// build. -update writes the plans of new manifests; scripts/golden-manifests.sh
// compiles them anew, for a new format alone.
func TestGoldenManifests(t *testing.T) {
	dir := filepath.Join("testdata", "manifests")
	cases, err := os.ReadFile(filepath.Join(dir, "cases.txt"))
	if err != nil {
		t.Fatal(err)
	}
	count, size := 0, 0
	for line := range strings.Lines(string(cases)) {
		fields := strings.Split(line, "|")
		if len(fields) != 4 || strings.HasPrefix(line, "#") {
			continue
		}
		name, machine, args := strings.TrimSpace(fields[0]), strings.TrimSpace(fields[1]), strings.Fields(fields[3])
		count++
		t.Run(name, func(t *testing.T) {
			m, err := manifest.ReadFile(filepath.Join(dir, name+".yaml"), nil)
			if err != nil {
				t.Fatal(err)
			}
			got := planText(t, m, machines(t, machine), args)
			path := filepath.Join(dir, name+".plan")
			size += len(goldenfile.Check(t, path, got))
		})
	}
	if count < 20 {
		t.Errorf("%d manifests", count)
	}
	t.Logf("%d manifests, %d bytes of plans", count, size)
}

// planText is what mlrun plan --format json writes, but for what is missing on
// the machine where the test runs.
func planText(t *testing.T, m *manifest.Manifest, host engine.Host, args []string) string {
	t.Helper()
	var f runFlags
	var p *run.Plan
	app := &cli.App{Name: "mlrun", Flags: f.list(), Action: func(*cli.Context) error {
		o, err := f.options(host, ".")
		if err != nil {
			return err
		}
		o.Engine.Self = "mlrun"
		p, err = run.NewPlan(context.Background(), m, o)
		return err
	}}
	if err := app.Run(append([]string{"mlrun"}, args...)); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// machines are those that the plans are made for: eight accelerators on two NUMA
// nodes, or none.
func machines(t *testing.T, name string) engine.Host {
	t.Helper()
	files := fstest.MapFS{}
	file := func(name, text string) { files[name] = &fstest.MapFile{Data: []byte(text + "\n")} }
	vendors := map[string]string{"amd": "0x1002", "nvidia": "0x10de", "none": ""}
	vendor, known := vendors[name]
	if !known {
		t.Fatalf("no machine %q", name)
	}
	if name == "amd" {
		file("dev/kfd", "")
	}
	for i := range 8 {
		if vendor == "" {
			break
		}
		at := fmt.Sprintf("sys/bus/pci/devices/0000:%02x:00.0/", 5+0x10*i)
		file(at+"vendor", vendor)
		file(at+"class", "0x120000")
		file(at+"numa_node", fmt.Sprint(i/4))
	}
	file("sys/devices/system/node/node0/cpulist", "0-47,96-143")
	file("sys/devices/system/node/node1/cpulist", "48-95,144-191")
	return engine.Host{Environ: []string{"PATH=/usr/bin", "HOME=/root", "HF_TOKEN=hf_not-a-secret"}, Files: files}
}

// TestEditedManifests: a manifest that was changed and sealed again, with the
// digest that it has then, is still one whose requests an engine would take and
// whose processes can be started, or it is refused before anything starts.
func TestEditedManifests(t *testing.T) {
	for _, c := range []struct {
		name, want string
		edit       func(m *manifest.Manifest)
	}{
		{"vllm-0.9.2-server", "sampling_config.max_tokens: it is a map, the engine takes int >=1 | null", func(m *manifest.Manifest) { m.SamplingConfig["max_tokens"] = map[string]any{} }},
		{"vllm-0.9.2-server", "sampling_config.max_tokens: it is -7, the engine takes int >=1 | null", func(m *manifest.Manifest) { m.SamplingConfig["max_tokens"] = int64(-7) }},
		{"vllm-0.9.2-server", "sampling_config.max_tokens: it is a float", func(m *manifest.Manifest) { m.SamplingConfig["max_tokens"] = 1.5 }},
		{"vllm-0.9.2-server", "sampling_config.top_p: it is 1.5", func(m *manifest.Manifest) { m.SamplingConfig["top_p"] = 1.5 }},
		{"vllm-0.9.2-server", "sampling_config.top_q: sampling_types does not say what it takes", func(m *manifest.Manifest) { m.SamplingConfig["top_q"] = int64(1) }},
		{"vllm-0.9.2-server", `"whole" does not say of which type the value is`, func(m *manifest.Manifest) { m.SamplingTypes["max_tokens"] = "whole" }},
		{"sglang-0.5.9-head", "sampling_config.max_new_tokens: it is text, the engine takes int >=0", func(m *manifest.Manifest) { m.SamplingConfig["max_new_tokens"] = "8" }},
		{"vllm-0.9.2-server", "replicas is 0, legal is 1 to 65536", func(m *manifest.Manifest) { m.Roles[0].Replicas = 0 }},
		{"vllm-0.9.2-server", "more than 65536 together", func(m *manifest.Manifest) { m.Roles[0].Replicas, m.Roles[0].Devices = 300, 300 }},
		{"vllm-0.9.2-server", "the open place \"home\", which is not known here", func(m *manifest.Manifest) { m.Roles[0].Arguments[0].Words[0] = "{home}" }},
		{"vllm-0.9.2-server", "speak of several machines where there is one", func(m *manifest.Manifest) {
			m.Roles[0].Arguments = append(m.Roles[0].Arguments, manifest.Argument{Words: []string{"{head}"}})
		}},
		{"vllm-0.9.2-server", "which is not in the words of the role", func(m *manifest.Manifest) { m.Roles[0].Arguments[0].Words[0] = "{path:/model/other}" }},
		{"vllm-0.9.2-server", "words is empty", func(m *manifest.Manifest) { m.Roles[0].Arguments[0].Words = nil }},
		{"vllm-0.9.2-server", "program is empty", func(m *manifest.Manifest) { m.Roles[0].Program = nil }},
		{"vllm-0.9.2-server", "the manifest has 0 roles", func(m *manifest.Manifest) { m.Roles = nil }},
		{"vllm-0.9.2-server", "the manifest has 2 roles", func(m *manifest.Manifest) { m.Roles = append(m.Roles, m.Roles[0]) }},
		{"vllm-0.9.2-server", "engine_config is not what the roles were spelled from", func(m *manifest.Manifest) { m.EngineConfig["max_num_seqs"] = int64(2048) }},
		{"vllm-0.9.2-server", "env_config is not the environment of the role", func(m *manifest.Manifest) { m.EnvConfig["VLLM_USE_V1"] = "1" }},
		{"vllm-0.9.2-server", "device_count is 4, the role has 8 replicas of 1 devices", func(m *manifest.Manifest) { m.HarnessConfig["device_count"] = int64(4) }},
		{"ray-0.10.1-head", `needs "sidecar" beside it, which is not known here`, func(m *manifest.Manifest) { m.Roles[0].Companion.Name = "sidecar" }},
	} {
		m, err := manifest.ReadFile(filepath.Join("testdata", "manifests", c.name+".yaml"), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.edit(m)
		data, err := m.YAML()
		if err != nil {
			t.Fatal(err)
		}
		m, err = manifest.Decode("edited.yaml", data)
		if err == nil {
			_, err = run.NewPlan(context.Background(), m, run.Options{Engine: engine.Options{Host: machines(t, "amd")}})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
