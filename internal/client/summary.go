package client

import (
	"fmt"
	"runtime"
	"time"

	"mlcfg/internal/client/histogram"
)

// Summary is what a run came to.
type Summary struct {
	Start time.Time     // the moment that the results' times count from
	Wall  time.Duration // until the last result
	Sent  int           // requests, failed ones included
	OK    int
	// Failed is the number of requests by what went wrong.
	Failed map[ErrorClass]int

	InputTokens, OutputTokens int64 // of the requests that are OK

	// Lateness is Sent minus Scheduled: OnSchedule alone.
	Lateness Quantiles
	// Waited is the number of requests that were due and had no connection.
	Waited int
	// Resent is the number of requests that met a closed connection and were sent
	// once more on another.
	Resent int
	// Stamped is the number of requests that are OK of which the kernel told when the
	// tokens came, Departed of those of which it told when they left.
	Stamped, Departed int
	// Streamed is the number of streams that are OK and long enough to tell whether their
	// first tokens were held back, Held that of those that were.
	Streamed, Held int
	// Opened is the number of connections made.
	Opened int
	// Stalled is how long results waited for the sink.
	Stalled time.Duration
	CPU     time.Duration // the process's CPU time during the run

	// Served are what answers called themselves (Result.Served), with the first
	// replica that did; a few of them, where there are many.
	Served map[string]int

	// KeptUp is false when the client, not the engine, was the limit; Reasons
	// then say why.
	KeptUp  bool
	Reasons []string
}

// Quantiles of durations, accurate to 1 percent. Max is exact.
type Quantiles struct{ P50, P99, Max time.Duration }

// mostServed bounds the names that are kept: a router may give each answer another.
const mostServed = 16

// tally sums results up as they come.
type tally struct {
	sent, ok       int
	resent         int
	stamped, left  int
	streamed, held int
	failed         map[ErrorClass]int
	served         map[string]int
	input, output  int64
	late           histogram.Histogram
	gone           time.Duration // when the last request was sent
	due            time.Duration // when the last request was due
}

func (t *tally) add(r *Result) {
	t.sent++
	if r.OK() {
		t.ok++
		t.input += r.InputTokens
		t.output += r.OutputTokens
		if r.Stamped {
			t.stamped++
		}
		if r.SentStamped {
			t.left++
		}
		if long, held := r.heldBack(); long {
			t.streamed++
			if held {
				t.held++
			}
		}
	} else {
		if t.failed == nil {
			t.failed = map[ErrorClass]int{}
		}
		t.failed[r.Class]++
	}
	if r.Resent {
		t.resent++
	}
	if _, known := t.served[r.Served]; !known && r.Served != "" && len(t.served) < mostServed {
		if t.served == nil {
			t.served = map[string]int{}
		}
		t.served[r.Served] = int(r.Replica)
	}
	if late, sent := r.Lateness(); sent {
		t.late.Add(late)
		t.gone = max(t.gone, r.Sent)
		t.due = max(t.due, r.Scheduled)
	}
}

// shortestBusy is the shortest time over which the client's use of CPUs is judged: the
// kernel counts it in steps of some milliseconds, and a shorter phase appears to have used
// more CPUs than there are.
const shortestBusy = 100 * time.Millisecond

func (r *run) summarize(before processUsage, wall time.Duration) Summary {
	t := &r.record.tally
	s := Summary{
		Start: r.start, Wall: wall, Sent: t.sent, OK: t.ok, Failed: t.failed, Served: t.served,
		InputTokens: t.input, OutputTokens: t.output,
		Resent: t.resent, Stamped: t.stamped, Departed: t.left, Streamed: t.streamed, Held: t.held, Waited: r.queued, Opened: r.dialed, Stalled: r.record.stalled,
		CPU: usage().cpu - before.cpu, KeptUp: len(r.stood) == 0, Reasons: r.stood,
	}
	cores := float64(s.CPU) / float64(wall)
	busy := wall >= shortestBusy && cores > 0.9*float64(runtime.GOMAXPROCS(0))
	why := fmt.Sprintf("the client used %.1f of %d CPUs", cores, runtime.GOMAXPROCS(0))
	if r.plan.Pace != OnSchedule {
		if busy {
			s.KeptUp, s.Reasons = false, append(s.Reasons, why)
		}
		return s
	}
	s.Lateness = quantiles(&t.late)
	if r.plan.LateLimit == 0 || s.Lateness.P99 <= r.plan.LateLimit {
		return s
	}
	s.KeptUp = false
	s.Reasons = append(s.Reasons, fmt.Sprintf("one request in a hundred left %v late or more, the limit is %v", s.Lateness.P99.Round(10*time.Microsecond), r.plan.LateLimit))
	if s.Waited*100 > s.Sent {
		s.Reasons = append(s.Reasons, fmt.Sprintf("%d of %d requests had to wait for a connection (limit %d a replica)", s.Waited, s.Sent, r.client.options.MaxConns))
	}
	if s.Stalled > wall/100 {
		s.Reasons = append(s.Reasons, fmt.Sprintf("results waited %v for the sink", s.Stalled.Round(time.Millisecond)))
	}
	if busy {
		s.Reasons = append(s.Reasons, why)
	}
	return s
}

func quantiles(h *histogram.Histogram) Quantiles {
	return Quantiles{P50: h.Quantile(0.50), P99: h.Quantile(0.99), Max: h.Max()}
}
