package run

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/diag"
	"mlcfg/internal/engine"
	"mlcfg/internal/engine/slurm"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/internal/run/bench"
	"mlcfg/internal/run/live"
)

// Options are what a user says beside the manifest. The zero value runs the
// manifest's own engine as it is found in PATH.
type Options struct {
	// Engine says how engines are started; Simulate among it puts the simulated
	// engine instead of the real one.
	Engine engine.Options
	// Translate turns a path of the manifest, which is often one inside a
	// container, into one here; nil leaves paths as they are.
	Translate func(string) string
	// Maps is what Translate does, as --map has it: other nodes are told.
	Maps []string
	// Slurm is the allocation on whose nodes the engines are started; nil: here.
	// NodesPerReplica of them carry one replica together; 0 and 1: none do.
	Slurm           *slurm.Allocation
	NodesPerReplica int
	// Tokenizer is the file tokenizer.json that makes token ids of samples that are
	// text; empty takes the model's, where it is here.
	Tokenizer string
	// PowerScript is run before the engine; empty means none. PowerOptional
	// makes its failure a fault of the result, not the end of the run.
	PowerScript   string
	PowerOptional bool
	// Limits are what is waited for; the zero value takes the defaults.
	Limits Limits
	// Concurrency is how many requests of an offline run are in flight on each
	// replica; 0 takes what the engine batches (max_num_seqs, max_running_requests), or 256.
	Concurrency int
	// Clients is how many processes issue the run together; 0 and 1 mean this one alone.
	Clients int
	// NoWarmUp leaves out the warm-up that the manifest asks for.
	NoWarmUp bool
	// LoadgenPython, when not empty, is the Python whose official LoadGen issues
	// the queries instead of this program.
	LoadgenPython string
	// Results is the folder that the run writes into, or one above it; its disk
	// is looked at before the run.
	Results string
	// Force starts in spite of what the preflight finds missing; the result is INVALID.
	Force bool
	// NoResourceCheck leaves out the comparison of model and data set with the
	// benchmark's own, for measurements that are none of the benchmark.
	NoResourceCheck bool
}

// Plan is everything that a run will do, known before it starts.
type Plan struct {
	Digest    string `json:"manifest_digest"`
	Benchmark string `json:"benchmark_name"`
	Scenario  string `json:"scenario"`
	Mode      string `json:"test_mode"`

	Engine *engine.Plan `json:"engine"`
	Data   Data         `json:"data"`
	// Protocol is how requests are written, Parameters what each carries.
	Protocol   client.Protocol `json:"protocol"`
	Parameters map[string]any  `json:"parameters"`

	// Queries, Samples and ScheduledSeconds describe LoadGen's schedule, all phases together.
	Queries          uint64  `json:"queries"`
	Samples          uint64  `json:"samples"`
	ScheduledSeconds float64 `json:"scheduled_seconds"`
	// JudgedBy are the conditions of a VALID performance run, with the place that each is from.
	JudgedBy []string `json:"judged_by,omitempty"`

	// OfficialLoadGen is the release of MLPerf's own LoadGen that is to issue
	// the queries, LoadgenPython where it is installed; empty: this program does.
	OfficialLoadGen string `json:"official_loadgen,omitempty"`
	LoadgenPython   string `json:"loadgen_python,omitempty"`

	PowerScript   string `json:"power_script,omitempty"`
	PowerOptional bool   `json:"power_script_optional,omitempty"`
	Force         bool   `json:"force,omitempty"`
	WarmUp        bool   `json:"warm_up"`
	// WarmUpRequests is how many fixed prompts each replica gets where the manifest
	// says; 0: as many as every round of the reference harness sends.
	WarmUpRequests int `json:"warm_up_requests,omitempty"`
	Concurrency    int `json:"concurrency"`
	// Clients is how many processes issue the test together; 0: this one.
	Clients int `json:"clients,omitempty"`
	Limits

	// NoResourceCheck: model and data set are not compared with the benchmark's.
	NoResourceCheck bool `json:"no_resource_check,omitempty"`
	// Notes are what was assumed, one line each.
	Notes []string `json:"notes,omitempty"`

	Manifest  *manifest.Manifest `json:"-"`
	settings  loadgen.Settings
	effective loadgen.Effective
	// neverValid is why no system can make the test VALID; empty where one can.
	neverValid []string
	samples    *prompts
	host       engine.Host
	passEnv    []string
	results    string
	// slurm and order are there where other nodes start the engines.
	slurm *slurm.Allocation
	order Order
}

// NotFrozenError reports that the manifest was compiled without the user.conf
// that it names, so that it does not say what LoadGen is to do.
type NotFrozenError struct{ UserConf string }

// Error names the file and what to do.
func (e *NotFrozenError) Error() string {
	return fmt.Sprintf("the manifest was compiled without its user.conf (%s was not found), so the settings of LoadGen are not known; compile again with --map FROM=TO so that mlcfg finds the file", e.UserConf)
}

// NewPlan works out what running m would do, and reads the data set for it. It
// starts nothing and writes nothing. Its error tells what the manifest or the
// options cannot mean; what this machine lacks is [Plan.Check]'s.
func NewPlan(ctx context.Context, m *manifest.Manifest, o Options) (*Plan, error) {
	p := &Plan{
		Digest: m.Digest, Benchmark: m.BenchmarkName, Scenario: m.Scenario, Mode: m.TestMode, Manifest: m,
		PowerScript: o.PowerScript, PowerOptional: o.PowerOptional,
		Limits: o.Limits.orDefaults(), Force: o.Force, NoResourceCheck: o.NoResourceCheck, results: o.Results,
	}
	section, err := loadgen.ReadSection(m.Loadgen)
	if err != nil {
		return nil, fmt.Errorf("the manifest's loadgen section: %w", err)
	}
	if !section.Frozen {
		return nil, &NotFrozenError{UserConf: section.UserConf}
	}
	if p.effective, err = section.Effective(); err != nil {
		return nil, err
	}
	if err := agree(m, &section.Settings, p.effective.Library.TotalSampleCount); err != nil {
		return nil, err
	}
	p.settings, p.host, p.passEnv = section.Settings, o.Engine.Host, o.Engine.PassEnv
	o.Engine.Translate = o.Translate
	p.onSlurm(&o)
	if p.Engine, err = engine.NewPlan(m, o.Engine); err != nil {
		return nil, fmt.Errorf("planning the engine: %w", err)
	}
	if p.Worker() {
		p.Notes = p.Engine.Notes
		return p, nil
	}
	p.Notes = slices.Clone(p.Engine.Notes)
	p.JudgedBy = section.JudgedBy(&p.effective)
	if lines := section.MissingLimits(); len(lines) > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("round %s has no benchmark %s, whose limits are LoadGen's for all: write your own into user.conf (%s) and compile again", section.Round, p.Benchmark, strings.Join(lines, ", ")))
	}
	if _, known := benchmarkResources[p.Benchmark]; known && o.NoResourceCheck {
		p.Notes = append(p.Notes, "asked for: model and data set are not compared with those of "+p.Benchmark)
	}
	if n, ok := manifest.Int(m.HarnessConfig, bench.ConcurrencyKey); ok && n > 1 {
		if o.LoadgenPython != "" {
			return nil, fmt.Errorf("harness_config.%s is %d: the official LoadGen has no such scenario", bench.ConcurrencyKey, n)
		}
		p.Notes = append(p.Notes, fmt.Sprintf("%d requests in flight: a closed loop, which is no scenario of LoadGen's", n))
	}
	if o.LoadgenPython != "" {
		if err := p.planOfficial(ctx, o.LoadgenPython); err != nil {
			return nil, err
		}
	}
	if err := p.planRequests(); err != nil {
		return nil, err
	}
	if p.WarmUp, p.WarmUpRequests = warmUpOf(m, p.settings.Scenario); o.NoWarmUp {
		p.WarmUp, p.WarmUpRequests = false, 0
	}
	p.Concurrency = o.Concurrency
	if p.Concurrency <= 0 {
		p.Concurrency = p.batchSize()
	}
	if err := p.planClients(o.Clients); err != nil {
		return nil, err
	}
	if err := p.planData(ctx, o); err != nil {
		return nil, err
	}
	p.noteAdded()
	return p, p.planSchedule()
}

// agree says where the manifest names another test than its settings of LoadGen
// run: its name would stand over the other's figures.
func agree(m *manifest.Manifest, s *loadgen.Settings, samples uint64) error {
	scenario, err := loadgen.ParseScenario(m.Scenario)
	if err != nil {
		return fmt.Errorf("the manifest's scenario: %w", err)
	}
	mode, err := loadgen.ParseMode(m.TestMode)
	if err != nil {
		return fmt.Errorf("the manifest's test_mode: %w", err)
	}
	switch {
	case scenario != s.Scenario:
		return fmt.Errorf("the manifest's scenario is %s, LoadGen's in it is %v: compile again", m.Scenario, s.Scenario)
	case mode != s.Mode:
		return fmt.Errorf("the manifest's test_mode is %s, LoadGen's in it is %v: compile again", m.TestMode, s.Mode)
	case m.Data.Samples != int64(samples): //nolint:gosec // both are from one manifest, and below MaxIssued
		return fmt.Errorf("the manifest's data set has %d samples, LoadGen's in it has %d: compile again", m.Data.Samples, samples)
	}
	return nil
}

// NeverValid says why no system can make the test VALID; empty where one can.
func (p *Plan) NeverValid() []string { return p.neverValid }

// Worker reports whether the plan is that of a node which carries a part of the
// engine and no test.
func (p *Plan) Worker() bool {
	return p.Engine.Node != nil && p.Engine.Node.Worker() || p.Engine.Part != nil
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// batchSize is how many requests one replica works on at a time.
func (p *Plan) batchSize() int {
	if n, ok := manifest.Int(p.Manifest.EngineConfig, p.Engine.Facts.Batch); ok && n > 0 {
		return int(min(n, 4096))
	}
	return 256
}

func (p *Plan) planData(ctx context.Context, o Options) error {
	path, ok := manifest.Text(p.Manifest.HarnessConfig, "dataset_path")
	if !ok || path == "" {
		return errors.New("harness_config.dataset_path is not set: there are no samples to send")
	}
	p.Data = Data{Path: path, Samples: int(p.effective.Library.TotalSampleCount)}
	p.Data.locate(o.Translate, o.Engine.Simulate)
	if p.Data.missing != nil {
		return nil //nolint:nilerr // Check says so
	}
	var err error
	if p.samples, err = p.Data.open(ctx, p.Manifest.Data.Columns); err != nil {
		return err
	}
	p.Notes = append(p.Notes, p.samples.set.Notes...)
	if p.Data.Synthetic {
		p.Notes = append(p.Notes, fmt.Sprintf("the data set %s is not there: %d synthetic samples take its place", path, p.Data.Samples))
	}
	asked, _ := manifest.Int(p.Parameters, p.Engine.Facts.MaxTokens)
	if p.samples.chat() {
		if err := p.planChat(); err != nil {
			return err
		}
	}
	if err := p.tokenize(ctx, o); err != nil {
		return err
	}
	key := p.Engine.Facts.LengthKey()
	length, _ := manifest.Int(p.Manifest.EngineConfig, key)
	if over := p.samples.bound(asked, length); over > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d samples ask for more tokens than engine_config.%s, %d, leaves behind the prompt: their answers end there", over, key, length))
	}
	return nil
}

func (p *Plan) planSchedule() error {
	e := &p.effective
	if e.Requested.Scenario == loadgen.MultiStream {
		return errors.New("scenario multistream is not executed by this program: no LLM benchmark of MLPerf has it")
	}
	if e.Requested.Scenario == loadgen.Server && e.Requested.ServerCoalesceQueries {
		return errors.New("server_coalesce_queries is not executed by this program: a request carries one sample")
	}
	// Before it is counted, which takes a minute for some billions. Offline counts at once.
	n := max(float64(e.MinQueryCount), e.TargetDuration.Seconds()*e.TargetQPS)
	if e.Requested.Scenario != loadgen.Offline && e.Requested.Mode != loadgen.AccuracyOnly && n > 1.1*loadgen.MaxIssued {
		return fmt.Errorf("duration, rate and minimum query count ask for %.3g samples; this program can issue %d", n, uint64(loadgen.MaxIssued))
	}
	phases, err := e.Phases(loadgen.Generator{})
	if err != nil {
		return fmt.Errorf("laying out the test: %w", err)
	}
	for _, phase := range phases {
		t := phase.Issued()
		if phase.Mode == loadgen.PerformanceOnly {
			p.neverValid = e.NeverValid(t)
		}
		p.Queries += t.Queries
		p.Samples += t.Samples
		p.ScheduledSeconds += t.LastScheduled.Seconds()
	}
	if p.OfficialLoadGen != "" && e.Requested.Scenario == loadgen.Offline && p.Queries != 1 {
		return fmt.Errorf("offline, the official LoadGen is run with the whole data set loaded at once; here it would issue %d queries (performance_sample_count_override, performance_issue_unique)", p.Queries)
	}
	if p.Samples > loadgen.MaxIssued {
		return fmt.Errorf("the test has %d samples; this program can issue %d", p.Samples, uint64(loadgen.MaxIssued))
	}
	return nil
}

// PowerModel is the model as the power script is called with it: the name of the
// overlay's folder, which every round of the reference harness hands over, or the
// benchmark where the overlay lies in none.
func (p *Plan) PowerModel() string {
	m := p.Manifest
	for _, s := range m.Sources {
		name := path.Base(s.Path)
		folder := path.Base(path.Dir(s.Path))
		if m.Machine != "" && strings.TrimSuffix(name, path.Ext(name)) == m.Variant+"_"+m.Machine && folder != "." && folder != "/" && folder != ".." {
			return folder
		}
	}
	return m.BenchmarkName
}

// Variant is the scenario as the overlay's file name has it, which is what the
// power script is called with.
func (p *Plan) Variant() string { return orElse(p.Manifest.Variant, p.Manifest.Scenario) }

func (p *Plan) engineName() string {
	name := p.Manifest.Engine.Name + " " + p.Manifest.Engine.Version
	if p.Engine.Simulated {
		return "the simulated engine instead of " + name
	}
	return name
}

// live is what a live view says of the run. Names are safe to show on a terminal.
func (p *Plan) live() live.Run {
	m := p.Manifest
	return live.Run{
		Benchmark: diag.Escape(p.Benchmark), Scenario: diag.Escape(p.Scenario), Machine: diag.Escape(m.Machine),
		Backend: diag.Escape(m.Backend), Engine: diag.Escape(m.Engine.Name + " " + m.Engine.Version), Simulated: p.Engine.Simulated,
	}
}

// about is what each file of Parquet records says of itself.
func (p *Plan) about() []string { return about(p.Digest, p.Engine.Simulated) }

func about(digest string, simulated bool) []string {
	return []string{"mlrun.manifest_digest", digest, "mlrun.simulated", strconv.FormatBool(simulated)}
}

// sutName is the system under test as LoadGen's logs name it.
func (p *Plan) sutName() string { return report.SUT(p.Manifest, p.Engine.Simulated) }

// Dir is a free name for a run directory under parent.
func (p *Plan) Dir(parent string, now time.Time) string {
	return record.Name(parent, []string{p.Benchmark, p.Variant(), p.Manifest.Machine, p.Manifest.Backend}, now)
}

// Expected says how long the run will take, as far as that is known before it.
func (p *Plan) Expected() string {
	switch p.settings.Scenario {
	case loadgen.Server:
		return fmt.Sprintf("%v of issuing, and what the last responses take", time.Duration(p.ScheduledSeconds*1e9).Round(time.Second))
	case loadgen.Offline:
		if qps := p.settings.OfflineExpectedQPS; qps > 0 {
			return fmt.Sprintf("%v at the expected %g samples/s", time.Duration(float64(p.Samples)/qps*1e9).Round(time.Second), qps)
		}
	}
	return fmt.Sprintf("at least %v", p.settings.MinDuration)
}
