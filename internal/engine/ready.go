package engine

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/engine/sim"
	"mlcfg/internal/lazyregexp"
)

// healthTimeout bounds one look at an engine: SGLang's /health makes a token and
// takes a second at the least.
const healthTimeout = 20 * time.Second

var errNotReady = errors.New("not ready in time")

// Progress is what an engine says while it loads.
type Progress struct {
	Replica int
	Elapsed time.Duration
	// Line is what it printed last.
	Line string
	// Stage and Percent are a progress bar's ("Loading safetensors checkpoint
	// shards", 50); Percent is -1 where there is none.
	Stage   string
	Percent int
	// Ready reports whether the replica serves now.
	Ready bool
}

// bars are progress bars as tqdm and the simulated engine print them.
var bars = lazyregexp.New(`([A-Z][\w/(), -]*?):\s+(\d{1,3})%`)

func progressOf(line string) (stage string, percent int) {
	m := bars.FindStringSubmatch(line)
	if m == nil {
		return "", -1
	}
	n, _ := strconv.Atoi(m[2])
	return m[1], min(n, 100)
}

// ready waits until a replica serves. An end of its process is noticed at once.
func (g *group) ready(ctx context.Context, m *member, o StartOptions) error {
	start := time.Now()
	client := asker(Access{})
	log := follower{path: m.log}
	tick := time.NewTicker(o.Poll)
	defer tick.Stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The look itself must not delay the news of a death.
	serves := make(chan error, 1)
	looking := false
	for {
		select {
		case <-m.process.exited:
			return g.failure(m, "ended while starting: "+m.process.how)
		case <-m.companionExited():
			return g.companionFailure(m)
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errNotReady) {
				return g.failure(m, fmt.Sprintf("does not serve after %v", o.Timeout))
			}
			return ctx.Err()
		case err := <-serves:
			looking = false
			if err == nil {
				o.Progress(Progress{Replica: m.replica.Index, Elapsed: time.Since(start), Percent: -1, Ready: true})
				return nil
			}
		case <-tick.C:
			g.tell(m, log.lines(), time.Since(start), o.Progress)
			if !looking {
				looking = true
				go func() { serves <- probe(ctx, client, g.plan.Facts, &m.endpoint, false) }()
			}
		}
	}
}

// tell reports what the log has new: its last progress bar if there is one, else
// its last line.
func (g *group) tell(m *member, lines []string, elapsed time.Duration, report func(Progress)) {
	if len(lines) == 0 {
		return
	}
	p := Progress{Replica: m.replica.Index, Elapsed: elapsed, Percent: -1, Line: hide(lines[len(lines)-1:], secrets(m.replica.Env))[0]}
	for _, line := range lines {
		if stage, percent := progressOf(line); percent >= 0 {
			p.Stage, p.Percent = stage, percent
		}
	}
	report(p)
}

// asker asks engines how they are. It follows no redirect, for what answers there
// is another engine than the one that is measured, and uses no proxy.
func asker(a Access) *http.Client {
	return &http.Client{
		Timeout: healthTimeout, Transport: a.Transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// probe looks whether an engine serves, under which name, and whether it is
// simulated. What stands in front of an external engine may not pass its health on.
func probe(ctx context.Context, client *http.Client, b *backend.Backend, e *Endpoint, external bool) error {
	res, err := get(ctx, client, e.URL+b.Health)
	if err != nil {
		return err
	}
	res.Body.Close()
	health := res.Status
	if res.StatusCode != http.StatusOK && !(external && fronted(res.StatusCode)) {
		return fmt.Errorf("%s answers %s", b.Health, health)
	}
	res, err = get(ctx, client, e.URL+b.Models)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s answers %s: it wants a key, and what it is given is none that it takes (--api-key-env NAME, --header)", b.Models, res.Status)
	case res.StatusCode != http.StatusOK && health != "200 OK":
		return fmt.Errorf("%s answers %s, %s %s", b.Health, health, b.Models, res.Status)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answers %s", b.Models, res.Status)
	}
	var models struct {
		Data []struct {
			ID      string `json:"id"`
			OwnedBy string `json:"owned_by"`
		} `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&models); err != nil {
		return fmt.Errorf("reading %s: %w", b.Models, err)
	}
	if len(models.Data) == 0 {
		return fmt.Errorf("%s names no model", b.Models)
	}
	e.Model, e.HTTP2 = models.Data[0].ID, res.ProtoMajor == 2
	e.Release = releaseOf(ctx, client, b, e)
	// A router in between may drop the header, or rename the model.
	e.Simulated = res.Header.Get("X-Simulated") == "true" || sim.Named(e.Release)
	for _, m := range models.Data {
		e.Simulated = e.Simulated || sim.Named(m.ID) || m.OwnedBy == sim.Owner
	}
	return nil
}

// fronted reports whether a status says that something in front of the engine does not pass a
// path on, so that the list of models has to tell whether it serves.
func fronted(status int) bool {
	return status == http.StatusNotFound || status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusMethodNotAllowed
}

// Look asks a replica once more what it is: after a run, whether it is still what
// it was before.
func Look(ctx context.Context, p *Plan, e Endpoint) (Endpoint, error) {
	now := Endpoint{URL: e.URL, Protocol: e.Protocol}
	err := probe(ctx, asker(p.Access), p.Facts, &now, p.External)
	return now, err
}

// releaseOf asks an engine for its own; empty where it does not say.
func releaseOf(ctx context.Context, client *http.Client, b *backend.Backend, e *Endpoint) string {
	for _, path := range b.Version {
		res, err := get(ctx, client, e.URL+path)
		if err != nil {
			return ""
		}
		var says struct {
			Version string `json:"version"`
		}
		err = json.NewDecoder(io.LimitReader(res.Body, 4<<20)).Decode(&says)
		res.Body.Close()
		if err == nil && res.StatusCode == http.StatusOK && says.Version != "" {
			return says.Version
		}
	}
	return ""
}

// Info asks an engine for its configuration; source is where it is from, data nil where the engine
// does not say.
func Info(ctx context.Context, p *Plan, e Endpoint) (data []byte, source string) {
	client := asker(p.Access)
	for _, path := range p.Facts.Info.Paths {
		res, err := get(ctx, client, e.URL+path)
		if err != nil {
			return nil, ""
		}
		data, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
		res.Body.Close()
		if err == nil && res.StatusCode == http.StatusOK {
			return data, e.URL + path
		}
	}
	return nil, ""
}

func get(ctx context.Context, client *http.Client, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Close = true // what is asked once leaves no connection behind
	res, err := client.Do(req)
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return nil, fmt.Errorf("%w (name the authority's certificate with --cacert FILE, or in SSL_CERT_FILE)", err)
	}
	return res, err
}
