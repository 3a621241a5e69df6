package loadgen

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Program names the program that writes the logs. It stands where LoadGen puts
// its own version, so that nobody takes the logs for LoadGen's.
type Program struct {
	Name    string // "mlrun"
	Version string
	// Revision and RevisionTime are the source's commit and its time, empty
	// where they are not known.
	Revision, RevisionTime string
}

// String is the version line: "mlrun 1.2.0 @ 0123abc".
func (p Program) String() string {
	s := p.Name + " " + p.Version
	if p.Revision != "" {
		s += " @ " + p.Revision
	}
	return s
}

// DetailLog writes mlperf_log_detail.txt: one MLLOG line a fact, in the form of
// LoadGen's logging.h. Values are escaped as JSON wants it, which LoadGen leaves
// out. Each line is one Write. Its methods may be called from several goroutines.
type DetailLog struct {
	mu       sync.Mutex
	w        io.Writer
	program  Program
	elapsed  func() time.Duration
	pid      int
	buf      []byte
	errors   int
	warnings int
	mode     Mode // of the latest phase; SubmissionRun before the first
	err      error
}

// NewDetailLog returns a log on w. elapsed tells the time since the start of
// logging, pid the process that stands in each line.
func NewDetailLog(w io.Writer, program Program, pid int, elapsed func() time.Duration) *DetailLog {
	return &DetailLog{w: w, program: program, elapsed: elapsed, pid: pid}
}

// Errors and Warnings count the lines of their kind so far; the summary names
// both numbers.
func (d *DetailLog) Errors() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.errors
}

// Warnings counts the warnings so far.
func (d *DetailLog) Warnings() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.warnings
}

// Err is the first failure to write. Nothing is written after one.
func (d *DetailLog) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Text logs a string.
func (d *DetailLog) Text(key, value string) { d.line(key, severityNone, quoteValue(value)) }

// Error logs an error; key is one of LoadGen's, such as error_runtime.
func (d *DetailLog) Error(key, value string) { d.line(key, severityError, quoteValue(value)) }

// Warning logs a warning; LoadGen's key is warning_generic_message.
func (d *DetailLog) Warning(key, value string) { d.line(key, severityWarning, quoteValue(value)) }

// Bool logs a truth value.
func (d *DetailLog) Bool(key string, value bool) {
	d.line(key, severityNone, func(b []byte) []byte { return strconv.AppendBool(b, value) })
}

// Int logs a whole number.
func (d *DetailLog) Int(key string, value int64) {
	d.line(key, severityNone, func(b []byte) []byte { return strconv.AppendInt(b, value, 10) })
}

// Uint logs a whole number of LoadGen's unsigned settings.
func (d *DetailLog) Uint(key string, value uint64) {
	d.line(key, severityNone, func(b []byte) []byte { return strconv.AppendUint(b, value, 10) })
}

// Float logs a double with six significant digits.
func (d *DetailLog) Float(key string, value float64) {
	d.line(key, severityNone, func(b []byte) []byte { return append(b, formatJSONDouble(value)...) })
}

// appendIndices appends a list of sample indices as JSON.
func appendIndices(b []byte, list []int) []byte {
	b = append(b, '[')
	for i, n := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return append(b, ']')
}

type severity int

const (
	severityNone severity = iota
	severityWarning
	severityError
)

func (d *DetailLog) line(key string, s severity, value func([]byte) []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch s {
	case severityError:
		d.errors++
	case severityWarning:
		d.warnings++
	}
	if d.err != nil {
		return
	}
	at := d.elapsed()
	b := append(d.buf[:0], `:::MLLOG {"key": `...)
	b = appendQuoted(b, key)
	b = append(b, `, "value": `...)
	b = value(b)
	b = fmt.Appendf(b, `, "time_ms": %d.%06d, "namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": {"is_error": %t, "is_warning": %t, "file": `,
		at/time.Millisecond, at%time.Millisecond, s == severityError, s == severityWarning)
	b = appendQuoted(b, d.program.Name)
	b = fmt.Appendf(b, `, "line_no": 0, "pid": %d, "tid": %d}}`, d.pid, d.pid)
	b = append(b, '\n')
	d.buf = b
	if _, err := d.w.Write(b); err != nil {
		d.err = fmt.Errorf("writing the detail log: %w", err)
	}
}

func quoteValue(s string) func([]byte) []byte {
	return func(b []byte) []byte { return appendQuoted(b, s) }
}

// appendQuoted appends s as a JSON string. Bytes above 0x7f stay as they are.
func appendQuoted(b []byte, s string) []byte {
	s = strings.ToValidUTF8(s, "\uFFFD")
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c < 0x20:
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
