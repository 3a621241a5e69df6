package clients

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"mlcfg/internal/client"
)

// order is what a run tells a client: one of its fields.
type order struct {
	Job   json.RawMessage `json:"job,omitempty"`
	Phase *int            `json:"phase,omitempty"`
	Start *int64          `json:"start_ns,omitempty"`
	Stop  bool            `json:"stop,omitempty"`
	Abort bool            `json:"abort,omitempty"`
}

// report is what a client says: one of its fields.
type report struct {
	Ready    *ready          `json:"ready,omitempty"`
	Progress []Count         `json:"progress,omitempty"`
	Ended    *client.Summary `json:"ended,omitempty"`
	Failed   *failure        `json:"failed,omitempty"`
}

// ready says that a client's connections are open, and what its clock shows.
type ready struct {
	Clock int64 `json:"clock_ns"`
}

// Count is what became of a client's requests to one replica so far.
type Count struct {
	Sent       int64 `json:"sent"`
	FirstToken int64 `json:"first_token"`
	Done       int64 `json:"done"`
}

// failure is why a client cannot go on.
type failure struct {
	Text string `json:"text"`
	// Stall is set where a replica was silent for too long.
	Stall *stall `json:"stall,omitempty"`
}

type stall struct {
	Replica  int           `json:"replica"`
	Quiet    time.Duration `json:"quiet_ns"`
	InFlight int           `json:"in_flight"`
}

// The longest lines: orders hold certificates at most, reports a summary.
const (
	longestOrder  = 32 << 20
	longestReport = 1 << 20
)

// readLines calls take for each line of a stream, and returns at its end or with take's error.
func readLines(in io.Reader, longest int, take func([]byte) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		if err := take(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("a line is longer than %d bytes", longest)
	} else if err != nil {
		return err
	}
	return nil
}

// decode reads one JSON object without fields that are not known.
func decode(line []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if rest := bytes.TrimSpace(line[dec.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("there is more after the object: %.40q", rest)
	}
	return nil
}

func parseOrder(line []byte) (order, error) {
	var o order
	if err := decode(line, &o); err != nil {
		return o, err
	}
	if count(o.Job != nil, o.Phase != nil, o.Start != nil, o.Stop, o.Abort) != 1 {
		return o, errors.New("an order is one of job, phase, start_ns, stop, abort")
	}
	if o.Phase != nil && *o.Phase < 0 {
		return o, fmt.Errorf("there is no phase %d", *o.Phase)
	}
	return o, nil
}

// parseReport reads what a client of so many replicas says. What it says is not trusted: it
// becomes counts on a screen and reasons in a summary.
func parseReport(line []byte, replicas int) (report, error) {
	var r report
	if err := decode(line, &r); err != nil {
		return r, err
	}
	if count(r.Ready != nil, r.Progress != nil, r.Ended != nil, r.Failed != nil) != 1 {
		return r, errors.New("a report is one of ready, progress, ended, failed")
	}
	if r.Progress != nil && len(r.Progress) != replicas {
		return r, fmt.Errorf("progress of %d replicas, and there are %d", len(r.Progress), replicas)
	}
	for _, c := range r.Progress {
		if c.Done < 0 || c.FirstToken < 0 || c.Sent < c.Done || c.Sent < c.FirstToken {
			return r, fmt.Errorf("progress that cannot be: %d sent, %d with a first token, %d done", c.Sent, c.FirstToken, c.Done)
		}
	}
	if s := r.Ended; s != nil && (s.Sent < 0 || s.OK < 0 || s.OK > s.Sent || s.Wall < 0 || s.CPU < 0) {
		return r, fmt.Errorf("a summary that cannot be: %d sent, %d of them well, in %v", s.Sent, s.OK, s.Wall)
	}
	if f := r.Failed; f != nil && f.Stall != nil && (f.Stall.Replica < 0 || f.Stall.Replica >= replicas) {
		return r, fmt.Errorf("there is no replica %d", f.Stall.Replica)
	}
	return r, nil
}

func count(set ...bool) (n int) {
	for _, is := range set {
		if is {
			n++
		}
	}
	return n
}
