package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func samples() []Record {
	return []Record{
		{Seq: 0, Query: 0, Sample: 7, Replica: 1, Scheduled: 0, Issued: 10, Sent: 20, FirstToken: 3000, Done: 900000, InputTokens: 12, OutputTokens: 128, Status: OK, Finish: "length", Resent: true, Stamped: true, SentStamped: true},
		{Seq: 1, Query: 1, Sample: 8, Scheduled: 5, Issued: 11, Sent: NotReached, FirstToken: NotReached, Done: 77, Status: Failed, Error: "HTTP 400: \"bad\"\n<b>\xff"},
		{Seq: 1<<64 - 1, Query: 2, Sample: 1<<32 - 1, Replica: -1, Status: Abandoned, Done: NotReached},
		{Seq: 3, Status: Failed, Error: `a\b`},
		{Seq: 4, Status: Failed, Error: "a>b"},
		{Seq: 5, Status: Failed, Error: "a&b"},
		{Seq: 6, Status: Failed, Error: "a<b"},
		{Seq: 7, Status: TimedOut, Error: `a"b`},
		{Seq: 8, Status: Failed, Error: "a\x1fb"},
		{Seq: 9, Status: Failed, Error: "a\x20b"},
	}
}

// line is the record file's line as encoding/json sees it.
type line struct {
	Seq          uint64         `json:"seq"`
	Query        uint64         `json:"query"`
	Sample       uint32         `json:"sample"`
	Replica      int32          `json:"replica"`
	Scheduled    time.Duration  `json:"scheduled_ns"`
	Issued       time.Duration  `json:"issued_ns"`
	Sent         *time.Duration `json:"sent_ns"`
	FirstToken   *time.Duration `json:"first_token_ns"`
	Done         *time.Duration `json:"done_ns"`
	InputTokens  int64          `json:"input_tokens"`
	OutputTokens int64          `json:"output_tokens"`
	Status       Status         `json:"status"`
	Finish       *string        `json:"finish"`
	Error        *string        `json:"error"`
	Resent       bool           `json:"resent,omitempty"`
	Stamped      bool           `json:"stamped,omitempty"`
	SentStamped  bool           `json:"sent_stamped,omitempty"`
}

func lineOf(r *Record) line {
	moment := func(at time.Duration) *time.Duration {
		if at == NotReached {
			return nil
		}
		return &at
	}
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return line{
		r.Seq, r.Query, r.Sample, r.Replica, r.Scheduled, r.Issued, moment(r.Sent), moment(r.FirstToken), moment(r.Done),
		r.InputTokens, r.OutputTokens, r.Status, text(r.Finish), text(r.Error), r.Resent, r.Stamped, r.SentStamped,
	}
}

func TestAppendJSONEqualsEncodingJSON(t *testing.T) {
	for _, r := range samples() {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		if err := enc.Encode(lineOf(&r)); err != nil {
			t.Fatal(err)
		}
		// encoding/json writes the replacement of a byte that is not UTF-8 as an escape, of a character as it is.
		text := strings.ReplaceAll(strings.TrimSuffix(want.String(), "\n"), `\ufffd`, "\uFFFD")
		if got := r.AppendJSON(nil); string(got) != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
		if got, err := json.Marshal(r); err != nil || string(got) != text {
			t.Errorf("marshalled: %s, %v\nwant %s", got, err, text)
		}
	}
}

// What is not known is null in the record file as in Parquet, and text is the
// same bytes in both.
func TestFormsSayTheSame(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := CreateParts(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := samples()
	for _, text := range []string{"cut \xe2\x82", "\xff\xfe two bytes", "\u2028 \x00 <&>", "\xed\xa0\x80 half of a pair"} {
		all = append(all, Record{Status: Failed, Finish: text, Error: text})
	}
	for i := range all {
		if err := errors.Join(w.Append(&all[i]), parts.Append(&all[i])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), parts.Close()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(readAll(t, filepath.Join(dir, FileName), nil), readParts(t, dir)); diff != "" {
		t.Errorf("record file and Parquet differ (-file +Parquet):\n%s", diff)
	}
	text, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	failed := strings.Split(string(text), "\n")[1]
	for _, want := range []string{`"sent_ns":null`, `"first_token_ns":null`, `"done_ns":77`, `"finish":null`} {
		if !strings.Contains(failed, want) {
			t.Errorf("%s lacks %s", failed, want)
		}
	}
}

// Once writing has failed it stays so: records behind a gap are never taken for a whole file.
func TestWriterStaysFailed(t *testing.T) {
	w, err := Create(filepath.Join(t.TempDir(), FileName))
	if err != nil {
		t.Fatal(err)
	}
	r := samples()[0]
	if err := errors.Join(w.Append(&r), w.Flush(), w.file.Close()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Append(&r), w.Flush()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("written into a closed file: %v", err)
	}
	for what, err := range map[string]error{"Append": w.Append(&r), "Flush": w.Flush(), "Close": w.Close()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s after that: %v", what, err)
		}
	}
	if _, err := Create(filepath.Join(t.TempDir(), "none", FileName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in no folder: %v", err)
	}
	if err := ReadFile(filepath.Join(t.TempDir(), FileName), func(*Record) bool { return true }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// Reading stops where it is told to, in both forms.
func TestReadingStops(t *testing.T) {
	dir, _ := journal(t, 700)
	if _, err := complete(dir, 300, nil); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{1, 299, 300, 301, 650} {
		for form, each := range map[string]func(func(*Record) bool) error{
			FileName: func(f func(*Record) bool) error { return ReadFile(filepath.Join(dir, FileName), f) },
			PartsDir: func(f func(*Record) bool) error { return ReadParts(dir, f) },
		} {
			n := 0
			if err := each(func(r *Record) bool {
				if r.Seq != uint64(n) {
					t.Errorf("%s: record %d is at %d", form, r.Seq, n)
				}
				n++
				return n < at
			}); err != nil || n != at {
				t.Errorf("%s: %d records, want %d; %v", form, n, at, err)
			}
		}
	}
}

// Record files of earlier builds have -1 for null and leave out empty texts.
func TestEarlierFormIsRead(t *testing.T) {
	const text = `{"seq":1,"query":1,"sample":8,"replica":0,"scheduled_ns":5,"issued_ns":11,"sent_ns":-1,"first_token_ns":-1,"done_ns":77,"input_tokens":0,"output_tokens":0,"status":"failed","error":"x"}` + "\n"
	want := Record{Seq: 1, Query: 1, Sample: 8, Scheduled: 5, Issued: 11, Sent: NotReached, FirstToken: NotReached, Done: 77, Status: Failed, Error: "x"}
	for _, text := range []string{text, strings.Replace(text, `"seq":1`, `"seq": 1`, 1)} { // as it is written, and as other JSON
		var got []Record
		if err := Read(strings.NewReader(text), func(r *Record) bool { got = append(got, *r); return true }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Record{want}, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWrittenIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	want := samples()
	for i := range want {
		if err := w.Append(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want[1].Error = strings.ToValidUTF8(want[1].Error, "\uFFFD")
	if diff := cmp.Diff(want, readAll(t, path, nil)); diff != "" {
		t.Error(diff)
	}
	if _, err := Create(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second Create: %v, want that the file exists", err)
	}
}

func TestEveryTruncationKeepsWholeRecords(t *testing.T) {
	var whole []byte
	ends := []int{0}
	for _, r := range samples() {
		whole = append(r.AppendJSON(whole), '\n')
		ends = append(ends, len(whole))
	}
	for cut := 0; cut <= len(whole); cut++ {
		count, torn := 0, true
		for i, end := range ends {
			if cut >= end {
				count = i
			}
			if cut == end {
				torn = false
			}
		}
		got := 0
		err := Read(bytes.NewReader(whole[:cut]), func(*Record) bool { got++; return true })
		if got != count || errors.Is(err, ErrTorn) != torn || (err != nil && !torn) {
			t.Fatalf("cut at %d: %d records, error %v; want %d records, torn %v", cut, got, err, count, torn)
		}
	}
}

func TestMalformedLinesAreRefused(t *testing.T) {
	for _, text := range []string{"{}\n", "[]\n", "x\n", `{"seq":-1,"status":"ok"}` + "\n", `{"status":"ok","more":1}` + "\n", "\n"} {
		if err := Read(strings.NewReader(text), func(*Record) bool { return true }); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: error %v, want one that names line 1", text, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, r := range samples() {
		f.Add(append(r.AppendJSON(nil), '\n'))
	}
	f.Add([]byte("{\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Read(bytes.NewReader(data), func(r *Record) bool {
			again, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, r.AppendJSON(nil)) {
				t.Fatalf("%s\n%s", again, r.AppendJSON(nil))
			}
			return true
		})
	})
}

func BenchmarkAppend(b *testing.B) {
	w, err := Create(filepath.Join(b.TempDir(), FileName))
	if err != nil {
		b.Fatal(err)
	}
	r := samples()[0]
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Append(&r); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

func readAll(t *testing.T, path string, want error) []Record {
	t.Helper()
	var all []Record
	if err := ReadFile(path, func(r *Record) bool { all = append(all, *r); return true }); !errors.Is(err, want) {
		t.Fatal(err)
	}
	return all
}
