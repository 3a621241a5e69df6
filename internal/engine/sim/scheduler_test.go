package sim

import (
	"math"
	"testing"
	"time"
)

// plain is a configuration whose times are easy to reckon: a step of 10 ms, 1 ms
// for each prompt token, nothing else.
func plain() Config {
	return Config{
		Model: "m", MaxModelLen: 100, MaxNumSeqs: 4, MaxBatchedTokens: 10, KVCacheTokens: 1000, BlockSize: 1,
		Latency: Latency{Step: 10 * time.Millisecond, PerSeq: 1, PerContextToken: 1, PrefillRate: 1000},
	}
}

func scheduler(t *testing.T, cfg Config) *Scheduler {
	t.Helper()
	s, err := NewScheduler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drain runs the scheduler dry and returns the time of the last step's end.
func drain(t *testing.T, s *Scheduler) time.Duration {
	t.Helper()
	var last time.Duration
	for range 1_000_000 {
		next, ok := s.Next()
		if !ok {
			return last
		}
		if next <= last {
			t.Fatalf("step ends at %v, the one before at %v", next, last)
		}
		last = next
		s.Advance(next)
	}
	t.Fatal("never idle")
	return 0
}

// near allows for the nanoseconds that plain charges for sequences and context.
func near(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want || got > want+10*time.Microsecond {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestOneRequest(t *testing.T) {
	s := scheduler(t, plain())
	r := &Request{PromptTokens: 5, OutputTokens: 3}
	s.Submit(time.Second, r)
	drain(t, s)
	near(t, "first token", r.FirstToken, time.Second+15*time.Millisecond)
	near(t, "end", r.Finished, time.Second+35*time.Millisecond)
	if r.Produced != 3 || s.Stats().OutputTokens != 3 || s.Stats().PromptTokens != 5 {
		t.Errorf("produced %d, stats %+v", r.Produced, s.Stats())
	}
	if usage := s.Stats().KVUsage; usage != 0 {
		t.Errorf("KV cache still %g used", usage)
	}
}

func TestLongPromptInChunks(t *testing.T) {
	s := scheduler(t, plain())
	r := &Request{PromptTokens: 25, OutputTokens: 1} // 10 + 10 + 5
	s.Submit(0, r)
	drain(t, s)
	near(t, "first token", r.FirstToken, 55*time.Millisecond)
	if s.Stats().Steps != 3 {
		t.Errorf("%d steps, want 3", s.Stats().Steps)
	}
}

func TestDecodeGoesBeforePrefill(t *testing.T) {
	s := scheduler(t, plain())
	a := &Request{PromptTokens: 1, OutputTokens: 3}
	b := &Request{PromptTokens: 18, OutputTokens: 1}
	s.Submit(0, a)
	s.Submit(0, b) // a's first step is under way: b waits for its end
	drain(t, s)
	if b.Started != a.FirstToken {
		t.Errorf("b started at %v, want at the end of a's first step %v", b.Started, a.FirstToken)
	}
	// Two steps of one token for a and nine for b.
	near(t, "a", a.Finished, 11*time.Millisecond+2*19*time.Millisecond)
	near(t, "b", b.FirstToken, 11*time.Millisecond+2*19*time.Millisecond)
}

func TestBatchLimitQueues(t *testing.T) {
	cfg := plain()
	cfg.MaxNumSeqs = 2
	s := scheduler(t, cfg)
	var rs []*Request
	for range 3 {
		r := &Request{PromptTokens: 1, OutputTokens: 4}
		rs = append(rs, r)
		s.Submit(0, r)
	}
	s.Advance(12 * time.Millisecond)
	if st := s.Stats(); st.Running != 2 || st.Waiting != 1 {
		t.Errorf("running %d, waiting %d, want 2 and 1", st.Running, st.Waiting)
	}
	drain(t, s)
	if rs[2].Started < rs[0].Finished {
		t.Errorf("third request started at %v, before a place was free at %v", rs[2].Started, rs[0].Finished)
	}
}

func TestFullCacheThrowsOutTheLatest(t *testing.T) {
	cfg := plain()
	cfg.MaxModelLen, cfg.KVCacheTokens = 20, 20
	s := scheduler(t, cfg)
	a := &Request{PromptTokens: 5, OutputTokens: 15}
	b := &Request{PromptTokens: 5, OutputTokens: 15}
	s.Submit(0, a)
	s.Submit(0, b)
	drain(t, s)
	if a.Preemptions != 0 || b.Preemptions == 0 {
		t.Errorf("preemptions: a %d, b %d; want none and some", a.Preemptions, b.Preemptions)
	}
	if a.Produced != 15 || b.Produced != 15 {
		t.Errorf("produced %d and %d, want 15 each", a.Produced, b.Produced)
	}
	if b.Finished < a.Finished {
		t.Error("b ended before a")
	}
	if s.Stats().PromptTokens != 10 {
		t.Errorf("%d prompt tokens counted, want 10: computing anew is no new prompt", s.Stats().PromptTokens)
	}
}

func TestRemove(t *testing.T) {
	s := scheduler(t, plain())
	a := &Request{PromptTokens: 5, OutputTokens: 50}
	b := &Request{PromptTokens: 5, OutputTokens: 50}
	s.Submit(0, a)
	s.Submit(0, b)
	s.Remove(b) // waiting
	s.Advance(100 * time.Millisecond)
	s.Remove(a) // running
	drain(t, s)
	if st := s.Stats(); st.KVUsage != 0 || st.Running+st.Waiting != 0 {
		t.Errorf("left behind: %+v", st)
	}
	if a.Finished >= 0 || b.Produced != 0 {
		t.Errorf("a finished %v, b produced %d", a.Finished, b.Produced)
	}
}

// A sensible run looks sensible: throughput grows with the load until it
// saturates, from where on the time to the first token grows.
func TestThroughputSaturates(t *testing.T) {
	run := func(qps float64) (tokensPerSecond float64, ttft time.Duration) {
		s := scheduler(t, Config{Model: "m"})
		const n = 2000
		rs := make([]*Request, n)
		for i := range rs {
			rs[i] = &Request{PromptTokens: 300, OutputTokens: 200}
			at := time.Duration(float64(i) / qps * float64(time.Second))
			s.Advance(at)
			s.Submit(at, rs[i])
		}
		end := drain(t, s)
		var sum time.Duration
		for _, r := range rs {
			sum += r.FirstToken - r.Arrived
		}
		return float64(n*200) / end.Seconds(), sum / n
	}
	lowRate, lowTTFT := run(2)
	midRate, midTTFT := run(10)
	highRate, highTTFT := run(60)
	higherRate, higherTTFT := run(120)
	t.Logf("tokens/s %.0f %.0f %.0f %.0f, TTFT %v %v %v %v", lowRate, midRate, highRate, higherRate, lowTTFT, midTTFT, highTTFT, higherTTFT)
	if midRate < 4*lowRate {
		t.Errorf("throughput %.0f at 5 times the load of %.0f: does not grow with the load", midRate, lowRate)
	}
	if math.Abs(higherRate/highRate-1) > 0.05 {
		t.Errorf("throughput %.0f and %.0f beyond saturation: does not saturate", highRate, higherRate)
	}
	if lowTTFT > 100*time.Millisecond || midTTFT > 200*time.Millisecond || highTTFT < time.Second || higherTTFT < highTTFT {
		t.Errorf("TTFT %v, %v, %v, %v: small below saturation, growing above", lowTTFT, midTTFT, highTTFT, higherTTFT)
	}
}

func TestConfigRefused(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no model":           {},
		"unknown protocol":   {Model: "m", Protocol: "tgi"},
		"cache too small":    {Model: "m", MaxModelLen: 100, KVCacheTokens: 50},
		"negative batch":     {Model: "m", MaxNumSeqs: -1},
		"speed not a number": {Model: "m", Latency: Latency{Speed: math.NaN()}},
		"negative latency":   {Model: "m", Latency: Latency{Step: -1}},
	} {
		if _, err := NewScheduler(cfg); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func BenchmarkStep256(b *testing.B) {
	s, _ := NewScheduler(Config{Model: "m", MaxModelLen: 1 << 30, KVCacheTokens: 1 << 40, MaxNumSeqs: 256})
	for range 256 {
		s.Submit(0, &Request{PromptTokens: 1, OutputTokens: 1 << 29})
	}
	b.ReportAllocs()
	for b.Loop() {
		next, _ := s.Next()
		s.Advance(next)
	}
}
