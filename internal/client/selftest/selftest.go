// Package selftest measures what this machine's client can do: how many requests
// and tokens a second it takes, how late its requests leave, and how far the
// times that it reports are from the true ones. It runs against the measuring
// mock, so no engine is needed.
//
//	report, err := selftest.Measure(ctx, selftest.Options{Start: startMock})
//	for _, why := range report.Beyond(rate, tokensPerSecond) { ... }
package selftest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/client/mock"
)

// Server is a running mock: mock.Process, or a stand-in.
type Server interface {
	URL() string
	Stop() ([]mock.Visit, error)
}

// Options say how to measure.
type Options struct {
	// Start starts a mock. In a process of its own it disturbs the client as
	// little as an engine does.
	Start func(mock.Config) (Server, error)
	// Capacity is how long each measurement of capacity takes; 0 means 1 s.
	Capacity time.Duration
	// Timing is how long each measurement of timing takes; 0 means 2 s.
	Timing time.Duration
	// LateLimit is the lateness at the 99th percentile from which on the client is
	// said not to keep up.
	LateLimit time.Duration
	// CapacityOnly leaves the timing out.
	CapacityOnly bool
	// Progress is called with what is being measured. It may be nil.
	Progress func(string)
}

// Report is what was measured. The times are in microseconds.
type Report struct {
	CPUs     int        `json:"cpus"`
	Capacity []Capacity `json:"capacity"`
	Timing   []Timing   `json:"timing"`
}

// Capacity is as many requests as client and mock can do together on this
// machine: the client alone can do more.
type Capacity struct {
	InFlight      int     `json:"in_flight"`
	OutputTokens  int     `json:"output_tokens"` // of each request
	Requests      float64 `json:"requests_per_second"`
	Tokens        float64 `json:"tokens_per_second"`
	CPUPerRequest float64 `json:"cpu_us_per_request"` // the client's
}

// Timing is how a Poisson schedule was kept.
type Timing struct {
	Rate      float64 `json:"requests_per_second"` // asked for
	Requests  int     `json:"requests"`
	Lateness  Spread  `json:"lateness_us"`   // of requests against the schedule
	TTFTError Spread  `json:"ttft_error_us"` // absolute, against the mock's own clock
	TPOTError Spread  `json:"tpot_error_us"` // absolute
	// TTFTByReads and TPOTByReads are the same errors of the times at which reads
	// returned and writes began: what counts where the kernel stamps nothing.
	TTFTByReads Spread `json:"ttft_error_by_reads_us"`
	TPOTByReads Spread `json:"tpot_error_by_reads_us"`
	// Stamped is of how many requests the kernel told when they left and when their
	// tokens came.
	Stamped int `json:"stamped"`
	// GapDistance is the Kolmogorov-Smirnov distance of the gaps between arrivals
	// from the gaps that were scheduled.
	GapDistance float64  `json:"gap_distance"`
	KeptUp      bool     `json:"kept_up"`
	Reasons     []string `json:"reasons,omitempty"` // why it did not
}

// Spread is the median, the 99th percentile and the highest of some figures.
type Spread struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// The cases. 200 requests per second is what a node of eight accelerators serves
// of a 70-billion-parameter model; 1,000 is beyond any so far.
var (
	capacityCases = []Capacity{{InFlight: 64, OutputTokens: 1}, {InFlight: 64, OutputTokens: 128}}
	timingRates   = []float64{200, 1000}
)

const (
	promptTokens = 32
	timingTokens = 8
)

// Measure runs every case.
func Measure(ctx context.Context, o Options) (Report, error) {
	if o.Capacity <= 0 {
		o.Capacity = time.Second
	}
	if o.Timing <= 0 {
		o.Timing = 2 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	r := Report{CPUs: runtime.NumCPU()}
	for _, c := range capacityCases {
		o.Progress(fmt.Sprintf("capacity with %d in flight and %d output tokens", c.InFlight, c.OutputTokens))
		if err := o.capacity(ctx, &c); err != nil {
			return r, fmt.Errorf("measuring the client's capacity: %w", err)
		}
		r.Capacity = append(r.Capacity, c)
	}
	for _, rate := range timingRates {
		if o.CapacityOnly {
			break
		}
		o.Progress(fmt.Sprintf("timing at %v requests per second", rate))
		t, err := o.timing(ctx, rate)
		if err != nil {
			return r, fmt.Errorf("measuring the client's timing: %w", err)
		}
		r.Timing = append(r.Timing, t)
	}
	return r, nil
}

func (o Options) capacity(ctx context.Context, c *Capacity) error {
	server, err := o.Start(mock.Config{})
	if err != nil {
		return err
	}
	prompt := make([]int32, promptTokens)
	source := client.SourceFunc(func(a client.Ask, r *client.Request) bool {
		r.ID, r.Tokens, r.MaxTokens = uint64(a.Sent), prompt, c.OutputTokens
		return a.Now < o.Capacity
	})
	plan := client.Plan{Pace: client.AtOnce, Concurrency: c.InFlight}
	s, _, err := run(ctx, server, plan, source)
	if err != nil {
		return err
	}
	c.Requests = float64(s.OK) / s.Wall.Seconds()
	c.Tokens = float64(s.OutputTokens) / s.Wall.Seconds()
	c.CPUPerRequest = s.CPU.Seconds() * 1e6 / float64(s.OK)
	return nil
}

func (o Options) timing(ctx context.Context, rate float64) (Timing, error) {
	server, err := o.Start(mock.Config{FirstToken: 30 * time.Millisecond, PerToken: 10 * time.Millisecond})
	if err != nil {
		return Timing{}, err
	}
	rng := rand.New(rand.NewPCG(1, 2))
	prompt := make([]int32, promptTokens)
	at, end := 0.0, o.Timing.Seconds()
	source := client.SourceFunc(func(a client.Ask, r *client.Request) bool {
		r.ID, r.Tokens, r.MaxTokens = uint64(a.Sent), prompt, timingTokens
		r.At = time.Duration(at * 1e9)
		at += -math.Log(1-rng.Float64()) / rate
		return r.At.Seconds() < end
	})
	s, said, err := run(ctx, server, client.Plan{Pace: client.OnSchedule, Timeout: time.Minute, LateLimit: o.LateLimit}, source)
	if err != nil {
		return Timing{}, err
	}
	t := Timing{Rate: rate, Requests: s.Sent, KeptUp: s.KeptUp, Reasons: s.Reasons}
	var late, ttft, tpot, ttftRead, tpotRead, scheduled, arrived []float64
	for i, x := range said.results {
		v := said.truth[i]
		lateness, _ := x.Lateness()
		late = append(late, micros(lateness))
		first, rest := float64(v.First-v.Arrival)/1e3, float64(v.Last-v.First)/1e3
		ttft = append(ttft, math.Abs(micros(x.FirstToken-x.Sent)-first))
		tpot = append(tpot, math.Abs(micros(x.LastToken-x.FirstToken)-rest)/(timingTokens-1))
		ttftRead = append(ttftRead, math.Abs(micros(x.FirstRead-x.Begun)-first))
		tpotRead = append(tpotRead, math.Abs(micros(x.LastRead-x.FirstRead)-rest)/(timingTokens-1))
		if x.Stamped && x.SentStamped {
			t.Stamped++
		}
		if i > 0 {
			scheduled = append(scheduled, (x.Scheduled - said.results[i-1].Scheduled).Seconds())
			arrived = append(arrived, float64(v.Arrival-said.truth[i-1].Arrival)/1e9)
		}
	}
	t.Lateness, t.TTFTError, t.TPOTError = spread(late), spread(ttft), spread(tpot)
	t.TTFTByReads, t.TPOTByReads = spread(ttftRead), spread(tpotRead)
	t.GapDistance = between(scheduled, arrived)
	return t, nil
}

// observed is what the client says and what was true, both in the order of
// sending.
type observed struct {
	results []client.Result
	truth   []mock.Visit
}

func run(ctx context.Context, server Server, plan client.Plan, source client.Source) (client.Summary, observed, error) {
	var o observed
	var failed *client.Result
	sink := client.SinkFunc(func(batch []client.Result) error {
		for _, r := range batch {
			if !r.OK() && failed == nil {
				failed = &r
			}
			if plan.Pace == client.OnSchedule {
				r.OutputIDs, r.Text = nil, nil
				o.results = append(o.results, r)
			}
		}
		return nil
	})
	c, err := client.New(client.Options{URLs: []string{server.URL()}, Model: "mock", Stream: true, TokenIDs: true})
	var s client.Summary
	if err == nil {
		s, err = c.Run(ctx, plan, source, sink)
	}
	truth, stopped := server.Stop()
	if err := errors.Join(err, stopped); err != nil {
		return s, o, err
	}
	if failed != nil {
		return s, o, fmt.Errorf("%d of %d requests to the mock server failed, the first one with %s", s.Sent-s.OK, s.Sent, failed.Error)
	}
	if len(truth) != s.Sent || s.Sent < 2 {
		return s, o, fmt.Errorf("%d requests were sent, the mock server saw %d", s.Sent, len(truth))
	}
	o.truth = truth
	slices.SortFunc(o.results, func(a, b client.Result) int { return int(a.Sent - b.Sent) })
	return s, o, nil
}

// Beyond says why a run with so many requests and output tokens a second is more
// than this client can measure; nothing when it is not. Half of the capacity
// counts: above that, waiting for the CPU shows in the times.
func (r Report) Beyond(requests, tokens float64) []string {
	var out []string
	mostRequests, mostTokens := 0.0, 0.0
	for _, c := range r.Capacity {
		mostRequests, mostTokens = max(mostRequests, c.Requests/2), max(mostTokens, c.Tokens/2)
	}
	if requests > mostRequests {
		out = append(out, fmt.Sprintf("%.0f requests per second are asked for; on this machine the client's times hold up to %.0f", requests, mostRequests))
	}
	if tokens > mostTokens {
		out = append(out, fmt.Sprintf("%.0f tokens per second are expected; on this machine the client's times hold up to %.0f", tokens, mostTokens))
	}
	return out
}

func micros(d time.Duration) float64 { return float64(d) / 1e3 }
