package report

import (
	"fmt"
	"slices"
	"time"

	"mlcfg/internal/record"
	"mlcfg/internal/record/percentile"
)

// A replica is slow when its median latency is so many times that of the others,
// and both are of so many requests at least. On one machine replicas differ by a
// few percent; what makes one three times slower is a fault of its own.
const (
	slowFactor   = 3
	slowRequests = 10
)

// replicaLatencies sets each replica's latency, and notes those that are many
// times slower than the others.
func (s *Summary) replicaLatencies(rows *record.Table) {
	times := map[int][]time.Duration{}
	for i := range s.Replicas {
		times[s.Replicas[i].Index] = make([]time.Duration, 0, s.Replicas[i].Requests)
	}
	for _, r := range rows.All() {
		if latency, ok := r.Latency(); ok {
			times[int(r.Replica)] = append(times[int(r.Replica)], latency)
		}
	}
	for i := range s.Replicas {
		r := &s.Replicas[i]
		sorted := times[r.Index]
		percentile.Sort(sorted)
		r.LatencyP50MS, r.LatencyP99MS = at(sorted, .5), at(sorted, .99)
	}
	for i := range s.Replicas {
		r := &s.Replicas[i]
		var others []time.Duration // the medians
		for j := range s.Replicas {
			if o := times[s.Replicas[j].Index]; j != i && len(o) >= slowRequests {
				others = append(others, percentile.Of(o, .5))
			}
		}
		own := times[r.Index]
		if len(own) < slowRequests || len(others) == 0 {
			continue
		}
		slices.Sort(others)
		usual, median := percentile.Of(others, .5), percentile.Of(own, .5)
		if usual > 0 && median >= slowFactor*usual {
			s.Remarks = append(s.Remarks, fmt.Sprintf("replica %d is %.1f times slower than the others: median latency %.1f ms, theirs %.1f ms", r.Index, float64(median)/float64(usual), ms(median), ms(usual)))
		}
	}
}
