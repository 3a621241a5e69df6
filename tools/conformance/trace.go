package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// sample is what LoadGen's trace says of one sample: to the nanosecond, since
// it prints microseconds with three decimals.
type sample struct {
	seq, index uint64
	scheduled  int64 // from the start of the trace
	issued     int64
	done       int64
	first      int64 // -1 where no first token was reported
	place      int   // in the order in which LoadGen logged the responses
}

// traceEvent is a line of mlperf_log_trace.json.
type traceEvent struct {
	Name string  `json:"name"`
	Ph   string  `json:"ph"`
	TS   float64 `json:"ts"`
	Args struct {
		Seq         uint64 `json:"sample_seq"`
		Index       uint64 `json:"sample_idx"`
		IssueStart  int64  `json:"issue_start_ns"`
		Complete    int64  `json:"complete_ns"`
		IssueDelay  int64  `json:"issue_delay"`
		IssueToDone int64  `json:"issue_to_done"`
	} `json:"args"`
}

// readTrace returns the samples in the order of generation. In the Server
// scenario a first token carries only its query's scheduled time, which is the
// sample's.
func readTrace(r io.Reader) ([]sample, error) {
	var samples []sample
	bySeq, byTime := map[uint64]int64{}, map[int64]int64{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := bytes.TrimSuffix(bytes.TrimSpace(lines.Bytes()), []byte(","))
		if !bytes.HasPrefix(line, []byte(`{"name":"Sample"`)) && !bytes.HasPrefix(line, []byte(`{"name":"Token`)) {
			continue
		}
		var e traceEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("reading the trace: %w in %s", err, line)
		}
		at := int64(math.Round(e.TS * 1000))
		switch {
		case e.Ph == "b" && e.Name == "Sample":
			samples = append(samples, sample{
				seq: e.Args.Seq, index: e.Args.Index, scheduled: at, issued: at + e.Args.IssueStart, done: at + e.Args.Complete, first: -1, place: len(samples),
			})
		case e.Ph == "b" && e.Name == "Token":
			bySeq[e.Args.Seq] = at + e.Args.Complete
		case e.Name == "Token_Latency":
			byTime[at] = at + e.Args.IssueDelay + e.Args.IssueToDone
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the trace: %w", err)
	}
	for i := range samples {
		s := &samples[i]
		if at, ok := bySeq[s.seq]; ok {
			s.first = at
		} else if at, ok := byTime[s.scheduled]; ok {
			s.first = at
		}
	}
	slices.SortFunc(samples, func(a, b sample) int { return cmp.Compare(a.seq, b.seq) })
	for i, s := range samples {
		if s.seq != uint64(i) {
			return nil, fmt.Errorf("the trace has sample %d instead of %d", s.seq, i)
		}
	}
	return samples, nil
}
