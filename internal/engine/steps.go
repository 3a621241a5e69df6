package engine

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"mlcfg/internal/manifest"
)

// Step is a node on which another mlrun, started by somebody's scheduler, starts a
// part of the engines and reports where they listen.
type Step struct {
	// Node is its name.
	Node string `json:"node"`
	// Command starts mlrun there: its standard streams are this side's pipes.
	Command []string `json:"command"`
	// Part is what it starts.
	Part Part `json:"part"`
	// Carries is what a node starts that serves nothing itself.
	Carries []Replica `json:"carries,omitempty"`
}

// Part is what one of several nodes starts.
type Part struct {
	// First is the index of its first replica, Count how many it starts.
	First int `json:"first"`
	Count int `json:"count"`
	// Listen is the node's address, where its engines listen.
	Listen string `json:"listen"`
	// Spread is the node's place among those that carry one replica together; the
	// zero Node carries whole replicas.
	Spread Node `json:"spread,omitzero"`
}

// planSteps plans for each node what is started there.
func (p *Plan) planSteps(m *manifest.Manifest, s setup, o Options) error {
	if o.Node.many() {
		return errors.New("nodes that a scheduler gives know their places: leave out --node")
	}
	var err error
	if p.Steps, err = divide(s, o); err != nil {
		return err
	}
	there := o
	there.Steps, there.elsewhere = nil, true
	// What this machine sees of devices is nothing to the nodes.
	there.Host = Host{Environ: slices.DeleteFunc(slices.Clone(o.Host.Environ), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains(deviceVariables, name)
	})}
	for i := range p.Steps {
		step := &p.Steps[i]
		there.Part = &step.Part
		part, err := NewPlan(m, there)
		if err != nil {
			return fmt.Errorf("%s: %w", step.Node, err)
		}
		for j := range part.Replicas {
			part.Replicas[j].Node = step.Node
		}
		if step.Part.Spread.Worker() {
			step.Carries = part.Replicas
		} else {
			p.Replicas = append(p.Replicas, part.Replicas...)
		}
		p.Model, p.DeviceVariable = part.Model, part.DeviceVariable
		for _, n := range part.Notes {
			p.note("%s", n)
		}
	}
	if o.Simulate {
		p.note("simulated: %d replicas of the simulated engine instead of %s", len(p.Replicas), m.Backend)
	} else if p.DeviceVariable != "" {
		p.note("the variable that binds devices, and the CPUs near them, are chosen on each node; the names of devices are those of a node that has no others")
	}
	return nil
}

// divide shares the replicas out: each node starts as many as the manifest has, where
// device_count is one node's; as many nodes as one replica takes carry it together.
func divide(s setup, o Options) ([]Step, error) {
	steps, together := slices.Clone(o.Steps), max(1, o.NodesPerReplica)
	if len(steps)%together != 0 {
		return nil, fmt.Errorf("%d nodes cannot be shared by replicas of %d nodes each", len(steps), together)
	}
	count := int(s.role.Replicas)
	each, left := count, count*len(steps)
	if s.backend.AllNodes {
		each, left = (count+len(steps)-1)/len(steps), count
	}
	for i := range steps {
		part := &steps[i].Part
		if together == 1 {
			part.First, part.Count = i*each, min(each, left)
			if left -= each; part.Count < 1 {
				return nil, fmt.Errorf("harness_config.device_count makes %d replicas over all nodes, %d on each: the node %s would have none", count, each, steps[i].Node)
			}
			continue
		}
		head := i - i%together
		part.First, part.Count = i/together, 1
		part.Spread = Node{Index: i - head + 1, Count: together, Head: hostOnly(steps[head].Part.Listen), Address: part.Listen}
		// Where the head is on loopback, it reaches this machine alone.
		if here, there := loops(steps[head].Part.Listen), loops(part.Listen); here != there {
			return nil, fmt.Errorf("the node %s is at %s and the node %s at %s: they do not reach each other", steps[head].Node, steps[head].Part.Listen, steps[i].Node, part.Listen)
		}
	}
	return steps, nil
}

// hostOnly is an address as [Node.Head] has it without a port.
func hostOnly(ip string) string {
	if strings.Contains(ip, ":") {
		return "[" + ip + "]"
	}
	return ip
}

func loops(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && ip.IsLoopback()
}

// Word is what a step reports, one line of JSON on its standard output.
type Word struct {
	// Job is what the scheduler calls the step; it is the first word.
	Job string `json:"job,omitempty"`
	// Note is for the user; Invalid: it makes the result INVALID.
	Note    string `json:"note,omitempty"`
	Invalid bool   `json:"invalid,omitempty"`
	// Replica is the one that the rest speaks of, Beside the process beside it: its
	// companion, or the node that carries a part of it. Empty: the engine itself.
	Replica int    `json:"replica"`
	Beside  string `json:"beside,omitempty"`
	// Started: its process runs; URL is where the engine will serve.
	Started bool   `json:"started,omitempty"`
	URL     string `json:"url,omitempty"`
	// Log is what its log has new.
	Log []byte `json:"log,omitempty"`
	// Exited says how its process ended.
	Exited string `json:"exited,omitempty"`
	// Failed says why it could not be started.
	Failed *Failure `json:"failed,omitempty"`
	// Told says who ended the step before this side did.
	Told string `json:"told,omitempty"`
	// Gone: no process is left.
	Gone bool `json:"gone,omitempty"`
}
