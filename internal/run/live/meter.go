// Package live tells how a run goes while it goes on: to a person on a terminal,
// as lines in a log, and to Prometheus.
//
//	m := live.NewMeter(live.Run{Benchmark: "llama2-70b", ...})
//	m.Start(live.Phase{...}, replicas)     // before the first request
//	... plan.Progress = m.Progress(); sink: m.Add(batch) ...
//	snapshot := m.Snapshot(time.Now())     // at any time
//
// What it costs the run: an atomic addition for each event of a request, and one
// lock for each batch of results, taken by the goroutine that writes them.
package live

import (
	"sync"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/client/histogram"
	"mlcfg/internal/record/metrics"
)

// Run is what does not change while a run goes on.
type Run struct {
	Benchmark, Scenario, Machine, Backend string
	// Engine is name and release, "vllm 0.9.2".
	Engine string
	// Simulated reports whether the engine is the simulated one: no figure says anything about hardware.
	Simulated bool
}

// Phase is one stretch of a test.
type Phase struct {
	// Name is "performance" or "accuracy".
	Name string
	// Total is how many samples are issued at most.
	Total uint64
	// Due tells how many samples are due at a time since the start, called with
	// rising times; nil where a sample is due when it is sent.
	Due func(time.Duration) uint64
	// LastDue is when the last sample is due or, where each follows the one before, the test may end.
	LastDue time.Duration
	// TTFT, TPOT and Latency are the limits at the 99th percentile (Latency: at
	// the scenario's own); 0 where there is none.
	TTFT, TPOT, Latency time.Duration
}

// Spread is what is known of a time so far.
type Spread struct {
	Count    int
	P50, P99 time.Duration
	// Limit is what the scenario allows; 0: nothing is asked.
	Limit time.Duration
}

// Over reports whether the 99th percentile lies above the limit.
func (s Spread) Over() bool { return s.Limit > 0 && s.Count > 0 && s.P99 > s.Limit }

// Replica is one engine replica at a moment.
type Replica struct {
	Sent, FirstToken, Done, Failed int64
	OutputTokens                   int64
	// Engine is what the engine says of itself, the zero Sample where it says nothing.
	Engine metrics.Sample
}

// InFlight is how many requests the replica has.
func (r *Replica) InFlight() int64 { return r.Sent - r.Done }

// Snapshot is how a run goes at a moment.
type Snapshot struct {
	Run   Run
	Phase Phase
	// Began reports whether requests are being sent: before it, all else is zero.
	Began   bool
	Elapsed time.Duration
	// Scheduled counts samples that are due, Sent and FirstToken requests.
	Scheduled, Sent, FirstToken uint64
	// Done counts requests that are over, Failed those of them without a usable response.
	Done, Failed uint64
	OutputTokens int64
	// The rates are of what is over, since the start; RecentTokens is that of the last seconds.
	SamplesPerSecond, TokensPerSecond, RecentTokens float64
	TTFT, TPOT, Latency                             Spread
	// Left is how long the phase goes on, as far as can be told; -1 where it cannot.
	Left     time.Duration
	Replicas []Replica
}

// Meter keeps count of a run. Its methods may be called from several goroutines.
type Meter struct {
	run Run

	mu       sync.Mutex
	phase    Phase
	progress *client.Progress
	began    time.Time // the start of the phase's clock; zero before it
	due      uint64
	replicas []Replica // Failed and OutputTokens; the rest is in progress
	done     uint64
	engines  func() []metrics.Sample

	ttft, tpot, latency *histogram.Histogram
	recent              []moment
}

// moment is a count of tokens at a time.
type moment struct {
	at     time.Time
	tokens int64
}

// NewMeter keeps count of a run that has not started.
func NewMeter(r Run) *Meter {
	return &Meter{run: r, ttft: &histogram.Histogram{}, tpot: &histogram.Histogram{}, latency: &histogram.Histogram{}}
}

// Describe says anew what is run: that an engine is simulated may be known only
// when it serves.
func (m *Meter) Describe(r Run) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.run = r
}

// Start begins a phase: all counts are zero again.
func (m *Meter) Start(p Phase, replicas int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase, m.progress = p, client.NewProgress(replicas)
	m.began, m.due, m.done, m.recent = time.Time{}, 0, 0, nil
	m.replicas = make([]Replica, replicas)
	*m.ttft, *m.tpot, *m.latency = histogram.Histogram{}, histogram.Histogram{}, histogram.Histogram{}
}

// Progress is what the client counts in during the phase.
func (m *Meter) Progress() *client.Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.progress
}

// Begin tells the moment that the phase's times count from.
func (m *Meter) Begin(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.began = t
}

// Engines tells where to ask for what the engines say of themselves.
func (m *Meter) Engines(last func() []metrics.Sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.engines = last
}

// Add takes results.
func (m *Meter) Add(batch []client.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range batch {
		r := &batch[i]
		m.done++
		if r.Replica >= 0 && int(r.Replica) < len(m.replicas) {
			rep := &m.replicas[r.Replica]
			rep.OutputTokens += r.OutputTokens
			if !r.OK() {
				rep.Failed++
			}
		}
		if d, ok := r.Latency(); ok {
			m.latency.Add(d)
		}
		if d, ok := r.TTFT(); ok {
			m.ttft.Add(d)
		}
		if d, ok := r.TPOT(); ok {
			m.tpot.Add(d)
		}
	}
}

// Snapshot tells how the run goes.
func (m *Meter) Snapshot(now time.Time) Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Snapshot{Run: m.run, Phase: m.phase, Left: -1}
	if m.progress == nil {
		return s
	}
	s.Replicas = append([]Replica(nil), m.replicas...)
	for i := range s.Replicas {
		r := &s.Replicas[i]
		r.Sent, r.FirstToken, r.Done = m.progress.Replica(i)
		s.Sent += uint64(r.Sent)
		s.FirstToken += uint64(r.FirstToken)
		s.Failed += uint64(r.Failed)
		s.OutputTokens += r.OutputTokens
	}
	if m.engines != nil {
		for _, e := range m.engines() {
			if e.Replica >= 0 && e.Replica < len(s.Replicas) {
				s.Replicas[e.Replica].Engine = e
			}
		}
	}
	s.Done = m.done
	s.TTFT = spread(m.ttft, m.phase.TTFT)
	s.TPOT = spread(m.tpot, m.phase.TPOT)
	s.Latency = spread(m.latency, m.phase.Latency)
	s.Scheduled = s.Sent
	if m.began.IsZero() {
		return s
	}
	s.Began, s.Elapsed = true, max(now.Sub(m.began), 0)
	if m.phase.Due != nil {
		m.due = max(m.due, m.phase.Due(s.Elapsed))
		s.Scheduled = m.due
	}
	if seconds := s.Elapsed.Seconds(); seconds > 0 {
		s.SamplesPerSecond, s.TokensPerSecond = float64(s.Done)/seconds, float64(s.OutputTokens)/seconds
	}
	s.RecentTokens = m.rate(now, s.OutputTokens)
	s.Left = s.left()
	return s
}

func spread(h *histogram.Histogram, limit time.Duration) Spread {
	return Spread{Count: h.Len(), P50: h.Quantile(0.50), P99: h.Quantile(0.99), Limit: limit}
}

// recently is the time over which the recent rate is taken.
const recently = 10 * time.Second

// rate is the number of tokens a second since the oldest moment that is not
// older than recently, or the one before it.
func (m *Meter) rate(now time.Time, tokens int64) float64 {
	m.recent = append(m.recent, moment{now, tokens})
	for len(m.recent) > 2 && now.Sub(m.recent[1].at) >= recently {
		m.recent = m.recent[1:]
	}
	first := m.recent[0]
	seconds := now.Sub(first.at).Seconds()
	if seconds <= 0 {
		return 0
	}
	return float64(tokens-first.tokens) / seconds
}

// left is what remains: of the schedule where the samples are due one after the
// other, else what the rest takes at the rate so far.
func (s *Snapshot) left() time.Duration {
	switch {
	case s.Phase.LastDue > 0 && s.Elapsed < s.Phase.LastDue:
		return s.Phase.LastDue - s.Elapsed
	case s.Done >= s.Phase.Total:
		return 0
	case s.Done == 0:
		return -1
	}
	per := float64(s.Elapsed) / float64(s.Done)
	if s.Phase.LastDue > 0 { // what is in flight ends all at once rather than one after the other
		return -1
	}
	return time.Duration(per * float64(s.Phase.Total-s.Done))
}
