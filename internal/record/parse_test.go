package record

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"testing"
	"time"
)

// Lines that are read without encoding/json say what it says of them.
func TestWrittenLinesAreReadAsJSON(t *testing.T) {
	extremes := samples()
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
