package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// written puts records into a client's file: their numbers and when each ended.
func written(t *testing.T, dir string, client, phase int, ends ...[2]int) {
	t.Helper()
	if err := os.MkdirAll(ClientDir(dir, client), 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := Create(ClientFile(dir, client, phase))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range ends {
		if err := w.Append(&Record{Seq: uint64(e[0]), Sent: 1, FirstToken: 1, Done: time.Duration(e[1]), Status: OK}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// What clients wrote is read phase by phase in the order in which requests ended, and the record
// file is made of it.
func TestClientsMerge(t *testing.T) {
	dir := t.TempDir()
	if err := FromClients(dir, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no clients: %v", err)
	}
	written(t, dir, 0, 0, [2]int{0, 5}, [2]int{4, 9}, [2]int{2, 9})
	written(t, dir, 1, 0, [2]int{1, 3}, [2]int{3, 9}, [2]int{5, 11})
	written(t, dir, 2, 0) // one that had nothing to do
	written(t, dir, 0, 1, [2]int{6, 2})
	written(t, dir, 1, 1, [2]int{7, 1})
	var got []string
	read := func() error {
		got = nil
		return FromClients(dir, func(phase, client int, r *Record) bool {
			got = append(got, fmt.Sprintf("%d/%d/%d", phase, client, r.Seq))
			return true
		})
	}
	want := []string{"0/1/1", "0/0/0", "0/1/3", "0/0/4", "0/0/2", "0/1/5", "1/1/7", "1/0/6"}
	if err := read(); err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	n := 0
	if err := FromClients(dir, func(int, int, *Record) bool { n++; return n < 3 }); err != nil || n != 3 {
		t.Errorf("stopped after %d, %v", n, err)
	}
	if records, err := MergeClients(dir, nil); err != nil || records != 8 {
		t.Fatalf("%d records, %v", records, err)
	}
	var seqs []uint64
	if err := ReadFile(filepath.Join(dir, FileName), func(r *Record) bool { seqs = append(seqs, r.Seq); return true }); err != nil || !slices.Equal(seqs, []uint64{1, 0, 3, 4, 2, 5, 7, 6}) {
		t.Errorf("%d, %v", seqs, err)
	}
	// Torn within a line: all that is whole, and the word that some is missing.
	path := ClientFile(dir, 1, 0)
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, text[:len(text)-5], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := read(); !errors.Is(err, ErrTorn) || len(got) != 7 {
		t.Errorf("%q, %v", got, err)
	}
	// A merge that was cut off is made again.
	if err := errors.Join(os.Rename(filepath.Join(dir, FileName), filepath.Join(dir, FileName+".partial"))); err != nil {
		t.Fatal(err)
	}
	if records, err := MergeClients(dir, nil); err != nil || records != 7 {
		t.Errorf("%d records, %v", records, err)
	}
	refused := errors.New("no room")
	if _, err := MergeClients(dir, func(int, int, *Record) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	// What is no record is an error that names the client.
	if err := os.WriteFile(path, []byte("{}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := read(); err == nil || !strings.Contains(err.Error(), "the records of client 1: record file line 1") {
		t.Errorf("%v", err)
	}
}

// A run goes on while one of its clients does, though its own process is no more.
func TestClientsRun(t *testing.T) {
	d, err := CreateDir(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := CreateClient(d.Path, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateClient(d.Path, 0); err == nil {
		t.Error("a client's log is made twice")
	}
	if err := errors.Join(d.WriteJSON(StateFile, State{Clients: 1}), d.Close()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if running, err := Running(d.Path); err != nil || running != want {
			t.Errorf("running: %t, %v", running, err)
		}
		again, err := OpenDir(d.Path)
		if errors.Is(err, ErrRunning) != want {
			t.Errorf("opened: %v", err)
		}
		if err == nil {
			err = again.Close()
		}
		if err != nil && !want {
			t.Error(err)
		}
		log.Close()
	}
}

// A file that grows is read on from where it was, whole lines alone.
func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	tail := NewTail(path)
	var got []uint64
	more := func() {
		t.Helper()
		if err := tail.More(func(r *Record) { got = append(got, r.Seq) }); err != nil {
			t.Fatal(err)
		}
	}
	more()
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	most := uint64(3 * tailSize / shortestLine)
	for seq := range most {
		if err := w.Append(&Record{Seq: seq, Status: OK}); err != nil {
			t.Fatal(err)
		}
		if seq%5000 == 0 {
			more()
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	more()
	more()
	if uint64(len(got)) != most || !slices.IsSorted(got) {
		t.Errorf("%d of %d records", len(got), most)
	}
}

// shortestLine is about the length of a short record.
const shortestLine = 190
