package engine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/compile/spell"
	"mlcfg/internal/manifest"
	"mlcfg/tools/goldenfile"
	"mlcfg/tools/sharedata"
)

func TestEnvironment(t *testing.T) {
	host := []string{"nothing", "PATH=/bin", "HOME=/root", "HF_TOKEN=hf_secretsecret", "PYTHONDONTWRITEBYTECODE=1", "RANDOM_THING=x"}
	env, err := environment(map[string]string{"VLLM_USE_V1": "0", "HOME": "/elsewhere", "EMPTY": ""}, host, []string{"HF_TOKEN"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"EMPTY=", "HF_TOKEN=hf_secretsecret", "HOME=/elsewhere", "PATH=/bin", "VLLM_USE_V1=0"}
	if diff := cmp.Diff(want, environ(env)); diff != "" {
		t.Error(diff)
	}
	printed, _ := json.Marshal(env)
	if text := fmt.Sprint(env) + string(printed); strings.Contains(text, "hf_secret") || strings.Contains(text, "/bin") {
		t.Errorf("passed values are printed: %s", text)
	}
	if !slices.Equal(secrets(env), []string{"hf_secretsecret"}) {
		t.Errorf("secrets %q", secrets(env))
	}
	for fault, named := range map[string]string{"is not set here": "NONE", "stands in the manifest's env_config too": "A"} {
		if _, err := environment(map[string]string{"A": "1"}, []string{"A=2"}, []string{named}); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%v, want %s", err, fault)
		}
	}
	for name, value := range map[string]string{"A=B": "1", "A\x00": "1", "": "1", "C": "x\x00"} {
		if _, err := environment(map[string]string{name: value}, nil, nil); err == nil || err.Error() != "env_config."+name+" cannot be an environment variable" {
			t.Errorf("%q=%q: %v", name, value, err)
		}
	}
	// A short value would blot out half a log, one of six letters is a secret.
	passed := []EnvVar{{"A", "12345", true}, {"B", "123456", true}, {"C", "not passed", false}, {"HOME", "/home/somebody", true}}
	if got := secrets(passed); !slices.Equal(got, []string{"123456"}) {
		t.Errorf("%q", got)
	}
}

// mi300x is a machine with two NUMA nodes and two accelerators on each.
func mi300x() fstest.MapFS {
	files := fstest.MapFS{"dev/kfd": {}}
	file := func(name, text string) { files[name] = &fstest.MapFile{Data: []byte(text + "\n")} }
	for i, address := range []string{"0000:05:00.0", "0000:26:00.0", "0000:85:00.0", "0000:c6:00.0"} {
		file("sys/bus/pci/devices/"+address+"/vendor", "0x1002")
		file("sys/bus/pci/devices/"+address+"/class", "0x120000")
		file("sys/bus/pci/devices/"+address+"/numa_node", fmt.Sprint(i/2))
	}
	// A display adapter of the same vendor, and a network card.
	file("sys/bus/pci/devices/0000:01:00.0/vendor", "0x1002")
	file("sys/bus/pci/devices/0000:01:00.0/class", "0x030000")
	file("sys/bus/pci/devices/0000:01:00.0/numa_node", "1")
	file("sys/bus/pci/devices/0000:02:00.0/vendor", "0x15b3")
	file("sys/devices/system/node/node0/cpulist", "0-3,8-11")
	file("sys/devices/system/node/node1/cpulist", "4-7,12-15")
	return files
}

func server(backend, release string) *manifest.Manifest {
	m := &manifest.Manifest{
		BenchmarkName: "llama2-70b", Scenario: "server", Backend: backend, Machine: "mi300x", Variant: "server",
		Engine:        manifest.Engine{Name: backend, Version: release},
		EnvConfig:     map[string]string{"VLLM_USE_V1": "0", "HIP_FORCE_DEV_KERNARG": "1"},
		HarnessConfig: map[string]any{"device_count": int64(4)},
		EngineConfig: map[string]any{
			"model": "/model/llama2-70b", "tensor_parallel_size": int64(2), "enforce_eager": false, "quantization": nil, "gpu_memory_utilization": 1.0,
			"disable_log_stats": true, "enable_chunked_prefill": true, "compilation_config": map[string]any{"level": int64(3)}, "max_num_seqs": int64(512),
		},
	}
	if backend == "sglang" {
		m.EnvConfig = nil
		m.EngineConfig = map[string]any{"model_path": "/model/llama2-70b", "tp_size": int64(2), "disable_radix_cache": true, "cpu_offload_gb": int64(0), "mem_fraction_static": 0.95, "bucket_time_to_first_token": []any{0.1, int64(2)}}
	}
	if backend == "trtllm" {
		m.EnvConfig = nil
		m.EngineConfig = map[string]any{"model": "/model/llama2-70b", "tensor_parallel_size": int64(2), "tokenizer": "/model/tok", "cuda_graph_config": nil, "max_batch_size": int64(512)}
	}
	if backend == "ray" {
		m.Engine.Name = "vllm"
	}
	return m
}

// over2 is a server of 4 devices, for two nodes.
func over2(backend, release string) *manifest.Manifest {
	m := server(backend, release)
	m.EngineConfig["tensor_parallel_size"], m.EngineConfig["compilation_config"] = int64(4), nil
	if backend == "sglang" {
		delete(m.EngineConfig, "tensor_parallel_size")
		delete(m.EngineConfig, "compilation_config")
		m.EngineConfig["tp_size"], m.EngineConfig["pp_size"] = int64(2), int64(2)
	}
	return m
}

// TestPlans holds whole plans against golden files.
func TestPlans(t *testing.T) {
	host := Host{Environ: []string{"PATH=/usr/bin", "HF_TOKEN=hf_secretsecret"}, Files: mi300x()}
	for _, c := range []struct {
		name string
		m    *manifest.Manifest
		o    Options
	}{
		{"vllm-0.9.2", server("vllm", "0.9.2"), Options{Host: host, PassEnv: []string{"HF_TOKEN"}}},
		{"vllm-0.32.0", server("vllm", "0.32.0"), Options{Host: host, FirstPort: 9000, Command: []string{"/opt/vllm/bin/vllm", "serve"}}},
		{"vllm-0.32.0-second", server("vllm", "0.32.0"), Options{Host: host, FirstPort: 9000, Only: 2}},
		{"ray-0.10.1", server("ray", "0.10.1"), Options{Host: host}},
		{"sglang-0.4.9.post6", server("sglang", "0.4.9.post6"), Options{Host: host}},
		{"sglang-0.5.23", server("sglang", "0.5.23"), Options{Host: Host{Environ: []string{"CUDA_VISIBLE_DEVICES=3,2,1,0"}, Files: mi300x()}}},
		{"ray-head-of-2", over2("ray", "0.10.1"), Options{Host: host, Node: Node{1, 2, "10.0.0.1", ""}}},
		{"ray-node-2-of-2", over2("ray", "0.33.0"), Options{Host: host, Node: Node{2, 2, "10.0.0.1:6400", "10.0.0.2"}}},
		{"vllm-head-of-2", over2("vllm", "0.33.0"), Options{Host: host, Node: Node{1, 2, "node-a", ""}}},
		{"vllm-node-2-of-2", over2("vllm", "0.33.0"), Options{Host: host, Node: Node{2, 2, "node-a:29600", ""}}},
		{"sglang-head-of-2", over2("sglang", "0.4.9.post6"), Options{Host: host, Node: Node{1, 2, "[fe80::1]:5000", ""}}},
		{"sglang-node-2-of-2", over2("sglang", "0.5.23"), Options{Host: host, Node: Node{2, 2, "node-a", ""}}},
		{"trtllm-1.4.0rc0", server("trtllm", "1.4.0rc0"), Options{Host: host, Translate: func(path string) string { return strings.Replace(path, "/model", "/here", 1) }}},
		{"simulated", server("vllm", "0.9.2"), Options{Host: host, Simulate: true, Self: "mlrun", SimArgs: []string{"--speed", "10"}}},
		{"external", server("sglang", "0.5.23"), Options{External: []string{"http://127.0.0.1:30000/", "https://other:8000"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := spell.Load(c.m); err != nil {
				t.Fatal(err)
			}
			p, err := NewPlan(c.m, c.o)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetIndent("", "  ")
			e.SetEscapeHTML(false)
			if err := e.Encode(p); err != nil {
				t.Fatal(err)
			}
			goldenfile.Check(t, filepath.Join("testdata", c.name+".golden"), b.String())
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	for _, c := range []struct {
		fault  string
		change func(*manifest.Manifest, *Options)
	}{
		{`backend "tgi" is not known`, func(m *manifest.Manifest, _ *Options) { m.Backend = "tgi" }},
		{"device_count 3 cannot be shared out to replicas of 2 devices", func(m *manifest.Manifest, _ *Options) { m.HarnessConfig["device_count"] = int64(3) }},
		{"device_count is 0", func(m *manifest.Manifest, _ *Options) { m.HarnessConfig["device_count"] = int64(0) }},
		{"tensor_parallel_size 0", func(m *manifest.Manifest, _ *Options) { m.EngineConfig["tensor_parallel_size"] = int64(0) }},
		{"engine_config.model: model is not set", func(m *manifest.Manifest, _ *Options) { delete(m.EngineConfig, "model") }},
		{"would be read as an argument", func(m *manifest.Manifest, _ *Options) { m.EngineConfig["model"] = "--help" }},
		{"engine_config.swop_space: the command line of vllm 0.9.2 has no argument for swop_space", func(m *manifest.Manifest, _ *Options) { m.EngineConfig["swop_space"] = int64(1) }},
		{"does not name the release", func(m *manifest.Manifest, _ *Options) { m.Engine.Version = "" }},
		{"distributed_executor_backend is mp, but backend ray means ray", func(m *manifest.Manifest, _ *Options) {
			m.Backend, m.EngineConfig["distributed_executor_backend"] = "ray", "mp"
		}},
		{"HIP_VISIBLE_DEVICES names 2 devices", func(_ *manifest.Manifest, o *Options) { o.Host.Environ = []string{"HIP_VISIBLE_DEVICES=0,1"} }},
		{"cannot be spread over nodes by itself (it has no argument", func(m *manifest.Manifest, o *Options) {
			m.EngineConfig["tensor_parallel_size"], o.Node = int64(4), Node{1, 2, "h", ""}
		}},
		{"makes 2 replicas of 2 devices: over several nodes there is one replica", func(_ *manifest.Manifest, o *Options) { o.Node = Node{1, 2, "h", ""} }},
		{"4 devices of one replica cannot be shared by 3 nodes", func(m *manifest.Manifest, o *Options) {
			m.EngineConfig["tensor_parallel_size"], o.Node = int64(4), Node{1, 3, "h", ""}
		}},
		{"are not spread over nodes", func(m *manifest.Manifest, o *Options) {
			m.EngineConfig["tensor_parallel_size"], o.Node, o.Simulate = int64(4), Node{1, 2, "h", ""}, true
		}},
		{"are not spread over nodes", func(_ *manifest.Manifest, o *Options) {
			o.Node, o.External = Node{1, 2, "h", ""}, []string{"http://h:1"}
		}},
		{"data parallel over several nodes is not planned", func(m *manifest.Manifest, o *Options) {
			m.EngineConfig["data_parallel_size"], o.Node = int64(2), Node{1, 2, "h", ""}
		}},
		{"Ray knows its nodes by IP address", func(m *manifest.Manifest, o *Options) {
			m.Backend, m.EngineConfig["tensor_parallel_size"], o.Node = "ray", int64(4), Node{1, 2, "head", ""}
		}},
		{"ROCR_VISIBLE_DEVICES is refused by Ray", func(m *manifest.Manifest, o *Options) { m.Backend, o.DeviceEnv = "ray", "ROCR_VISIBLE_DEVICES" }},
		{"engine_config.nnodes is 4, but --node 1/2 means 2", func(m *manifest.Manifest, o *Options) {
			m.Engine.Version, m.EngineConfig["nnodes"] = "0.33.0", int64(4)
			m.EngineConfig["tensor_parallel_size"], o.Node = int64(4), Node{1, 2, "h", ""}
		}},
		{"(it has no arguments for that): compile for backend ray, or", func(m *manifest.Manifest, o *Options) {
			m.EngineConfig["tensor_parallel_size"], o.Node = int64(4), Node{1, 2, "h", ""}
		}},
		{"(it has no arguments for that): trtllm-llmapi-launch", func(m *manifest.Manifest, o *Options) {
			*m, o.Node = *server("trtllm", "1.4.0rc0"), Node{1, 2, "h", ""}
			m.EngineConfig["tensor_parallel_size"] = int64(4)
		}},
		{"no replica -1 of", func(_ *manifest.Manifest, o *Options) { o.Only = -1 }},
		{"no replica 3 of 2", func(_ *manifest.Manifest, o *Options) { o.Only = 3 }},
		{"2 replicas from port -1 on: legal ports", func(_ *manifest.Manifest, o *Options) { o.FirstPort = -1 }},
		{"no replica 2 of 1", func(_ *manifest.Manifest, o *Options) { o.External, o.Only = []string{"http://h:1"}, 2 }},
		{"no replica 3 of 2", func(_ *manifest.Manifest, o *Options) { o.Simulate, o.Only = true, 3 }},
		{`"http://***@h:8000" is not the URL`, func(_ *manifest.Manifest, o *Options) { o.External = []string{"http://user:word@h:8000"} }},
		{"no replica 9 of", func(_ *manifest.Manifest, o *Options) { o.Only = 9 }},
		{"legal ports", func(_ *manifest.Manifest, o *Options) { o.FirstPort = 65535 }},
		{"is not set here", func(_ *manifest.Manifest, o *Options) { o.PassEnv = []string{"NONE"} }},
		{"is not the URL of an engine", func(_ *manifest.Manifest, o *Options) { o.External = []string{"localhost:8000"} }},
		{"is given twice, as replica 0 and 2", func(_ *manifest.Manifest, o *Options) {
			o.External = []string{"http://127.0.0.1:8000", "http://127.0.0.1:8001", "http://LocalHost:8000/"}
		}},
		{"is given twice, as replica 0 and 1", func(_ *manifest.Manifest, o *Options) { o.External = []string{"http://H", "http://h:80"} }},
		{"is not the URL of an engine", func(_ *manifest.Manifest, o *Options) { o.External = []string{"http://:8000"} }},
		{"is not the URL of an engine", func(_ *manifest.Manifest, o *Options) { o.External = []string{"http://h:8000/#a"} }},
		{"is not the URL of an engine", func(_ *manifest.Manifest, o *Options) { o.External = []string{"http://h:8000/?"} }},
		{"cannot be simulated", func(_ *manifest.Manifest, o *Options) { o.External, o.Simulate = []string{"http://h:1"}, true }},
	} {
		m, o := server("vllm", "0.9.2"), Options{}
		c.change(m, &o)
		err := spell.Load(m)
		if err == nil {
			_, err = NewPlan(m, o)
		}
		if err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%v, want %s", err, c.fault)
		}
	}
}

// An open place of a variable or of a companion that cannot be filled here is an error.
func TestPlanOfOpenPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		backend string
		change  func(*manifest.Role)
		node    Node
		fault   string
	}{
		"a variable": {"vllm", func(r *manifest.Role) {
			r.Variables = append(r.Variables, manifest.Variable{Name: "X", Value: "{nodes}"})
		}, Node{}, "speak of several machines where there is one"},
		"a companion's address":  {"ray", func(r *manifest.Role) { r.Companion.Address = "{head-address:0}" }, Node{1, 2, "10.0.0.1", ""}, `"0" is no port`},
		"a worker's companion":   {"ray", func(r *manifest.Role) { r.Companion.Arguments[0].Words = []string{"{head-port:0}"} }, Node{2, 2, "10.0.0.1", ""}, `"0" is no port`},
		"the head's own command": {"ray", func(r *manifest.Role) { r.Arguments[0].Words = []string{"{head-port:0}"} }, Node{1, 2, "10.0.0.1", ""}, `"0" is no port`},
	} {
		m := server(c.backend, "0.9.2")
		if err := spell.Load(m); err != nil {
			t.Fatal(err)
		}
		if c.node.many() {
			m.Roles[0].Replicas, m.Roles[0].Devices = 1, 4
		}
		c.change(&m.Roles[0])
		if _, err := NewPlan(m, Options{Node: c.node}); err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %v, want %s", name, err, c.fault)
		}
	}
}

// What is asked for beside the manifest, and what the plan says of it.
func TestPlanOptions(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*manifest.Manifest, *Options)
		note   string
		holds  func(*Plan) bool
	}{
		"the last ports": {func(_ *manifest.Manifest, o *Options) { o.FirstPort = 65534 }, "", func(p *Plan) bool {
			return p.Replicas[0].Port == 65534 && p.Replicas[1].Port == 65535 && p.Replicas[1].Command[len(p.Replicas[1].Command)-1] != portMark
		}},
		"the first port": {func(_ *manifest.Manifest, o *Options) { o.FirstPort = 1 }, "", func(p *Plan) bool { return p.Replicas[0].Port == 1 }},
		"ports at the start": {func(*manifest.Manifest, *Options) {}, "", func(p *Plan) bool {
			return p.Replicas[0].Port == 0 && slices.Contains(p.Replicas[0].Command, portMark)
		}},
		"the last replica": {func(_ *manifest.Manifest, o *Options) { o.Only = 2 }, "", func(p *Plan) bool {
			return len(p.Replicas) == 1 && p.Replicas[0].Index == 0 && strings.Join(p.Replicas[0].Devices, ",") == "2,3"
		}},
		"no CPU binding": {func(_ *manifest.Manifest, o *Options) { o.NoCPUBinding = true }, "not bound to CPUs near the devices: asked for", func(p *Plan) bool { return p.Replicas[0].CPUs == "" }},
		"CPUs":           {func(*manifest.Manifest, *Options) {}, "", func(p *Plan) bool { return p.Replicas[1].CPUs == "4-7,12-15" }},
		"no devices": {func(_ *manifest.Manifest, o *Options) { o.DeviceEnv = NoDevices }, "no devices are bound: asked for", func(p *Plan) bool {
			return p.DeviceVariable == "" && p.Replicas[0].Devices == nil
		}},
		"a sync engine": {func(m *manifest.Manifest, _ *Options) { m.EngineVersion = "sync" }, "engine_version is sync; mlrun drives engines over HTTP", func(*Plan) bool { return true }},
		"a port of its own": {func(m *manifest.Manifest, _ *Options) { m.EngineConfig["port"] = int64(9) }, "engine_config.port is left out: mlrun chooses", func(p *Plan) bool {
			return !slices.Contains(p.Replicas[0].Command, "9")
		}},
		"another command": {func(_ *manifest.Manifest, o *Options) { o.Command, o.FirstPort = []string{"a", "b", "c"}, 7 }, "", func(p *Plan) bool {
			return slices.Equal(p.Replicas[0].Command[:4], []string{"a", "b", "c", "/model/llama2-70b"}) && slices.Contains(p.Replicas[0].Command, "7") && !slices.Contains(p.Replicas[0].Command, portMark)
		}},
	} {
		m, o := server("vllm", "0.9.2"), Options{Host: Host{Files: mi300x()}}
		c.change(m, &o)
		if err := spell.Load(m); err != nil {
			t.Fatal(err)
		}
		p, err := NewPlan(m, o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said := slices.ContainsFunc(p.Notes, func(n string) bool { return strings.HasPrefix(n, c.note) })
		if !c.holds(p) || !said {
			t.Errorf("%s: %+v, want the note %q", name, p, c.note)
		}
	}
	m := server("vllm", "0.9.2")
	if err := spell.Load(m); err != nil {
		t.Fatal(err)
	}
	m.Roles = append(m.Roles, m.Roles[0])
	if _, err := NewPlan(m, Options{}); err == nil || !strings.Contains(err.Error(), "the manifest has 2 roles") {
		t.Errorf("%v", err)
	}
}

func TestParseNode(t *testing.T) {
	for _, c := range []struct {
		text, head string
		want       Node
		fault      string
	}{
		{"1/2", "h", Node{1, 2, "h", ""}, ""},
		{"2/2", "h:1", Node{2, 2, "h:1", ""}, ""},
		{"1/1", "", Node{}, ""},
		{"1/2", "", Node{}, "the address of node 1"},
		{"0/2", "h", Node{}, "is no node"},
		{"3/2", "h", Node{}, "is no node"},
		{"2", "h", Node{}, "is no node"},
		{"a/b", "h", Node{}, "is no node"},
		{"1/99999", "h", Node{}, "is no node"},
	} {
		got, err := ParseNode(c.text, c.head, "")
		if got != c.want || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %+v, %v", c.text, got, err)
		}
	}
}

func TestNearestCPUs(t *testing.T) {
	full := Host{Files: mi300x()}
	noNode := mi300x()
	noNode["sys/bus/pci/devices/0000:05:00.0/numa_node"] = &fstest.MapFile{Data: []byte("-1\n")}
	for _, c := range []struct {
		host    Host
		devices string
		cpus    string
		known   bool
	}{
		{full, "0", "0-3,8-11", true},
		{full, "2,3", "4-7,12-15", true},
		{full, "3,0", "0-3,8-11,4-7,12-15", true},
		{full, "4", "", false},
		{full, "GPU-1234", "", false},
		{Host{Files: noNode}, "0", "", false},
		{Host{}, "0", "", false},
	} {
		cpus, why := c.host.nearestCPUs(strings.Split(c.devices, ","))
		if cpus != c.cpus || (why == "") != c.known {
			t.Errorf("%s: %q, %q; want %q", c.devices, cpus, why, c.cpus)
		}
	}
	if cpus, err := parseCPUs("0-2,8"); err != nil || !slices.Equal(cpus, []int{0, 1, 2, 8}) {
		t.Errorf("%v, %v", cpus, err)
	}
	for _, bad := range []string{"", "a", "3-1", "0-99999999", "-1"} {
		if _, err := parseCPUs(bad); err == nil {
			t.Errorf("%q is taken for a list of CPUs", bad)
		}
	}
}

// Every published configuration can be planned for a release that knows its keys.
func TestPublishedConfigurations(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedata.Corpus(t), "expected", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			m := published(t, file)
			if model := m.EngineConfig["model_path"]; m.Backend == "sglang" && model == "MISSING" {
				t.Skip("this use case has no sglang configuration")
			}
			if err := spell.Load(m); err != nil {
				t.Fatal(err)
			}
			p, err := NewPlan(m, Options{Host: Host{Environ: []string{"PATH=/bin"}}})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Replicas) == 0 {
				t.Error("no replica")
			}
		})
	}
}

func published(t *testing.T, file string) *manifest.Manifest {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Backend string         `json:"backend"`
		Engine  map[string]any `json:"engine_config"`
		Env     map[string]any `json:"env_config"`
		Harness map[string]any `json:"harness_config"`
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	m := &manifest.Manifest{Backend: c.Backend, Engine: manifest.Engine{Name: c.Backend, Version: "0.9.2"}, EnvConfig: map[string]string{}, EngineConfig: c.Engine, HarnessConfig: c.Harness}
	if c.Backend == "sglang" {
		m.Engine.Version = "0.4.9.post6"
	}
	for _, section := range []map[string]any{m.EngineConfig, m.HarnessConfig} {
		for key, value := range section {
			if n, ok := value.(json.Number); ok {
				if whole, err := n.Int64(); err == nil {
					section[key] = whole
				} else {
					section[key], _ = n.Float64()
				}
			}
			if value == "None" {
				section[key] = nil
			}
		}
	}
	for key, value := range c.Env {
		m.EnvConfig[key] = fmt.Sprint(value)
	}
	return m
}
