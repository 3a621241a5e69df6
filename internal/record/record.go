// Package record is what happened to each request of a run: one type from the
// socket to the report, with the times that follow from it (TTFT, TPOT, latency,
// lateness) as its methods. It is kept on disk as it happens: one JSON line a
// request in the file records.jsonl. A line that was written whole is never
// lost, whatever ends the run; a torn last line is told apart and left out by
// the reader.
//
//	w, err := record.Create(filepath.Join(dir, record.FileName))
//	w.Append(r)          // buffered
//	w.Flush()            // handed to the kernel: survives a kill of the process
//	w.Close()            // and to the disk
//
// The names of the columns are fixed: people script against them. Times are
// nanoseconds since the start of issuing (of each phase, where a test has
// several). A moment that never came is NotReached here, and null in every form
// that is written; so is a text that is empty.
package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// FileName is the record file's name inside a run directory.
const FileName = "records.jsonl"

// NotReached stands in a Record for a moment that never came.
const NotReached time.Duration = -1

// Status says how a request ended.
type Status string

// The ways in which a request ends. Only OK carries a usable response.
const (
	OK        Status = "ok"
	Failed    Status = "failed"    // refused or broken; Error says why
	TimedOut  Status = "timed-out" // no end within the time allowed
	Abandoned Status = "abandoned" // the run ended before the request did
)

// Record is one request: one sample of one query, from the socket to the report.
type Record struct {
	// Seq is the sample's place in the order of generation, from 0 (LoadGen's seq_id counts likewise).
	Seq uint64 `json:"seq"`
	// Query is the query's place in the order of issue, from 0.
	Query uint64 `json:"query"`
	// Sample is the index in the data set (LoadGen's qsl_idx).
	Sample uint32 `json:"sample"`
	// Replica is the engine replica that served the request, from 0.
	Replica int32 `json:"replica"`
	// Scheduled is when LoadGen's schedule wanted the request to leave.
	Scheduled time.Duration `json:"scheduled_ns"`
	// Issued is when the query was issued: offline, when the one query was, and
	// else when the request left, or was given up without having left.
	Issued time.Duration `json:"issued_ns"`
	// Sent is when the request left: by the kernel's clock with SentStamped, and else just
	// before the first byte was written.
	Sent time.Duration `json:"sent_ns"`
	// FirstToken is when the first token's bytes had come, Done when the last of the
	// response had, or the request had failed: by the kernel's clock with Stamped, and else
	// when they had been read.
	FirstToken   time.Duration `json:"first_token_ns"`
	Done         time.Duration `json:"done_ns"`
	InputTokens  int64         `json:"input_tokens"`
	OutputTokens int64         `json:"output_tokens"`
	Status       Status        `json:"status"`
	// Finish is the engine's finish reason (stop, length), empty where none came.
	Finish string `json:"finish"`
	// Error is a short cause where Status is not OK.
	Error string `json:"error"`
	// Resent says that the request met a connection that the engine had closed, and
	// was sent once more on another; the file has it only where it is so.
	Resent bool `json:"resent,omitempty"`
	// Stamped says that the kernel told when the response came; the file has it only
	// where it is so.
	Stamped bool `json:"stamped,omitempty"`
	// SentStamped says the same of when the request left.
	SentStamped bool `json:"sent_stamped,omitempty"`
}

// AppendJSON appends r as one JSON object without a newline. It writes what
// encoding/json would, without its cost: a run writes one for each request.
func (r *Record) AppendJSON(b []byte) []byte {
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, r.Seq, 10)
	b = append(b, `,"query":`...)
	b = strconv.AppendUint(b, r.Query, 10)
	b = append(b, `,"sample":`...)
	b = strconv.AppendUint(b, uint64(r.Sample), 10)
	b = appendInt(b, `,"replica":`, int64(r.Replica))
	b = appendInt(b, `,"scheduled_ns":`, int64(r.Scheduled))
	b = appendInt(b, `,"issued_ns":`, int64(r.Issued))
	b = appendMoment(b, `,"sent_ns":`, r.Sent)
	b = appendMoment(b, `,"first_token_ns":`, r.FirstToken)
	b = appendMoment(b, `,"done_ns":`, r.Done)
	b = appendInt(b, `,"input_tokens":`, r.InputTokens)
	b = appendInt(b, `,"output_tokens":`, r.OutputTokens)
	b = appendString(b, `,"status":`, string(r.Status))
	b = appendText(b, `,"finish":`, r.Finish)
	b = appendText(b, `,"error":`, r.Error)
	if r.Resent {
		b = append(b, `,"resent":true`...)
	}
	if r.Stamped {
		b = append(b, `,"stamped":true`...)
	}
	if r.SentStamped {
		b = append(b, `,"sent_stamped":true`...)
	}
	return append(b, '}')
}

// MarshalJSON is AppendJSON.
func (r Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

const null = "null"

func appendMoment(b []byte, name string, at time.Duration) []byte {
	if at == NotReached {
		return append(append(b, name...), null...)
	}
	return appendInt(b, name, int64(at))
}

func appendText(b []byte, name, s string) []byte {
	if s == "" {
		return append(append(b, name...), null...)
	}
	return appendString(b, name, s)
}

func appendInt(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(b, name...), n, 10)
}

func appendString(b []byte, name, s string) []byte {
	b = append(b, name...)
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(valid(s)) // a string always encodes
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// valid is s where that is UTF-8. Else each byte that is none is replaced, as in
// each form that is written, so that all say the same.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

var errStatus = errors.New("unknown status")

func (r *Record) validate() error {
	switch r.Status {
	case OK, Failed, TimedOut, Abandoned:
		return nil
	}
	return fmt.Errorf("%w %q", errStatus, r.Status)
}
