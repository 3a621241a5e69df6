package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/run/clients"
	"mlcfg/internal/run/live"
	"mlcfg/internal/tokenizer"
)

// job is what a client is told of the run. It goes through a pipe: headers are secrets.
type job struct {
	share
	// Dir is the run directory, which has the manifest.
	Dir          string            `json:"dir"`
	Digest       string            `json:"manifest_digest"`
	Endpoints    []engine.Endpoint `json:"endpoints"`
	Headers      map[string]string `json:"headers,omitempty"`
	Certificates []byte            `json:"certificates,omitempty"`
	Simulated    bool              `json:"simulated"`
	Data         Data              `json:"data"`
	Concurrency  int               `json:"concurrency"`
	Limits       Limits            `json:"limits"`
}

// Part is the life of one of several clients: it issues its share of a run, writes its records
// into the run directory, and speaks with the run on in and out. It returns when in ends.
func Part(ctx context.Context, in io.Reader, out io.Writer) error {
	return clients.Serve(ctx, in, out, clients.Monotonic, &part{})
}

// part is a client's share of a run.
type part struct {
	job
	plan   *Plan
	phases []*loadgen.Phase
	client *client.Client
	// logged are the samples of each phase that go into the accuracy log.
	logged []logged
}

// Job reads the manifest and the data set.
func (p *part) Job(ctx context.Context, text json.RawMessage) (replicas int, err error) {
	if err := json.Unmarshal(text, &p.job); err != nil {
		return 0, fmt.Errorf("the job: %w", err)
	}
	m, err := manifest.ReadFile(filepath.Join(p.Dir, record.ManifestFile), nil)
	if err != nil {
		return 0, err
	}
	if m.Digest != p.Digest {
		return 0, fmt.Errorf("the run directory has another manifest: %s, not %s", m.Digest, p.Digest)
	}
	access, err := engine.NewAccess(nil, p.Certificates)
	if err != nil {
		return 0, err
	}
	access.Headers = p.Headers
	if p.plan, err = partPlan(ctx, m, &p.job, access); err != nil {
		return 0, err
	}
	if p.client, err = p.plan.client(p.Endpoints, p.plan.samples); err != nil {
		return 0, err
	}
	return len(p.Endpoints), p.layOut()
}

// layOut lays out the test as the run does.
func (p *part) layOut() (err error) {
	if p.phases, err = p.plan.effective.Phases(loadgen.Generator{}); err != nil {
		return fmt.Errorf("laying out the test: %w", err)
	}
	sampler := loadgen.NewAccuracySampler(&p.plan.effective)
	for _, phase := range p.phases {
		p.logged = append(p.logged, loggedOf(sampler, phase, phase.Totals()))
	}
	return nil
}

// partPlan is as much of the run's plan as a client needs. What it may assume of files is
// in the job: the run has looked for them.
func partPlan(ctx context.Context, m *manifest.Manifest, j *job, access engine.Access) (*Plan, error) {
	section, err := loadgen.ReadSection(m.Loadgen)
	if err != nil {
		return nil, fmt.Errorf("the manifest's loadgen section: %w", err)
	}
	b, ok := backend.With(m.Backend, m.Engine.Name)
	if !ok {
		return nil, fmt.Errorf("backend %q is not known: %s", m.Backend, strings.Join(backend.Names(), ", "))
	}
	p := &Plan{
		Digest: m.Digest, Manifest: m, settings: section.Settings, Limits: j.Limits, Concurrency: j.Concurrency, Data: j.Data,
		Engine: &engine.Plan{Facts: b, Simulated: j.Simulated, Access: access},
	}
	if p.effective, err = section.Effective(); err != nil {
		return nil, err
	}
	if err := p.planRequests(); err != nil {
		return nil, err
	}
	if p.samples, err = p.Data.open(ctx, m.Data.Columns); err != nil {
		return nil, err
	}
	asked, _ := manifest.Int(p.Parameters, b.MaxTokens)
	if p.samples.chat() {
		if err := p.planChat(); err != nil {
			return nil, err
		}
	}
	if file := p.Data.Tokenizer; file != "" {
		tok, err := tokenizer.Open(file)
		if err != nil {
			return nil, fmt.Errorf("reading the tokenizer: %w", err)
		}
		if _, err := p.samples.set.Tokenize(ctx, tok, true); err != nil {
			return nil, fmt.Errorf("making token ids of the data set's texts with %s: %w", file, err)
		}
	}
	length, _ := manifest.Int(m.EngineConfig, b.LengthKey())
	p.samples.bound(asked, length)
	return p, nil
}

// Phase issues this client's share of a phase.
func (p *part) Phase(ctx context.Context, number int, c clients.Control) (sum client.Summary, err error) {
	if number >= len(p.phases) {
		return sum, fmt.Errorf("the test has no phase %d", number)
	}
	phase, effective := p.phases[number], &p.plan.effective
	w, err := record.Create(record.ClientFile(p.Dir, p.Client, number))
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	s := &sink{
		records: w, logged: p.logged[number], first: phase.FirstSample, meter: live.NewMeter(live.Run{}),
		offline: effective.Requested.Scenario == loadgen.Offline, tokens: effective.Requested.UseTokenLatencies,
	}
	if s.logged.all || len(s.logged.some) > 0 {
		f, err := loadgen.CreateLogFile(answersFile(p.Dir, p.Client, number))
		if err != nil {
			return sum, err
		}
		s.accuracy = loadgen.NewAccuracyLog(f)
		defer func() { err = errors.Join(err, s.accuracy.Close(), f.Close()) }()
	}
	sc := &scenario{
		phase: phase, effective: effective, samples: p.plan.samples, manifest: p.plan.Manifest, replicas: len(p.Endpoints),
		concurrency: p.Concurrency, limits: p.plan.Limits, share: p.share, abort: c.Abort, begin: c.Begin,
		started: func(time.Time) {}, progress: c.Progress,
	}
	return sc.issue(ctx, p.client, s)
}

// answersFile is where a client's part of the accuracy log of a phase is.
func answersFile(dir string, number, phase int) string {
	return filepath.Join(record.ClientDir(dir, number), fmt.Sprintf("phase-%d-accuracy.json", phase))
}
