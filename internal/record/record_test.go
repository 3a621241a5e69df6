package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func samples() []Record {
	return []Record{
		{Seq: 0, Query: 0, Sample: 7, Replica: 1, Scheduled: 0, Issued: 10, Sent: 20, FirstToken: 3000, Done: 900000, InputTokens: 12, OutputTokens: 128, Status: OK, Finish: "length"},
		{Seq: 1, Query: 1, Sample: 8, Scheduled: 5, Issued: 11, Sent: NotReached, FirstToken: NotReached, Done: 77, Status: Failed, Error: "HTTP 400: \"bad\"\n<b>\xff"},
		{Seq: 1<<64 - 1, Query: 2, Sample: 1<<32 - 1, Replica: -1, Status: Abandoned, Done: NotReached},
	}
}

func TestAppendJSONEqualsEncodingJSON(t *testing.T) {
	for _, r := range samples() {
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.AppendJSON(nil); !bytes.Equal(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
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
