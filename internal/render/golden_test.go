package render

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/manifest"
	"mlcfg/tools/goldenfile"
)

const manifests = "../../cmd/mlrun/testdata/manifests"

func read(t testing.TB, name string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.ReadFile(filepath.Join(manifests, name+".yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func target(t testing.TB, name string) *Target {
	t.Helper()
	for _, target := range Targets() {
		if target.Name == name {
			return target
		}
	}
	t.Fatalf("no target %s", name)
	return nil
}

func mapped(t testing.TB, texts ...string) pathmap.Map {
	t.Helper()
	m, err := pathmap.Parse(texts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shown is a rendered file with the manifest in it named in its place: it is in there once, to the
// byte but for what its system reads as a variable.
func shown(t *testing.T, m *manifest.Manifest, text string) string {
	t.Helper()
	data, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, indent := range []string{"", "    ", "      "} {
		var b strings.Builder
		for line := range strings.Lines(string(data)) {
			b.WriteString(indent + line)
		}
		for _, whole := range []string{b.String(), escapeCompose(b.String())} {
			if at := strings.Index(text, "\n"+whole); at >= 0 {
				return text[:at+1] + indent + "(the manifest)\n" + text[at+1+len(whole):]
			}
		}
	}
	t.Fatal("the manifest is not in the rendered file")
	return ""
}

// whole writes a rendered file into the folder that RENDERED names, for make render-check.
func whole(t *testing.T, name, text string) {
	if dir := os.Getenv("RENDERED"); dir != "" {
		goldenfile.Write(t, filepath.Join(dir, name+".yaml"), text)
	}
}

type rendering struct {
	name, target, manifest string
	options                Options
	change                 func(*manifest.Manifest)
}

// manifest is the one that is rendered.
func (r rendering) read(t testing.TB) *manifest.Manifest {
	m := read(t, r.manifest)
	if r.change != nil {
		r.change(m)
	}
	return m
}

// oneReplica leaves one of several, whose files are not beside the model.
func oneReplica(m *manifest.Manifest) {
	m.Roles[0].Replicas = 1
	m.Roles[0].Files[0].Text = strings.ReplaceAll(m.Roles[0].Files[0].Text, "{path:/model/", "{path:/data/")
	m.HarnessConfig["device_count"] = m.Roles[0].Devices
}

func renderings(t testing.TB) []rendering {
	data := mapped(t, "/model=/mnt/models", "/data=/mnt/data")
	claims := mapped(t, "/model=pvc:models/mlperf", "/data=pvc:data")
	return []rendering{
		{"slurm-one-node", "slurm", "vllm-0.33.0-head", Options{Devices: "amd", Map: data, Time: "04:00:00", Partition: "gpu", Account: "lab"}, nil},
		{"slurm-two-nodes", "slurm", "sglang-0.5.9-head", Options{Nodes: 2, NodesPerReplica: 2, Map: data, Secrets: []Secret{{Variable: "HF_TOKEN"}}}, nil},
		{"slurm-container", "slurm", "vllm-0.33.0-head", Options{Nodes: 2, NodesPerReplica: 2, Map: data, Image: "docker.io/vllm/vllm-openai-rocm:v0.33.0", Mlrun: "/shared/bin/mlrun", Results: "/shared/runs"}, nil},
		{"slurm-replicas", "slurm", "trtllm-1.4.0rc0-server", Options{Nodes: 3, Map: data, Args: []string{"--no-resource-check"}}, nil},
		{"slurm-replicas-spread", "slurm", "ray-0.10.1-head", Options{Nodes: 4, NodesPerReplica: 2}, nil},
		{"slurm-all-nodes", "slurm", "zmq-0.30.0-server", Options{Nodes: 2}, nil},
		{"slurm-cpu", "slurm", "vllm-0.9.2-cpu", Options{}, nil},
		{"kubernetes-vllm", "kubernetes", "vllm-0.30.0-data-parallel", Options{Image: "lab/vllm:1", ClientImage: "lab/mlcfg", Results: "pvc:runs/today", Map: claims, Secrets: []Secret{{"HF_TOKEN", "hub", "token"}}}, nil},
		{"kubernetes-vllm-two-nodes", "kubernetes", "vllm-0.33.0-head", Options{Nodes: 4, NodesPerReplica: 2, ClientImage: "lab/mlcfg", Results: "/srv/runs", Map: data, Namespace: "bench"}, nil},
		{"kubernetes-sglang-two-nodes", "kubernetes", "sglang-0.5.9-head", Options{Nodes: 2, NodesPerReplica: 2, Image: "lab/sglang", ClientImage: "lab/mlcfg", Results: "pvc:runs", Map: data}, nil},
		{"kubernetes-trtllm", "kubernetes", "trtllm-1.4.0rc0-server", Options{Nodes: 2, ClientImage: "lab/mlcfg", Results: "pvc:runs", Map: data}, nil},
		{"kubernetes-cpu", "kubernetes", "vllm-0.9.2-cpu", Options{ClientImage: "lab/mlcfg", Results: "pvc:runs"}, nil},
		{"kubernetes-other-devices", "kubernetes", "vllm-0.33.0-head", Options{Devices: "gpu.intel.com/i915", Image: "lab/vllm", ClientImage: "lab/mlcfg", Results: "pvc:runs"}, nil},
		{"compose-vllm", "compose", "vllm-0.33.0-head", Options{Map: data, Secrets: []Secret{{Variable: "HF_TOKEN"}}}, nil},
		{"compose-sglang", "compose", "sglang-0.4.9-server", Options{Devices: "nvidia", Image: "docker.io/lmsysorg/sglang:v0.4.9.post6", Map: data}, nil},
		{"compose-trtllm", "compose", "trtllm-1.4.0rc0-server", Options{Map: data, ClientImage: "lab/mlcfg", Results: "/srv/runs"}, nil},
		{"compose-own-devices", "compose", "vllm-0.8.5-own-devices", Options{Image: "lab/vllm"}, nil},
		{"srt-slurm-vllm", "srt-slurm", "vllm-0.33.0-head", Options{Nodes: 2, NodesPerReplica: 2, Mlrun: "/shared/bin/mlrun", Map: data, Account: "lab", Partition: "gpu", Time: "04:00:00"}, nil},
		{"srt-slurm-vllm-schema-1", "srt-slurm", "vllm-0.33.0-head", Options{Nodes: 2, NodesPerReplica: 2, Mlrun: "/shared/bin/mlrun", Map: data, Schema: 1}, nil},
		{"srt-slurm-sglang-replicas", "srt-slurm", "sglang-0.4.7-replicas", Options{Devices: "nvidia", Image: "lab/sglang", ClientImage: "lab/mlcfg", Map: data, Schema: 1}, nil},
		{"srt-slurm-trtllm-schema-1", "srt-slurm", "trtllm-1.4.0rc0-server", Options{Mlrun: "/shared/bin/mlrun", Map: mapped(t, "/data=/mnt/data"), Schema: 1}, oneReplica},
		{"srt-slurm-trtllm", "srt-slurm", "trtllm-1.4.0rc0-server", Options{Mlrun: "/shared/bin/mlrun", Map: mapped(t, "/data=/mnt/data")}, oneReplica},
	}
}

// TestGolden holds what is rendered: three engines, one machine and several, several replicas.
func TestGolden(t *testing.T) {
	for _, r := range renderings(t) {
		t.Run(r.name, func(t *testing.T) {
			m := r.read(t)
			text, notes, err := target(t, r.target).Render(m, r.options)
			if err != nil {
				t.Fatal(err)
			}
			again, _, err := target(t, r.target).Render(r.read(t), r.options)
			if err != nil || again != text {
				t.Errorf("rendered twice, it differs (%v)", err)
			}
			whole(t, r.name, text)
			got := shown(t, m, text)
			for _, n := range notes {
				got += "(note) " + n + "\n"
			}
			goldenfile.Check(t, "testdata/"+r.name+".golden", got)
		})
	}
	left, err := os.ReadDir("testdata")
	if err != nil || len(left) < len(renderings(t)) {
		t.Errorf("%d files in testdata, %v", len(left), err)
	}
}
