package sim

import (
	"slices"
	"time"
)

// Request is one generation in the simulation. PromptTokens and OutputTokens
// are set before it is submitted and together fit the KV cache; the rest is the
// scheduler's account of it. Times count from the simulation's start.
type Request struct {
	PromptTokens int
	OutputTokens int

	Arrived    time.Duration
	Started    time.Duration // first scheduled; -1 before
	FirstToken time.Duration // -1 before
	LastToken  time.Duration // the latest so far; -1 before
	Finished   time.Duration // -1 before
	// Produced is the number of tokens generated so far.
	Produced    int
	Preemptions int

	computed  int // tokens whose keys and values are in the cache
	blocks    int
	scheduled int // tokens computed in the step under way
}

// todo is the number of tokens to compute before the next token can be sampled:
// the prompt at first, one while decoding, everything again after a preemption.
func (r *Request) todo() int { return r.PromptTokens + r.Produced - r.computed }

// Stats are a Scheduler's counters and gauges.
type Stats struct {
	Running, Waiting int
	// KVUsage is the share of the KV cache in use, 0 to 1.
	KVUsage      float64
	PromptTokens int64
	OutputTokens int64
	Preemptions  int64
	Steps        int64
}

// Scheduler simulates one engine with continuous batching as vLLM V1 does it:
// in every step the running requests go first, then waiting ones are admitted
// in order of arrival while batch, token budget and KV cache have room; long
// prompts are computed in chunks; where the cache is full the request admitted
// last is thrown out and computed anew later. It has no clock and no locks.
type Scheduler struct {
	cfg       Config
	perPrompt float64 // nanoseconds for each prompt token
	free      int     // blocks

	waiting []*Request // in order; those thrown out stand in front
	running []*Request // in order of admission
	touched []*Request
	steps   []int // tokens of each step that ended since the last Advance

	stepping bool
	stepEnd  time.Duration
	stats    Stats
}

// NewScheduler makes a Scheduler without requests.
func NewScheduler(cfg Config) (*Scheduler, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return newScheduler(cfg), nil
}

func newScheduler(cfg Config) *Scheduler {
	return &Scheduler{
		cfg:       cfg,
		perPrompt: float64(time.Second) / cfg.Latency.PrefillRate,
		free:      ceilDiv(cfg.KVCacheTokens, cfg.BlockSize),
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// Submit adds a request that arrives at now. Calls come in order of time.
func (s *Scheduler) Submit(now time.Duration, r *Request) {
	r.Arrived, r.Started, r.FirstToken, r.LastToken, r.Finished = now, -1, -1, -1, -1
	s.waiting = append(s.waiting, r)
	if !s.stepping {
		s.begin(now)
	}
}

// Remove takes out a request whose client has gone. One that has finished
// already is left alone.
func (s *Scheduler) Remove(r *Request) {
	if i := slices.Index(s.running, r); i >= 0 {
		s.running = slices.Delete(s.running, i, i+1)
		s.release(r)
		return
	}
	if i := slices.Index(s.waiting, r); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
}

// Next is the time at which the step under way ends; false where the engine idles.
func (s *Scheduler) Next() (time.Duration, bool) { return s.stepEnd, s.stepping }

// Advance ends every step that is due by now and begins those that follow. It
// returns the requests that gained tokens, each once for every token; the slice
// is valid until the next call.
func (s *Scheduler) Advance(now time.Duration) []*Request {
	s.touched, s.steps = s.touched[:0], s.steps[:0]
	for s.stepping && s.stepEnd <= now {
		s.finish(s.stepEnd)
		s.begin(s.stepEnd)
	}
	return s.touched
}

// Stats returns the counters as they stand.
func (s *Scheduler) Stats() Stats {
	st := s.stats
	st.Running, st.Waiting = len(s.running), len(s.waiting)
	total := ceilDiv(s.cfg.KVCacheTokens, s.cfg.BlockSize)
	st.KVUsage = float64(total-s.free) / float64(total)
	return st
}

// begin starts a step at time at, or later where the first request arrives
// later; without any request the engine idles.
func (s *Scheduler) begin(at time.Duration) {
	s.stepping = false
	if len(s.running) == 0 {
		if len(s.waiting) == 0 {
			return
		}
		at = max(at, s.waiting[0].Arrived)
	}
	budget, thrownOut := s.scheduleRunning(s.cfg.MaxBatchedTokens)
	if !thrownOut {
		s.admit(at, budget)
	}
	s.stepping = true
	s.stepEnd = at + s.cost()
	s.stats.Steps++
}

// scheduleRunning returns the running requests their tokens of this step.
func (s *Scheduler) scheduleRunning(budget int) (left int, thrownOut bool) {
	for i := 0; i < len(s.running); i++ {
		r := s.running[i]
		r.scheduled = 0
		n := min(r.todo(), budget)
		if n == 0 {
			continue
		}
		for !s.reserve(r, n) {
			last := s.running[len(s.running)-1]
			s.running = s.running[:len(s.running)-1]
			s.throwOut(last)
			thrownOut = true
			if last == r {
				return budget, true
			}
		}
		r.scheduled = n
		budget -= n
	}
	return budget, thrownOut
}

func (s *Scheduler) throwOut(r *Request) {
	s.release(r)
	r.scheduled = 0
	r.Preemptions++
	s.stats.Preemptions++
	s.waiting = slices.Insert(s.waiting, 0, r)
}

// admit takes waiting requests into the batch of the step that starts at at.
func (s *Scheduler) admit(at time.Duration, budget int) {
	taken := 0
	for taken < len(s.waiting) && len(s.running) < s.cfg.MaxNumSeqs && budget > 0 {
		r := s.waiting[taken]
		n := min(r.todo(), budget)
		if r.Arrived > at || !s.reserve(r, n) {
			break
		}
		if r.Started < 0 {
			r.Started = at
		}
		r.scheduled = n
		budget -= n
		s.running = append(s.running, r)
		taken++
	}
	s.waiting = slices.Delete(s.waiting, 0, taken)
}

// reserve takes the blocks that n more tokens need.
func (s *Scheduler) reserve(r *Request, n int) bool {
	more := ceilDiv(r.computed+n, s.cfg.BlockSize) - r.blocks
	if more > s.free {
		return false
	}
	s.free -= more
	r.blocks += more
	return true
}

func (s *Scheduler) release(r *Request) {
	s.free += r.blocks
	r.blocks, r.computed = 0, 0
}

// cost is the duration of the step that has been put together.
func (s *Scheduler) cost() time.Duration {
	var seqs, prompt, context int
	for _, r := range s.running {
		if r.scheduled == 0 {
			continue
		}
		seqs++
		context += r.computed
		if r.Produced == 0 || r.scheduled > 1 {
			prompt += r.scheduled
		}
	}
	l := s.cfg.Latency
	ns := float64(l.Step) + float64(seqs)*float64(l.PerSeq) + float64(context)*float64(l.PerContextToken) + float64(prompt)*s.perPrompt
	// At least one nanosecond, so that simulated time always moves on.
	return max(1, time.Duration(ns/l.Speed))
}

// finish ends the step: requests with all their context computed gain a token.
func (s *Scheduler) finish(at time.Duration) {
	kept, tokens := s.running[:0], 0
	for _, r := range s.running {
		tokens += r.scheduled
		if s.finishOne(r, at) {
			continue
		}
		kept = append(kept, r)
	}
	s.steps = append(s.steps, tokens)
	clear(s.running[len(kept):])
	s.running = kept
}

// finishOne reports whether the request is complete.
func (s *Scheduler) finishOne(r *Request, at time.Duration) bool {
	if r.scheduled == 0 {
		return false
	}
	if r.Produced == 0 && r.Preemptions == 0 {
		s.stats.PromptTokens += int64(r.scheduled)
	}
	r.computed += r.scheduled
	r.scheduled = 0
	if r.todo() > 0 {
		return false
	}
	r.Produced++
	s.stats.OutputTokens++
	s.touched = append(s.touched, r)
	r.LastToken = at
	if r.FirstToken < 0 {
		r.FirstToken = at
	}
	if r.Produced < r.OutputTokens {
		return false
	}
	r.Finished = at
	s.release(r)
	return true
}
