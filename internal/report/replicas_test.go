package report

import (
	"strings"
	"testing"
	"time"

	"mlcfg/internal/record"
)

// TestSlowReplica looks for the replica that is many times slower than the others,
// and only for that.
func TestSlowReplica(t *testing.T) {
	for _, tt := range []struct {
		name     string
		latency  []time.Duration // by replica
		requests int
		want     string
	}{
		{"alike", []time.Duration{100, 110, 90}, 20, ""},
		{"twice as slow", []time.Duration{100, 200, 100}, 20, ""},
		{"one of three", []time.Duration{100, 820, 104}, 20, "replica 1 is 7.9 times slower than the others: median latency 820.0 ms, theirs 104.0 ms"},
		{"one of two", []time.Duration{400, 100}, 20, "replica 0 is 4.0 times slower than the others: median latency 400.0 ms, theirs 100.0 ms"},
		{"too few to tell", []time.Duration{100, 820}, 9, ""},
		{"alone", []time.Duration{900}, 20, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &Summary{}
			var rows []record.Record
			for replica, latency := range tt.latency {
				s.Replicas = append(s.Replicas, Replica{Index: replica})
				for i := range tt.requests {
					at := time.Duration(i) * time.Second
					rows = append(rows, record.Record{Replica: int32(replica), Scheduled: at, Issued: at, Sent: at, FirstToken: record.NotReached, Done: at + latency*time.Millisecond, OutputTokens: 2, Status: record.OK})
				}
				// What failed has no latency.
				rows = append(rows, record.Record{Replica: int32(replica), Done: time.Hour, Status: record.Failed, FirstToken: record.NotReached})
			}
			s.replicaLatencies(record.TableOf(rows))
			if got := strings.Join(s.Remarks, "; "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for i, r := range s.Replicas {
				if want := float64(tt.latency[i]); r.LatencyP50MS == nil || *r.LatencyP50MS != want || *r.LatencyP99MS != want {
					t.Errorf("replica %d: %v and %v ms, want %v", i, r.LatencyP50MS, r.LatencyP99MS, want)
				}
			}
		})
	}
}
