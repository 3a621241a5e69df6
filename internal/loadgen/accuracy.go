package loadgen

import (
	"fmt"
	"io"
	"strconv"
	"sync"
)

// AccuracyLog writes mlperf_log_accuracy.json: a JSON list with one entry for
// each logged sample, in the order in which they are added, which for LoadGen is
// the order of completion. Each entry is one Write. Its methods may be called
// from several goroutines.
type AccuracyLog struct {
	mu      sync.Mutex
	w       io.Writer
	buf     []byte
	entries uint64
	err     error
}

// AccuracyEntry is one sample of the accuracy log.
type AccuracyEntry struct {
	SeqID       uint64 // place of the sample in the order of generation
	SampleIndex uint64 // qsl_idx
	Data        []byte // the response; by convention token ids, little-endian
	// WithTokenCount says that the run has token latencies: TokenCount is logged.
	WithTokenCount bool
	TokenCount     int64
	// WithTokenData says that the scenario reports first tokens (all but
	// Offline): TokenData, the first token's response, is logged.
	WithTokenData bool
	TokenData     []byte
}

// NewAccuracyLog returns a log on w. Nothing is written before the first entry
// or Close.
func NewAccuracyLog(w io.Writer) *AccuracyLog { return &AccuracyLog{w: w} }

// Add appends an entry.
func (a *AccuracyLog) Add(e *AccuracyEntry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := append(a.begin(), EntryStart...)
	b = strconv.AppendUint(b, e.SeqID, 10)
	b = append(b, `, "qsl_idx" : `...)
	b = strconv.AppendUint(b, e.SampleIndex, 10)
	b = append(b, `, "data" : "`...)
	b = appendHex(b, e.Data)
	b = append(b, '"')
	if e.WithTokenData {
		b = append(b, `, "token_data" : "`...)
		b = appendHex(b, e.TokenData)
		b = append(b, '"')
	}
	if e.WithTokenCount {
		b = append(b, `, "token_count" : `...)
		b = strconv.AppendInt(b, e.TokenCount, 10)
	}
	b = append(b, " }"...)
	return a.write(b)
}

// EntryStart is what each entry's line of the log begins with; the place of the sample follows.
const EntryStart = `{ "seq_id" : `

// AddWritten appends an entry as another log has it: its line, without what divides it from the next.
func (a *AccuracyLog) AddWritten(entry []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.write(append(a.begin(), entry...))
}

// begin is what stands before the next entry.
func (a *AccuracyLog) begin() []byte {
	divide := ",\n"
	if a.entries == 0 {
		divide = "[\n"
	}
	a.entries++
	return append(a.buf[:0], divide...)
}

// Close ends the list. The writer stays open.
func (a *AccuracyLog) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.buf[:0]
	if a.entries == 0 {
		b = append(b, '[')
	}
	return a.write(append(b, "\n]\n"...))
}

func (a *AccuracyLog) write(b []byte) error {
	if a.err != nil {
		return a.err
	}
	if _, err := a.w.Write(b); err != nil {
		a.err = fmt.Errorf("writing the accuracy log: %w", err)
	}
	a.buf = b
	return a.err
}

// appendHex appends data in upper-case hexadecimal digits.
func appendHex(b, data []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range data {
		b = append(b, digits[c>>4], digits[c&0xf])
	}
	return b
}
