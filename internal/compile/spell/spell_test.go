package spell

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
	"mlcfg/schema"
	"mlcfg/tools/sharedata"
)

// TestKeys holds the keys that backends name to the schema: the newest release
// of the engine knows each.
func TestKeys(t *testing.T) {
	for _, b := range backend.All() {
		releases := schema.Releases(b.Engine)
		newest, err := schema.Load(b.Engine, releases[len(releases)-1])
		if err != nil {
			t.Fatal(err)
		}
		keys := []string{b.Model, b.TP, b.PP, b.CP, b.DP, b.DPShares, b.Tokenizer, b.Batch, b.Memory}
		for _, n := range b.Nodes {
			keys = append(keys, n.Key)
		}
		for key := range b.Fixed {
			keys = append(keys, key)
		}
		for _, key := range keys {
			name, inner, nested := strings.Cut(key, ".")
			k, inEngine := newest.Section(schema.EngineConfig).Key(name)
			if nested && inEngine {
				_, inEngine = k.Nested(nil).Key(inner)
			}
			_, inServer := newest.Section(schema.CLIOnly).Key(key)
			if key != "" && !inEngine && !inServer {
				t.Errorf("%s: %s %s has no key %s", b.Name, b.Engine, newest.Release, key)
			}
		}
		for _, key := range []string{b.MinTokens, b.MaxTokens} {
			if _, ok := newest.Section(schema.SamplingConfig).Key(key); !ok {
				t.Errorf("%s: requests of %s %s have no %s", b.Name, b.Engine, newest.Release, key)
			}
		}
	}
}

func TestManifest(t *testing.T) {
	load := func(release string) *schema.Schema {
		s, err := schema.Load("vllm", release)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	made := func() *manifest.Manifest {
		return &manifest.Manifest{
			Backend: "vllm", Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"}, EnvConfig: map[string]string{"A": "1"},
			EngineConfig:   map[string]any{"model": "/model/x", "tensor_parallel_size": int64(2), "site_window": int64(4), "site_fast": false, "host": "0.0.0.0"},
			SamplingConfig: map[string]any{"max_tokens": int64(8), "top_k": nil, "site_bias": 0.5},
			HarnessConfig:  map[string]any{"device_count": int64(8)},
		}
	}
	own := func(key string) bool { return strings.HasPrefix(key, "site_") }
	m := made()
	if faults := Manifest(m, load("0.9.2"), own); faults != nil {
		t.Fatal(faults)
	}
	var words []string
	for _, a := range m.Roles[0].Arguments {
		words = append(words, a.Words...)
	}
	const want = "{path:/model/x} --generation-config vllm --no-site-fast --site-window 4 --tensor-parallel-size 2 --host {host} --port {port}"
	if got := strings.Join(words, " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if r := m.Roles[0]; r.Replicas != 4 || r.Devices != 2 || r.TokenIDs || r.Environment["A"] != "1" || r.Companion != nil {
		t.Errorf("%+v", r)
	}
	if got := m.SamplingTypes; len(got) != 2 || got["max_tokens"] != "int >=1 | null" || got["site_bias"] != "any" {
		t.Errorf("types %v", got)
	}
	if m.EngineConfig["host"] != "0.0.0.0" || m.EngineConfig["model"] != "/model/x" {
		t.Error("the section was changed")
	}
	// Without the site's word a key that no table has is a fault, each by itself.
	faults := Manifest(made(), load("0.9.2"), nil)
	if len(faults) != 2 || faults[0].Key != "engine_config.site_fast" || faults[1].Key != "engine_config.site_window" {
		t.Errorf("%v", faults)
	}
	// A manifest that names an embedded fork is spelled with its keys.
	m = made()
	m.EngineConfig = map[string]any{"model_path": "/model/x", "decode_graph_preserve_max_defer": int64(8)}
	m.Backend, m.Engine = "sglang", manifest.Engine{Name: "sglang", Version: "0.5.9", Fork: "amd-mlperf"}
	if err := Load(m); err != nil || !slices.ContainsFunc(m.Roles[0].Arguments, func(a manifest.Argument) bool {
		return slices.Equal(a.Words, []string{"--decode-graph-preserve-max-defer", "8"})
	}) {
		t.Errorf("%v, %v", m.Roles, err)
	}
	if m.Engine.Fork = "nobody"; Load(m) == nil {
		t.Error("a fork that nobody knows is taken")
	}
	m = made()
	if Manifest(m, load("0.10.2"), own); !m.Roles[0].TokenIDs {
		t.Error("0.10.2 tells token ids")
	}
}

// TestGoldenRoles spells the manifests that mlrun's tests hold to their plans
// once more: what they would be compiled to today is what they say.
func TestGoldenRoles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedata.Root(t), "cmd", "mlrun", "testdata", "manifests", "*-*.yaml"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d manifests, %v", len(files), err)
	}
	shared := false
	for _, file := range files {
		m, err := manifest.ReadFile(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		roles, types := m.Roles, m.SamplingTypes
		m.Roles, m.SamplingTypes = nil, nil
		if err := Load(m); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		// Most were compiled before the command line said what it keeps.
		kept := func(a manifest.Argument) bool { return a.Key == "generation_config" || a.Key == "sampling_defaults" }
		for i := range m.Roles {
			if !slices.ContainsFunc(roles[i].Arguments, kept) {
				m.Roles[i].Arguments = slices.DeleteFunc(m.Roles[i].Arguments, kept)
			}
		}
		if diff := cmp.Diff(roles, m.Roles, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-then +now):\n%s", filepath.Base(file), diff)
		}
		if diff := cmp.Diff(types, m.SamplingTypes); diff != "" {
			t.Errorf("%s (-then +now):\n%s", filepath.Base(file), diff)
		}
		shares, _ := manifest.Bool(m.EngineConfig, "enable_dp_attention")
		shared = shared || shares && m.Roles[0].Devices == 8
	}
	if !shared {
		t.Error("no manifest has data parallel ranks that share devices")
	}
}

// TestOpenKeys: values that the model's folder would otherwise decide, and lists
// that the engine splits at commas.
func TestOpenKeys(t *testing.T) {
	for _, c := range []struct {
		release string
		section map[string]any
		want    string
	}{
		{"0.7.3", map[string]any{}, ""}, // the folder is not looked into
		{"0.8.0", map[string]any{}, "--generation-config vllm"},
		{"0.32.0", map[string]any{"generation_config": nil}, "--generation-config vllm"},
		{"0.32.0", map[string]any{"generation_config": "auto"}, "--generation-config auto"},
		{"0.32.0", map[string]any{"device_ids": []any{int64(1), int64(2)}}, "--device-ids 1,2 --generation-config vllm"},
		{"0.32.0", map[string]any{"hf_token": true}, "--generation-config vllm --hf-token"},
		{"0.32.0", map[string]any{"hf_token": "x"}, "--generation-config vllm --hf-token x"},
	} {
		release, err := schema.Load("vllm", c.release)
		if err != nil {
			t.Fatal(err)
		}
		c.section["model"] = "m"
		m := &manifest.Manifest{Backend: "vllm", EngineConfig: c.section}
		if faults := Manifest(m, release, nil); faults != nil {
			t.Fatal(faults)
		}
		var words []string
		for _, a := range m.Roles[0].Arguments {
			if a.When == "" {
				words = append(words, a.Words...)
			}
		}
		want := strings.TrimSpace("m "+c.want) + " --host {host} --port {port}"
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s %v: %s\nwant %s", c.release, c.section, got, want)
		}
		if m.EngineConfig["generation_config"] == "vllm" {
			t.Errorf("the manifest's own section changed: %v", m.EngineConfig)
		}
	}
}
