package engine

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/manifest"
	"mlcfg/schema"
)

// Node is one of several machines that carry one replica together. The zero
// Node is a machine by itself.
type Node struct {
	// Index counts from 1; node 1 is the head, which serves and is measured.
	Index int `json:"index"`
	Count int `json:"count"`
	// Head is where the head is reached by the others: host and port.
	Head string `json:"head"`
	// Address is this node's own, by which the others reach it; empty leaves it
	// to the engine to find.
	Address string `json:"address,omitempty"`
}

// many reports whether there are several nodes.
func (n Node) many() bool { return n.Count > 1 }

// Worker reports whether the node serves nothing itself.
func (n Node) Worker() bool { return n.many() && n.Index > 1 }

// ParseNode reads "2/4" and the head's address, HOST or HOST:PORT.
func ParseNode(text, head, address string) (Node, error) {
	index, count, ok := strings.Cut(text, "/")
	i, errI := strconv.Atoi(index)
	n, errN := strconv.Atoi(count)
	if !ok || errI != nil || errN != nil || n < 1 || i < 1 || i > n || n > 1<<10 {
		return Node{}, fmt.Errorf("%q is no node; want for example 1/2 for the head and 2/2 for the other of two nodes", text)
	}
	if n == 1 {
		return Node{}, nil
	}
	if head == "" {
		return Node{}, errors.New("the address of node 1, by which the other nodes reach it, is not given")
	}
	return Node{Index: i, Count: n, Head: head, Address: address}, nil
}

// host is the head's address without its port.
func (n Node) host() string {
	host, _, err := net.SplitHostPort(n.Head)
	if err != nil {
		return strings.Trim(n.Head, "[]")
	}
	return host
}

// port is the head's, or the usual one.
func (n Node) port(usual int) int {
	if _, port, err := net.SplitHostPort(n.Head); err == nil {
		if p, err := strconv.Atoi(port); err == nil {
			return p
		}
	}
	return usual
}

func (n Node) at(usual int) string { return net.JoinHostPort(n.host(), fmt.Sprint(n.port(usual))) }

// The ports on which the nodes of one replica find each other: Ray's own and
// the one of vLLM's documentation; SGLang has none.
const (
	rayPort        = 6379
	vllmMasterPort = 29501
	sglangInitPort = 29500
)

// Companion is a process that an engine needs beside it.
type Companion struct {
	// Name is what it is: "ray".
	Name    string   `json:"name"`
	Command []string `json:"command"`
	// Address takes connections when it is up; the engine is started then.
	Address string `json:"address"`
}

// usesRay reports whether Ray starts the engine's workers.
func usesRay(b backend, m *manifest.Manifest) bool {
	executor := b.fixed["distributed_executor_backend"]
	if executor == nil {
		executor = m.EngineConfig["distributed_executor_backend"]
	}
	return executor == "ray"
}

// spread puts into an engine's section what makes it one node of many. The
// release's own arguments are used, with two exceptions: Ray has a program of its own.
func (p *Plan) spread(b backend, n Node, flags map[string]schema.Flag, section map[string]any) error {
	if b.dataParallel != "" && b.protocol == VLLM {
		if dp, ok := section[b.dataParallel].(int64); ok && dp > 1 {
			return fmt.Errorf("engine_config.%s is %d: data parallel over several nodes is not planned by this program; start the engines yourself and use --external", b.dataParallel, dp)
		}
	}
	if p.ray {
		return nil
	}
	keys := map[string]any{"nnodes": int64(n.Count), "node_rank": int64(n.Index - 1)}
	if b.protocol == SGLang {
		keys["dist_init_addr"] = n.at(sglangInitPort)
	} else {
		keys["master_addr"], keys["master_port"] = n.host(), int64(n.port(vllmMasterPort))
		if n.Worker() {
			keys["headless"] = true
		}
	}
	if _, known := flags["nnodes"]; !known {
		return fmt.Errorf("%s %s cannot be spread over nodes by itself (it has no argument nnodes): compile for backend ray, or for vllm 0.11.1 or newer", b.protocol, p.Release)
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		value := keys[key]
		if set := section[key]; set != nil && set != value {
			return fmt.Errorf("engine_config.%s is %v, but --node %d/%d means %v", key, set, n.Index, n.Count, value)
		}
	}
	maps.Copy(section, keys)
	return nil
}

// checkSpread says why a replica of so many devices, of which there are count,
// cannot be spread.
func checkSpread(o Options, each, count int) error {
	n := o.Node
	switch {
	case !n.many():
		return nil
	case o.Simulate || len(o.External) > 0:
		return errors.New("engines that are simulated or run already are not spread over nodes: leave out --node")
	case count > 1:
		return fmt.Errorf("harness_config.device_count makes %d replicas of %d devices: over several nodes there is one replica, with the devices of all nodes; replicas that fit into one node are run there, each node with an mlrun of its own", count, each)
	case each%n.Count != 0:
		return fmt.Errorf("%d devices of one replica cannot be shared by %d nodes", each, n.Count)
	}
	return nil
}

// setEnv sets a variable for every replica where the manifest leaves it open.
func (p *Plan) setEnv(name, value string) {
	for i := range p.Replicas {
		r := &p.Replicas[i]
		if _, given := lookup(r.Env, name); !given {
			r.Env = with(r.Env, EnvVar{Name: name, Value: value})
		}
	}
}

// own is the IP address by which the others reach the node, empty where it is
// not known.
func (n Node) own() string {
	address := n.Address
	if address == "" && !n.Worker() {
		address = n.host()
	}
	if _, err := netip.ParseAddr(address); err != nil {
		return ""
	}
	return address
}

// addNode tells vLLM which of the machine's addresses its nodes are to use.
func (p *Plan) addNode(n Node) {
	if own := n.own(); n.many() && own != "" && p.Protocol == VLLM {
		p.setEnv("VLLM_HOST_IP", own)
	}
}

// addRay returns the replicas what Ray needs: on one node a Ray of each
// replica's own, over several one Ray, whose head runs beside the engine; the
// other nodes run nothing but Ray, which starts the engine's workers there.
func (p *Plan) addRay(n Node, devices int) error {
	if p.DeviceVariable == "ROCR_VISIBLE_DEVICES" {
		return errors.New("ROCR_VISIBLE_DEVICES is refused by Ray: bind devices with HIP_VISIBLE_DEVICES (--device-env)")
	}
	if !n.many() {
		if _, given := lookup(p.Replicas[0].Env, "RAY_ADDRESS"); !given {
			p.setEnv("RAY_ADDRESS", "local")
			p.note("RAY_ADDRESS is local: each replica starts a Ray of its own")
		}
		return nil
	}
	if _, err := netip.ParseAddr(n.host()); err != nil {
		return fmt.Errorf("%q is a name; Ray knows its nodes by IP address", n.host())
	}
	r := &p.Replicas[0]
	ray := []string{"ray", "start"}
	if n.Worker() {
		ray = append(ray, "--address", n.at(rayPort))
	} else {
		ray = append(ray, "--head", "--port", fmt.Sprint(n.port(rayPort)), "--include-dashboard=false")
	}
	if own := n.own(); own != "" {
		ray = append(ray, "--node-ip-address", own)
	}
	if p.DeviceVariable != "" {
		ray = append(ray, "--num-gpus", fmt.Sprint(devices))
	}
	ray = append(ray, "--disable-usage-stats", "--block")
	if n.Worker() {
		r.Command = ray
		return nil
	}
	p.setEnv("RAY_ADDRESS", n.at(rayPort))
	r.Companion = &Companion{Name: "ray", Command: ray, Address: n.at(rayPort)}
	return nil
}
