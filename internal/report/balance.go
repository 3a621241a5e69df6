package report

import (
	"slices"
	"time"

	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
	"mlcfg/internal/record/percentile"
)

// Balance is how the load was shared out among replicas.
type Balance struct {
	// Busiest is the most output tokens of a replica over the mean of all: 1 is even.
	Busiest float64        `json:"busiest_over_mean"`
	Shares  []ReplicaShare `json:"replicas"`
}

// ReplicaShare is one replica's part of a run.
type ReplicaShare struct {
	Replica
	// Share and TokenShare are parts of all requests and output tokens, 0 to 1.
	Share      float64  `json:"share"`
	TokenShare float64  `json:"token_share"`
	TTFTP50MS  *float64 `json:"ttft_p50_ms,omitempty"`
	TTFTP99MS  *float64 `json:"ttft_p99_ms,omitempty"`
	TPOTP99MS  *float64 `json:"tpot_p99_ms,omitempty"`
	// PeakWaiting and PeakKVCache are the engine's own, absent where it said nothing.
	PeakWaiting *float64 `json:"peak_waiting,omitempty"`
	PeakKVCache *float64 `json:"peak_kv_cache,omitempty"`
}

func balance(sum *Summary, rows *record.Table, samples []metrics.Sample) *Balance {
	if len(sum.Replicas) == 0 {
		return nil
	}
	b := &Balance{Shares: make([]ReplicaShare, len(sum.Replicas))}
	place := map[int]int{}
	var most int64
	for i, r := range sum.Replicas {
		place[r.Index] = i
		b.Shares[i].Replica = r
		b.Shares[i].Share = float64(r.Requests) / float64(max(sum.Samples, 1))
		b.Shares[i].TokenShare = float64(r.OutputTokens) / float64(max(sum.OutputTokens, 1))
		most = max(most, r.OutputTokens)
	}
	if sum.OutputTokens > 0 {
		b.Busiest = float64(most) * float64(len(b.Shares)) / float64(sum.OutputTokens)
	}
	ttft, tpot := make([][]time.Duration, len(b.Shares)), make([][]time.Duration, len(b.Shares))
	for i := range b.Shares {
		ttft[i], tpot[i] = make([]time.Duration, 0, b.Shares[i].Requests), make([]time.Duration, 0, b.Shares[i].Requests)
	}
	for _, r := range rows.All() {
		at := place[int(r.Replica)]
		if v, ok := r.TTFT(); ok {
			ttft[at] = append(ttft[at], v)
		}
		if v, ok := r.TPOT(); ok {
			tpot[at] = append(tpot[at], v)
		}
	}
	for i := range b.Shares {
		percentile.Sort(ttft[i])
		percentile.Sort(tpot[i])
		b.Shares[i].TTFTP50MS, b.Shares[i].TTFTP99MS, b.Shares[i].TPOTP99MS = at(ttft[i], .5), at(ttft[i], .99), at(tpot[i], .99)
	}
	for i := range samples {
		at, ok := place[samples[i].Replica]
		if !ok {
			continue
		}
		peak(&b.Shares[at].PeakWaiting, samples[i].Waiting)
		peak(&b.Shares[at].PeakKVCache, samples[i].KVCache)
	}
	return b
}

func at(sorted []time.Duration, p float64) *float64 {
	if len(sorted) == 0 {
		return nil
	}
	v := ms(percentile.Of(sorted, p))
	return &v
}

func peak(top **float64, v *float64) {
	if v != nil && (*top == nil || *v > **top) {
		*top = v
	}
}

// Slow is one of the slowest requests, and what took its time.
type Slow struct {
	Seq          uint64  `json:"seq"`
	Sample       uint32  `json:"sample"`
	Replica      int32   `json:"replica"`
	ScheduledS   float64 `json:"scheduled_s"`
	InputTokens  int64   `json:"input_tokens"`
	OutputTokens int64   `json:"output_tokens"`
	LatencyMS    float64 `json:"latency_ms"`
	// Latency is LateMS until the request left, WaitMS to its first token, and
	// DecodeMS to its last. Where nothing was streamed WaitMS is to the end.
	LateMS   float64 `json:"late_ms"`
	WaitMS   float64 `json:"wait_ms"`
	DecodeMS float64 `json:"decode_ms"`
}

// slowest is how many requests are listed.
const slowest = 10

// longest returns the slowest requests, the slowest first.
func longest(rows *record.Table) []Slow {
	var top []record.Record
	for _, r := range rows.All() {
		latency, ok := r.Latency()
		if !ok {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, latency, func(t record.Record, latency time.Duration) int {
			if l, _ := t.Latency(); l >= latency {
				return -1
			}
			return 1
		})
		if at < slowest {
			top = slices.Insert(top, at, *r)
			top = top[:min(len(top), slowest)]
		}
	}
	var out []Slow
	for i := range top {
		r := &top[i]
		latency, _ := r.Latency()
		late, _ := r.Lateness()
		s := Slow{
			Seq: r.Seq, Sample: r.Sample, Replica: r.Replica, ScheduledS: r.Scheduled.Seconds(), InputTokens: r.InputTokens, OutputTokens: r.OutputTokens,
			LatencyMS: ms(latency), LateMS: ms(max(late, 0)),
		}
		s.WaitMS = s.LatencyMS - s.LateMS
		if ttft, streamed := r.TTFT(); streamed {
			s.DecodeMS = ms(latency - ttft)
			s.WaitMS -= s.DecodeMS
		}
		out = append(out, s)
	}
	return out
}
