package engine

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
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
	index, count, _ := strings.Cut(text, "/")
	i, _ := strconv.Atoi(index) // 0 where it is no number
	n, _ := strconv.Atoi(count)
	if i < 1 || i > n || n > 1<<10 {
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

// Companion is a process that an engine needs beside it.
type Companion struct {
	// Name is what it is: "ray".
	Name    string   `json:"name"`
	Command []string `json:"command"`
	// Address takes connections when it is up; the engine is started then.
	Address string `json:"address"`
}

// spread returns the arguments of a role for one node of many, or for a machine
// by itself.
func (p *Plan) spread(s setup, n Node) ([]manifest.Argument, error) {
	if !n.many() {
		return s.role.Arguments, nil
	}
	if s.dataParallel > 1 {
		return nil, fmt.Errorf("engine_config.%s is %d: data parallel over several nodes is not planned by this program; start the engines yourself and use --external", s.backend.DP, s.dataParallel)
	}
	own := func(a manifest.Argument) bool { return a.When == string(backend.Nodes) }
	if s.role.Companion == nil && !slices.ContainsFunc(s.role.Arguments, own) {
		hint := ""
		if s.backend.NodesHint != "" {
			hint = ": " + s.backend.NodesHint
		}
		return nil, fmt.Errorf("%s %s cannot be spread over nodes by itself (it has no arguments for that)%s", s.backend.Engine, p.Release, hint)
	}
	return s.role.Arguments, nil
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

// complete gives the replicas what follows from the node and from the devices:
// variables that the manifest leaves open, and the program that runs beside the
// engine. Nodes that are not the head run that program alone.
func (p *Plan) complete(s setup, o Options, devices int) error {
	open := places{plan: p, node: o.Node, devices: devices}
	when := open.circumstances(p.DeviceVariable != "")
	companion := s.role.Companion
	facts, err := p.fitsCompanion(s, o.Node)
	if err != nil {
		return err
	}
	for _, v := range s.role.Variables {
		if _, given := lookup(p.Replicas[0].Env, v.Name); given || !when[v.When] {
			continue
		}
		value := open.word("", v.Value)
		p.setEnv(v.Name, value)
		if companion != nil && v.When == string(backend.Alone) {
			p.note("%s is %s: each replica starts a %s of its own", v.Name, value, facts.Title)
		}
	}
	if companion == nil || !o.Node.many() {
		return open.err
	}
	r := &p.Replicas[0]
	command := open.line(companion.Arguments, when).words
	if o.Node.Worker() {
		r.Command, r.ported = command, nil
		return open.err
	}
	r.Companion = &Companion{Name: companion.Name, Command: command, Address: open.word("", companion.Address)}
	return open.err
}

// fitsCompanion returns what is known of the program beside the engine, nil
// where there is none, and says what it does not take.
func (p *Plan) fitsCompanion(s setup, n Node) (*backend.Companion, error) {
	if s.role.Companion == nil {
		return nil, nil
	}
	c := s.backend.CompanionOf(s.role.Companion.Name)
	if c == nil {
		return nil, fmt.Errorf("%s needs %q beside it, which is not known here", s.backend.Title, s.role.Companion.Name)
	}
	if c.RefusesVariable != "" && p.DeviceVariable == c.RefusesVariable {
		return nil, fmt.Errorf("%s is refused by %s: bind devices with HIP_VISIBLE_DEVICES (--device-env)", c.RefusesVariable, c.Title)
	}
	if n.many() && c.HeadByIP {
		if _, err := netip.ParseAddr(n.host()); err != nil {
			return nil, fmt.Errorf("%q is a name; %s knows its nodes by IP address", n.host(), c.Title)
		}
	}
	return c, nil
}
