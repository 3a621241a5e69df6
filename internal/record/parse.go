package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// lines reads records out of lines. It keeps the few texts that statuses and
// finish reasons are, so that a million records share them.
type lines struct {
	words map[string]string
}

// parse reads one line. What [Record.AppendJSON] writes is read without cost;
// anything else that JSON allows is read as JSON.
func (l *lines) parse(text []byte, rec *Record) error {
	if l.written(text, rec) {
		return rec.validate()
	}
	var line jsonRecord
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&line); err != nil {
		return err
	}
	*rec = line.record()
	if rest := bytes.TrimSpace(text[dec.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("there is more behind the record: %.40q", rest)
	}
	return rec.validate()
}

// jsonRecord is a line as JSON has it. What is null, or not there, is not known.
type jsonRecord struct {
	plainRecord
	Sent       *time.Duration `json:"sent_ns"`
	FirstToken *time.Duration `json:"first_token_ns"`
	Done       *time.Duration `json:"done_ns"`
}

type plainRecord Record

func (l *jsonRecord) record() Record {
	reached := func(at *time.Duration) time.Duration {
		if at == nil {
			return NotReached
		}
		return *at
	}
	r := Record(l.plainRecord)
	r.Sent, r.FirstToken, r.Done = reached(l.Sent), reached(l.FirstToken), reached(l.Done)
	return r
}

// UnmarshalJSON reads what MarshalJSON writes. Older record files have -1 in the
// place of null, and leave out texts that are empty.
func (r *Record) UnmarshalJSON(text []byte) error {
	var l jsonRecord
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	*r = l.record()
	return nil
}

// written reads a line of the form that AppendJSON gives, without escapes in its
// texts, and reports whether it is one.
func (l *lines) written(text []byte, rec *Record) bool {
	s := scan{rest: bytes.TrimSuffix(text, []byte("\n")), ok: true}
	*rec = Record{
		Seq: s.unsigned(`{"seq":`, math.MaxUint64), Query: s.unsigned(`,"query":`, math.MaxUint64),
		Sample: uint32(s.unsigned(`,"sample":`, math.MaxUint32)), Replica: int32(s.signed(`,"replica":`, 32)),
		Scheduled: time.Duration(s.signed(`,"scheduled_ns":`, 64)), Issued: time.Duration(s.signed(`,"issued_ns":`, 64)), Sent: s.moment(`,"sent_ns":`),
		FirstToken: s.moment(`,"first_token_ns":`), Done: s.moment(`,"done_ns":`),
		InputTokens: s.signed(`,"input_tokens":`, 64), OutputTokens: s.signed(`,"output_tokens":`, 64),
		Status: Status(l.word(s.text(`,"status":"`))),
	}
	if !s.skips(`,"finish":null`) && s.begins(`,"finish":"`) {
		rec.Finish = l.word(s.text(`,"finish":"`))
	}
	if !s.skips(`,"error":null`) && s.begins(`,"error":"`) {
		rec.Error = string(s.text(`,"error":"`))
	}
	rec.Resent = s.skips(`,"resent":true`)
	rec.Stamped = s.skips(`,"stamped":true`)
	rec.SentStamped = s.skips(`,"sent_stamped":true`)
	return s.ok && string(s.rest) == "}"
}

// mostWords bounds what is remembered of a file from elsewhere.
const mostWords = 64

func (l *lines) word(b []byte) string {
	if w, ok := l.words[string(b)]; ok {
		return w
	}
	w := string(b)
	if l.words == nil {
		l.words = map[string]string{}
	}
	if len(l.words) < mostWords {
		l.words[w] = w
	}
	return w
}

// scan takes a line apart from its start; ok is false from the first part that
// is not as expected.
type scan struct {
	rest []byte
	ok   bool
}

func (s *scan) begins(prefix string) bool {
	return s.ok && len(s.rest) >= len(prefix) && string(s.rest[:len(prefix)]) == prefix
}

// skips takes the text away where the rest begins with it, and reports whether it does.
func (s *scan) skips(text string) bool {
	if !s.begins(text) {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

// moment is a time, NotReached for null.
func (s *scan) moment(name string) time.Duration {
	if s.ok && len(s.rest) > len(name) && s.rest[len(name)] == 'n' && s.after(name) {
		s.after(null)
		return NotReached
	}
	return time.Duration(s.signed(name, 64))
}

func (s *scan) after(prefix string) bool {
	s.ok = s.begins(prefix)
	if s.ok {
		s.rest = s.rest[len(prefix):]
	}
	return s.ok
}

// digits are those of a whole number, a minus before them where signed.
func (s *scan) digits(prefix string, signed bool) []byte {
	if !s.after(prefix) {
		return nil
	}
	n := 0
	if signed && n < len(s.rest) && s.rest[n] == '-' {
		n++
	}
	first := n
	for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
		n++
	}
	// JSON has no number without a digit and none that begins with a 0 and goes on.
	s.ok = n > first && (s.rest[first] != '0' || n == first+1)
	number := s.rest[:n]
	s.rest = s.rest[n:]
	return number
}

func (s *scan) unsigned(prefix string, most uint64) uint64 {
	digits := s.digits(prefix, false)
	n, ok := small(digits)
	if !ok {
		var err error
		n, err = strconv.ParseUint(string(digits), 10, 64)
		s.ok = s.ok && err == nil
	}
	s.ok = s.ok && n <= most
	return n
}

func (s *scan) signed(prefix string, bits int) int64 {
	digits := s.digits(prefix, true)
	if n, ok := small(digits); ok && bits == 64 {
		return int64(n)
	}
	n, err := strconv.ParseInt(string(digits), 10, bits)
	s.ok = s.ok && err == nil
	return n
}

// small reads a number that surely fits, as nearly all do: no minus, 18 digits at most.
func small(digits []byte) (n uint64, ok bool) {
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '-' {
		return 0, false
	}
	for _, c := range digits {
		n = 10*n + uint64(c-'0')
	}
	return n, true
}

// text is what stands up to the closing quote; plain characters alone.
func (s *scan) text(prefix string) []byte {
	if !s.after(prefix) {
		return nil
	}
	for i, c := range s.rest {
		switch {
		case c == '"':
			text := s.rest[:i]
			s.rest = s.rest[i+1:]
			return text
		case c < 0x20 || c == '\\' || c >= 0x80:
			s.ok = false
			return nil
		}
	}
	s.ok = false
	return nil
}
