package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/engine/sim"
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
var bars = regexp.MustCompile(`([A-Z][\w/(), -]*?):\s+(\d{1,3})%`)

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
	client := asker()
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
				go func() { serves <- probe(ctx, client, g.plan.Facts, &m.endpoint) }()
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
// is another engine than the one that is measured, and uses no proxy, as the
// requests do not.
func asker() *http.Client {
	return &http.Client{
		Timeout: healthTimeout, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// probe looks whether an engine serves, under which name, and whether it is
// simulated.
func probe(ctx context.Context, client *http.Client, b *backend.Backend, e *Endpoint) error {
	res, err := get(ctx, client, e.URL+b.Health)
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", b.Health, res.Status)
	}
	res, err = get(ctx, client, e.URL+b.Models)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
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
	e.Model = models.Data[0].ID
	e.Release = release(ctx, client, b, e)
	// A router in between may drop the header, or rename the model.
	e.Simulated = res.Header.Get("X-Simulated") == "true" || sim.Named(e.Release)
	for _, m := range models.Data {
		e.Simulated = e.Simulated || sim.Named(m.ID) || m.OwnedBy == sim.Owner
	}
	return nil
}

// Look asks a replica once more what it is: after a run, whether it is still what
// it was before.
func Look(ctx context.Context, p *Plan, e Endpoint) (Endpoint, error) {
	now := Endpoint{URL: e.URL, Protocol: e.Protocol}
	err := probe(ctx, asker(), p.Facts, &now)
	return now, err
}

// release asks an engine for its own; empty where it does not say.
func release(ctx context.Context, client *http.Client, b *backend.Backend, e *Endpoint) string {
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

func get(ctx context.Context, client *http.Client, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(req)
}
