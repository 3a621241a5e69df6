package render

import (
	"strings"
	"testing"

	"mlcfg/internal/manifest"
)

// TestRefused holds what cannot be rendered, and why.
func TestRefused(t *testing.T) {
	lab := Options{Image: "x", ClientImage: "x", Results: "pvc:runs"}
	with := func(change func(*Options)) Options {
		o := lab
		change(&o)
		return o
	}
	for _, c := range []struct {
		target, manifest string
		o                Options
		want             string
	}{
		{"kubernetes", "sglang-0.4.7-replicas", lab, `no accelerator gum is known`},
		{"kubernetes", "sglang-0.4.9-server", with(func(o *Options) { o.Devices = "tpu" }), `--devices "tpu" is none of nvidia, amd, none`},
		{"compose", "sglang-0.4.9-server", Options{Devices: "gpu.intel.com/i915", Image: "x"}, "Compose has no devices gpu.intel.com/i915"},
		{"compose", "vllm-0.9.2-server", Options{}, "no image of vLLM 0.9.2 for amd is known"},
		{"compose", "sglang-0.5.23-dp-attention", Options{Nodes: 2, Image: "x"}, "on one machine, not on 2"},
		{"compose", "vllm-0.33.0-head", Options{Map: mapped(t, "/model=pvc:x")}, "a claim of Kubernetes"},
		{"compose", "vllm-0.33.0-head", Options{Map: mapped(t, "model=/x")}, `no path "model"`},
		{"compose", "vllm-0.33.0-head", Options{Map: mapped(t, "/model=/x", "/model/=/y")}, "given twice"},
		{"kubernetes", "vllm-0.33.0-head", with(func(o *Options) { o.ClientImage = "" }), "no image that holds mlrun"},
		{"kubernetes", "vllm-0.33.0-head", with(func(o *Options) { o.Results = "" }), "would go with its pod"},
		{"kubernetes", "vllm-0.33.0-head", with(func(o *Options) { o.Results = "pvc:../x" }), "names no claim"},
		{"kubernetes", "vllm-0.33.0-head", with(func(o *Options) { o.Namespace = "A B" }), "no name of a namespace"},
		{"kubernetes", "vllm-0.33.0-head", with(func(o *Options) { o.Name = "0x" }), "is no name"},
		{"kubernetes", "vllm-0.33.0-head", with(func(o *Options) { o.Nodes, o.NodesPerReplica = 3, 2 }), "3 nodes cannot be shared by replicas of 2 nodes each"},
		{"kubernetes", "vllm-0.33.0-head", with(func(o *Options) { o.Nodes, o.NodesPerReplica = 3, 3 }), "16 devices of one replica cannot be shared by 3 nodes"},
		{"kubernetes", "vllm-0.33.0-head", with(func(o *Options) { o.Nodes = -1 }), "it must be at least 1"},
		{"kubernetes", "trtllm-1.4.0rc0-server", with(func(o *Options) { o.Nodes, o.NodesPerReplica = 2, 2 }), "4 replicas of 2 devices, but 2 nodes are to carry one"},
		{"kubernetes", "ray-0.10.1-head", with(func(o *Options) { o.Nodes, o.NodesPerReplica = 2, 2 }), "ray beside the engine is started by mlrun alone"},
		{"slurm", "vllm-0.33.0-head", Options{Partition: "a b"}, `--partition "a b" is no value of a directive`},
		{"slurm", "vllm-0.33.0-head", Options{Time: "1\n#SBATCH --x"}, "is no value of a directive"},
		{"slurm", "vllm-0.33.0-head", Options{Image: "x"}, "the engine's image has no mlrun"},
		{"slurm", "vllm-0.33.0-head", Options{Image: "x", Mlrun: "/m", Map: mapped(t, "/a=/b:c")}, "no path with a colon or a comma"},
		{"slurm", "vllm-0.33.0-head", Options{Nodes: 2, Image: "x", Mlrun: "/m"}, "which starts no containers"},
		{"slurm", "vllm-0.33.0-head", Options{Map: mapped(t, "/a=pvc:x")}, "a claim of Kubernetes"},
		{"slurm", "vllm-0.33.0-head", Options{Secrets: []Secret{{"A", "b", "c"}}}, "Slurm keeps no secrets"},
		{"slurm", "zmq-0.30.0-server", Options{Nodes: 3}, "2 replicas over all nodes, fewer than 3 nodes take"},
		{"srt-slurm", "vllm-0.33.0-head", Options{}, "the engine's image has no mlrun"},
		{"srt-slurm", "vllm-0.33.0-head", Options{Schema: 3}, "--schema is 3"},
		{"srt-slurm", "trtllm-1.4.0rc0-server", Options{Mlrun: "/m"}, "one replica of TensorRT-LLM without Dynamo, not 4"},
		{"srt-slurm", "ray-0.10.1-head", Options{Mlrun: "/m", Image: "x"}, "does not start ray"},
		{"srt-slurm", "vllm-0.8.5-own-devices", Options{Mlrun: "/m", Image: "x", Schema: 2}, "puts the model itself at /model"},
	} {
		_, _, err := target(t, c.target).Render(read(t, c.manifest), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %s %+v: %v, want %q", c.target, c.manifest, c.o, err, c.want)
		}
	}
}

// TestConfigMapLimit holds the largest manifest that a ConfigMap takes.
func TestConfigMapLimit(t *testing.T) {
	o := Options{Image: "x", ClientImage: "x", Results: "pvc:runs"}
	m := read(t, "vllm-0.33.0-head")
	size := func(n int) int {
		m.Overrides = []string{strings.Repeat("x", n)}
		data, err := m.YAML()
		if err != nil {
			t.Fatal(err)
		}
		return len(data) + len(manifestFile)
	}
	fits := maxConfigMap - size(1<<10) + 1<<10
	for n, fine := range map[int]bool{fits: true, fits + 1: false} {
		size(n)
		_, _, err := kubernetes.Render(m, o)
		if fine != (err == nil) || err != nil && !strings.Contains(err.Error(), "1048577 bytes, a ConfigMap takes 1048576") {
			t.Errorf("%d more bytes: %v", n-fits, err)
		}
	}
}

// TestUnknownPlace holds that a role of another program's is refused.
func TestUnknownPlace(t *testing.T) {
	m := read(t, "vllm-0.33.0-head")
	m.Roles[0].Arguments = append(m.Roles[0].Arguments, manifest.Argument{Words: []string{"{elsewhere}"}})
	for _, target := range []*Target{&kubernetes, &compose} {
		if _, _, err := target.Render(m, Options{Image: "x", ClientImage: "x", Results: "/r"}); err == nil || !strings.Contains(err.Error(), "not known here") {
			t.Errorf("%s: %v", target.Name, err)
		}
	}
}

// A release that cannot be spread over nodes is refused before a job is queued for it.
func TestSlurmSpread(t *testing.T) {
	m := read(t, "trtllm-1.4.0rc0-server")
	for name, role := range m.Roles {
		role.Replicas = 1
		m.Roles[name] = role
	}
	_, _, err := target(t, "slurm").Render(m, Options{Nodes: 2, NodesPerReplica: 2})
	if err == nil || !strings.Contains(err.Error(), "TensorRT-LLM 1.4.0rc0 cannot be spread over nodes by itself") {
		t.Errorf("%v", err)
	}
}
