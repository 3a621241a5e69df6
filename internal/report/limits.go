package report

import (
	"fmt"
	"strings"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record/metrics"
)

// Limits says what limits a run, valid or not: which limit is nearest, where requests spent
// their time, and what of the engine was full.
type Limits struct {
	// Nearest is the limit of the scenario that the run came nearest to; nil where it has none.
	Nearest *Nearest `json:"nearest,omitempty"`
	// Stays are where a completed request spent its time on average, in its order; the queue's
	// is an estimate.
	Stays []Stay `json:"stays,omitempty"`
	// Said are sentences for people, without a full stop.
	Said []string `json:"said"`
}

// Nearest is a limit and how much of it is used.
type Nearest struct {
	Of         string  `json:"of"` // TTFT, TPOT or latency
	Percentile float64 `json:"percentile"`
	MS         float64 `json:"ms"`
	LimitMS    float64 `json:"limit_ms"`
}

// Used is the part of the limit that is used; above 1 the limit is not met.
func (n *Nearest) Used() float64 { return n.MS / n.LimitMS }

// Stay is where a request spent time.
type Stay struct {
	// Where is client (from when the request was due until it left), queue (in the engine),
	// prefill, "queue and prefill" where what the engine said does not tell them apart, decode, or
	// engine where nothing was streamed.
	Where string  `json:"where"`
	MS    float64 `json:"ms"`
}

// engineLoad is what the engines said of themselves while a run went on.
type engineLoad struct {
	looks                      int     // at one replica
	waiting, running           float64 // means of a replica
	peakKV, preemptions        float64
	full                       float64 // share of looks at which the batch was full
	hasWaiting, hasKV, batched bool
}

// hardlyALimit is the part of a limit below which it is none: a day, where a benchmark has none.
const hardlyALimit = 0.001

// fewestLooks is how often an engine must have been looked at for a mean to say something.
const fewestLooks = 5

// limits returns nil where no request was completed.
func limits(j *Judgement, m *manifest.Manifest, samples []metrics.Sample) *Limits {
	sum := j.Summary
	if sum.Completed == 0 || sum.Latency == nil {
		return nil
	}
	l := &Limits{Nearest: nearest(j), Said: []string{}}
	batch, batchKey := engineLimit(m, "--max-num-seqs")
	load := loadOf(samples, time.Duration(sum.Seconds*1e9), batch)
	l.Stays = stays(sum, load)
	say := func(format string, args ...any) { l.Said = append(l.Said, fmt.Sprintf(format, args...)) }
	if n := l.Nearest; n != nil && n.Used() >= hardlyALimit {
		how := fmt.Sprintf("nearest its limit: p%g %s ms, %.0f %% of %s ms", n.Percentile*100, fixed(n.MS), n.Used()*100, fixed(n.LimitMS))
		switch {
		case n.Used() > 1:
			how = fmt.Sprintf("over its limit: p%g %s ms, %.1f times %s ms", n.Percentile*100, fixed(n.MS), n.Used(), fixed(n.LimitMS))
		case sum.Valid && n.Used() < 0.9:
			how += "; mlrun tune qps finds how far the rate can rise"
		}
		say("%s is %s", n.Of, how)
	}
	if late := sum.Lateness; late != nil && late.P99MS >= max(1, sum.Latency.MeanMS/20) {
		say("the client was late: p99 %s ms after the schedule, %.0f %% of the mean latency", fixed(late.P99MS), late.P99MS/sum.Latency.MeanMS*100)
	}
	if load == nil {
		return l
	}
	kv := ""
	if load.hasKV {
		kv = fmt.Sprintf(" (KV cache at most %.0f %% full)", load.peakKV*100)
	}
	switch {
	case load.preemptions > 0:
		say("the KV cache was full: %.0f requests were put back into the queue and computed anew", load.preemptions)
	case load.hasKV && load.peakKV >= 0.97:
		say("the KV cache was full, at most %.0f %%: fewer requests run at once than the batch has places for", load.peakKV*100)
	case load.batched && load.full >= 0.2:
		say("the batch was full in %.0f %% of looks, and requests waited for a place in it: engine_config.%s is %d%s", load.full*100, batchKey, batch, kv)
	case load.hasWaiting && load.waiting >= 1:
		text := fmt.Sprintf("%.1f requests a replica waited on average though the engine had room%s: prompts are computed more slowly than they come", load.waiting, kv)
		if n, key := engineLimit(m, "--max-num-batched-tokens"); n > 0 {
			text += fmt.Sprintf(" (engine_config.%s is %d)", key, n)
		}
		say("%s", text)
	case load.hasWaiting:
		say("the engine had room: %.1f requests a replica ran on average, none waited for long%s", load.running, kv)
	}
	return l
}

// nearest is of the limits that a verdict holds times to.
func nearest(j *Judgement) *Nearest {
	e, f := j.Settings, j.Figures
	if f == nil || f.Samples == 0 || e.Requested.Scenario != loadgen.Server {
		return nil
	}
	var best *Nearest
	look := func(of string, d loadgen.Distribution, limit time.Duration) {
		n := &Nearest{Of: of, Percentile: e.TargetLatencyPercentile, MS: ms(time.Duration(d.Target)), LimitMS: ms(limit)}
		if limit > 0 && (best == nil || n.Used() > best.Used()) {
			best = n
		}
	}
	if e.Requested.UseTokenLatencies {
		look("TTFT", f.TTFT, e.Requested.TTFTLatency)
		look("TPOT", f.TPOT, e.Requested.TPOTLatency)
	} else {
		look("latency", f.Latency, e.TargetLatency)
	}
	return best
}

// engineLimit is a limit of the engine as the manifest has it, and its key; 0 where it leaves
// it to the engine.
func engineLimit(m *manifest.Manifest, flag string) (n int64, key string) {
	b, ok := backend.Of(m.Backend)
	if !ok {
		return 0, ""
	}
	for _, limit := range b.SimLimits {
		if limit.Flag != flag {
			continue
		}
		if n, ok := manifest.Int(m.EngineConfig, limit.Key); ok && n > 0 {
			return n, limit.Key
		}
	}
	return 0, ""
}

// loadOf returns nil where the engines were looked at too seldom. batch is the most that
// one runs at once; 0 where that is not known.
func loadOf(samples []metrics.Sample, until time.Duration, batch int64) *engineLoad {
	l, looks, preempted := &engineLoad{}, map[int]int{}, map[int][2]float64{}
	full, running, waiting := 0, 0.0, 0.0
	n := 0
	for i := range samples {
		s := &samples[i]
		if s.At < 0 || time.Duration(s.At) > until || s.Running == nil {
			continue
		}
		n++
		looks[s.Replica]++
		running += *s.Running
		if s.Waiting != nil {
			l.hasWaiting = true
			waiting += *s.Waiting
		}
		if s.KVCache != nil {
			l.hasKV = true
			l.peakKV = max(l.peakKV, *s.KVCache)
		}
		if batch > 0 && *s.Running >= 0.98*float64(batch) {
			full++
		}
		if s.Preemptions != nil {
			p, ok := preempted[s.Replica]
			if !ok {
				p[0] = *s.Preemptions
			}
			preempted[s.Replica] = [2]float64{p[0], *s.Preemptions}
		}
	}
	for _, count := range looks {
		l.looks = max(l.looks, count)
	}
	if l.looks < fewestLooks {
		return nil
	}
	for _, p := range preempted {
		l.preemptions += max(p[1]-p[0], 0)
	}
	l.running, l.waiting, l.full, l.batched = running/float64(n), waiting/float64(n), float64(full)/float64(n), batch > 0
	return l
}

// stays takes the mean latency apart. The time in the queue is Little's law: the mean number
// of those that wait, divided by how many a second go through.
func stays(sum *Summary, load *engineLoad) []Stay {
	var out []Stay
	rest := sum.Latency.MeanMS
	if sum.Lateness != nil {
		late := min(max(sum.Lateness.MeanMS, 0), rest)
		out = append(out, Stay{"client", late})
		rest -= late
	}
	if sum.TTFT == nil {
		return append(out, Stay{"engine", rest})
	}
	decode := min(max(sum.Latency.MeanMS-sum.TTFT.MeanMS, 0), rest)
	first := rest - decode
	if load != nil && load.hasWaiting && sum.Seconds > 0 {
		rate := float64(sum.Completed) / sum.Seconds / float64(max(len(sum.Replicas), 1))
		// With a look a second it is not exact: what is more than there was tells nothing apart.
		if queue := load.waiting / rate * 1000; queue < first {
			return append(out, Stay{"queue", queue}, Stay{"prefill", first - queue}, Stay{"decode", decode})
		}
	}
	return append(out, Stay{"queue and prefill", first}, Stay{"decode", decode})
}

// Stay says where a request spent its time, on one line; empty where that is not known.
func (l *Limits) Stay() string {
	var parts []string
	total := 0.0
	for _, s := range l.Stays {
		total += s.MS
	}
	for _, s := range l.Stays {
		parts = append(parts, fmt.Sprintf("%s %s ms (%.0f %%)", s.Where, fixed(s.MS), s.MS/max(total, 1e-9)*100))
	}
	return strings.Join(parts, ", ")
}
