package record

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// journal writes n records into a record file in a new folder and gives both.
func journal(t testing.TB, n int) (dir string, all []Record) {
	t.Helper()
	dir = t.TempDir()
	w, err := Create(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		r := samples()[i%2]
		r.Seq, r.Query, r.Error = uint64(i), uint64(i), strings.ToValidUTF8(r.Error, "?")
		all = append(all, r)
		if err := w.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, all
}

func readParts(t testing.TB, dir string) []Record {
	t.Helper()
	var all []Record
	if err := ReadParts(dir, func(r *Record) bool { all = append(all, *r); return true }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPartsHoldWhatTheRecordFileHolds(t *testing.T) {
	dir := t.TempDir()
	p, err := CreateParts(dir, nil, "simulated", "true")
	if err != nil {
		t.Fatal(err)
	}
	want := samples()
	for i := range want {
		want[i].Error = strings.ToValidUTF8(want[i].Error, "?")
		if err := p.Append(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	if got := readParts(t, dir); len(got) != 0 {
		t.Errorf("%d records are there before the part is whole", len(got))
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, readParts(t, dir)); diff != "" {
		t.Error(diff)
	}
	if _, err := CreateParts(dir, nil); err == nil {
		t.Error("the folder of parts was made twice")
	}
}

// TestComplete leaves parts as a killed run might and completes them from the
// record file.
func TestComplete(t *testing.T) {
	const limit, n = 1000, 1000 + 700
	first := filepath.Join(PartsDir, partName(0))
	tests := map[string]func(t *testing.T, dir string, all []Record){
		"no folder": func(*testing.T, string, []Record) {},
		"killed in the first part": func(t *testing.T, dir string, all []Record) {
			fill(t, dir, all[:600])
		},
		"killed in the second part": func(t *testing.T, dir string, all []Record) {
			fill(t, dir, all[:limit+600])
		},
		"a part cut short": func(t *testing.T, dir string, all []Record) {
			fill(t, dir, all[:limit+600])
			if err := os.Truncate(filepath.Join(dir, first), 5000); err != nil {
				t.Fatal(err)
			}
		},
		"an empty part": func(t *testing.T, dir string, all []Record) {
			fill(t, dir, all[:limit])
			if err := os.Truncate(filepath.Join(dir, first), 0); err != nil {
				t.Fatal(err)
			}
		},
		"a torn record file": func(t *testing.T, dir string, all []Record) {
			f, err := os.OpenFile(filepath.Join(dir, FileName), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteString(`{"seq":`); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			dir, all := journal(t, n)
			spoil(t, dir, all)
			for range 2 { // a second time changes nothing
				got, err := complete(dir, limit, nil)
				if err != nil || got != n {
					t.Fatalf("%d records, error %v; want %d", got, err, n)
				}
				if diff := cmp.Diff(all, readParts(t, dir)); diff != "" {
					t.Fatal(diff)
				}
			}
			names, err := filepath.Glob(filepath.Join(dir, PartsDir, "*"))
			if err != nil || len(names) != 2 {
				t.Errorf("files %q, error %v; want two parts and nothing else", names, err)
			}
		})
	}
}

// fill writes records into parts and leaves the last one unsealed.
func fill(t *testing.T, dir string, all []Record) {
	t.Helper()
	p, err := CreateParts(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.limit = 1000
	for i := range all {
		if err := p.Append(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	if p.file != nil {
		p.file.Close()
	}
}

func TestDamagedPartsAreRefused(t *testing.T) {
	dir, all := journal(t, 300)
	fill(t, dir, nil)
	if _, err := Complete(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, PartsDir, partName(0))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 29 {
		damaged := append([]byte(nil), whole...)
		damaged[at] ^= 0x55
		if err := os.WriteFile(path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		var got []Record
		if err := ReadParts(dir, func(r *Record) bool { got = append(got, *r); return true }); err == nil && len(got) > len(all) {
			t.Fatalf("byte %d: %d records out of %d", at, len(got), len(all))
		}
	}
}

func FuzzReadPart(f *testing.F) {
	dir, _ := journal(f, 3)
	if _, err := Complete(dir); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, PartsDir, partName(0)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "part")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		_ = readPart(path, func(*Record) bool { return true })
	})
}

func BenchmarkParts(b *testing.B) {
	p, err := CreateParts(b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	r := samples()[0]
	b.ReportAllocs()
	for b.Loop() {
		r.Seq++
		r.Scheduled += 1e6 + time.Duration(r.Seq*7919%100_000)
		r.Issued, r.Sent, r.FirstToken, r.Done = r.Scheduled+100, r.Scheduled+200, r.Scheduled+3e6, r.Scheduled+9e8
		if err := p.Append(&r); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
}

// olderRow is partRow without what was added to it.
type olderRow struct {
	Seq          uint64  `parquet:"seq"`
	Query        uint64  `parquet:"query"`
	Sample       uint32  `parquet:"sample"`
	Replica      int32   `parquet:"replica"`
	Scheduled    int64   `parquet:"scheduled_ns"`
	Issued       int64   `parquet:"issued_ns"`
	Sent         *int64  `parquet:"sent_ns"`
	FirstToken   *int64  `parquet:"first_token_ns"`
	Done         *int64  `parquet:"done_ns"`
	InputTokens  int64   `parquet:"input_tokens"`
	OutputTokens int64   `parquet:"output_tokens"`
	Status       string  `parquet:"status,dict"`
	Finish       *string `parquet:"finish,dict"`
	Error        *string `parquet:"error,dict"`
}

// stampedRow is olderRow with the first two columns that were added.
type stampedRow struct {
	olderRow
	Resent  bool `parquet:"resent"`
	Stamped bool `parquet:"stamped"`
}

// Parts of runs that were recorded before the last columns were added are read.
func TestOlderParts(t *testing.T) {
	done, finish := int64(9), "stop"
	row := olderRow{Seq: 3, Sample: 5, Done: &done, OutputTokens: 7, Status: string(OK), Finish: &finish}
	want := Record{Seq: 3, Sample: 5, Sent: NotReached, FirstToken: NotReached, Done: 9, OutputTokens: 7, Status: OK, Finish: "stop"}
	testOlderPart(t, row, want)
	want.Resent, want.Stamped = true, true
	testOlderPart(t, stampedRow{olderRow: row, Resent: true, Stamped: true}, want)
}

func testOlderPart[R any](t *testing.T, row R, want Record) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, PartsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, PartsDir, partName(0)))
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[R](f)
	if _, err := w.Write([]R{row}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Record{want}, readParts(t, dir)); diff != "" {
		t.Error(diff)
	}
}
