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
	p, err := CreateParts(dir, nil)
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
	if !slices.Equal(synced, []string{partialPart, PartsDir, partialPart}) {
		t.Errorf("%q were synced", synced)
	}
	if got := readParts(t, dir); len(got) != 1 {
		t.Errorf("%d records are under a name", len(got))
	}
}

// The record file is on the disk before a part is that has the same records: a
// power cut loses what came since the last part, and nothing disagrees.
func TestJournalIsSyncedBeforeParts(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	p, err := CreateParts(dir, w)
	if err != nil {
		t.Fatal(err)
	}
	var synced []string
	var failure error
	w.sync = func(f *os.File) error {
		info, err := f.Stat()
		if err != nil || info.Size() == 0 {
			t.Errorf("the record file has %v, %v when it is synced", info, err)
		}
		synced = append(synced, filepath.Base(f.Name()))
		return failure
	}
	p.sync = func(f *os.File) error {
		synced = append(synced, filepath.Base(f.Name()))
		return nil
	}
	r := samples()[0]
	p.limit = 1 // each record fills a part
	for range 2 {
		if err := errors.Join(w.Append(&r), p.Append(&r)); err != nil {
			t.Fatal(err)
		}
	}
	once := []string{FileName, partialPart, PartsDir}
	if !slices.Equal(synced, slices.Concat(once, once)) {
		t.Errorf("%q were synced, in this order", synced)
	}
	failure = errors.New("no space left on device")
	if err := errors.Join(w.Append(&r), p.Append(&r)); !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	if got := readParts(t, dir); len(got) != 2 {
		t.Errorf("%d records are under a name, 2 are on the disk", len(got))
	}
	if err := w.Close(); !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	if err := w.Sync(); err != nil {
		t.Errorf("a closed file is synced: %v", err)
	}
}

// A part that is old is sealed though it is not full; a young one goes on.
func TestOldPartsAreSealed(t *testing.T) {
	dir := t.TempDir()
	p, err := CreateParts(dir, nil)
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
