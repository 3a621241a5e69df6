package record

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// The record file is forced to the disk when it is closed, with all that was
// appended; its failure is one of the run.
func TestRecordFileIsSynced(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	var held int64
	w.sync = func(f *os.File) error {
		info, err := f.Stat()
		held = info.Size()
		return errors.Join(err, full)
	}
	want := int64(0)
	for _, r := range samples() {
		want += int64(len(r.AppendJSON(nil)) + 1)
		if err := w.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); !errors.Is(err, full) || held != want {
		t.Errorf("%d of %d bytes when it was synced, %v", held, want, err)
	}
	if n := w.Records(); n != uint64(len(samples())) {
		t.Errorf("%d records are counted", n)
	}
}

// A part is on the disk before it has its name, and has none where that failed.
func TestPartsAreSynced(t *testing.T) {
	dir := t.TempDir()
	p, err := CreateParts(dir)
	if err != nil {
		t.Fatal(err)
	}
	var synced []string
	var failure error
	p.sync = func(f *os.File) error {
		synced = append(synced, filepath.Base(f.Name()))
		return failure
	}
	r := samples()[0]
	for _, failure = range []error{nil, errors.New("no space left on device")} {
		if err := errors.Join(p.Append(&r), p.Close()); !errors.Is(err, failure) {
			t.Errorf("%v, want %v", err, failure)
		}
	}
	if !slices.Equal(synced, []string{partialPart, partialPart}) {
		t.Errorf("%q were synced", synced)
	}
	if got := readParts(t, dir); len(got) != 1 {
		t.Errorf("%d records are under a name", len(got))
	}
}

// A part that is old is sealed though it is not full; a young one goes on.
func TestOldPartsAreSealed(t *testing.T) {
	dir := t.TempDir()
	p, err := CreateParts(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SealOld(); err != nil {
		t.Errorf("nothing is there to seal: %v", err)
	}
	for i, r := range samples()[:2] {
		if err := errors.Join(p.Append(&r), p.SealOld()); err != nil {
			t.Fatal(err)
		}
		if got := readParts(t, dir); len(got) != i {
			t.Fatalf("a young part is sealed: %d records", len(got))
		}
		p.began = p.began.Add(-PartAge)
		if err := p.SealOld(); err != nil {
			t.Fatal(err)
		}
		if got := readParts(t, dir); len(got) != i+1 {
			t.Fatalf("an old part is not sealed: %d records", len(got))
		}
	}
	if PartAge > time.Minute {
		t.Errorf("a crash leaves %v to the record file alone", PartAge)
	}
	// And one that is full is, whatever its age.
	p.limit = 2
	for _, r := range samples()[:2] {
		if err := p.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
	if got := readParts(t, dir); len(got) != 4 {
		t.Errorf("a full part is not sealed: %d records", len(got))
	}
}
