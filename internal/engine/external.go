package engine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/diag/secret"
)

// planExternal takes engines that run already, one URL a replica.
func (p *Plan) planExternal(o Options) error {
	if o.Simulate {
		return fmt.Errorf("engines that run already cannot be simulated: leave out one of the two")
	}
	p.External = true
	given := map[string]int{}
	for i, text := range o.External {
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil {
			return fmt.Errorf("%q is not the URL of an engine; want for example http://127.0.0.1:8000", secret.URL(text))
		}
		place := placeOf(u)
		if other, twice := given[place]; twice {
			return fmt.Errorf("%q is given twice, as replica %d and %d: half of the load would go to an engine that has the other half already", text, other, i)
		}
		given[place] = i
		u.Path, u.RawPath = base(u.Path), ""
		p.Replicas = append(p.Replicas, Replica{Index: i, URL: u.String()})
	}
	p.note("engines that run already are used as they are: the manifest's engine_config and env_config are not applied, and how they were started is not known")
	return nil
}

// base is a URL's path up to /v1, which clients of OpenAI's protocol are given and
// requests here have themselves.
func base(path string) string {
	path = strings.TrimRight(path, "/")
	return strings.TrimRight(strings.TrimSuffix(path, "/v1"), "/")
}

// placeOf is where a URL leads, spelt in one way: host names have no case and may
// end in a dot, each scheme has its port, numbers have no zeros before them, and
// this machine has one name. A port serves one scheme. What only a name server or
// another machine knows is not asked.
func placeOf(u *url.URL) string {
	port := strings.TrimLeft(u.Port(), "0")
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(placeOfHost(u.Hostname()), port) + base(u.Path)
}

const thisMachine = "127.0.0.1"

func placeOfHost(name string) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || name == "ip6-localhost" {
		return thisMachine
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		var ok bool
		if ip, ok = numbersAndDots(name); !ok {
			return name
		}
	}
	ip = ip.Unmap()
	if ip == netip.IPv6Loopback() || ip.IsUnspecified() { // nothing is connected to no address: it is taken for this machine
		return thisMachine
	}
	return ip.String()
}

// numbersAndDots reads an IPv4 address as the C library does: one to four numbers,
// decimal, octal (0177) or hexadecimal (0x7f), the last for all bytes that are left.
func numbersAndDots(name string) (netip.Addr, bool) {
	parts := strings.Split(name, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var bits uint64
	for i, part := range parts {
		size := 8
		if i == len(parts)-1 {
			size = 8 * (5 - len(parts))
		}
		n, err := strconv.ParseUint(part, 0, size)
		if err != nil || strings.ContainsAny(part, "_ob") && !strings.HasPrefix(part, "0x") {
			return netip.Addr{}, false
		}
		bits = bits<<size | n
	}
	return netip.AddrFrom4([4]byte{byte(bits >> 24), byte(bits >> 16), byte(bits >> 8), byte(bits)}), true
}

// external is engines that somebody else started.
type external struct{ endpoints []Endpoint }

func (e *external) Endpoints() []Endpoint { return e.endpoints }
func (e *external) Died() <-chan error    { return nil }
func (e *external) Blame(i int, what string) *Failure {
	return &Failure{Replica: i, What: "at " + e.endpoints[i].URL + " " + what}
}
func (e *external) Stop(time.Duration) error { return nil }

// attach looks whether external engines serve.
func attach(ctx context.Context, plan *Plan, o StartOptions) (Engine, error) {
	looking, cancel := ctx, context.CancelFunc(func() {})
	if plan.Wait {
		looking, cancel = o.untilReady(ctx)
	}
	defer cancel()
	e := &external{}
	client := asker(plan.Access)
	for _, r := range plan.Replicas {
		endpoint, err := plan.look(looking, client, r, o)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil {
			return nil, &Failure{Replica: r.Index, What: "at " + r.URL + " does not serve", Cause: err.Error()}
		}
		o.Progress(Progress{Replica: r.Index, Ready: true})
		e.endpoints = append(e.endpoints, endpoint)
	}
	return e, nil
}

// look asks an external engine once, or until it serves where the plan waits for it.
func (p *Plan) look(ctx context.Context, client *http.Client, r Replica, o StartOptions) (Endpoint, error) {
	var last error
	for {
		e := Endpoint{URL: r.URL, Protocol: p.Protocol}
		err := probe(ctx, client, p.Facts, &e, true)
		switch {
		case err == nil || !p.Wait:
			return e, err
		case last == nil || ctx.Err() == nil:
			last = err
		}
		o.Progress(Progress{Replica: r.Index, Line: err.Error(), Percent: -1})
		select {
		case <-ctx.Done():
			return e, fmt.Errorf("waited %v: %w", o.Timeout, last)
		case <-time.After(o.Poll):
		}
	}
}
