package engine

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/compile/spell"
	"mlcfg/internal/manifest"
	"mlcfg/tools/goldenfile"
)

// nodes are steps on nodes with these addresses.
func nodes(addresses ...string) []Step {
	var list []Step
	for i, a := range addresses {
		list = append(list, Step{Node: fmt.Sprintf("n%d", i+1), Command: []string{"srun", "mlrun"}, Part: Part{Listen: a}})
	}
	return list
}

// TestStepPlans holds whole plans for several nodes against golden files.
func TestStepPlans(t *testing.T) {
	// What the machine of mlrun has is nothing to the nodes.
	host := Host{Environ: []string{"PATH=/usr/bin", "CUDA_VISIBLE_DEVICES=7", "TOKEN=hunter2secret"}, Files: mi300x()}
	for _, c := range []struct {
		name string
		m    *manifest.Manifest
		o    Options
	}{
		{"vllm-on-2-nodes", server("vllm", "0.32.0"), Options{Host: host, PassEnv: []string{"TOKEN"}, Steps: nodes("10.0.0.1", "10.0.0.2")}},
		{"ray-over-2-of-4-nodes", over2("ray", "0.10.1"), Options{Host: host, NodesPerReplica: 2, Steps: nodes("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := spell.Load(c.m); err != nil {
				t.Fatal(err)
			}
			p, err := NewPlan(c.m, c.o)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.MarshalIndent(p, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "hunter2") {
				t.Error("a passed value is in the plan")
			}
			goldenfile.Check(t, filepath.Join("testdata", c.name+".golden"), string(text)+"\n")
		})
	}
}

// device_count is one node's, with backend zmq that of all; what does not come out even
// is the last node's.
func TestDivide(t *testing.T) {
	for _, c := range []struct {
		backend         string
		devices         int64
		nodes, together int
		want            string // first+count of each node
	}{
		{"vllm", 4, 3, 1, "0+2 2+2 4+2"},
		{"vllm", 2, 2, 1, "0+1 1+1"},
		{"zmq", 12, 3, 1, "0+2 2+2 4+2"},
		{"zmq", 10, 3, 1, "0+2 2+2 4+1"},
		{"zmq", 2, 3, 1, "harness_config.device_count makes 1 replicas over all nodes, 1 on each: the node n2 would have none"},
		{"vllm", 4, 3, 2, "3 nodes cannot be shared by replicas of 2 nodes each"},
		{"vllm", 4, 2, 2, "n1: harness_config.device_count makes 2 replicas of 2 devices: over several nodes there is one replica"},
	} {
		m := server("vllm", "0.33.0")
		m.Backend, m.HarnessConfig["device_count"] = c.backend, c.devices
		if err := spell.Load(m); err != nil {
			t.Fatal(err)
		}
		p, err := NewPlan(m, Options{Steps: nodes("10.0.0.1", "10.0.0.2", "10.0.0.3")[:c.nodes], NodesPerReplica: c.together})
		if err != nil {
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		var got []string
		for _, s := range p.Steps {
			got = append(got, fmt.Sprintf("%d+%d", s.Part.First, s.Part.Count))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%+v: %s", c, text)
		}
		for i, r := range p.Replicas {
			if r.Index != i || !strings.Contains(strings.Join(r.Command, " "), "--host 10.0.0."+r.Node[1:]+" ") {
				t.Errorf("%+v: %+v", c, r)
			}
		}
	}
	// A head on loopback is reached by its own machine alone.
	m := over2("vllm", "0.33.0")
	if err := spell.Load(m); err != nil {
		t.Fatal(err)
	}
	want := "the node n1 is at 127.0.1.1 and the node n2 at 10.0.0.2: they do not reach each other"
	if _, err := NewPlan(m, Options{Steps: nodes("127.0.1.1", "10.0.0.2"), NodesPerReplica: 2}); err == nil || err.Error() != want {
		t.Error(err)
	}
	if _, err := NewPlan(m, Options{Steps: nodes("10.0.0.1"), Node: Node{1, 2, "h", ""}}); err == nil || !strings.Contains(err.Error(), "leave out --node") {
		t.Error(err)
	}
}
