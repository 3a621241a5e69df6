package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
)

// engineSays are looks at two replicas, one a second.
func engineSays(running, waiting, kv, preemptions float64) []metrics.Sample {
	var out []metrics.Sample
	for i := range 12 {
		p := 7 + preemptions*float64(i)/11 // some were before the run
		out = append(out, metrics.Sample{At: int64(i/2) * 1e9, Replica: i % 2, Running: &running, Waiting: &waiting, KVCache: &kv, Preemptions: &p})
	}
	return out
}

func TestWhatLimits(t *testing.T) {
	for _, c := range []struct {
		name    string
		engine  []metrics.Sample
		change  func(*loadgen.Settings)
		records func(*record.Record)
		said    []string // each is in one of the sentences
		unsaid  []string
		stay    string
	}{
		{
			name: "room", engine: engineSays(20, 0, .3, 0),
			said:   []string{"TTFT is nearest its limit: p99 50.00 ms, 25 % of 200.00 ms; mlrun tune qps finds", "the engine had room: 20.0 requests a replica ran on average, none waited for long (KV cache at most 30 % full)"},
			unsaid: []string{"late", "batch was full"},
			stay:   "client 0.001 ms (0 %), queue 0.000 ms (0 %), prefill 50.00 ms (14 %), decode 319.27 ms (86 %)",
		},
		{
			name: "batch", engine: engineSays(511, 100, .6, 0), stay: "client 0.001 ms (0 %), queue and prefill 50.00 ms (14 %), decode 319.27 ms (86 %)",
			said:   []string{"the batch was full in 100 % of looks, and requests waited for a place in it: engine_config.max_num_seqs is 512 (KV cache at most 60 % full)"},
			unsaid: []string{"had room"},
		},
		{
			name: "KV cache", engine: engineSays(511, 100, .99, 0),
			said: []string{"the KV cache was full, at most 99 %"}, unsaid: []string{"batch was full"},
		},
		{
			name: "preempted", engine: engineSays(100, 3, .99, 11),
			said: []string{"the KV cache was full: 20 requests were put back"}, unsaid: []string{"at most 99"},
		},
		{
			name: "prefill", engine: engineSays(100, 3, .5, 0),
			said: []string{"3.0 requests a replica waited on average though the engine had room (KV cache at most 50 % full): prompts are computed more slowly than they come"},
		},
		{
			name: "silent engine", said: []string{"TTFT is nearest"}, unsaid: []string{"room", "full"},
			stay: "client 0.001 ms (0 %), queue and prefill 50.00 ms (14 %), decode 319.27 ms (86 %)",
		},
		{
			name: "late client", records: func(r *record.Record) { r.Sent += 40 * time.Millisecond },
			said: []string{"the client was late: p99 40.00 ms after the schedule, 11 % of the mean latency"},
		},
		{
			name: "close", change: func(s *loadgen.Settings) { s.TTFTLatency = 52 * time.Millisecond },
			said: []string{"TTFT is nearest its limit: p99 50.00 ms, 96 % of 52.00 ms"}, unsaid: []string{"tune"},
		},
		{
			name: "over", change: func(s *loadgen.Settings) { s.TTFTLatency = 25 * time.Millisecond },
			said: []string{"TTFT is over its limit: p99 50.00 ms, 2.0 times 25.00 ms"}, unsaid: []string{"nearest"},
		},
		{
			name: "TPOT", change: func(s *loadgen.Settings) { s.TPOTLatency = 11 * time.Millisecond },
			said: []string{"TPOT is nearest its limit: p99 10.60 ms, 96 % of 11.00 ms"},
		},
		{
			name: "no limit", change: func(s *loadgen.Settings) { s.UseTokenLatencies, s.ServerTargetLatency = false, 24*time.Hour },
			unsaid: []string{"nearest"},
		},
		{
			name: "not streamed", records: func(r *record.Record) { r.FirstToken = record.NotReached },
			change: func(s *loadgen.Settings) { s.UseTokenLatencies = false },
			stay:   "client 0.001 ms (0 %), engine 369.27 ms (100 %)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := made(loadgen.Server, 600, ended, c.change)
			r.Metrics = c.engine
			if c.records != nil {
				change(r, func(_ int, rec *record.Record) { c.records(rec) })
			}
			s, err := NewSheet(r)
			if err != nil {
				t.Fatal(err)
			}
			if s.Limits == nil {
				t.Fatal("nothing is said")
			}
			all := strings.Join(s.Limits.Said, "\n")
			for _, said := range c.said {
				if !slices.ContainsFunc(s.Limits.Said, func(line string) bool { return strings.Contains(line, said) }) {
					t.Errorf("not said: %s\nin\n%s", said, all)
				}
			}
			for _, said := range c.unsaid {
				if strings.Contains(all, said) {
					t.Errorf("said: %s\nin\n%s", said, all)
				}
			}
			if c.stay != "" && s.Limits.Stay() != c.stay {
				t.Errorf("a request's time: %s, want %s", s.Limits.Stay(), c.stay)
			}
		})
	}
	s, err := NewSheet(noneCompleted(50))
	if err != nil {
		t.Fatal(err)
	}
	if s.Limits != nil {
		t.Errorf("%+v of nothing", s.Limits)
	}
}
