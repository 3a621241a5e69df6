// Package engine turns a manifest into running inference engines: command
// lines, environments, devices, ports, readiness, and an end that leaves nothing
// behind.
//
//	plan, err := engine.NewPlan(m, engine.Options{Host: engine.LocalHost()})
//	eng, err := engine.Start(ctx, plan, engine.StartOptions{LogDir: dir})
//	defer eng.Stop(10 * time.Second)
//	for _, e := range eng.Endpoints() { ... }
//
// A Plan is data: it can be printed, and starts nothing. What is started stands
// in the manifest's roles, word by word; this package fills in what only the
// machine knows: ports, devices, addresses, translated paths (places.go). What
// an engine is, package backend says. sim.go is this program's simulated engine
// instead of a real one, external.go engines that run already.
//
// Each replica runs under a supervisor, this program in a hidden mode, which
// is the parent that orphans fall to and holds one end of a pipe. When mlrun
// dies in whatever way, the pipe closes and the supervisor kills every process
// of the replica. See [Supervise].
package engine

import "time"

// Endpoint is one replica as a client sees it.
type Endpoint struct {
	// URL is the base, without a final slash: http://127.0.0.1:8000.
	URL string `json:"url"`
	// Model is the name under which the engine serves its model.
	Model string `json:"model"`
	// Protocol is the engine whose HTTP interface is spoken.
	Protocol string `json:"protocol"`
	// Release is the engine's own, as it says itself; empty where it does not.
	Release string `json:"release,omitempty"`
	// Simulated reports whether the engine says of itself that it is simulated:
	// whatever is measured there says nothing about hardware.
	Simulated bool `json:"simulated"`
	// HTTP2 reports whether it, or what stands before it, speaks HTTP/2 alone.
	HTTP2 bool `json:"http2,omitempty"`
}

// Engine is a set of replicas that serve.
type Engine interface {
	// Endpoints are the replicas, in order.
	Endpoints() []Endpoint
	// Died delivers one error, a *Failure, when a replica ends without having
	// been asked to; it never closes. External engines deliver nothing.
	Died() <-chan error
	// Blame makes a failure of a replica out of what its client saw ("hangs: ..."),
	// with what its log says. External engines have no log here.
	Blame(replica int, what string) *Failure
	// Stop ends every replica: politely, and after the grace for good. It returns
	// when no process is left. External engines are left alone. It may be
	// called more than once.
	Stop(grace time.Duration) error
}
