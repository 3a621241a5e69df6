package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"mlcfg/internal/backend"
	"mlcfg/internal/compile/spell"
)

// shard is a safetensors file with one tensor of 16 bytes.
func shard() []byte {
	header := `{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), make([]byte, 16)...)
}

// modelFolder writes a whole model of two shards; change alters its files.
func modelFolder(t *testing.T, change func(files map[string][]byte)) string {
	t.Helper()
	files := map[string][]byte{
		"config.json":                      []byte("{}"),
		"model.safetensors.index.json":     []byte(`{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`),
		"model-00001-of-00002.safetensors": shard(),
		"model-00002-of-00002.safetensors": shard(),
	}
	if change != nil {
		change(files)
	}
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pipes is a model folder in which a file is a pipe.
func pipes(t *testing.T, name string) string {
	t.Helper()
	dir := modelFolder(t, func(files map[string][]byte) { delete(files, name) })
	if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCheckModel(t *testing.T) {
	const second = "model-00002-of-00002.safetensors"
	whole := modelFolder(t, nil)
	cached := t.TempDir()
	if err := os.MkdirAll(filepath.Join(cached, "hub", "models--org--name", "snapshots", "1"), 0o755); err != nil {
		t.Fatal(err)
	}
	home := []EnvVar{{Name: "HF_HOME", Value: cached}}
	offline := append([]EnvVar{{Name: "HF_HUB_OFFLINE", Value: "1"}}, home...)
	for _, c := range []struct {
		name, model string
		env         []EnvVar
		want        string // a part of the problem; "! " before it: fatal
	}{
		{"whole", whole, nil, ""},
		{"one file", filepath.Join(whole, second), nil, ""},
		{"nothing there", "/no/such/model", nil, "! engine_config.model: no model at /no/such/model"},
		{"no name either", "MISSING MODEL", nil, `! engine_config.model: "MISSING MODEL" is neither a folder here nor a name`},
		{"no configuration", modelFolder(t, func(f map[string][]byte) { delete(f, "config.json") }), nil, "! engine_config.model: "},
		{"a configuration of one byte", modelFolder(t, func(f map[string][]byte) { f["config.json"] = []byte("{") }), nil, "config.json is no JSON object"},
		{"no weights", modelFolder(t, func(f map[string][]byte) {
			for name := range f {
				if name != "config.json" {
					delete(f, name)
				}
			}
		}), nil, "! engine_config.model: "},
		{"weights of another form", modelFolder(t, func(f map[string][]byte) {
			for name := range f {
				if name != "config.json" {
					delete(f, name)
				}
			}
			f["pytorch_model.bin"] = nil
		}), nil, ""},
		{"pipes", pipes(t, "config.json"), nil, "it is a pipe, not a file"},
		{"a shard that is a pipe", pipes(t, second), nil, "it is a pipe, not a file"},
		{"an index that is a pipe", pipes(t, "model.safetensors.index.json"), nil, "it is a pipe, not a file"},
		{"a device", "/dev/null", nil, "is neither a file nor a folder"},
		{"a shard is missing", modelFolder(t, func(f map[string][]byte) { delete(f, second) }), nil, second + " is missing"},
		{"a shard is cut off", modelFolder(t, func(f map[string][]byte) { f[second] = shard()[:len(shard())-1] }), nil, "its tensors take 16 bytes, it has 15"},
		{"a header is cut off", modelFolder(t, func(f map[string][]byte) { f[second] = shard()[:20] }), nil, second + " is cut off, or no safetensors file"},
		{"an empty shard", modelFolder(t, func(f map[string][]byte) { f[second] = nil }), nil, second + " is cut off"},
		{"a pointer", modelFolder(t, func(f map[string][]byte) {
			f[second] = []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 16\n")
		}), nil, "is a pointer of Git LFS"},
		{"no index", modelFolder(t, func(f map[string][]byte) {
			delete(f, "model.safetensors.index.json")
			f[second] = nil
		}), nil, second + " is cut off"},
		{"an index that leads out", modelFolder(t, func(f map[string][]byte) {
			f["model.safetensors.index.json"] = []byte(`{"weight_map":{"a":"../../secret"}}`)
		}), nil, "names a file outside of it"},
		{"an index that is none", modelFolder(t, func(f map[string][]byte) { f["model.safetensors.index.json"] = []byte("{") }), nil, "! engine_config.model: reading the model's index"},
		{"a folder that is not here", "./no/such", nil, "! engine_config.model: no model at ./no/such"},
		{"a configuration that is null", modelFolder(t, func(f map[string][]byte) { f["config.json"] = []byte("null") }), nil, "! engine_config.model: "},
		{"Mistral's own form", modelFolder(t, func(f map[string][]byte) { f["params.json"] = f["config.json"]; delete(f, "config.json") }), nil, ""},
		{"a header and no tensors", modelFolder(t, func(f map[string][]byte) { f[second] = []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}") }), nil, ""},
		{"a header that is none", modelFolder(t, func(f map[string][]byte) { f[second] = []byte("\x02\x00\x00\x00\x00\x00\x00\x00{ ") }), nil, "reading the header of "},
		{"a header that is too long", modelFolder(t, func(f map[string][]byte) { f[second] = []byte("\x03\x00\x00\x00\x00\x00\x00\x00{}") }), nil, second + " is cut off, or no safetensors file"},
		{"no shard, and the first is told", modelFolder(t, func(f map[string][]byte) {
			f["model.safetensors.index.json"] = []byte(`{"weight_map":{"a":"h","b":"g","c":"f","d":"e","e":"d","f":"c","g":"b","h":"a","i":"a"}}`)
		}), nil, "/a is missing"},
		{"of the hub, cached", "org/name", home, ""},
		{"of the hub, not cached", "org/other", home, "org/other is not in the Hugging Face cache at " + cached + "/hub, so the engine will download it"},
		{"of the hub, offline", "org/other", offline, "! engine_config.model: org/other is not in the Hugging Face cache"},
		{"a store", "s3://bucket/model", nil, "is not on this machine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := checkModel("engine_config.model", c.model, c.env)
			want, fatal := strings.CutPrefix(c.want, "! ")
			switch {
			case c.want == "" && len(got) == 0:
			case c.want == "" || len(got) != 1 || !strings.Contains(got[0].Text, want) || fatal && !got[0].Fatal:
				t.Errorf("%+v, want %s", got, c.want)
			}
		})
	}
	for _, c := range []struct{ drop, want string }{{"", "model-00001-of-00002.safetensors"}, {"model-00001-of-00002.safetensors", second}, {"*", ""}} {
		dir := modelFolder(t, func(f map[string][]byte) {
			f["a.safetensors"] = nil
			for name := range f {
				if c.drop == "*" || name == c.drop || c.drop != "" && name == "a.safetensors" {
					delete(f, name)
				}
			}
		})
		if got := FirstShard(dir); got != "" && filepath.Base(got) != c.want || got == "" && c.want != "" {
			t.Errorf("without %q the first shard is %s, want %s", c.drop, got, c.want)
		}
	}
}

// A model of the hub is looked for where the engine will: a run that starts with a
// download of hours is told before.
func TestHubCache(t *testing.T) {
	for want, env := range map[string][]EnvVar{
		"/a":                        {{Name: "HF_HUB_CACHE", Value: "/a"}, {Name: "HUGGINGFACE_HUB_CACHE", Value: "/b"}, {Name: "HF_HOME", Value: "/c"}},
		"/b":                        {{Name: "HUGGINGFACE_HUB_CACHE", Value: "/b"}, {Name: "HF_HOME", Value: "/c"}},
		"/c/hub":                    {{Name: "HF_HUB_CACHE"}, {Name: "HF_HOME", Value: "/c"}, {Name: "XDG_CACHE_HOME", Value: "/d"}},
		"/d/huggingface/hub":        {{Name: "XDG_CACHE_HOME", Value: "/d"}, {Name: "HOME", Value: "/e"}},
		"/e/.cache/huggingface/hub": {{Name: "HOME", Value: "/e"}},
	} {
		if got := hubCache(env); got != want {
			t.Errorf("%v: %s, want %s", env, got, want)
		}
	}
	cached := t.TempDir()
	if err := os.MkdirAll(filepath.Join(cached, "models--org--name", "snapshots", "1"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		model, variable, value string
		found, fatal           bool
	}{
		{"org/name", "HF_HUB_OFFLINE", "1", true, false},
		{"org/name:Q4_K_M", "HF_HUB_OFFLINE", "1", true, false},
		{"org/other", "HF_HUB_OFFLINE", "0", false, false},
		{"org/other", "HF_HUB_OFFLINE", "TRUE", false, true},
		{"org/other", "TRANSFORMERS_OFFLINE", "on", false, true},
	} {
		got := checkHub("k", c.model, []EnvVar{{Name: "HF_HUB_CACHE", Value: cached}, {Name: c.variable, Value: c.value}})
		if (len(got) == 0) != c.found || !c.found && (got[0].Fatal != c.fatal || c.fatal != strings.Contains(got[0].Text, "env_config."+c.variable+" forbids the download")) {
			t.Errorf("%s, %s=%s: %+v", c.model, c.variable, c.value, got)
		}
	}
}

// What a real engine needs is looked at, and nothing of an engine that is none of this
// machine's; weights that are made up need no files.
func TestPlanCheck(t *testing.T) {
	bare := modelFolder(t, func(f map[string][]byte) {
		for name := range f {
			if name != "config.json" {
				delete(f, name)
			}
		}
	})
	b, _ := backend.Of("vllm")
	low := Host{Files: machineWith(0, 2), FreeSpace: func(string) (uint64, error) { return 0, nil }}
	for name, c := range map[string]struct {
		change func(*Plan)
		want   []string
	}{
		"everything is wrong": {func(*Plan) {}, []string{"holds no weights", "names device 7", "/dev/shm has 0 MiB free"}},
		"made-up weights":     {func(p *Plan) { p.Replicas[0].Command = []string{"--load-format", "dummy"} }, []string{"names device 7", "/dev/shm has"}},
		"made-up weights, no configuration": {func(p *Plan) {
			p.Replicas[0].Command, p.Model = []string{"--load-format", "dummy"}, t.TempDir()
		}, []string{"holds no config.json", "names device 7", "/dev/shm has"}},
		"simulated":   {func(p *Plan) { p.Simulated = true }, nil},
		"external":    {func(p *Plan) { p.External = true }, nil},
		"no replicas": {func(p *Plan) { p.Replicas = nil }, nil},
	} {
		p := &Plan{Facts: b, Model: bare, DeviceVariable: "CUDA_VISIBLE_DEVICES", Replicas: []Replica{{Devices: []string{"0", "7"}}}}
		c.change(p)
		got := p.Check(low)
		if len(got) != len(c.want) {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(got[i].Text, want) {
				t.Errorf("%s: %s, want %s", name, got[i].Text, want)
			}
		}
	}
}

// FuzzShard: no file makes the reading of it fail or take much memory.
func FuzzShard(f *testing.F) {
	f.Add(shard())
	f.Add([]byte("version https://git-lfs"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "x.safetensors")
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		_ = wholeShard(name)
	})
}

// machineWith has so many devices of AMD's driver and so many of NVIDIA's.
func machineWith(amd, nvidia int) fstest.MapFS {
	files := fstest.MapFS{"dev/null": {}, "dev/nvidiactl": {}, "sys/class/kfd/kfd/topology/nodes/0/gpu_id": {Data: []byte("0\n")}}
	if amd > 0 {
		files["dev/kfd"] = &fstest.MapFile{}
	}
	for i := range amd {
		files[fmt.Sprintf("sys/class/kfd/kfd/topology/nodes/%d/gpu_id", i+1)] = &fstest.MapFile{Data: []byte(fmt.Sprintf("%d\n", 40000+i))}
	}
	for i := range nvidia {
		files[fmt.Sprintf("dev/nvidia%d", i)] = &fstest.MapFile{}
	}
	return files
}

func TestCheckDevices(t *testing.T) {
	for _, c := range []struct {
		name, variable string
		amd, nvidia    int
		devices        []string
		want           string
	}{
		{"AMD, all there", "HIP_VISIBLE_DEVICES", 4, 0, []string{"0", "3"}, ""},
		{"AMD, too few", "HIP_VISIBLE_DEVICES", 1, 0, []string{"0", "1"}, "harness_config.device_count: 2 devices are needed, 1 are visible here"},
		{"AMD, none", "ROCR_VISIBLE_DEVICES", 0, 4, []string{"0"}, "1 devices are needed, 0 are visible here (there is no /dev/kfd)"},
		{"AMD, a number beyond", "HIP_VISIBLE_DEVICES", 4, 0, []string{"4", "5"}, "HIP_VISIBLE_DEVICES names device 4, 5, 4 are visible"},
		{"AMD, as many as there are, others", "HIP_VISIBLE_DEVICES", 2, 0, []string{"0", "2"}, "HIP_VISIBLE_DEVICES names device 2, 2 are visible here"},
		{"no device at all, by UUID", "CUDA_VISIBLE_DEVICES", 0, 0, []string{"GPU-1"}, "1 devices are needed, 0 are visible here (/dev/nvidia*)"},
		{"NVIDIA, all there", "CUDA_VISIBLE_DEVICES", 0, 2, []string{"0", "1"}, ""},
		{"NVIDIA, none", "CUDA_VISIBLE_DEVICES", 2, 0, []string{"0"}, "1 devices are needed, 0 are visible here (/dev/nvidia*)"},
		{"NVIDIA, by UUID", "CUDA_VISIBLE_DEVICES", 0, 1, []string{"GPU-1", "GPU-2"}, ""},
		{"another variable", "ONEAPI_DEVICE_SELECTOR", 0, 0, []string{"0"}, ""},
		{"none bound", "", 0, 0, nil, ""},
	} {
		p := &Plan{DeviceVariable: c.variable, Replicas: []Replica{{Devices: c.devices}}}
		got := p.checkDevices(Host{Files: machineWith(c.amd, c.nvidia)})
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !got[0].Fatal || !strings.Contains(got[0].Text, c.want)) {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}

func TestCheckPortsAndSharedMemory(t *testing.T) {
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	p := &Plan{Simulated: true, Replicas: []Replica{{Port: port}, {Index: 1}}}
	if got := p.Check(Host{}); len(got) != 1 || !got[0].Fatal || !strings.Contains(got[0].Text, fmt.Sprintf("replica 0 cannot listen: port %d is taken", port)) {
		t.Errorf("%+v", got)
	}
	l.Close()
	for range 2 { // a look keeps no port
		if got := p.Check(Host{}); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	}

	space := func(n uint64, err error) Host {
		return Host{FreeSpace: func(string) (uint64, error) { return n, err }}
	}
	for _, c := range []struct {
		host    Host
		devices []string
		warned  bool
	}{
		{space(64<<20, nil), []string{"0", "1"}, true},
		{space(64<<20, nil), []string{"0"}, false},
		{space(1<<30, nil), []string{"0", "1"}, false},
		{space(0, errors.New("no such file")), []string{"0", "1"}, false},
		{Host{}, []string{"0", "1"}, false},
	} {
		p := &Plan{Replicas: []Replica{{Devices: c.devices}}}
		if got := p.checkSharedMemory(c.host); (len(got) == 1) != c.warned || c.warned && (got[0].Fatal || !strings.HasPrefix(got[0].Text, "/dev/shm has 64 MiB free, ")) {
			t.Errorf("%v: %+v", c.devices, got)
		}
	}
}

// Engines for the CPU are bound to no devices, and the manifest's paths are
// those here.
func TestPlanOnCPUAndTranslated(t *testing.T) {
	for _, c := range []struct {
		env    map[string]string
		device any
		option string
		bound  bool
	}{
		{nil, nil, "", true},
		{nil, "cpu", "", false},
		{nil, nil, NoDevices, false},
		{map[string]string{"VLLM_CPU_KVCACHE_SPACE": "1"}, nil, "", false},
		{map[string]string{"VLLM_TARGET_DEVICE": "cpu"}, nil, "", false},
		{map[string]string{"VLLM_TARGET_DEVICE": "rocm"}, nil, "", true},
		{map[string]string{"SGLANG_USE_CPU_ENGINE": "0"}, nil, "", true},
	} {
		m := server("vllm", "0.9.2")
		m.EnvConfig = c.env
		m.EngineConfig["device"] = c.device
		m.EngineConfig["tokenizer"] = "/model/tok"
		m.EngineConfig["speculative_config"] = map[string]any{"model": "/model/draft", "num": int64(2)}
		here := func(path string) string { return strings.Replace(path, "/model", "/mnt/m", 1) }
		if err := spell.Load(m); err != nil {
			t.Fatal(err)
		}
		p, err := NewPlan(m, Options{DeviceEnv: c.option, Translate: here})
		if err != nil {
			t.Fatal(err)
		}
		if bound := p.DeviceVariable != "" && len(p.Replicas[0].Devices) == 2; bound != c.bound {
			t.Errorf("%v %v: bound %v", c.env, c.device, bound)
		}
		line := CommandLine(p.Replicas[0].Command)
		for _, part := range []string{"serve /mnt/m/llama2-70b ", "--tokenizer /mnt/m/tok", `{"model":"/mnt/m/draft","num":2}`} {
			if !strings.Contains(line, part) {
				t.Errorf("%s is not in %s", part, line)
			}
		}
		if !strings.Contains(strings.Join(p.Notes, "\n"), "engine_config.speculative_config: /model/draft is read at /mnt/m/draft") {
			t.Errorf("notes %q", p.Notes)
		}
		if m.EngineConfig["tokenizer"] != "/model/tok" {
			t.Error("the manifest was changed")
		}
	}
}
