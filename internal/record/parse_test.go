package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"testing"
	"time"
)

// Lines that are read without encoding/json say what it says of them.
func TestWrittenLinesAreReadAsJSON(t *testing.T) {
	extremes := append(samples(), Record{Status: OK, Finish: "length", Resent: true}, Record{Status: Failed, Error: "refused", Sent: NotReached, Done: NotReached, Resent: true},
		Record{Status: TimedOut, Seq: 10, Query: 909, Sample: 90, Replica: 9, Scheduled: 99, Issued: 100, Sent: 199, FirstToken: 0, Done: 9, InputTokens: 1 << 40, OutputTokens: 90})
	for _, n := range []int64{math.MinInt64, math.MaxInt64, -1, 0} {
		extremes = append(extremes, Record{Seq: math.MaxUint64, Query: 1, Sample: math.MaxUint32, Replica: math.MinInt32, Scheduled: time.Duration(n), Done: time.Duration(n), OutputTokens: n, Status: OK})
	}
	for _, r := range extremes {
		text := r.AppendJSON(nil)
		var got, want Record
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		var l lines
		if err := l.parse(text, &got); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
		if bytes.ContainsFunc(text, func(c rune) bool { return c == '\\' || c > 0x7f }) {
			continue
		}
		if got = (Record{}); !l.written(text, &got) || got != want {
			t.Errorf("%s is read as other JSON, or as %+v", text, got)
		}
	}
}

// What deviates from the form that is written is not taken for it.
func TestNotWritten(t *testing.T) {
	whole := string((&Record{Status: OK, Finish: "stop", Error: "x"}).AppendJSON(nil))
	for _, text := range []string{
		"", "{", whole + "x", whole + whole, " " + whole, whole[:len(whole)-1],
		`{"seq":01` + whole[8:], `{"seq":-1` + whole[8:], `{"seq":` + whole[8:], `{"seq":18446744073709551616` + whole[8:],
	} {
		var rec Record
		if (&lines{}).written([]byte(text), &rec) {
			t.Errorf("%q is taken for a record", text)
		}
	}
	if !(&lines{}).written([]byte(whole), &Record{}) {
		t.Errorf("%s is not taken for a record", whole)
	}
}

// Parts of lines, each at its edge.
func TestScan(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
		rest string
		ok   bool
	}{
		{"n:0", 0, "", true},
		{"n:9", 9, "", true},
		{"n:-9", -9, "", true},
		{"n:10,", 10, ",", true},
		{"n:2147483647}", 1<<31 - 1, "}", true},
		{"n:", 0, "", false},
		{"n:-", 0, "", false},
		{"n:00", 0, "", false},
		{"n:-01", -1, "", false},
		{"n:2147483648", 0, "", false},
		{"n:x", 0, "x", false},
		{"m:1", 0, "m:1", false},
		{"n", 0, "n", false},
		{"n:1/", 1, "/", true},
		{"n:1:", 1, ":", true},
	} {
		s := scan{rest: []byte(c.text), ok: true}
		if got := s.signed("n:", 32); s.ok != c.ok || c.ok && (got != c.want || string(s.rest) != c.rest) {
			t.Errorf("%q: %d, rest %q, %t", c.text, got, s.rest, s.ok)
		}
	}
	for text, want := range map[string]bool{"n:4294967295": true, "n:4294967296": false, "n:-1": false, "n:0": true} {
		s := scan{rest: []byte(text), ok: true}
		if s.unsigned("n:", math.MaxUint32); s.ok != want {
			t.Errorf("%q: %t", text, s.ok)
		}
	}
	for text, want := range map[string]time.Duration{"n:null": NotReached, "n:7": 7, "n:-1": NotReached} {
		s := scan{rest: []byte(text), ok: true}
		if got := s.moment("n:"); got != want || !s.ok || len(s.rest) != 0 {
			t.Errorf("%q: %d, rest %q, %t", text, got, s.rest, s.ok)
		}
	}
	for _, text := range []string{"n:", "n:nul", "m:null", "n:Null", ""} {
		s := scan{rest: []byte(text), ok: true}
		if s.moment("n:"); s.ok {
			t.Errorf("%q is a moment", text)
		}
	}
	for text, want := range map[string]bool{`"ab"`: true, `""`: true, `"a`: false, "\"\x1f\"": false, "\" ~\"": true, `"\""`: false, "\"\x80\"": false, "\"\x7f\"": true, "a": false} {
		s := scan{rest: []byte(text), ok: true}
		if got := s.text(`"`); s.ok != want || want && (string(got) != text[1:len(text)-1] || len(s.rest) != 0) {
			t.Errorf("%q: %q, %t", text, got, s.ok)
		}
	}
	s := scan{rest: []byte("abcd"), ok: true}
	if !s.skips("ab") || s.skips("ab") || !s.begins("cd") || !s.skips("cd") || s.begins("x") || len(s.rest) != 0 || !s.ok {
		t.Errorf("rest %q, %t", s.rest, s.ok)
	}
	s.ok = false
	if s.begins("") {
		t.Error("it goes on after a part that is not as expected")
	}
	// Words are shared, up to a number of them.
	var l lines
	for range 2 {
		for i := range mostWords + 10 {
			if w := fmt.Sprint("word ", i); l.word([]byte(w)) != w {
				t.Error(w)
			}
		}
	}
	if len(l.words) != mostWords {
		t.Errorf("%d words are remembered, want %d", len(l.words), mostWords)
	}
}

func FuzzParse(f *testing.F) {
	for _, r := range samples() {
		f.Add(r.AppendJSON(nil))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var quick, slow Record
		if !(&lines{}).written(text, &quick) {
			return
		}
		if err := json.Unmarshal(text, &slow); err != nil || quick != slow {
			t.Errorf("%q is read as %+v, by encoding/json as %+v, %v", text, quick, slow, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	r, w := io.Pipe()
	go func() {
		var text []byte
		for i := range b.N {
			rec := Record{Seq: uint64(i), Scheduled: time.Duration(i) * 1e6, FirstToken: 5e9, Done: 6e9, InputTokens: 200, OutputTokens: 300, Status: OK, Finish: "stop"}
			text = append(rec.AppendJSON(text[:0]), '\n')
			if _, err := w.Write(text); err != nil {
				return
			}
		}
		w.Close()
	}()
	n := 0
	b.ReportAllocs()
	if err := Read(r, func(*Record) bool { n++; return true }); err != nil || n != b.N {
		b.Fatal(fmt.Errorf("%d of %d: %w", n, b.N, err))
	}
}
