package engine

import (
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
)

// Each open place is filled with what this machine and this node know; what it cannot
// be filled with is an error, the first one told.
func TestPlacesOfANode(t *testing.T) {
	head, worker := Node{1, 2, "10.0.0.1:7000", ""}, Node{2, 2, "10.0.0.1", "10.0.0.2"}
	for _, c := range []struct {
		node       Node
		word, want string
		fault      string
	}{
		{head, "{devices}", "4", ""},
		{Node{}, "{devices}", "4", ""},
		{head, "{nodes}", "2", ""},
		{head, "{node}", "0", ""},
		{worker, "{node}", "1", ""},
		{worker, "{head}", "10.0.0.1", ""},
		{head, "{head-port:1}", "7000", ""},
		{worker, "{head-port:1}", "1", ""},
		{worker, "{head-port:65535}", "65535", ""},
		{worker, "{head-address:6379}", "10.0.0.1:6379", ""},
		{Node{2, 2, "[fe80::1]:5000", ""}, "{head-address:6379}", "[fe80::1]:5000", ""},
		{Node{2, 2, "[fe80::1]", ""}, "{head-address:6379}", "[fe80::1]:6379", ""},
		{Node{2, 2, "h:port", ""}, "{head-port:3}", "3", ""},
		{head, "{address}", "10.0.0.1", ""},
		{worker, "{address}", "10.0.0.2", ""},
		{head, "{head-port:0}", "", `"0" is no port`},
		{head, "{head-port:65536}", "", `"65536" is no port`},
		{head, "{head-address:x}", "", `"x" is no port`},
		{Node{}, "{nodes}", "", "speak of several machines where there is one"},
		{Node{}, "{head-port:0} {nodes}", "", `"0" is no port`},
	} {
		open := places{plan: &Plan{}, node: c.node, devices: 4}
		got := open.word("", c.word)
		if c.fault == "" && (got != c.want || open.err != nil) || c.fault != "" && (open.err == nil || !strings.Contains(open.err.Error(), c.fault)) {
			t.Errorf("%s on %+v: %q, %v; want %q, %s", c.word, c.node, got, open.err, c.want, c.fault)
		}
	}
	open := places{plan: &Plan{}}
	open.word("", "{head-port:0}")
	open.word("", "{nodes}")
	if open.err == nil || !strings.Contains(open.err.Error(), "is no port") {
		t.Errorf("the first fault is %v", open.err)
	}
}

// What holds on a machine by itself, on the head and on another node.
func TestCircumstances(t *testing.T) {
	for name, c := range map[string]struct {
		node    Node
		devices bool
		want    []backend.When
	}{
		"alone":               {Node{}, false, []backend.When{backend.Always, backend.Alone}},
		"alone, one of one":   {Node{1, 1, "10.0.0.1", "10.0.0.1"}, true, []backend.When{backend.Always, backend.Alone, backend.Devices}},
		"head":                {Node{1, 2, "10.0.0.1", ""}, true, []backend.When{backend.Always, backend.Nodes, backend.Head, backend.Address, backend.Devices}},
		"head of a name":      {Node{1, 2, "h", ""}, false, []backend.When{backend.Always, backend.Nodes, backend.Head}},
		"head with a name":    {Node{1, 2, "10.0.0.1", "h"}, false, []backend.When{backend.Always, backend.Nodes, backend.Head}},
		"worker":              {Node{2, 2, "10.0.0.1", ""}, false, []backend.When{backend.Always, backend.Nodes, backend.Worker}},
		"worker, its address": {Node{2, 2, "h", "10.0.0.2"}, true, []backend.When{backend.Always, backend.Nodes, backend.Worker, backend.Address, backend.Devices}},
	} {
		open := places{node: c.node}
		for when, holds := range open.circumstances(c.devices) {
			if holds != slices.Contains(c.want, backend.When(when)) {
				t.Errorf("%s: %q holds: %t", name, when, holds)
			}
		}
	}
}

// An argument of a circumstance takes the place of the one that is said always, where
// the two say the same.
func TestReplacedArguments(t *testing.T) {
	arguments := []manifest.Argument{
		{Words: []string{"serve"}},
		{Key: "nnodes", Words: []string{"--nnodes", "2"}},
		{Key: "nnodes", When: string(backend.Nodes), Words: []string{"--nnodes", "{nodes}"}},
		{Key: "port", When: string(backend.Worker), Words: []string{"--none"}},
		{Key: "port", Words: []string{"--port", "{port}"}},
		{When: string(backend.Head), Words: []string{"--head"}},
	}
	for name, c := range map[string]struct {
		node   Node
		words  string
		ported []int
		fault  string
	}{
		"alone":       {Node{}, "serve --nnodes 2 --port {port}", []int{4}, ""},
		"head of two": {Node{1, 2, "h", ""}, "serve --nnodes 2 --port {port} --head", []int{4}, ""},
		"of three":    {Node{1, 3, "h", ""}, "serve --nnodes 3 --port {port} --head", []int{4}, "engine_config.nnodes is 2, but --node 1/3 means 3"},
		"two faults":  {Node{2, 3, "h", ""}, "serve --nnodes 3 --none", nil, "engine_config.nnodes is 2, but --node 2/3 means 3"},
		"worker":      {Node{2, 2, "h", ""}, "serve --nnodes 2 --none", nil, "engine_config.port is {port}, but --node 2/2 means --none"},
	} {
		open := places{plan: &Plan{}, node: c.node}
		got := open.line(arguments, open.circumstances(false))
		if strings.Join(got.words, " ") != c.words || !slices.Equal(got.ported, c.ported) || (open.err == nil) != (c.fault == "") || open.err != nil && open.err.Error() != c.fault {
			t.Errorf("%s: %q, ports at %v, %v; want %s, %v, %s", name, got.words, got.ported, open.err, c.words, c.ported, c.fault)
		}
	}
}

// A path is read where it lies here, and the plan says so of a key's.
func TestPlacePaths(t *testing.T) {
	here := func(path string) string { return strings.Replace(path, "/c/", "/here/", 1) }
	for _, c := range []struct {
		key, word, want, note string
		translate             func(string) string
	}{
		{"m", "{path:/c/x}", "/here/x", "engine_config.m: /c/x is read at /here/x", here},
		{"", "{path:/c/x}", "/here/x", "", here},
		{"m", "{path:/d/x}", "/d/x", "", here},
		{"m", "{path:/c/x}", "/c/x", "", nil},
		{"m", "{file:a.yaml}", "{file:a.yaml}", "", here},
		{"m", "{host}", loopback, "", here},
	} {
		open := places{plan: &Plan{}, translate: c.translate}
		if got := open.word(c.key, c.word); got != c.want || open.err != nil || strings.Join(open.plan.Notes, "") != c.note {
			t.Errorf("%s: %q, %q, %v; want %q, %q", c.word, got, open.plan.Notes, open.err, c.want, c.note)
		}
	}
}

// What runs beside an engine has to be known here, and to fit the variable and the head.
func TestFitsCompanion(t *testing.T) {
	b, _ := backend.Of("vllm")
	for name, c := range map[string]struct {
		companion *manifest.Companion
		variable  string
		node      Node
		fault     string
	}{
		"none":                  {nil, "ROCR_VISIBLE_DEVICES", Node{1, 2, "name", ""}, ""},
		"unknown":               {&manifest.Companion{Name: "dask"}, "", Node{}, `vLLM needs "dask" beside it, which is not known here`},
		"alone":                 {&manifest.Companion{Name: "ray"}, "HIP_VISIBLE_DEVICES", Node{}, ""},
		"no devices":            {&manifest.Companion{Name: "ray"}, "", Node{}, ""},
		"a variable it refuses": {&manifest.Companion{Name: "ray"}, "ROCR_VISIBLE_DEVICES", Node{}, "ROCR_VISIBLE_DEVICES is refused by Ray"},
		"a head by its name":    {&manifest.Companion{Name: "ray"}, "", Node{1, 2, "name:1", ""}, `"name" is a name; Ray knows its nodes by IP address`},
		"a head by its number":  {&manifest.Companion{Name: "ray"}, "", Node{2, 2, "[fe80::1]:1", ""}, ""},
	} {
		p := &Plan{DeviceVariable: c.variable}
		got, err := p.fitsCompanion(setup{backend: b, role: manifest.Role{Companion: c.companion}}, c.node)
		if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) || (got != nil) != (c.companion != nil && c.fault == "") {
			t.Errorf("%s: %+v, %v; want %s", name, got, err, c.fault)
		}
	}
}

// A replica's own devices stand in its own environment: one that the replicas shared
// would put all of them on the devices of the last.
func TestDevicesOfReplicas(t *testing.T) {
	m := server("vllm", "0.9.2")
	m.EnvConfig["HIP_VISIBLE_DEVICES"] = "3,2,1,0"
	p := planOf(t, m)
	if len(p.Replicas) != 2 {
		t.Fatalf("%d replicas", len(p.Replicas))
	}
	for i, want := range []string{"3,2", "1,0"} {
		if got, _ := lookup(p.Replicas[i].Env, "HIP_VISIBLE_DEVICES"); got != want || strings.Join(p.Replicas[i].Devices, ",") != want {
			t.Errorf("replica %d sees %s, %v; want %s", i, got, p.Replicas[i].Devices, want)
		}
	}
	shared := []EnvVar{{Name: "A", Value: "1"}, {Name: "C", Value: "3"}}
	if got := with(shared, EnvVar{Name: "B"}); len(got) != 3 || got[1].Name != "B" || shared[1].Name != "C" {
		t.Errorf("%v, and what was there is %v", got, shared)
	}
	if got := with(shared, EnvVar{Name: "A", Value: "2"}); got[0].Value != "2" || shared[0].Value != "1" {
		t.Errorf("%v, and what was there is %v", got, shared)
	}
	p = &Plan{Replicas: []Replica{{Env: shared}, {Env: []EnvVar{{Name: "B", Value: "own"}}}}}
	p.setEnv("B", "open")
	for i, want := range []string{"open", "own"} {
		if got, _ := lookup(p.Replicas[i].Env, "B"); got != want {
			t.Errorf("replica %d has %q, want %q", i, got, want)
		}
	}
}
